-- statement 1
WITH stretch AS (
  SELECT value ->> 0 AS bucket,
    value ->> 1 AS day,
    value ->> 2 AS starts_at,
    value ->> 3 AS ends_at,
    value ->> 4 AS utc_offset
  FROM json_each(?1)
),
numbered_day AS MATERIALIZED (
  SELECT CAST(bucket AS INTEGER) AS number,
    day,
    min(starts_at) / 60000 AS first_minute,
    json_group_array(json_array(starts_at, ends_at, utc_offset)) AS stretches
  FROM stretch
  GROUP BY 1,
    2
),
preceded_event AS (
  SELECT s.bucket,
    s.day,
    e.ts,
    e.id,
    e.name,
    e.visitor,
    e.page,
    e.hostname,
    e.currency,
    e.value,
    e.engaged,
    e.scroll,
    e.props,
    e.name <> 'engagement' AS counted,
    (e.ts + s.utc_offset) / 3600000 % 24 AS hour,
    count(*) OVER before AS seq,
    max(CASE WHEN e.name <> 'engagement' THEN e.ts END) OVER before AS last_ts
  FROM stretch s
  CROSS JOIN events e ON e.pixel = ?2
    AND e.ts >= s.starts_at
    AND e.ts < s.ends_at
    AND e.visitor >= ?3
    AND e.visitor < ?4
  WINDOW before AS (PARTITION BY s.day, e.visitor ORDER BY e.ts, e.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
numbered_event AS MATERIALIZED (
  SELECT bucket,
    day,
    ts,
    id,
    name,
    visitor,
    page,
    hostname,
    currency,
    value,
    engaged,
    scroll,
    props,
    counted,
    name = 'pageview' AS pageview,
    hour,
    seq,
    last_ts,
    starts,
    sum(starts) OVER so_far AS visit,
    sum(last_ts IS NULL) OVER so_far AS visitor_number,
    row_number() OVER so_far - 1 AS position,
    lag(ts) OVER so_far AS ts_before
  FROM (
    SELECT *,
      counted
      AND (visitor = '' OR last_ts IS NULL OR ts - last_ts > 1800000) AS starts
    FROM preceded_event
    WHERE counted
      OR (visitor <> '' AND last_ts IS NOT NULL)
  )
  WINDOW so_far AS (ORDER BY day, visitor, seq ROWS UNBOUNDED PRECEDING)
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
    count(*) AS rows,
    min(CAST(bucket AS INTEGER)) AS number
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
    f.language AS "visit:language"
  FROM bare_visit v
  CROSS JOIN events f ON f.pixel = ?2
    AND f.ts = v.first_ts
    AND f.id = v.first_id
),
visit_value_3 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v.rows AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_4 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v.pageviews AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_5 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v.events AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_6 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v.duration AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_7 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:source" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_8 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:referrer" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_9 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:channel" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_10 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:utm_source" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_11 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:utm_medium" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_12 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:utm_campaign" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_13 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:utm_content" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_14 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:utm_term" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_15 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:device" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_16 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:browser" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_17 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:browser_version" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_18 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:os" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_19 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:os_version" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_20 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:country" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_21 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:region" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_22 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:region_name" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_23 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:city" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
visit_value_24 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT v."visit:language" AS value,
      count(*) AS uses
    FROM visit v
    GROUP BY 1
  )
),
event_value_1 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT n.name AS value,
      count(*) AS uses
    FROM numbered_event n
    GROUP BY 1
  )
),
event_value_2 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT n.page AS value,
      count(*) AS uses
    FROM numbered_event n
    GROUP BY 1
  )
),
event_value_3 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT n.hostname AS value,
      count(*) AS uses
    FROM numbered_event n
    GROUP BY 1
  )
),
event_value_4 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT n.currency AS value,
      count(*) AS uses
    FROM numbered_event n
    GROUP BY 1
  )
),
event_value_5 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT n.value AS value,
      count(*) AS uses
    FROM numbered_event n
    GROUP BY 1
  )
),
event_value_6 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT n.engaged AS value,
      count(*) AS uses
    FROM numbered_event n
    GROUP BY 1
  )
),
event_value_7 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT n.scroll AS value,
      count(*) AS uses
    FROM numbered_event n
    GROUP BY 1
  )
),
event_value_8 AS MATERIALIZED (
  SELECT value,
    row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
  FROM (
    SELECT n.props AS value,
      count(*) AS uses
    FROM numbered_event n
    GROUP BY 1
  )
),
packed_visit AS MATERIALIZED (
  SELECT position / 16384 AS chunk,
    group_concat(char(code_0 + 35 + (code_0 >= 57) + 2048 * (code_0 >= 55260)), '') AS codes_0,
    min(code_0) AS low_0,
    max(code_0) AS high_0,
    group_concat(char(code_1 + 35 + (code_1 >= 57) + 2048 * (code_1 >= 55260)), '') AS codes_1,
    min(code_1) AS low_1,
    max(code_1) AS high_1,
    group_concat(char(code_2 + 35 + (code_2 >= 57) + 2048 * (code_2 >= 55260)), '') AS codes_2,
    min(code_2) AS low_2,
    max(code_2) AS high_2,
    group_concat(char(code_3 + 35 + (code_3 >= 57) + 2048 * (code_3 >= 55260)), '') AS codes_3,
    group_concat(char(code_4 + 35 + (code_4 >= 57) + 2048 * (code_4 >= 55260)), '') AS codes_4,
    group_concat(char(code_5 + 35 + (code_5 >= 57) + 2048 * (code_5 >= 55260)), '') AS codes_5,
    group_concat(char(code_6 + 35 + (code_6 >= 57) + 2048 * (code_6 >= 55260)), '') AS codes_6,
    group_concat(char(code_7 + 35 + (code_7 >= 57) + 2048 * (code_7 >= 55260)), '') AS codes_7,
    group_concat(char(code_8 + 35 + (code_8 >= 57) + 2048 * (code_8 >= 55260)), '') AS codes_8,
    group_concat(char(code_9 + 35 + (code_9 >= 57) + 2048 * (code_9 >= 55260)), '') AS codes_9,
    group_concat(char(code_10 + 35 + (code_10 >= 57) + 2048 * (code_10 >= 55260)), '') AS codes_10,
    group_concat(char(code_11 + 35 + (code_11 >= 57) + 2048 * (code_11 >= 55260)), '') AS codes_11,
    group_concat(char(code_12 + 35 + (code_12 >= 57) + 2048 * (code_12 >= 55260)), '') AS codes_12,
    group_concat(char(code_13 + 35 + (code_13 >= 57) + 2048 * (code_13 >= 55260)), '') AS codes_13,
    group_concat(char(code_14 + 35 + (code_14 >= 57) + 2048 * (code_14 >= 55260)), '') AS codes_14,
    group_concat(char(code_15 + 35 + (code_15 >= 57) + 2048 * (code_15 >= 55260)), '') AS codes_15,
    group_concat(char(code_16 + 35 + (code_16 >= 57) + 2048 * (code_16 >= 55260)), '') AS codes_16,
    group_concat(char(code_17 + 35 + (code_17 >= 57) + 2048 * (code_17 >= 55260)), '') AS codes_17,
    group_concat(char(code_18 + 35 + (code_18 >= 57) + 2048 * (code_18 >= 55260)), '') AS codes_18,
    group_concat(char(code_19 + 35 + (code_19 >= 57) + 2048 * (code_19 >= 55260)), '') AS codes_19,
    group_concat(char(code_20 + 35 + (code_20 >= 57) + 2048 * (code_20 >= 55260)), '') AS codes_20,
    group_concat(char(code_21 + 35 + (code_21 >= 57) + 2048 * (code_21 >= 55260)), '') AS codes_21,
    group_concat(char(code_22 + 35 + (code_22 >= 57) + 2048 * (code_22 >= 55260)), '') AS codes_22,
    group_concat(char(code_23 + 35 + (code_23 >= 57) + 2048 * (code_23 >= 55260)), '') AS codes_23,
    group_concat(char(code_24 + 35 + (code_24 >= 57) + 2048 * (code_24 >= 55260)), '') AS codes_24
  FROM (
    SELECT v.visit - 1 AS position,
      v.number AS code_0,
      iif(v.has_visitor, 1 + v.is_repeat, 0) AS code_1,
      v.first_ts / 60000 - d.first_minute AS code_2,
      value_3.code AS code_3,
      value_4.code AS code_4,
      value_5.code AS code_5,
      value_6.code AS code_6,
      value_7.code AS code_7,
      value_8.code AS code_8,
      value_9.code AS code_9,
      value_10.code AS code_10,
      value_11.code AS code_11,
      value_12.code AS code_12,
      value_13.code AS code_13,
      value_14.code AS code_14,
      value_15.code AS code_15,
      value_16.code AS code_16,
      value_17.code AS code_17,
      value_18.code AS code_18,
      value_19.code AS code_19,
      value_20.code AS code_20,
      value_21.code AS code_21,
      value_22.code AS code_22,
      value_23.code AS code_23,
      value_24.code AS code_24
    FROM visit v
    CROSS JOIN numbered_day d ON d.number = v.number
    CROSS JOIN visit_value_3 value_3 ON value_3.value IS v.rows
    CROSS JOIN visit_value_4 value_4 ON value_4.value IS v.pageviews
    CROSS JOIN visit_value_5 value_5 ON value_5.value IS v.events
    CROSS JOIN visit_value_6 value_6 ON value_6.value IS v.duration
    CROSS JOIN visit_value_7 value_7 ON value_7.value IS v."visit:source"
    CROSS JOIN visit_value_8 value_8 ON value_8.value IS v."visit:referrer"
    CROSS JOIN visit_value_9 value_9 ON value_9.value IS v."visit:channel"
    CROSS JOIN visit_value_10 value_10 ON value_10.value IS v."visit:utm_source"
    CROSS JOIN visit_value_11 value_11 ON value_11.value IS v."visit:utm_medium"
    CROSS JOIN visit_value_12 value_12 ON value_12.value IS v."visit:utm_campaign"
    CROSS JOIN visit_value_13 value_13 ON value_13.value IS v."visit:utm_content"
    CROSS JOIN visit_value_14 value_14 ON value_14.value IS v."visit:utm_term"
    CROSS JOIN visit_value_15 value_15 ON value_15.value IS v."visit:device"
    CROSS JOIN visit_value_16 value_16 ON value_16.value IS v."visit:browser"
    CROSS JOIN visit_value_17 value_17 ON value_17.value IS v."visit:browser_version"
    CROSS JOIN visit_value_18 value_18 ON value_18.value IS v."visit:os"
    CROSS JOIN visit_value_19 value_19 ON value_19.value IS v."visit:os_version"
    CROSS JOIN visit_value_20 value_20 ON value_20.value IS v."visit:country"
    CROSS JOIN visit_value_21 value_21 ON value_21.value IS v."visit:region"
    CROSS JOIN visit_value_22 value_22 ON value_22.value IS v."visit:region_name"
    CROSS JOIN visit_value_23 value_23 ON value_23.value IS v."visit:city"
    CROSS JOIN visit_value_24 value_24 ON value_24.value IS v."visit:language"
    ORDER BY 1
  )
  GROUP BY 1
),
packed_event AS MATERIALIZED (
  SELECT position / 16384 AS chunk,
    group_concat(char(code_0 + 35 + (code_0 >= 57) + 2048 * (code_0 >= 55260)), '') AS codes_0,
    min(code_0) AS low_0,
    max(code_0) AS high_0,
    group_concat(char(code_1 + 35 + (code_1 >= 57) + 2048 * (code_1 >= 55260)), '') AS codes_1,
    group_concat(char(code_2 + 35 + (code_2 >= 57) + 2048 * (code_2 >= 55260)), '') AS codes_2,
    group_concat(char(code_3 + 35 + (code_3 >= 57) + 2048 * (code_3 >= 55260)), '') AS codes_3,
    group_concat(char(code_4 + 35 + (code_4 >= 57) + 2048 * (code_4 >= 55260)), '') AS codes_4,
    group_concat(char(code_5 + 35 + (code_5 >= 57) + 2048 * (code_5 >= 55260)), '') AS codes_5,
    group_concat(char(code_6 + 35 + (code_6 >= 57) + 2048 * (code_6 >= 55260)), '') AS codes_6,
    group_concat(char(code_7 + 35 + (code_7 >= 57) + 2048 * (code_7 >= 55260)), '') AS codes_7,
    group_concat(char(code_8 + 35 + (code_8 >= 57) + 2048 * (code_8 >= 55260)), '') AS codes_8
  FROM (
    SELECT n.position AS position,
      iif(n.starts, 0, n.ts / 60000 - n.ts_before / 60000) AS code_0,
      value_1.code AS code_1,
      value_2.code AS code_2,
      value_3.code AS code_3,
      value_4.code AS code_4,
      value_5.code AS code_5,
      value_6.code AS code_6,
      value_7.code AS code_7,
      value_8.code AS code_8
    FROM numbered_event n
    CROSS JOIN event_value_1 value_1 ON value_1.value IS n.name
    CROSS JOIN event_value_2 value_2 ON value_2.value IS n.page
    CROSS JOIN event_value_3 value_3 ON value_3.value IS n.hostname
    CROSS JOIN event_value_4 value_4 ON value_4.value IS n.currency
    CROSS JOIN event_value_5 value_5 ON value_5.value IS n.value
    CROSS JOIN event_value_6 value_6 ON value_6.value IS n.engaged
    CROSS JOIN event_value_7 value_7 ON value_7.value IS n.scroll
    CROSS JOIN event_value_8 value_8 ON value_8.value IS n.props
    ORDER BY 1
  )
  GROUP BY 1
),
piece AS MATERIALIZED (
  SELECT *
  FROM (
    SELECT *
    FROM (
      SELECT d.value AS name,
        p.chunk AS chunk,
        NULL AS dictionary,
        0 AS size,
        CASE d.key
        WHEN 0 THEN codes_0
        WHEN 1 THEN codes_1
        WHEN 2 THEN codes_2
        WHEN 3 THEN codes_3
        WHEN 4 THEN codes_4
        WHEN 5 THEN codes_5
        WHEN 6 THEN codes_6
        WHEN 7 THEN codes_7
        WHEN 8 THEN codes_8
        WHEN 9 THEN codes_9
        WHEN 10 THEN codes_10
        WHEN 11 THEN codes_11
        WHEN 12 THEN codes_12
        WHEN 13 THEN codes_13
        WHEN 14 THEN codes_14
        WHEN 15 THEN codes_15
        WHEN 16 THEN codes_16
        WHEN 17 THEN codes_17
        WHEN 18 THEN codes_18
        WHEN 19 THEN codes_19
        WHEN 20 THEN codes_20
        WHEN 21 THEN codes_21
        WHEN 22 THEN codes_22
        WHEN 23 THEN codes_23
        WHEN 24 THEN codes_24 END AS codes,
        CASE d.key
        WHEN 0 THEN low_0
        WHEN 1 THEN low_1
        WHEN 2 THEN low_2 END AS low,
        CASE d.key
        WHEN 0 THEN high_0
        WHEN 1 THEN high_1
        WHEN 2 THEN high_2 END AS high
      FROM packed_visit p
      CROSS JOIN json_each('["visit:day","visit:visitor","visit:minute","visit:rows","visit:pageviews","visit:events","visit:duration","source","referrer","channel","utm_source","utm_medium","utm_campaign","utm_content","utm_term","device","browser","browser_version","os","os_version","country","region","region_name","city","language"]') d
      UNION ALL
      SELECT d.value AS name,
        p.chunk AS chunk,
        NULL AS dictionary,
        0 AS size,
        CASE d.key
        WHEN 0 THEN codes_0
        WHEN 1 THEN codes_1
        WHEN 2 THEN codes_2
        WHEN 3 THEN codes_3
        WHEN 4 THEN codes_4
        WHEN 5 THEN codes_5
        WHEN 6 THEN codes_6
        WHEN 7 THEN codes_7
        WHEN 8 THEN codes_8 END AS codes,
        CASE d.key
        WHEN 0 THEN low_0 END AS low,
        CASE d.key
        WHEN 0 THEN high_0 END AS high
      FROM packed_event p
      CROSS JOIN json_each('["event:minute","event:name","event:page","event:hostname","event:currency","event:value","event:engaged","event:scroll","event:props"]') d
      UNION ALL
      SELECT 'visit:rows',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_3
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'visit:pageviews',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_4
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'visit:events',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_5
        ORDER BY code
      )
      GROUP BY 2
    )
    UNION ALL
    SELECT *
    FROM (
      SELECT 'visit:duration',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_6
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'source',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_7
        ORDER BY code
      )
      GROUP BY 2
    )
  )
  UNION ALL
  SELECT *
  FROM (
    SELECT *
    FROM (
      SELECT 'referrer',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_8
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'channel',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_9
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'utm_source',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_10
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'utm_medium',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_11
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'utm_campaign',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_12
        ORDER BY code
      )
      GROUP BY 2
    )
    UNION ALL
    SELECT *
    FROM (
      SELECT 'utm_content',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_13
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'utm_term',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_14
        ORDER BY code
      )
      GROUP BY 2
    )
  )
  UNION ALL
  SELECT *
  FROM (
    SELECT *
    FROM (
      SELECT 'device',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_15
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'browser',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_16
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'browser_version',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_17
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'os',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_18
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'os_version',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_19
        ORDER BY code
      )
      GROUP BY 2
    )
    UNION ALL
    SELECT *
    FROM (
      SELECT 'country',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_20
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'region',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_21
        ORDER BY code
      )
      GROUP BY 2
    )
  )
  UNION ALL
  SELECT *
  FROM (
    SELECT *
    FROM (
      SELECT 'region_name',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_22
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'city',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_23
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'language',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM visit_value_24
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'event:name',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM event_value_1
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'event:page',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM event_value_2
        ORDER BY code
      )
      GROUP BY 2
    )
    UNION ALL
    SELECT *
    FROM (
      SELECT 'event:hostname',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM event_value_3
        ORDER BY code
      )
      GROUP BY 2
      UNION ALL
      SELECT 'event:currency',
        bytes / 500000,
        json_group_array(value),
        count(*),
        NULL,
        NULL,
        NULL
      FROM (
        SELECT value,
          coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
        FROM event_value_4
        ORDER BY code
      )
      GROUP BY 2
    )
  )
  UNION ALL
  SELECT *
  FROM (
    SELECT 'event:value',
      bytes / 500000,
      json_group_array(value),
      count(*),
      NULL,
      NULL,
      NULL
    FROM (
      SELECT value,
        coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
      FROM event_value_5
      ORDER BY code
    )
    GROUP BY 2
    UNION ALL
    SELECT 'event:engaged',
      bytes / 500000,
      json_group_array(value),
      count(*),
      NULL,
      NULL,
      NULL
    FROM (
      SELECT value,
        coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
      FROM event_value_6
      ORDER BY code
    )
    GROUP BY 2
    UNION ALL
    SELECT 'event:scroll',
      bytes / 500000,
      json_group_array(value),
      count(*),
      NULL,
      NULL,
      NULL
    FROM (
      SELECT value,
        coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
      FROM event_value_7
      ORDER BY code
    )
    GROUP BY 2
    UNION ALL
    SELECT 'event:props',
      bytes / 500000,
      json_group_array(value),
      count(*),
      NULL,
      NULL,
      NULL
    FROM (
      SELECT value,
        coalesce(sum(octet_length(json_quote(value)) + 1) OVER (ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
      FROM event_value_8
      ORDER BY code
    )
    GROUP BY 2
  )
),
constant AS MATERIALIZED (
  SELECT name,
    coalesce(max(dictionary) -> 0, min(low)) AS value
  FROM piece
  GROUP BY name
  HAVING sum(size) = 1
    OR min(low) = max(high)
),
header AS (
  SELECT json_object('version', 1, 'events', (
    SELECT count(*)
    FROM numbered_event
  ), 'visits', (
    SELECT count(*)
    FROM visit
  ), 'constants', (
    SELECT json_group_object(name, json(value))
    FROM constant
  ), 'days', (
    SELECT json_group_array(json_array(s.day, coalesce((
      SELECT rolls
      FROM days
      WHERE pixel = ?2
        AND day = s.day
    ), 0), json(s.stretches)))
    FROM (
      SELECT *
      FROM numbered_day
      ORDER BY number
    ) s
  )) AS header
)
INSERT
  OR REPLACE INTO segments(pixel, period, generation, slice, name, chunk, size, dictionary, codes)
SELECT ?2,
  ?5,
  ?6,
  ?7,
  name,
  chunk,
  octet_length(dictionary) + octet_length(codes),
  dictionary,
  codes
FROM (
  SELECT '' AS name,
    0 AS chunk,
    header AS dictionary,
    '' AS codes
  FROM header
  UNION ALL
  SELECT name,
    chunk,
    coalesce(max(dictionary), iif(name IN ('visit:day', 'visit:visitor', 'visit:minute', 'event:minute'), '', '[]')),
    coalesce(max(codes), '')
  FROM piece
  WHERE name NOT IN (
    SELECT name
    FROM constant
  )
  GROUP BY 1,
    2
)
WHERE (
  SELECT count(*)
  FROM numbered_event
) <= 1000000
  AND (
  SELECT sum(rolls) = ?6
    AND max(dirty) = 0
    AND max(raw) = 0
    AND min(columns) > 0
  FROM days
  WHERE pixel = ?2
    AND day >= ?5 || '-01'
    AND day <= ?5 || '-31'
)
  AND (
  SELECT timezone
  FROM pixels
  WHERE id = ?2
) = ?8
-- ?1 = :stretches
-- ?2 = :pixel
-- ?3 = :from
-- ?4 = :before
-- ?5 = :month
-- ?6 = :rolls
-- ?7 = :slice
-- ?8 = :timezone
