-- statement 1
SELECT min(day) AS first,
  max(day) AS last,
  coalesce(sum((d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT false), 0) AS rolled,
  coalesce(sum(NOT ((d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT false)), 0) AS live,
  max(iif(raw > 0, day, NULL)) AS purged,
  max(iif(raw > 0 AND NOT ((d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT false), day, NULL)) AS lost,
  max(iif(raw > 0 AND rolled_at IS NULL, day, NULL)) AS never,
  max(iif(raw > 0 AND false, day, NULL)) AS lacking,
  min(iif(dirty IN (1, 2) AND (d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT false, rolled_at, NULL)) AS as_of,
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
  coalesce(sum(CASE WHEN (false) THEN min(d.events, 24) END), 0) AS rows,
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
  coalesce(sum((d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT false), 0) AS rolled,
  coalesce(sum(NOT ((d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT false)), 0) AS live,
  max(iif(raw > 0, day, NULL)) AS purged,
  max(iif(raw > 0 AND NOT ((d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT false), day, NULL)) AS lost,
  max(iif(raw > 0 AND rolled_at IS NULL, day, NULL)) AS never,
  max(iif(raw > 0 AND false, day, NULL)) AS lacking,
  min(iif(dirty IN (1, 2) AND (d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR (d.dirty IN (1, 2) AND d.events >= 50000))) AND NOT false, rolled_at, NULL)) AS as_of
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
preceded_event AS (
  SELECT s.bucket,
    s.day,
    e.ts,
    e.id,
    e.name,
    e.visitor,
    e.page,
    e.props,
    e.person,
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
    person,
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
person_root AS MATERIALIZED (
  SELECT person,
    coalesce((
    SELECT coalesce((
      SELECT coalesce((
        SELECT coalesce((
          SELECT l3.target
          FROM person_links l3
          WHERE l3.pixel = ?3
            AND l3.alias = l2.target
        ), l2.target)
        FROM person_links l2
        WHERE l2.pixel = ?3
          AND l2.alias = l1.target
      ), l1.target)
      FROM person_links l1
      WHERE l1.pixel = ?3
        AND l1.alias = l0.target
    ), l0.target)
    FROM person_links l0
    WHERE l0.pixel = ?3
      AND l0.alias = p.person
  ), p.person) AS root
  FROM (
    SELECT DISTINCT person
    FROM numbered_event
    WHERE person <> ''
      AND counted
  ) p
),
step_event AS MATERIALIZED (
  SELECT g.step,
    n.unit,
    n.position,
    n.ts
  FROM goal g
  CROSS JOIN (
    SELECT n.*,
      n.visit AS unit,
      n.seq AS position
    FROM numbered_event n
    WHERE n.visitor <> ''
  ) n ON g.step < 3
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
),
step0 AS MATERIALIZED (
  SELECT unit,
    position,
    ts AS began_at
  FROM step_event
  WHERE step = 0
),
step1 AS MATERIALIZED (
  SELECT unit,
    position,
    began_at
  FROM (
    SELECT unit,
      position,
      ts,
      is_arrival,
      max(began_at) OVER (PARTITION BY unit ORDER BY position RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS began_at
    FROM (
      SELECT unit,
        position,
        began_at,
        0 AS ts,
        false AS is_arrival
      FROM step0
      UNION ALL
      SELECT unit,
        position,
        NULL,
        ts,
        true
      FROM step_event
      WHERE step = 1
    )
  )
  WHERE is_arrival
    AND began_at IS NOT NULL
),
step2 AS MATERIALIZED (
  SELECT unit,
    position,
    began_at
  FROM (
    SELECT unit,
      position,
      ts,
      is_arrival,
      max(began_at) OVER (PARTITION BY unit ORDER BY position RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS began_at
    FROM (
      SELECT unit,
        position,
        began_at,
        0 AS ts,
        false AS is_arrival
      FROM step1
      UNION ALL
      SELECT unit,
        position,
        NULL,
        ts,
        true
      FROM step_event
      WHERE step = 2
    )
  )
  WHERE is_arrival
    AND began_at IS NOT NULL
)
SELECT (
  SELECT count(DISTINCT unit)
  FROM step0
) AS count0,
  (
  SELECT count(DISTINCT unit)
  FROM step1
) AS count1,
  (
  SELECT count(DISTINCT unit)
  FROM step2
) AS count2
-- ?1 = [["","2026-11-19",1795042800000,1795129200000,3600000],["","2026-11-20",1795129200000,1795215600000,3600000],["","2026-11-21",1795215600000,1795302000000,3600000],["","2026-11-22",1795302000000,1795388400000,3600000],["","2026-11-23",1795388400000,1795474800000,3600000],["","2026-11-24",1795474800000,1795561200000,3600000],["","2026-11-25",1795561200000,1795647600000,3600000]]
-- ?2 = [["Read the blog",null,null,"/blog/*",null,null,null],["Pricing",null,"/pricing",null,null,null,null],["Signup","Signup"],["Signup","Signup"],["Read the blog",null,null,"/blog/*",null,null,null],["Pricing",null,"/pricing",null,null,null,null],["Went pro",null,null,null,"plan","pro"]]
-- ?3 = px_GoldenGoldenOpen
