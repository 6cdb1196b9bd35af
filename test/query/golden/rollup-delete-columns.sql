-- statement 1
DELETE
FROM segments
WHERE pixel = ?1
  AND period IN (?2, iif(NOT EXISTS (
  SELECT 1
  FROM days d
  WHERE d.pixel = ?1
    AND d.day BETWEEN substr(?2, 1, 7) || '-01' AND substr(?2, 1, 7) || '-31'
    AND d.columns > 0
    AND d.day <> ?2
    AND d.raw > 0
    AND NOT EXISTS (
    SELECT 1
    FROM segments own
    WHERE own.pixel = d.pixel
      AND own.period = d.day
  )
), substr(?2, 1, 7), ?2))
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
