-- statement 1
WITH value_counts AS MATERIALIZED (
  SELECT dimension,
    value,
    currency,
    sum(visitors) AS visitors,
    sum(visits) AS visits,
    sum(pageviews) AS pageviews,
    sum(events) AS events,
    sum(bounces) AS bounces,
    sum(duration) AS duration,
    sum(engaged) AS engaged,
    sum(engaged_visits) AS engaged_visits,
    sum(scroll) AS scroll,
    sum(scrolled_visits) AS scrolled_visits,
    CASE
    WHEN (sum(revenue >> 32) + (sum(revenue & 4294967295) >> 32)) > 2147483647 THEN 9223372036854775807
    WHEN (sum(revenue >> 32) + (sum(revenue & 4294967295) >> 32)) < - 2147483648 THEN - 9223372036854775807
    ELSE max(((sum(revenue >> 32) + (sum(revenue & 4294967295) >> 32)) << 32) | (sum(revenue & 4294967295) & 4294967295), - 9223372036854775807) END AS revenue,
    sum(sales) AS sales
  FROM rollups
  WHERE pixel = ?1
    AND day >= ?2 || '-01'
    AND day <= ?2 || '-31'
    AND dimension <> 'time:hour'
    AND substr(dimension, 1, 12) <> 'event:props:'
  GROUP BY dimension,
    value,
    currency
),
excess_value AS MATERIALIZED (
  SELECT dimension,
    value
  FROM (
    SELECT dimension,
      value,
      row_number() OVER (PARTITION BY dimension ORDER BY visitors DESC, events DESC, value) AS rank,
      iif((value <> '' AND substr(dimension, 1, 12) = 'event:props:'), row_number() OVER (PARTITION BY (value <> '' AND substr(dimension, 1, 12) = 'event:props:') ORDER BY visitors DESC, events DESC, dimension, value), 0) AS rank_of_all
    FROM (
      SELECT dimension,
        value,
        max(visitors) AS visitors,
        max(events) AS events
      FROM value_counts
      GROUP BY dimension,
        value
    )
  )
  WHERE rank > 1000
    OR rank_of_all > 5000
),
ranked_value AS MATERIALIZED (
  SELECT s.*,
    iif(p.dimension IS NULL, s.value, '(other)') AS stored_value
  FROM value_counts s
  LEFT JOIN excess_value p ON p.dimension = s.dimension
    AND p.value = s.value
),
excess_sale AS MATERIALIZED (
  SELECT dimension,
    stored_value,
    currency
  FROM (
    SELECT *,
      dense_rank() OVER (ORDER BY of_currency DESC, currency) AS rank_of_currency,
      row_number() OVER (ORDER BY of_currency DESC, currency, sales DESC, dimension, stored_value) AS rank
    FROM (
      SELECT *,
        max(iif(dimension = 'total', sales, 0)) OVER (PARTITION BY currency) AS of_currency
      FROM (
        SELECT dimension,
          stored_value,
          currency,
          sum(sales) AS sales
        FROM ranked_value
        WHERE currency NOT IN ('', '(other)')
        GROUP BY 1,
          2,
          3
      )
    )
  )
  WHERE rank_of_currency > 20
    OR rank > 5000
),
rollup_row AS (
  SELECT v.dimension AS dimension,
    v.stored_value AS value,
    iif(p.dimension IS NULL, v.currency, '(other)') AS currency,
    sum(v.visitors) AS visitors,
    sum(v.visits) AS visits,
    sum(v.pageviews) AS pageviews,
    sum(v.events) AS events,
    sum(v.bounces) AS bounces,
    sum(v.duration) AS duration,
    sum(v.engaged) AS engaged,
    sum(v.engaged_visits) AS engaged_visits,
    sum(v.scroll) AS scroll,
    sum(v.scrolled_visits) AS scrolled_visits,
    CASE
    WHEN (sum(iif(p.dimension IS NULL, v.revenue, 0) >> 32) + (sum(iif(p.dimension IS NULL, v.revenue, 0) & 4294967295) >> 32)) > 2147483647 THEN 9223372036854775807
    WHEN (sum(iif(p.dimension IS NULL, v.revenue, 0) >> 32) + (sum(iif(p.dimension IS NULL, v.revenue, 0) & 4294967295) >> 32)) < - 2147483648 THEN - 9223372036854775807
    ELSE max(((sum(iif(p.dimension IS NULL, v.revenue, 0) >> 32) + (sum(iif(p.dimension IS NULL, v.revenue, 0) & 4294967295) >> 32)) << 32) | (sum(iif(p.dimension IS NULL, v.revenue, 0) & 4294967295) & 4294967295), - 9223372036854775807) END AS revenue,
    sum(v.sales) AS sales
  FROM ranked_value v
  LEFT JOIN excess_sale p ON p.dimension = v.dimension
    AND p.stored_value = v.stored_value
    AND p.currency = v.currency
  GROUP BY 1,
    2,
    3
)
INSERT INTO month_rollups(pixel, month, dimension, value, currency, visitors, visits, pageviews, events, bounces, duration, engaged, engaged_visits, scroll, scrolled_visits, revenue, sales)
SELECT ?1,
  ?2,
  dimension,
  value,
  currency,
  sum(visitors) AS visitors,
  sum(visits) AS visits,
  sum(pageviews) AS pageviews,
  sum(events) AS events,
  sum(bounces) AS bounces,
  sum(duration) AS duration,
  sum(engaged) AS engaged,
  sum(engaged_visits) AS engaged_visits,
  sum(scroll) AS scroll,
  sum(scrolled_visits) AS scrolled_visits,
  CASE
  WHEN (sum(revenue >> 32) + (sum(revenue & 4294967295) >> 32)) > 2147483647 THEN 9223372036854775807
  WHEN (sum(revenue >> 32) + (sum(revenue & 4294967295) >> 32)) < - 2147483648 THEN - 9223372036854775807
  ELSE max(((sum(revenue >> 32) + (sum(revenue & 4294967295) >> 32)) << 32) | (sum(revenue & 4294967295) & 4294967295), - 9223372036854775807) END AS revenue,
  sum(sales) AS sales
