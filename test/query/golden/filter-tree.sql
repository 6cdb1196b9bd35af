-- statement 1
SELECT min(day) AS first,
  max(day) AS last,
  coalesce(sum((d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT (d.rollup_version < 1 AND NOT EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'visit:source'
) AND EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'total'
))), 0) AS rolled,
  coalesce(sum(NOT ((d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT (d.rollup_version < 1 AND NOT EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'visit:source'
) AND EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'total'
)))), 0) AS live,
  max(iif(raw > 0, day, NULL)) AS purged,
  max(iif(raw > 0 AND NOT ((d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT (d.rollup_version < 1 AND NOT EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'visit:source'
) AND EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'total'
))), day, NULL)) AS lost,
  max(iif(raw > 0 AND rolled_at IS NULL, day, NULL)) AS never,
  max(iif(raw > 0 AND (d.rollup_version < 1 AND NOT EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'visit:source'
) AND EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'total'
)), day, NULL)) AS lacking,
  min(iif(dirty IN (1, 2) AND (d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT (d.rollup_version < 1 AND NOT EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'visit:source'
) AND EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'total'
)), rolled_at, NULL)) AS as_of,
  coalesce(sum(CASE WHEN raw = 0 AND NOT (false) AND NOT (d.columns = 1 AND (d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000)))) THEN iif(d.rolled_at IS NOT NULL AND d.dirty IN (0, 3), d.events, (
  SELECT count(*)
  FROM (
    SELECT 1
    FROM events e
    WHERE e.pixel = d.pixel
      AND e.ts >= d.starts_at
      AND e.ts < d.ends_at
    LIMIT 4000000
  )
)) END), 0) AS events,
  coalesce(sum(CASE WHEN (false) THEN min(d.events, 1001) END), 0) AS rows,
  max(iif(dirty IN (1, 2) AND ends_at > rolled_at AND false, rolled_at, NULL)) AS open_as_of
FROM days d
WHERE pixel = ?1
  AND day BETWEEN ?2 AND ?3
-- ?1 = px_GoldenGoldenOpen
-- ?2 = 2026-11-19
-- ?3 = 2026-11-25

-- statement 2
SELECT day,
  rolls,
  events,
  iif(dirty IN (1, 2), rolled_at, NULL) AS as_of,
  raw > 0 AS is_purged
FROM days d
WHERE pixel = ?1
  AND day BETWEEN ?2 AND ?3
  AND (d.columns = 1 AND (d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))))
ORDER BY day
-- ?1 = px_GoldenGoldenOpen
-- ?2 = 2026-11-19
-- ?3 = 2026-11-25

-- statement 3
SELECT min(day) AS first,
  max(day) AS last,
  coalesce(sum((d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT (d.rollup_version < 1 AND NOT EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'visit:source'
) AND EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'total'
))), 0) AS rolled,
  coalesce(sum(NOT ((d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT (d.rollup_version < 1 AND NOT EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'visit:source'
) AND EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'total'
)))), 0) AS live,
  max(iif(raw > 0, day, NULL)) AS purged,
  max(iif(raw > 0 AND NOT ((d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT (d.rollup_version < 1 AND NOT EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'visit:source'
) AND EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'total'
))), day, NULL)) AS lost,
  max(iif(raw > 0 AND rolled_at IS NULL, day, NULL)) AS never,
  max(iif(raw > 0 AND (d.rollup_version < 1 AND NOT EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'visit:source'
) AND EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'total'
)), day, NULL)) AS lacking,
  min(iif(dirty IN (1, 2) AND (d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT (d.rollup_version < 1 AND NOT EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'visit:source'
) AND EXISTS (
  SELECT 1
  FROM rollups r
  WHERE r.pixel = d.pixel
    AND r.day = d.day
    AND r.dimension = 'total'
)), rolled_at, NULL)) AS as_of
FROM days d
WHERE pixel = ?1
  AND day BETWEEN ?2 AND ?3
-- ?1 = px_GoldenGoldenOpen
-- ?2 = 2026-11-19
-- ?3 = 2026-11-25

