-- statement 1
DELETE
FROM segments
WHERE (pixel, period) IN (
  SELECT d.pixel,
    d.day
  FROM months m
  CROSS JOIN days d ON d.pixel = m.pixel
    AND d.day BETWEEN m.month || '-01' AND m.month || '-31'
  WHERE m.columns > 0
    AND EXISTS (
    SELECT 1
    FROM segments s
    WHERE s.pixel = m.pixel
      AND s.period BETWEEN m.month || '-01' AND m.month || '-31'
  )
    AND EXISTS (
    SELECT 1
    FROM segments s
    WHERE s.pixel = m.pixel
      AND s.period = m.month
      AND s.generation = m.columns
  )
    AND EXISTS (
    SELECT 1
    FROM segments h
    CROSS JOIN json_each(h.dictionary, '$.days') x
    WHERE h.pixel = m.pixel
      AND h.period = m.month
      AND h.generation = m.columns
      AND h.slice = 0
      AND h.name = ''
      AND h.chunk = 0
      AND x.value ->> 0 = d.day
      AND x.value ->> 1 = d.rolls
  )
    AND NOT EXISTS (
    SELECT 1
    FROM days o
    WHERE o.pixel = m.pixel
      AND o.day BETWEEN m.month || '-01' AND m.month || '-31'
      AND o.raw < 2
  )
)
LIMIT ?1
-- ?1 = :limit
