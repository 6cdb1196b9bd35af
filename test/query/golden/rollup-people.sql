-- statement 1
WITH stretch AS (
  SELECT value ->> 0 AS bucket,
    value ->> 1 AS day,
    value ->> 2 AS starts_at,
    value ->> 3 AS ends_at,
    value ->> 4 AS utc_offset
  FROM json_each(?1)
)
INSERT INTO person_days(pixel, day, person, devices)
SELECT ?2,
  ?3,
  person,
  max(devices)
FROM (
  SELECT person,
    devices
  FROM (
    SELECT s.bucket,
      s.day,
      e.person,
      sum(DISTINCT CASE e.device WHEN 'Desktop' THEN 1 WHEN 'Mobile' THEN 2 WHEN 'Tablet' THEN 4 WHEN 'TV' THEN 8 WHEN 'Console' THEN 16 WHEN 'Wearable' THEN 32 WHEN 'Embedded' THEN 64 ELSE 128 END) AS devices
    FROM stretch s
    CROSS JOIN events e ON e.pixel = ?2
      AND e.ts >= s.starts_at
      AND e.ts < s.ends_at
      AND e.person <> ''
      AND e.name <> 'engagement'
    GROUP BY s.bucket,
      s.day,
      e.person
  )
  UNION ALL
  SELECT person,
    0
  FROM person_days
  WHERE pixel = ?2
    AND day = ?3
)
WHERE EXISTS (
  SELECT 1
  FROM days
  WHERE pixel = ?2
    AND day = ?3
    AND raw = 0
    AND true
)
GROUP BY person ON CONFLICT(pixel, day, person) DO UPDATE
SET devices = excluded.devices
WHERE devices <> excluded.devices
-- ?1 = :stretches
-- ?2 = :pixel
-- ?3 = :day
