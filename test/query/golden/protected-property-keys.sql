-- statement 1
SELECT min(day) AS day
FROM days
WHERE pixel = ?1
-- ?1 = px_GoldenGoldenSafe

-- statement 2
WITH reportable_day AS MATERIALIZED (
  SELECT day,
    label,
    iif(is_incomplete, NULL, label_week) AS label_week,
    iif(is_incomplete, NULL, week) AS week
  FROM (
    SELECT j.value ->> 0 AS day,
      j.value ->> 1 AS label,
      j.value ->> 2 AS label_week,
      j.value ->> 3 AS week,
      EXISTS (
      SELECT 1
      FROM days x
      WHERE x.pixel = ?1
        AND x.day BETWEEN j.value ->> 3 AND date(j.value ->> 3, '+6 days')
        AND NOT (x.rolled_at IS NOT NULL AND x.ends_at <= 1795608000000 AND x.rolled_at >= x.ends_at)
    ) AS is_incomplete
    FROM json_each(?2) j
    CROSS JOIN days d ON d.pixel = ?1
      AND d.day = j.value ->> 0
      AND d.ends_at <= 1795608000000
      AND d.rolled_at >= d.ends_at
  )
),
part AS (
  SELECT r.dimension,
    r.value,
    iif(r.visitors >= 5, t.day, 'week ' || t.week) AS cell,
    sum(r.visitors) AS visitors,
    sum(r.events) AS events
  FROM reportable_day t
  CROSS JOIN rollups r ON r.pixel = ?1
    AND r.day = t.day
    AND r.dimension > 'event:props:'
    AND r.dimension < 'event:props;'
    AND r.currency = ''
    AND r.value NOT IN ('', '(other)')
  GROUP BY 1,
    2,
    3
)
SELECT substr(dimension, 13) AS key,
  sum(((CAST(events AS INTEGER) + 2) / 5 * 5)) AS events
FROM part
WHERE cell IS NOT NULL
  AND visitors >= 5
GROUP BY key
ORDER BY events DESC,
  key
LIMIT 200
-- ?1 = px_GoldenGoldenSafe
-- ?2 = [["2026-11-18","","2026-11-16","2026-11-16"],["2026-11-19","","2026-11-16","2026-11-16"],["2026-11-20","","2026-11-16","2026-11-16"],["2026-11-21","","2026-11-16","2026-11-16"],["2026-11-22","","2026-11-16","2026-11-16"],["2026-11-23","",null,null],["2026-11-24","",null,null]]
