-- statement 1
DELETE
FROM segments
WHERE pixel = ?1
  AND period = ?2
  AND generation > (
  SELECT rolls
  FROM days
  WHERE pixel = ?1
    AND day = ?2
    AND raw = 0
)
-- ?1 = :pixel
-- ?2 = :day