FROM (
  SELECT dimension,
    value,
    currency,
    visitors,
    visits,
    pageviews,
    events,
    bounces,
    duration,
    engaged,
    engaged_visits,
    scroll,
    scrolled_visits,
    revenue,
    sales
  FROM rollup_row
  UNION ALL
  SELECT dimension,
    value,
    currency,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0
  FROM month_rollups
  WHERE pixel = ?1
    AND month = ?2
)
WHERE true
GROUP BY dimension,
  value,
  currency ON CONFLICT(pixel, month, dimension, value, currency) DO UPDATE
SET visitors = excluded.visitors,
  visits = excluded.visits,
  pageviews = excluded.pageviews,
  events = excluded.events,
  bounces = excluded.bounces,
  duration = excluded.duration,
  engaged = excluded.engaged,
  engaged_visits = excluded.engaged_visits,
  scroll = excluded.scroll,
  scrolled_visits = excluded.scrolled_visits,
  revenue = excluded.revenue,
  sales = excluded.sales
WHERE (month_rollups.visitors, month_rollups.visits, month_rollups.pageviews, month_rollups.events, month_rollups.bounces, month_rollups.duration, month_rollups.engaged, month_rollups.engaged_visits, month_rollups.scroll, month_rollups.scrolled_visits, month_rollups.revenue, month_rollups.sales) IS NOT (excluded.visitors, excluded.visits, excluded.pageviews, excluded.events, excluded.bounces, excluded.duration, excluded.engaged, excluded.engaged_visits, excluded.scroll, excluded.scrolled_visits, excluded.revenue, excluded.sales)
-- ?1 = :pixel
-- ?2 = :month
