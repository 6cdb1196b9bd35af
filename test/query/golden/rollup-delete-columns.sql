-- statement 1
DELETE
FROM segments
WHERE pixel = ?1
  AND period = ?2
  AND EXISTS (
  SELECT 1
  FROM days
  WHERE pixel = ?1
    AND day = ?2
    AND raw = 0
    AND true
)
  AND (
  SELECT timezone
  FROM pixels
  WHERE id = ?1
) = ?3
-- ?1 = :pixel
-- ?2 = :day
-- ?3 = :timezone
