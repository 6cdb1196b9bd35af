-- statement 1
INSERT INTO months(pixel, month, rolls)
SELECT ?1,
  ?2,
  sum(rolls)
FROM days
WHERE pixel = ?1
  AND day >= ?2 || '-01'
  AND day <= ?2 || '-31'
HAVING count(*) > 0 ON CONFLICT(pixel, month) DO UPDATE
SET rolls = excluded.rolls
-- ?1 = :pixel
-- ?2 = :month
