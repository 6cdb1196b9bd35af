-- statement 1
WITH stretch AS (
  SELECT value ->> 0 AS bucket,
    value ->> 1 AS day,
    value ->> 2 AS starts_at,
    value ->> 3 AS ends_at,
    value ->> 4 AS utc_offset
  FROM json_each(?1)
),
goal AS (
  SELECT key AS step,
    value ->> 0 AS name,
    value ->> 1 AS event,
    value ->> 2 AS page,
    value ->> 3 AS pages,
    value ->> 4 AS property,
    value ->> 5 AS value,
    value ->> 6 AS former
  FROM json_each(?2)
),
preceded_event AS (
  SELECT e.ts,
    e.id,
    e.name,
    e.visitor,
    e.page,
    e.hostname,
    e.currency,
    e.value,
    e.props,
    e.engaged,
    e.scroll,
    e.name <> 'engagement' AS counted,
    (e.ts + s.utc_offset) / 3600000 % 24 AS hour,
    count(*) OVER before AS seq,
    max(CASE WHEN e.name <> 'engagement' THEN e.ts END) OVER before AS last_ts
  FROM stretch s
  CROSS JOIN events e ON e.pixel = ?3
    AND e.ts >= s.starts_at
    AND e.ts < s.ends_at
    AND e.visitor >= ?4
    AND e.visitor < ?5
  WINDOW before AS (PARTITION BY e.visitor ORDER BY e.ts, e.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
numbered_event AS MATERIALIZED (
  SELECT ts,
    id,
    name,
    visitor,
    page,
    hostname,
    currency,
    value,
    props,
    engaged,
    scroll,
    counted,
    name = 'pageview' AS pageview,
    hour,
    seq,
    last_ts,
    starts,
    sum(starts) OVER so_far AS visit,
    sum(last_ts IS NULL) OVER so_far AS visitor_number
  FROM (
    SELECT *,
      counted
      AND (visitor = '' OR last_ts IS NULL OR ts - last_ts > 1800000) AS starts
    FROM preceded_event
    WHERE counted
      OR (visitor <> '' AND last_ts IS NOT NULL)
  )
  WINDOW so_far AS (ORDER BY visitor, seq ROWS UNBOUNDED PRECEDING)
),
bare_visit AS MATERIALIZED (
  SELECT visit,
    visitor_number,
    visitor <> '' AS has_visitor,
    max(CASE WHEN starts THEN ts END) AS first_ts,
    max(CASE WHEN starts THEN id END) AS first_id,
    max(starts AND last_ts IS NOT NULL) AS is_repeat,
    sum(pageview) AS pageviews,
    sum(counted) AS events,
    visitor <> ''
    AND sum(counted) = 1 AS bounces,
    iif(visitor <> '', coalesce(sum(CASE WHEN counted AND NOT starts THEN ts - last_ts END), 0), 0) AS duration,
    coalesce(sum(engaged), 0) AS engaged,
    count(engaged) > 0 AS engaged_visits,
    coalesce(max(scroll), 0) AS scroll,
    count(scroll) > 0 AS scrolled_visits,
    min(CASE WHEN pageview THEN (1000000000 + seq) || hostname || char(10) || page END) AS entry_view,
    max(CASE WHEN pageview THEN (1000000000 + seq) || hostname || char(10) || page END) AS exit_view,
    iif(min(hour) = max(hour), max(hour), NULL) AS only_hour,
    iif(min(name) = max(name), max(name), NULL) AS only_name,
    iif(min(page) = max(page), max(page), NULL) AS only_page,
    iif(min(hostname) = max(hostname), max(hostname), NULL) AS only_hostname,
    iif(min(currency) = max(currency), max(currency), NULL) AS only_currency
  FROM numbered_event
  GROUP BY visit
),
visit AS MATERIALIZED (
  SELECT v.*,
    v.has_visitor
    AND v.visitor_number IN (
    SELECT visitor_number
    FROM bare_visit
    WHERE is_repeat
  ) AS has_repeats,
    coalesce(substr(v.entry_view, instr(v.entry_view, char(10)) + 1), '') AS "visit:entry_page",
    coalesce(substr(v.exit_view, instr(v.exit_view, char(10)) + 1), '') AS "visit:exit_page",
    coalesce(substr(v.entry_view, 11, instr(v.entry_view, char(10)) - 11), '') AS "visit:entry_page_hostname",
    coalesce(substr(v.exit_view, 11, instr(v.exit_view, char(10)) - 11), '') AS "visit:exit_page_hostname",
    f.source AS "visit:source",
    f.referrer AS "visit:referrer",
    f.channel AS "visit:channel",
    f.utm_source AS "visit:utm_source",
    f.utm_medium AS "visit:utm_medium",
    f.utm_campaign AS "visit:utm_campaign",
    f.utm_content AS "visit:utm_content",
    f.utm_term AS "visit:utm_term",
    f.device AS "visit:device",
    f.browser AS "visit:browser",
    f.browser_version AS "visit:browser_version",
    f.os AS "visit:os",
    f.os_version AS "visit:os_version",
    f.country AS "visit:country",
    f.region AS "visit:region",
    f.region_name AS "visit:region_name",
    f.city AS "visit:city",
    f.language AS "visit:language",
    iif(v.has_visitor AND v.is_repeat, (
    SELECT ((((((same0 << 0) | (same1 << 1)) | (same2 << 2)) | (((same3 << 3) | (same4 << 4)) | (same5 << 5))) | ((((same6 << 6) | (same7 << 7)) | (same8 << 8)) | ((same9 << 9) | (same10 << 10)))) | (((((same11 << 11) | (same12 << 12)) | (same13 << 13)) | (((same14 << 14) | (same15 << 15)) | (same16 << 16))) | ((((same17 << 17) | (same18 << 18)) | (same19 << 19)) | ((same20 << 20) | (same21 << 21)))))
    FROM (
      SELECT max(coalesce(substr(u.entry_view, instr(u.entry_view, char(10)) + 1), '') = coalesce(substr(v.entry_view, instr(v.entry_view, char(10)) + 1), '')) AS same0,
        max(coalesce(substr(u.exit_view, instr(u.exit_view, char(10)) + 1), '') = coalesce(substr(v.exit_view, instr(v.exit_view, char(10)) + 1), '')) AS same1,
        max(coalesce(substr(u.entry_view, 11, instr(u.entry_view, char(10)) - 11), '') = coalesce(substr(v.entry_view, 11, instr(v.entry_view, char(10)) - 11), '')) AS same2,
        max(coalesce(substr(u.exit_view, 11, instr(u.exit_view, char(10)) - 11), '') = coalesce(substr(v.exit_view, 11, instr(v.exit_view, char(10)) - 11), '')) AS same3,
        max(g.source = f.source) AS same4,
        max(g.referrer = f.referrer) AS same5,
        max(g.channel = f.channel) AS same6,
        max(g.utm_source = f.utm_source) AS same7,
        max(g.utm_medium = f.utm_medium) AS same8,
        max(g.utm_campaign = f.utm_campaign) AS same9,
        max(g.utm_content = f.utm_content) AS same10,
        max(g.utm_term = f.utm_term) AS same11,
        max(g.device = f.device) AS same12,
        max(g.browser = f.browser) AS same13,
        max(g.browser_version = f.browser_version) AS same14,
        max(g.os = f.os) AS same15,
        max(g.os_version = f.os_version) AS same16,
        max(g.country = f.country) AS same17,
        max(g.region = f.region) AS same18,
        max(g.region_name = f.region_name) AS same19,
        max(g.city = f.city) AS same20,
        max(g.language = f.language) AS same21
      FROM bare_visit u
      CROSS JOIN events g ON g.pixel = ?3
        AND g.ts = u.first_ts
        AND g.id = u.first_id
      WHERE u.visitor_number = v.visitor_number
        AND u.visit < v.visit
    )
  ), 0) AS repeats
  FROM bare_visit v
  CROSS JOIN events f ON f.pixel = ?3
    AND f.ts = v.first_ts
    AND f.id = v.first_id
),
mixed_event AS MATERIALIZED (
  SELECT n.visit,
    n.pageview,
    n.counted,
    n.engaged,
    n.scroll,
    v.has_visitor,
    v.has_repeats,
    v.visitor_number,
    v.bounces,
    v.duration,
    n.hour,
    v.only_hour,
    n.name,
    v.only_name,
    n.page,
    v.only_page,
    n.hostname,
    v.only_hostname,
    n.currency,
    v.only_currency
  FROM numbered_event n
  CROSS JOIN visit v ON v.visit = n.visit
  WHERE v.only_hour IS NULL
    OR v.only_name IS NULL
    OR v.only_page IS NULL
    OR v.only_hostname IS NULL
    OR v.only_currency IS NULL
),
sale_event AS MATERIALIZED (
  SELECT *
  FROM numbered_event
  WHERE counted
    AND value IS NOT NULL
    AND currency <> ''
),
sale AS MATERIALIZED (
  SELECT n.*,
    v."visit:entry_page",
    v."visit:exit_page",
    v."visit:entry_page_hostname",
    v."visit:exit_page_hostname",
    v."visit:source",
    v."visit:referrer",
    v."visit:channel",
    v."visit:utm_source",
    v."visit:utm_medium",
    v."visit:utm_campaign",
    v."visit:utm_content",
    v."visit:utm_term",
    v."visit:device",
    v."visit:browser",
    v."visit:browser_version",
    v."visit:os",
    v."visit:os_version",
    v."visit:country",
    v."visit:region",
    v."visit:region_name",
    v."visit:city",
    v."visit:language"
  FROM visit v
  CROSS JOIN sale_event n ON n.visit = v.visit
),
key_usage AS MATERIALIZED (
  SELECT p.key AS key,
    count(*) AS uses
  FROM stretch s
  CROSS JOIN events e ON e.pixel = ?3
    AND e.ts >= s.starts_at
    AND e.ts < s.ends_at
    AND e.props <> ''
    AND e.name <> 'engagement'
  CROSS JOIN json_each(e.props) p ON p.value <> ''
  GROUP BY p.key
),
stored_key AS MATERIALIZED (
  SELECT key
  FROM key_usage
  ORDER BY uses DESC,
    key
  LIMIT 100
),
property AS MATERIALIZED (
  SELECT p.key AS key,
    p.value AS property_value,
    n.*
  FROM numbered_event n
  CROSS JOIN json_each(n.props) p ON p.value <> ''
  WHERE n.props <> ''
    AND p.key IN (
    SELECT key
    FROM stored_key
  )
),
key_visit AS MATERIALIZED (
  SELECT t.key,
    v.visit,
    v.has_visitor,
    v.has_repeats,
    v.visitor_number,
    v.pageviews,
    v.events,
    v.bounces,
    v.duration,
    v.engaged,
    v.engaged_visits,
    v.scroll,
    v.scrolled_visits
  FROM visit v
  CROSS JOIN (
    SELECT DISTINCT key,
      visitor_number
    FROM property
  ) t ON t.visitor_number = v.visitor_number
),
property_sale AS MATERIALIZED (
  SELECT p.key AS key,
    p.value AS property_value,
    n.currency AS currency,
    sum(n.value >> 32) AS high,
    sum(n.value & 4294967295) AS low,
    count(*) AS sales
  FROM sale n
  CROSS JOIN json_each(n.props) p ON p.value <> ''
  WHERE n.props <> ''
    AND p.key IN (
    SELECT key
    FROM stored_key
  )
  GROUP BY 1,
    2,
    3
),
value_counts AS MATERIALIZED (
  SELECT dimension,
    value,
    currency,
    sum(visitors) AS visitors,
    sum(visits) AS visits,
    sum(pageviews) AS pageviews,
    sum(events) AS events,
    sum(bounces) AS bounces,
    sum(duration) AS duration,
    sum(engaged) AS engaged,
    sum(engaged_visits) AS engaged_visits,
    sum(scroll) AS scroll,
    sum(scrolled_visits) AS scrolled_visits,
    CASE
    WHEN (sum(revenue >> 32) + (sum(revenue & 4294967295) >> 32)) > 2147483647 THEN 9223372036854775807
    WHEN (sum(revenue >> 32) + (sum(revenue & 4294967295) >> 32)) < - 2147483648 THEN - 9223372036854775807
    ELSE max(((sum(revenue >> 32) + (sum(revenue & 4294967295) >> 32)) << 32) | (sum(revenue & 4294967295) & 4294967295), - 9223372036854775807) END AS revenue,
    sum(sales) AS sales
  FROM (
    SELECT *
    FROM (
      SELECT 'total' AS dimension,
        '' AS value,
        '' AS currency,
        coalesce(sum(has_visitor AND NOT has_repeats), 0) + count(DISTINCT CASE WHEN has_visitor AND has_repeats THEN visitor_number END) AS visitors,
        coalesce(sum(has_visitor), 0) AS visits,
        coalesce(sum(pageviews), 0) AS pageviews,
        coalesce(sum(events), 0) AS events,
        coalesce(sum(bounces), 0) AS bounces,
        coalesce(sum(duration), 0) AS duration,
        coalesce(sum(engaged), 0) AS engaged,
        coalesce(sum(engaged_visits), 0) AS engaged_visits,
        coalesce(sum(scroll), 0) AS scroll,
        coalesce(sum(scrolled_visits), 0) AS scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM visit
      UNION ALL
      SELECT d.value AS dimension,
        CASE d.key
        WHEN 0 THEN "visit:entry_page"
        WHEN 1 THEN "visit:entry_page_hostname" END AS value,
        '' AS currency,
        visits - CASE d.key
        WHEN 0 THEN repeats0
        WHEN 1 THEN repeats1 END AS visitors,
        visits,
        pageviews,
        events,
        bounces,
        duration,
        engaged,
        engaged_visits,
        scroll,
        scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT "visit:entry_page",
          "visit:entry_page_hostname",
          sum(has_visitor) AS visits,
          sum(pageviews) AS pageviews,
          sum(events) AS events,
          sum(bounces) AS bounces,
          sum(duration) AS duration,
          sum(engaged) AS engaged,
          sum(engaged_visits) AS engaged_visits,
          sum(scroll) AS scroll,
          sum(scrolled_visits) AS scrolled_visits,
          sum((repeats >> 0) & 1) AS repeats0,
          sum((repeats >> 2) & 1) AS repeats1
        FROM visit
        GROUP BY 1,
          2
      ) c
      CROSS JOIN json_each('["visit:entry_page","visit:entry_page_hostname"]') d
      UNION ALL
      SELECT d.value AS dimension,
        CASE d.key
        WHEN 0 THEN "visit:exit_page"
        WHEN 1 THEN "visit:exit_page_hostname" END AS value,
        '' AS currency,
        visits - CASE d.key
        WHEN 0 THEN repeats0
        WHEN 1 THEN repeats1 END AS visitors,
        visits,
        pageviews,
        events,
        bounces,
        duration,
        engaged,
        engaged_visits,
        scroll,
        scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT "visit:exit_page",
          "visit:exit_page_hostname",
          sum(has_visitor) AS visits,
          sum(pageviews) AS pageviews,
          sum(events) AS events,
          sum(bounces) AS bounces,
          sum(duration) AS duration,
          sum(engaged) AS engaged,
          sum(engaged_visits) AS engaged_visits,
          sum(scroll) AS scroll,
          sum(scrolled_visits) AS scrolled_visits,
          sum((repeats >> 1) & 1) AS repeats0,
          sum((repeats >> 3) & 1) AS repeats1
        FROM visit
        GROUP BY 1,
          2
      ) c
      CROSS JOIN json_each('["visit:exit_page","visit:exit_page_hostname"]') d
      UNION ALL
      SELECT d.value AS dimension,
        CASE d.key
        WHEN 0 THEN "visit:source"
        WHEN 1 THEN "visit:referrer"
        WHEN 2 THEN "visit:channel" END AS value,
        '' AS currency,
        visits - CASE d.key
        WHEN 0 THEN repeats0
        WHEN 1 THEN repeats1
        WHEN 2 THEN repeats2 END AS visitors,
        visits,
        pageviews,
        events,
        bounces,
        duration,
        engaged,
        engaged_visits,
        scroll,
        scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT "visit:source",
          "visit:referrer",
          "visit:channel",
          sum(has_visitor) AS visits,
          sum(pageviews) AS pageviews,
          sum(events) AS events,
          sum(bounces) AS bounces,
          sum(duration) AS duration,
          sum(engaged) AS engaged,
          sum(engaged_visits) AS engaged_visits,
          sum(scroll) AS scroll,
          sum(scrolled_visits) AS scrolled_visits,
          sum((repeats >> 4) & 1) AS repeats0,
          sum((repeats >> 5) & 1) AS repeats1,
          sum((repeats >> 6) & 1) AS repeats2
        FROM visit
        GROUP BY 1,
          2,
          3
      ) c
      CROSS JOIN json_each('["visit:source","visit:referrer","visit:channel"]') d
      UNION ALL
      SELECT d.value AS dimension,
        CASE d.key
        WHEN 0 THEN "visit:utm_source"
        WHEN 1 THEN "visit:utm_medium"
        WHEN 2 THEN "visit:utm_campaign"
        WHEN 3 THEN "visit:utm_content"
        WHEN 4 THEN "visit:utm_term" END AS value,
        '' AS currency,
        visits - CASE d.key
        WHEN 0 THEN repeats0
        WHEN 1 THEN repeats1
        WHEN 2 THEN repeats2
        WHEN 3 THEN repeats3
        WHEN 4 THEN repeats4 END AS visitors,
        visits,
        pageviews,
        events,
        bounces,
        duration,
        engaged,
        engaged_visits,
        scroll,
        scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT "visit:utm_source",
          "visit:utm_medium",
          "visit:utm_campaign",
          "visit:utm_content",
          "visit:utm_term",
          sum(has_visitor) AS visits,
          sum(pageviews) AS pageviews,
          sum(events) AS events,
          sum(bounces) AS bounces,
          sum(duration) AS duration,
          sum(engaged) AS engaged,
          sum(engaged_visits) AS engaged_visits,
          sum(scroll) AS scroll,
          sum(scrolled_visits) AS scrolled_visits,
          sum((repeats >> 7) & 1) AS repeats0,
          sum((repeats >> 8) & 1) AS repeats1,
          sum((repeats >> 9) & 1) AS repeats2,
          sum((repeats >> 10) & 1) AS repeats3,
          sum((repeats >> 11) & 1) AS repeats4
        FROM visit
        GROUP BY 1,
          2,
          3,
          4,
          5
      ) c
      CROSS JOIN json_each('["visit:utm_source","visit:utm_medium","visit:utm_campaign","visit:utm_content","visit:utm_term"]') d
    )
    UNION ALL
    SELECT *
    FROM (
      SELECT d.value AS dimension,
        CASE d.key
        WHEN 0 THEN "visit:device"
        WHEN 1 THEN "visit:browser"
        WHEN 2 THEN "visit:browser_version"
        WHEN 3 THEN "visit:os"
        WHEN 4 THEN "visit:os_version" END AS value,
        '' AS currency,
        visits - CASE d.key
        WHEN 0 THEN repeats0
        WHEN 1 THEN repeats1
        WHEN 2 THEN repeats2
        WHEN 3 THEN repeats3
        WHEN 4 THEN repeats4 END AS visitors,
        visits,
        pageviews,
        events,
        bounces,
        duration,
        engaged,
        engaged_visits,
        scroll,
        scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT "visit:device",
          "visit:browser",
          "visit:browser_version",
          "visit:os",
          "visit:os_version",
          sum(has_visitor) AS visits,
          sum(pageviews) AS pageviews,
          sum(events) AS events,
          sum(bounces) AS bounces,
          sum(duration) AS duration,
          sum(engaged) AS engaged,
          sum(engaged_visits) AS engaged_visits,
          sum(scroll) AS scroll,
          sum(scrolled_visits) AS scrolled_visits,
          sum((repeats >> 12) & 1) AS repeats0,
          sum((repeats >> 13) & 1) AS repeats1,
          sum((repeats >> 14) & 1) AS repeats2,
          sum((repeats >> 15) & 1) AS repeats3,
          sum((repeats >> 16) & 1) AS repeats4
        FROM visit
        GROUP BY 1,
          2,
          3,
          4,
          5
      ) c
      CROSS JOIN json_each('["visit:device","visit:browser","visit:browser_version","visit:os","visit:os_version"]') d
      UNION ALL
      SELECT d.value AS dimension,
        CASE d.key
        WHEN 0 THEN "visit:country"
        WHEN 1 THEN "visit:region"
        WHEN 2 THEN "visit:region_name"
        WHEN 3 THEN "visit:city" END AS value,
        '' AS currency,
        visits - CASE d.key
        WHEN 0 THEN repeats0
        WHEN 1 THEN repeats1
        WHEN 2 THEN repeats2
        WHEN 3 THEN repeats3 END AS visitors,
        visits,
        pageviews,
        events,
        bounces,
        duration,
        engaged,
        engaged_visits,
        scroll,
        scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT "visit:country",
          "visit:region",
          "visit:region_name",
          "visit:city",
          sum(has_visitor) AS visits,
          sum(pageviews) AS pageviews,
          sum(events) AS events,
          sum(bounces) AS bounces,
          sum(duration) AS duration,
          sum(engaged) AS engaged,
          sum(engaged_visits) AS engaged_visits,
          sum(scroll) AS scroll,
          sum(scrolled_visits) AS scrolled_visits,
          sum((repeats >> 17) & 1) AS repeats0,
          sum((repeats >> 18) & 1) AS repeats1,
          sum((repeats >> 19) & 1) AS repeats2,
          sum((repeats >> 20) & 1) AS repeats3
        FROM visit
        GROUP BY 1,
          2,
          3,
          4
      ) c
      CROSS JOIN json_each('["visit:country","visit:region","visit:region_name","visit:city"]') d
      UNION ALL
      SELECT d.value AS dimension,
        "visit:language" AS value,
        '' AS currency,
        visits - repeats0 AS visitors,
        visits,
        pageviews,
        events,
        bounces,
        duration,
        engaged,
        engaged_visits,
        scroll,
        scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT "visit:language",
          sum(has_visitor) AS visits,
          sum(pageviews) AS pageviews,
          sum(events) AS events,
          sum(bounces) AS bounces,
          sum(duration) AS duration,
          sum(engaged) AS engaged,
          sum(engaged_visits) AS engaged_visits,
          sum(scroll) AS scroll,
          sum(scrolled_visits) AS scrolled_visits,
          sum((repeats >> 21) & 1) AS repeats0
        FROM visit
        GROUP BY 1
      ) c
      CROSS JOIN json_each('["visit:language"]') d
      UNION ALL
      SELECT d.value AS dimension,
        CASE d.key
        WHEN 0 THEN ?6 || format(' %02d:00:00', only_hour)
        WHEN 1 THEN only_name
        WHEN 2 THEN only_hostname
        WHEN 3 THEN only_currency END AS value,
        '' AS currency,
        visits AS visitors,
        visits,
        pageviews,
        events,
        bounces,
        duration,
        engaged,
        engaged_visits,
        scroll,
        scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT only_hour,
          only_name,
          only_hostname,
          only_currency,
          sum(has_visitor) AS visits,
          sum(pageviews) AS pageviews,
          sum(events) AS events,
          sum(bounces) AS bounces,
          sum(duration) AS duration,
          sum(engaged) AS engaged,
          sum(engaged_visits) AS engaged_visits,
          sum(scroll) AS scroll,
          sum(scrolled_visits) AS scrolled_visits
        FROM visit
        WHERE NOT has_repeats
        GROUP BY 1,
          2,
          3,
          4
      ) c
      CROSS JOIN json_each('["time:hour","event:name","event:hostname","event:currency"]') d
      WHERE CASE d.key
        WHEN 0 THEN only_hour
        WHEN 1 THEN only_name
        WHEN 2 THEN only_hostname
        WHEN 3 THEN only_currency END IS NOT NULL
      UNION ALL
      SELECT d.value AS dimension,
        only_page AS value,
        '' AS currency,
        visits AS visitors,
        visits,
        pageviews,
        events,
        bounces,
        duration,
        engaged,
        engaged_visits,
        scroll,
        scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT only_page,
          sum(has_visitor) AS visits,
          sum(pageviews) AS pageviews,
          sum(events) AS events,
          sum(bounces) AS bounces,
          sum(duration) AS duration,
          sum(engaged) AS engaged,
          sum(engaged_visits) AS engaged_visits,
          sum(scroll) AS scroll,
          sum(scrolled_visits) AS scrolled_visits
        FROM visit
        WHERE NOT has_repeats
        GROUP BY 1
      ) c
      CROSS JOIN json_each('["event:page"]') d
      WHERE only_page IS NOT NULL
    )
    UNION ALL
    SELECT *
    FROM (
      SELECT 'time:hour' AS dimension,
        ?6 || format(' %02d:00:00', value) AS value,
        '' AS currency,
        coalesce(sum(has_visitor AND NOT has_repeats), 0) + count(DISTINCT CASE WHEN has_visitor AND has_repeats THEN visitor_number END) AS visitors,
        coalesce(sum(has_visitor), 0) AS visits,
        coalesce(sum(pageviews), 0) AS pageviews,
        coalesce(sum(events), 0) AS events,
        coalesce(sum(bounces), 0) AS bounces,
        coalesce(sum(duration), 0) AS duration,
        coalesce(sum(engaged), 0) AS engaged,
        coalesce(sum(engaged_visits), 0) AS engaged_visits,
        coalesce(sum(scroll), 0) AS scroll,
        coalesce(sum(scrolled_visits), 0) AS scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT only_hour AS value,
          has_visitor,
          has_repeats,
          visitor_number,
          pageviews,
          events,
          bounces,
          duration,
          engaged,
          engaged_visits,
          scroll,
          scrolled_visits
        FROM visit
        WHERE has_repeats
          AND only_hour IS NOT NULL
        UNION ALL
        SELECT value,
          p.has_visitor
          AND p.events > 0 AS has_visitor,
          p.has_repeats,
          p.visitor_number,
          p.pageviews,
          p.events,
          p.bounces * (p.events > 0) AS bounces,
          p.duration * (p.events > 0) AS duration,
          p.engaged,
          p.engaged_visits,
          p.scroll,
          p.scrolled_visits
        FROM (
          SELECT n.hour AS value,
            n.has_visitor,
            n.has_repeats,
            n.visitor_number,
            n.bounces,
            n.duration,
            sum(n.pageview) AS pageviews,
            sum(n.counted) AS events,
            coalesce(sum(n.engaged), 0) AS engaged,
            count(n.engaged) > 0 AS engaged_visits,
            coalesce(max(n.scroll), 0) AS scroll,
            count(n.scroll) > 0 AS scrolled_visits
          FROM mixed_event n
          WHERE n.only_hour IS NULL
          GROUP BY n.visit,
            n.hour
        ) p
      )
      GROUP BY 2
      UNION ALL
      SELECT 'event:name' AS dimension,
        value AS value,
        '' AS currency,
        coalesce(sum(has_visitor AND NOT has_repeats), 0) + count(DISTINCT CASE WHEN has_visitor AND has_repeats THEN visitor_number END) AS visitors,
        coalesce(sum(has_visitor), 0) AS visits,
        coalesce(sum(pageviews), 0) AS pageviews,
        coalesce(sum(events), 0) AS events,
        coalesce(sum(bounces), 0) AS bounces,
        coalesce(sum(duration), 0) AS duration,
        coalesce(sum(engaged), 0) AS engaged,
        coalesce(sum(engaged_visits), 0) AS engaged_visits,
        coalesce(sum(scroll), 0) AS scroll,
        coalesce(sum(scrolled_visits), 0) AS scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT only_name AS value,
          has_visitor,
          has_repeats,
          visitor_number,
          pageviews,
          events,
          bounces,
          duration,
          engaged,
          engaged_visits,
          scroll,
          scrolled_visits
        FROM visit
        WHERE has_repeats
          AND only_name IS NOT NULL
        UNION ALL
        SELECT value,
          p.has_visitor
          AND p.events > 0 AS has_visitor,
          p.has_repeats,
          p.visitor_number,
          p.pageviews,
          p.events,
          p.bounces * (p.events > 0) AS bounces,
          p.duration * (p.events > 0) AS duration,
          p.engaged,
          p.engaged_visits,
          p.scroll,
          p.scrolled_visits
        FROM (
          SELECT n.name AS value,
            n.has_visitor,
            n.has_repeats,
            n.visitor_number,
            n.bounces,
            n.duration,
            sum(n.pageview) AS pageviews,
            sum(n.counted) AS events,
            coalesce(sum(n.engaged), 0) AS engaged,
            count(n.engaged) > 0 AS engaged_visits,
            coalesce(max(n.scroll), 0) AS scroll,
            count(n.scroll) > 0 AS scrolled_visits
          FROM mixed_event n
          WHERE n.only_name IS NULL
          GROUP BY n.visit,
            n.name
        ) p
      )
      GROUP BY 2
      UNION ALL
      SELECT 'event:page' AS dimension,
        value AS value,
        '' AS currency,
        coalesce(sum(has_visitor AND NOT has_repeats), 0) + count(DISTINCT CASE WHEN has_visitor AND has_repeats THEN visitor_number END) AS visitors,
        coalesce(sum(has_visitor), 0) AS visits,
        coalesce(sum(pageviews), 0) AS pageviews,
        coalesce(sum(events), 0) AS events,
        coalesce(sum(bounces), 0) AS bounces,
        coalesce(sum(duration), 0) AS duration,
        coalesce(sum(engaged), 0) AS engaged,
        coalesce(sum(engaged_visits), 0) AS engaged_visits,
        coalesce(sum(scroll), 0) AS scroll,
        coalesce(sum(scrolled_visits), 0) AS scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT only_page AS value,
          has_visitor,
          has_repeats,
          visitor_number,
          pageviews,
          events,
          bounces,
          duration,
          engaged,
          engaged_visits,
          scroll,
          scrolled_visits
        FROM visit
        WHERE has_repeats
          AND only_page IS NOT NULL
        UNION ALL
        SELECT value,
          p.has_visitor
          AND p.events > 0 AS has_visitor,
          p.has_repeats,
          p.visitor_number,
          p.pageviews,
          p.events,
          p.bounces * (p.events > 0) AS bounces,
          p.duration * (p.events > 0) AS duration,
          p.engaged,
          p.engaged_visits,
          p.scroll,
          p.scrolled_visits
        FROM (
          SELECT n.page AS value,
            n.has_visitor,
            n.has_repeats,
            n.visitor_number,
            n.bounces,
            n.duration,
            sum(n.pageview) AS pageviews,
            sum(n.counted) AS events,
            coalesce(sum(n.engaged), 0) AS engaged,
            count(n.engaged) > 0 AS engaged_visits,
            coalesce(max(n.scroll), 0) AS scroll,
            count(n.scroll) > 0 AS scrolled_visits
          FROM mixed_event n
          WHERE n.only_page IS NULL
          GROUP BY n.visit,
            n.page
        ) p
      )
      GROUP BY 2
      UNION ALL
      SELECT 'event:hostname' AS dimension,
        value AS value,
        '' AS currency,
        coalesce(sum(has_visitor AND NOT has_repeats), 0) + count(DISTINCT CASE WHEN has_visitor AND has_repeats THEN visitor_number END) AS visitors,
        coalesce(sum(has_visitor), 0) AS visits,
        coalesce(sum(pageviews), 0) AS pageviews,
        coalesce(sum(events), 0) AS events,
        coalesce(sum(bounces), 0) AS bounces,
        coalesce(sum(duration), 0) AS duration,
        coalesce(sum(engaged), 0) AS engaged,
        coalesce(sum(engaged_visits), 0) AS engaged_visits,
        coalesce(sum(scroll), 0) AS scroll,
        coalesce(sum(scrolled_visits), 0) AS scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT only_hostname AS value,
          has_visitor,
          has_repeats,
          visitor_number,
          pageviews,
          events,
          bounces,
          duration,
          engaged,
          engaged_visits,
          scroll,
          scrolled_visits
        FROM visit
        WHERE has_repeats
          AND only_hostname IS NOT NULL
        UNION ALL
        SELECT value,
          p.has_visitor
          AND p.events > 0 AS has_visitor,
          p.has_repeats,
          p.visitor_number,
          p.pageviews,
          p.events,
          p.bounces * (p.events > 0) AS bounces,
          p.duration * (p.events > 0) AS duration,
          p.engaged,
          p.engaged_visits,
          p.scroll,
          p.scrolled_visits
        FROM (
          SELECT n.hostname AS value,
            n.has_visitor,
            n.has_repeats,
            n.visitor_number,
            n.bounces,
            n.duration,
            sum(n.pageview) AS pageviews,
            sum(n.counted) AS events,
            coalesce(sum(n.engaged), 0) AS engaged,
            count(n.engaged) > 0 AS engaged_visits,
            coalesce(max(n.scroll), 0) AS scroll,
            count(n.scroll) > 0 AS scrolled_visits
          FROM mixed_event n
          WHERE n.only_hostname IS NULL
          GROUP BY n.visit,
            n.hostname
        ) p
      )
      GROUP BY 2
      UNION ALL
      SELECT 'event:currency' AS dimension,
        value AS value,
        '' AS currency,
        coalesce(sum(has_visitor AND NOT has_repeats), 0) + count(DISTINCT CASE WHEN has_visitor AND has_repeats THEN visitor_number END) AS visitors,
        coalesce(sum(has_visitor), 0) AS visits,
        coalesce(sum(pageviews), 0) AS pageviews,
        coalesce(sum(events), 0) AS events,
        coalesce(sum(bounces), 0) AS bounces,
        coalesce(sum(duration), 0) AS duration,
        coalesce(sum(engaged), 0) AS engaged,
        coalesce(sum(engaged_visits), 0) AS engaged_visits,
        coalesce(sum(scroll), 0) AS scroll,
        coalesce(sum(scrolled_visits), 0) AS scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT only_currency AS value,
          has_visitor,
          has_repeats,
          visitor_number,
          pageviews,
          events,
          bounces,
          duration,
          engaged,
          engaged_visits,
          scroll,
          scrolled_visits
        FROM visit
        WHERE has_repeats
          AND only_currency IS NOT NULL
        UNION ALL
        SELECT value,
          p.has_visitor
          AND p.events > 0 AS has_visitor,
          p.has_repeats,
          p.visitor_number,
          p.pageviews,
          p.events,
          p.bounces * (p.events > 0) AS bounces,
          p.duration * (p.events > 0) AS duration,
          p.engaged,
          p.engaged_visits,
          p.scroll,
          p.scrolled_visits
        FROM (
          SELECT n.currency AS value,
            n.has_visitor,
            n.has_repeats,
            n.visitor_number,
            n.bounces,
            n.duration,
            sum(n.pageview) AS pageviews,
            sum(n.counted) AS events,
            coalesce(sum(n.engaged), 0) AS engaged,
            count(n.engaged) > 0 AS engaged_visits,
            coalesce(max(n.scroll), 0) AS scroll,
            count(n.scroll) > 0 AS scrolled_visits
          FROM mixed_event n
          WHERE n.only_currency IS NULL
          GROUP BY n.visit,
            n.currency
        ) p
      )
      GROUP BY 2
    )
    UNION ALL
    SELECT *
    FROM (
      SELECT d.value AS dimension,
        CASE d.value
        WHEN 'total' THEN ''
        WHEN 'time:hour' THEN ?6 || format(' %02d:00:00', n.hour)
        WHEN 'event:name' THEN n.name
        WHEN 'event:page' THEN n.page
        WHEN 'event:hostname' THEN n.hostname
        WHEN 'event:currency' THEN n.currency
        WHEN 'visit:entry_page' THEN n."visit:entry_page"
        WHEN 'visit:exit_page' THEN n."visit:exit_page"
        WHEN 'visit:entry_page_hostname' THEN n."visit:entry_page_hostname"
        WHEN 'visit:exit_page_hostname' THEN n."visit:exit_page_hostname"
        WHEN 'visit:source' THEN n."visit:source"
        WHEN 'visit:referrer' THEN n."visit:referrer"
        WHEN 'visit:channel' THEN n."visit:channel"
        WHEN 'visit:utm_source' THEN n."visit:utm_source"
        WHEN 'visit:utm_medium' THEN n."visit:utm_medium"
        WHEN 'visit:utm_campaign' THEN n."visit:utm_campaign"
        WHEN 'visit:utm_content' THEN n."visit:utm_content"
        WHEN 'visit:utm_term' THEN n."visit:utm_term"
        WHEN 'visit:device' THEN n."visit:device"
        WHEN 'visit:browser' THEN n."visit:browser"
        WHEN 'visit:browser_version' THEN n."visit:browser_version"
        WHEN 'visit:os' THEN n."visit:os"
        WHEN 'visit:os_version' THEN n."visit:os_version"
        WHEN 'visit:country' THEN n."visit:country"
        WHEN 'visit:region' THEN n."visit:region"
        WHEN 'visit:region_name' THEN n."visit:region_name"
        WHEN 'visit:city' THEN n."visit:city"
        WHEN 'visit:language' THEN n."visit:language" END AS value,
        n.currency AS currency,
        0 AS visitors,
        0 AS visits,
        0 AS pageviews,
        0 AS events,
        0 AS bounces,
        0 AS duration,
        0 AS engaged,
        0 AS engaged_visits,
        0 AS scroll,
        0 AS scrolled_visits,
        CASE
        WHEN (sum(n.value >> 32) + (sum(n.value & 4294967295) >> 32)) > 2147483647 THEN 9223372036854775807
        WHEN (sum(n.value >> 32) + (sum(n.value & 4294967295) >> 32)) < - 2147483648 THEN - 9223372036854775807
        ELSE max(((sum(n.value >> 32) + (sum(n.value & 4294967295) >> 32)) << 32) | (sum(n.value & 4294967295) & 4294967295), - 9223372036854775807) END AS revenue,
        count(*) AS sales
      FROM sale n
      CROSS JOIN json_each('["total","time:hour","event:name","event:page","event:hostname","event:currency","visit:entry_page","visit:exit_page","visit:entry_page_hostname","visit:exit_page_hostname","visit:source","visit:referrer","visit:channel","visit:utm_source","visit:utm_medium","visit:utm_campaign","visit:utm_content","visit:utm_term","visit:device","visit:browser","visit:browser_version","visit:os","visit:os_version","visit:country","visit:region","visit:region_name","visit:city","visit:language"]') d
      GROUP BY 1,
        2,
        3
      UNION ALL
      SELECT 'event:goal' AS dimension,
        value,
        '' AS currency,
        coalesce(sum(has_visitor AND NOT has_repeats), 0) + count(DISTINCT CASE WHEN has_visitor AND has_repeats THEN visitor_number END) AS visitors,
        coalesce(sum(has_visitor), 0) AS visits,
        coalesce(sum(pageviews), 0) AS pageviews,
        coalesce(sum(events), 0) AS events,
        coalesce(sum(bounces), 0) AS bounces,
        coalesce(sum(duration), 0) AS duration,
        coalesce(sum(engaged), 0) AS engaged,
        coalesce(sum(engaged_visits), 0) AS engaged_visits,
        coalesce(sum(scroll), 0) AS scroll,
        coalesce(sum(scrolled_visits), 0) AS scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT p.value,
          v.has_visitor
          AND p.events > 0 AS has_visitor,
          v.has_repeats,
          v.visitor_number,
          p.pageviews,
          p.events,
          v.bounces * (p.events > 0) AS bounces,
          v.duration * (p.events > 0) AS duration,
          p.engaged,
          p.engaged_visits,
          p.scroll,
          p.scrolled_visits
        FROM (
          SELECT g.name AS value,
            n.visit,
            sum(n.pageview) AS pageviews,
            sum(n.counted) AS events,
            coalesce(sum(n.engaged), 0) AS engaged,
            count(n.engaged) > 0 AS engaged_visits,
            coalesce(max(n.scroll), 0) AS scroll,
            count(n.scroll) > 0 AS scrolled_visits
          FROM goal g
          CROSS JOIN numbered_event n ON n.counted
            AND CASE
            WHEN g.event IS NOT NULL THEN n.name = g.event
            WHEN g.page IS NOT NULL THEN n.pageview
            AND (n.page = g.page OR n.page = g.former)
            WHEN g.pages IS NOT NULL THEN n.pageview
            AND (n.page GLOB g.pages OR n.page GLOB g.former)
            ELSE n.props <> ''
            AND EXISTS (
            SELECT 1
            FROM json_each(n.props) p
            WHERE p.key = g.property
              AND p.value = g.value
          ) END
          GROUP BY g.name,
            n.visit
        ) p
        CROSS JOIN visit v ON v.visit = p.visit
      )
      GROUP BY value
      UNION ALL
      SELECT 'event:goal' AS dimension,
        g.name AS value,
        n.currency AS currency,
        0 AS visitors,
        0 AS visits,
        0 AS pageviews,
        0 AS events,
        0 AS bounces,
        0 AS duration,
        0 AS engaged,
        0 AS engaged_visits,
        0 AS scroll,
        0 AS scrolled_visits,
        CASE
        WHEN (sum(n.value >> 32) + (sum(n.value & 4294967295) >> 32)) > 2147483647 THEN 9223372036854775807
        WHEN (sum(n.value >> 32) + (sum(n.value & 4294967295) >> 32)) < - 2147483648 THEN - 9223372036854775807
        ELSE max(((sum(n.value >> 32) + (sum(n.value & 4294967295) >> 32)) << 32) | (sum(n.value & 4294967295) & 4294967295), - 9223372036854775807) END AS revenue,
        count(*) AS sales
      FROM goal g
      CROSS JOIN sale n ON n.counted
        AND CASE
        WHEN g.event IS NOT NULL THEN n.name = g.event
        WHEN g.page IS NOT NULL THEN n.pageview
        AND (n.page = g.page OR n.page = g.former)
        WHEN g.pages IS NOT NULL THEN n.pageview
        AND (n.page GLOB g.pages OR n.page GLOB g.former)
        ELSE n.props <> ''
        AND EXISTS (
        SELECT 1
        FROM json_each(n.props) p
        WHERE p.key = g.property
          AND p.value = g.value
      ) END
      GROUP BY 2,
        3
      UNION ALL
      SELECT 'event:props:' || key AS dimension,
        value,
        '' AS currency,
        coalesce(sum(has_visitor AND NOT has_repeats), 0) + count(DISTINCT CASE WHEN has_visitor AND has_repeats THEN visitor_number END) AS visitors,
        coalesce(sum(has_visitor), 0) AS visits,
        coalesce(sum(pageviews), 0) AS pageviews,
        coalesce(sum(events), 0) AS events,
        coalesce(sum(bounces), 0) AS bounces,
        coalesce(sum(duration), 0) AS duration,
        coalesce(sum(engaged), 0) AS engaged,
        coalesce(sum(engaged_visits), 0) AS engaged_visits,
        coalesce(sum(scroll), 0) AS scroll,
        coalesce(sum(scrolled_visits), 0) AS scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT p.key,
          p.value,
          v.has_visitor
          AND p.events > 0 AS has_visitor,
          v.has_repeats,
          v.visitor_number,
          p.pageviews,
          p.events,
          v.bounces * (p.events > 0) AS bounces,
          v.duration * (p.events > 0) AS duration,
          p.engaged,
          p.engaged_visits,
          p.scroll,
          p.scrolled_visits
        FROM (
          SELECT n.key,
            n.property_value AS value,
            n.visit,
            sum(n.pageview) AS pageviews,
            sum(n.counted) AS events,
            coalesce(sum(n.engaged), 0) AS engaged,
            count(n.engaged) > 0 AS engaged_visits,
            coalesce(max(n.scroll), 0) AS scroll,
            count(n.scroll) > 0 AS scrolled_visits
          FROM property n
          GROUP BY 1,
            2,
            3
        ) p
        CROSS JOIN key_visit v ON v.key = p.key
          AND v.visit = p.visit
      )
      GROUP BY key,
        value
      UNION ALL
      SELECT 'event:props:' || key AS dimension,
        '' AS value,
        '' AS currency,
        visitors,
        visits,
        pageviews,
        events,
        bounces,
        duration,
        engaged,
        engaged_visits,
        scroll,
        scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM stored_key
      CROSS JOIN (
        SELECT coalesce(sum(has_visitor AND NOT has_repeats), 0) + count(DISTINCT CASE WHEN has_visitor AND has_repeats THEN visitor_number END) AS visitors,
          coalesce(sum(has_visitor), 0) AS visits,
          coalesce(sum(pageviews), 0) AS pageviews,
          coalesce(sum(events), 0) AS events,
          coalesce(sum(bounces), 0) AS bounces,
          coalesce(sum(duration), 0) AS duration,
          coalesce(sum(engaged), 0) AS engaged,
          coalesce(sum(engaged_visits), 0) AS engaged_visits,
          coalesce(sum(scroll), 0) AS scroll,
          coalesce(sum(scrolled_visits), 0) AS scrolled_visits
        FROM visit
      )
    )
    UNION ALL
    SELECT *
    FROM (
      SELECT 'event:props:' || key AS dimension,
        '' AS value,
        '' AS currency,
        - visitors,
        - visits,
        - pageviews,
        - events,
        - bounces,
        - duration,
        - engaged,
        - engaged_visits,
        - scroll,
        - scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT key,
          coalesce(sum(has_visitor AND NOT has_repeats), 0) + count(DISTINCT CASE WHEN has_visitor AND has_repeats THEN visitor_number END) AS visitors,
          coalesce(sum(has_visitor), 0) AS visits,
          coalesce(sum(pageviews), 0) AS pageviews,
          coalesce(sum(events), 0) AS events,
          coalesce(sum(bounces), 0) AS bounces,
          coalesce(sum(duration), 0) AS duration,
          coalesce(sum(engaged), 0) AS engaged,
          coalesce(sum(engaged_visits), 0) AS engaged_visits,
          coalesce(sum(scroll), 0) AS scroll,
          coalesce(sum(scrolled_visits), 0) AS scrolled_visits
        FROM key_visit
        GROUP BY key
      )
      UNION ALL
      SELECT 'event:props:' || key AS dimension,
        '' AS value,
        '' AS currency,
        coalesce(sum(has_visitor AND NOT has_repeats), 0) + count(DISTINCT CASE WHEN has_visitor AND has_repeats THEN visitor_number END) AS visitors,
        coalesce(sum(has_visitor), 0) AS visits,
        coalesce(sum(pageviews), 0) AS pageviews,
        coalesce(sum(events), 0) AS events,
        coalesce(sum(bounces), 0) AS bounces,
        coalesce(sum(duration), 0) AS duration,
        coalesce(sum(engaged), 0) AS engaged,
        coalesce(sum(engaged_visits), 0) AS engaged_visits,
        coalesce(sum(scroll), 0) AS scroll,
        coalesce(sum(scrolled_visits), 0) AS scrolled_visits,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT p.key,
          v.has_visitor
          AND p.events > 0 AS has_visitor,
          v.has_repeats,
          v.visitor_number,
          p.pageviews,
          p.events,
          v.bounces * (p.events > 0) AS bounces,
          v.duration * (p.events > 0) AS duration,
          p.engaged,
          p.engaged_visits,
          p.scroll,
          p.scrolled_visits
        FROM (
          SELECT t.key,
            n.visit,
            sum(n.pageview) AS pageviews,
            sum(n.counted) AS events,
            coalesce(sum(n.engaged), 0) AS engaged,
            count(n.engaged) > 0 AS engaged_visits,
            coalesce(max(n.scroll), 0) AS scroll,
            count(n.scroll) > 0 AS scrolled_visits
          FROM numbered_event n
          CROSS JOIN key_visit t ON t.visit = n.visit
            AND (n.props = '' OR NOT EXISTS (
            SELECT 1
            FROM json_each(n.props) p
            WHERE p.key = t.key
              AND p.value <> ''
          ))
          GROUP BY t.key,
            n.visit
        ) p
        CROSS JOIN key_visit v ON v.key = p.key
          AND v.visit = p.visit
      )
      GROUP BY key
      UNION ALL
      SELECT 'event:props:' AS dimension,
        '' AS value,
        '' AS currency,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        0 AS revenue,
        0 AS sales
      FROM (
        SELECT count(*) AS keys
        FROM key_usage
      )
      WHERE keys > 100
        AND ?4 = ''
      UNION ALL
      SELECT 'event:props:' || key AS dimension,
        property_value AS value,
        currency,
        0 AS visitors,
        0 AS visits,
        0 AS pageviews,
        0 AS events,
        0 AS bounces,
        0 AS duration,
        0 AS engaged,
        0 AS engaged_visits,
        0 AS scroll,
        0 AS scrolled_visits,
        CASE
        WHEN (high + (low >> 32)) > 2147483647 THEN 9223372036854775807
        WHEN (high + (low >> 32)) < - 2147483648 THEN - 9223372036854775807
        ELSE max(((high + (low >> 32)) << 32) | (low & 4294967295), - 9223372036854775807) END AS revenue,
        sales
      FROM property_sale
      UNION ALL
      SELECT 'event:props:' || key AS dimension,
        '' AS value,
        currency,
        0 AS visitors,
        0 AS visits,
        0 AS pageviews,
        0 AS events,
        0 AS bounces,
        0 AS duration,
        0 AS engaged,
        0 AS engaged_visits,
        0 AS scroll,
        0 AS scrolled_visits,
        CASE
        WHEN (sum(high) + (sum(low) >> 32)) > 2147483647 THEN 9223372036854775807
        WHEN (sum(high) + (sum(low) >> 32)) < - 2147483648 THEN - 9223372036854775807
        ELSE max(((sum(high) + (sum(low) >> 32)) << 32) | (sum(low) & 4294967295), - 9223372036854775807) END AS revenue,
        sum(sales) AS sales
      FROM (
        SELECT key,
          currency,
          high,
          low,
          sales
        FROM stored_key
        CROSS JOIN (
          SELECT currency,
            sum(n.value >> 32) AS high,
            sum(n.value & 4294967295) AS low,
            count(*) AS sales
          FROM sale n
          GROUP BY currency
        )
        UNION ALL
        SELECT key,
          currency,
          - high,
          - low,
          - sales
        FROM property_sale
      )
      GROUP BY key,
        currency
    )
  )
  GROUP BY dimension,
    value,
    currency
  HAVING sum(visitors) <> 0
    OR sum(visits) <> 0
    OR sum(pageviews) <> 0
    OR sum(events) <> 0
    OR sum(bounces) <> 0
    OR sum(duration) <> 0
    OR sum(engaged) <> 0
    OR sum(engaged_visits) <> 0
    OR sum(scroll) <> 0
    OR sum(scrolled_visits) <> 0
    OR sum(sales) <> 0
),
excess_value AS MATERIALIZED (
  SELECT dimension,
    value
  FROM (
    SELECT dimension,
      value,
      row_number() OVER (PARTITION BY dimension ORDER BY visitors DESC, events DESC, value) AS rank,
      iif((value <> '' AND substr(dimension, 1, 12) = 'event:props:'), row_number() OVER (PARTITION BY (value <> '' AND substr(dimension, 1, 12) = 'event:props:') ORDER BY visitors DESC, events DESC, dimension, value), 0) AS rank_of_all
    FROM (
      SELECT dimension,
        value,
        max(visitors) AS visitors,
        max(events) AS events
      FROM value_counts
      GROUP BY dimension,
        value
    )
  )
  WHERE rank > 10000
    OR rank_of_all > 50000
),
ranked_value AS MATERIALIZED (
  SELECT s.*,
    iif(p.dimension IS NULL, s.value, '(other)') AS stored_value
  FROM value_counts s
  LEFT JOIN excess_value p ON p.dimension = s.dimension
    AND p.value = s.value
),
excess_sale AS MATERIALIZED (
  SELECT dimension,
    stored_value,
    currency
  FROM (
    SELECT *,
      dense_rank() OVER (ORDER BY of_currency DESC, currency) AS rank_of_currency,
      row_number() OVER (ORDER BY of_currency DESC, currency, sales DESC, dimension, stored_value) AS rank
    FROM (
      SELECT *,
        max(iif(dimension = 'total', sales, 0)) OVER (PARTITION BY currency) AS of_currency
      FROM (
        SELECT dimension,
          stored_value,
          currency,
          sum(sales) AS sales
        FROM ranked_value
        WHERE currency NOT IN ('', '(other)')
        GROUP BY 1,
          2,
          3
      )
    )
  )
  WHERE rank_of_currency > 200
    OR rank > 50000
),
rollup_row AS (
  SELECT v.dimension AS dimension,
    v.stored_value AS value,
    iif(p.dimension IS NULL, v.currency, '(other)') AS currency,
    sum(v.visitors) AS visitors,
    sum(v.visits) AS visits,
    sum(v.pageviews) AS pageviews,
    sum(v.events) AS events,
    sum(v.bounces) AS bounces,
    sum(v.duration) AS duration,
    sum(v.engaged) AS engaged,
    sum(v.engaged_visits) AS engaged_visits,
    sum(v.scroll) AS scroll,
    sum(v.scrolled_visits) AS scrolled_visits,
    CASE
    WHEN (sum(iif(p.dimension IS NULL, v.revenue, 0) >> 32) + (sum(iif(p.dimension IS NULL, v.revenue, 0) & 4294967295) >> 32)) > 2147483647 THEN 9223372036854775807
    WHEN (sum(iif(p.dimension IS NULL, v.revenue, 0) >> 32) + (sum(iif(p.dimension IS NULL, v.revenue, 0) & 4294967295) >> 32)) < - 2147483648 THEN - 9223372036854775807
    ELSE max(((sum(iif(p.dimension IS NULL, v.revenue, 0) >> 32) + (sum(iif(p.dimension IS NULL, v.revenue, 0) & 4294967295) >> 32)) << 32) | (sum(iif(p.dimension IS NULL, v.revenue, 0) & 4294967295) & 4294967295), - 9223372036854775807) END AS revenue,
    sum(v.sales) AS sales
  FROM ranked_value v
  LEFT JOIN excess_sale p ON p.dimension = v.dimension
    AND p.stored_value = v.stored_value
    AND p.currency = v.currency
  GROUP BY 1,
    2,
    3
)
INSERT
  OR REPLACE INTO rollup_slices(pixel, day, slice, part, counts)
SELECT ?3,
  ?6,
  ?7,
  part,
  jsonb_group_array(jsonb_array(dimension, value, currency, visitors, visits, pageviews, events, bounces, duration, engaged, engaged_visits, scroll, scrolled_visits, revenue, sales))
FROM (
  SELECT *,
    2000000 + (row_number() OVER () - 1) / 400 AS part
  FROM rollup_row
)
WHERE EXISTS (
  SELECT 1
  FROM days
  WHERE pixel = ?3
    AND day = ?6
    AND raw = 0
    AND slice = ?7
    AND slices = ?8
)
GROUP BY part
-- ?1 = :stretches
-- ?2 = :goals
-- ?3 = :pixel
-- ?4 = :from
-- ?5 = :before
-- ?6 = :day
-- ?7 = :slice
-- ?8 = :slices
