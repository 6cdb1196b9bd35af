-- statement 1
DELETE
FROM rollup_slices
WHERE pixel = ?1
  AND day = ?2
  AND NOT EXISTS (
  SELECT 1
  FROM days
  WHERE pixel = ?1
    AND day = ?2
    AND raw = 0
    AND slices > 0
)
-- ?1 = :pixel
-- ?2 = :day
