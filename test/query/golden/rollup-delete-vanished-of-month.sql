-- statement 1
DELETE
FROM month_rollups
WHERE pixel = ?1
  AND month = ?2
  AND visitors = 0
  AND visits = 0
  AND pageviews = 0
  AND events = 0
  AND bounces = 0
  AND duration = 0
  AND engaged = 0
  AND engaged_visits = 0
  AND scroll = 0
  AND scrolled_visits = 0
  AND revenue = 0
  AND sales = 0
-- ?1 = :pixel
-- ?2 = :month