-- statement 4
WITH RECURSIVE stretch AS (
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
open_day AS (
  SELECT s.*
  FROM stretch s
  CROSS JOIN days d ON d.pixel = ?3
    AND d.day = s.day
),
preceded_event AS (
  SELECT s.bucket,
    s.day,
    e.ts,
    e.id,
    e.name,
    e.visitor,
    e.page,
    e.props,
    e.engaged,
    e.scroll,
    e.name <> 'engagement' AS counted,
    (e.ts + s.utc_offset) / 3600000 % 24 AS hour,
    count(*) OVER before AS seq,
    max(CASE WHEN e.name <> 'engagement' THEN e.ts END) OVER before AS last_ts
  FROM open_day s
  CROSS JOIN events e ON e.pixel = ?3
    AND e.ts >= s.starts_at
    AND e.ts < s.ends_at
    AND true
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
    min(bucket) AS bucket
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
    f.country AS "visit:country",
    f.source AS "visit:source"
  FROM bare_visit v
  CROSS JOIN events f ON f.pixel = ?3
    AND f.ts = v.first_ts
    AND f.id = v.first_id
),
answer AS (
  SELECT d0,
    coalesce(sum(visitors), 0) AS visitors,
    coalesce(sum(events), 0) AS events
  FROM (
    SELECT d0,
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
    FROM (
      SELECT p.d0,
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
        SELECT v."visit:source" AS d0,
          n.visit,
          sum(n.pageview) AS pageviews,
          sum(n.counted) AS events,
          coalesce(sum(n.engaged), 0) AS engaged,
          count(n.engaged) > 0 AS engaged_visits,
          coalesce(max(n.scroll), 0) AS scroll,
          count(n.scroll) > 0 AS scrolled_visits
        FROM numbered_event n
        CROSS JOIN visit v ON v.visit = n.visit
        WHERE (((iif(v."visit:country" = '', '(not set)', v."visit:country") IN (
          SELECT value
          FROM json_each(?4)
        )) OR NOT (iif(n.name = '', '(not set)', n.name) IN (
          SELECT value
          FROM json_each(?5)
        ))) AND n.visit IN (
          SELECT n.visit
          FROM numbered_event n
          CROSS JOIN visit v ON v.visit = n.visit
          WHERE n.counted
            AND (iif(n.name = '', '(not set)', n.name) IN (
            SELECT value
            FROM json_each(?6)
          ))
        ) AND n.visit NOT IN (
          SELECT n.visit
          FROM numbered_event n
          CROSS JOIN visit v ON v.visit = n.visit
          WHERE n.counted
            AND EXISTS (
            SELECT 1
            FROM goal g
            WHERE g.name IN (
              SELECT value
              FROM json_each(?5)
            )
              AND n.counted
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
          )
        ))
        GROUP BY v."visit:source",
          n.visit
      ) p
      CROSS JOIN visit v ON v.visit = p.visit
    )
    GROUP BY d0
  )
  GROUP BY d0
),
answer_row AS (
  SELECT answer.*
  FROM answer
),
labeled_row AS (
  SELECT iif(d0 = '', 'Direct / None', d0) AS dimension0,
    visitors AS "visitors"
  FROM answer_row
  WHERE events > 0
),
requested_row AS (
  SELECT *
  FROM labeled_row
)
SELECT *
FROM requested_row
ORDER BY "visitors" DESC NULLS LAST,
  dimension0 ASC
LIMIT ?7 OFFSET ?8
-- ?1 = [["","2026-11-19",1795042800000,1795129200000,3600000],["","2026-11-20",1795129200000,1795215600000,3600000],["","2026-11-21",1795215600000,1795302000000,3600000],["","2026-11-22",1795302000000,1795388400000,3600000],["","2026-11-23",1795388400000,1795474800000,3600000],["","2026-11-24",1795474800000,1795561200000,3600000],["","2026-11-25",1795561200000,1795647600000,3600000]]
-- ?2 = [["Signup","Signup"],["Read the blog",null,null,"/blog/*",null,null,null],["Pricing",null,"/pricing",null,null,null,null],["Went pro",null,null,null,"plan","pro"]]
-- ?3 = px_GoldenGoldenOpen
-- ?4 = ["DE"]
-- ?5 = ["Signup"]
-- ?6 = ["Purchase"]
-- ?7 = 10000
-- ?8 = 0
