-- statement 1
UPDATE months
SET columns = rolls
WHERE pixel = ?1
  AND month = ?2
  AND rolls = ?3
  AND (
  SELECT sum(rolls) = ?3
    AND max(dirty) = 0
    AND max(raw) = 0
    AND min(columns) > 0
  FROM days
  WHERE pixel = ?1
    AND day >= ?2 || '-01'
    AND day <= ?2 || '-31'
)
  AND (
  SELECT timezone
  FROM pixels
  WHERE id = ?1
) = ?4
  AND (
  SELECT count(*)
  FROM segments
  WHERE pixel = ?1
    AND period = ?2
    AND generation = ?3
    AND name = ''
) = ?5
-- ?1 = :pixel
-- ?2 = :month
-- ?3 = :rolls
-- ?4 = :timezone
-- ?5 = :slices
