-- statement 1
DELETE
FROM segments
WHERE pixel = ?1
  AND period = ?2
  AND generation IS NOT (
  SELECT columns
  FROM months
  WHERE pixel = ?1
    AND month = ?2
)
-- ?1 = :pixel
-- ?2 = :month
