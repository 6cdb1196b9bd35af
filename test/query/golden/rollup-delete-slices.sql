-- statement 1
DELETE
FROM rollup_slices
WHERE pixel = ?1
  AND day = ?2
-- ?1 = :pixel
-- ?2 = :day
