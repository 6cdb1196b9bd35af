-- statement 1
DELETE
FROM segments
WHERE pixel = ?1
  AND period = ?2
  AND generation IS NOT (
  SELECT iif(columns > 0, rolls, NULL)
  FROM days
  WHERE pixel = ?1
    AND day = ?2
)
-- ?1 = :pixel
-- ?2 = :day
