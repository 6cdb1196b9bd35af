/**
 * The SQL that stores counts as rollups of a day or a month. It limits the number of values, and writes only rows that have
 * changed.
 */
import { RAW } from '../model/day-state.ts';
import {
  MAX_ROLLUP_CURRENCIES,
  MAX_ROLLUP_PROPERTY_VALUES,
  MAX_ROLLUP_SALES,
  MAX_ROLLUP_VALUES,
  OTHER,
  PROPERTY_PREFIX,
} from '../model/dimensions.ts';
import { COUNTS } from '../model/metrics.ts';
import { sumOf } from '../sql/sums.ts';

/** The sums of the counts of rows of a group. */
export const sums = COUNTS.map((count) => `${sumOf(count)} AS ${count}`).join(', ');

const IS_PROPERTY_VALUE = `(value <> '' AND substr(dimension, 1, ${PROPERTY_PREFIX.length}) = '${PROPERTY_PREFIX}')`;

/**
 * `rollup_row`: the rows of `value_counts`, within the limits that docs/operations.md names.
 *
 * `excess_value` has the values below the most visited ones of a dimension, and of all properties together. They are merged into
 * one value. A value's rows of revenue share its rank. `excess_sale` has the remaining rows of currencies below the most used
 * ones, and those below the rows with the most sales. Their revenue is dropped. Both are usually empty. They are selected from
 * narrow rows, since sorting wide rows takes a fifth of a rollup's time. `value_counts` must be MATERIALIZED, since it is read
 * twice.
 *
 * @param times the factor by which the limits of a day are raised. A slice needs more rows, since it ranks a part of a day.
 */
export const rollupRowsCtes = (times = 1): string => `
  excess_value AS MATERIALIZED (
    SELECT dimension, value
    FROM (
      SELECT dimension, value, row_number() OVER (PARTITION BY dimension ORDER BY visitors DESC, events DESC, value) AS rank,
        iif(${IS_PROPERTY_VALUE}, row_number() OVER (
          PARTITION BY ${IS_PROPERTY_VALUE} ORDER BY visitors DESC, events DESC, dimension, value), 0) AS rank_of_all
      FROM (
        SELECT dimension, value, max(visitors) AS visitors, max(events) AS events FROM value_counts GROUP BY dimension, value))
    WHERE rank > ${MAX_ROLLUP_VALUES * times} OR rank_of_all > ${MAX_ROLLUP_PROPERTY_VALUES * times}
  ),
  ranked_value AS MATERIALIZED (
    SELECT s.*, iif(p.dimension IS NULL, s.value, '${OTHER}') AS stored_value
    FROM value_counts s LEFT JOIN excess_value p ON p.dimension = s.dimension AND p.value = s.value
  ),
  excess_sale AS MATERIALIZED (
    SELECT dimension, stored_value, currency
    FROM (
      SELECT *, dense_rank() OVER (ORDER BY of_currency DESC, currency) AS rank_of_currency,
        row_number() OVER (ORDER BY of_currency DESC, currency, sales DESC, dimension, stored_value) AS rank
      FROM (
        SELECT *, max(iif(dimension = 'total', sales, 0)) OVER (PARTITION BY currency) AS of_currency
        FROM (
          SELECT dimension, stored_value, currency, sum(sales) AS sales
          FROM ranked_value WHERE currency NOT IN ('', '${OTHER}')
          GROUP BY 1, 2, 3)))
    WHERE rank_of_currency > ${MAX_ROLLUP_CURRENCIES * times} OR rank > ${MAX_ROLLUP_SALES * times}
  ),
  rollup_row AS (
    SELECT v.dimension AS dimension, v.stored_value AS value, iif(p.dimension IS NULL, v.currency, '${OTHER}') AS currency,
      ${COUNTS.map((count) => `${sumOf(count, count === 'revenue' ? 'iif(p.dimension IS NULL, v.revenue, 0)' : `v.${count}`)} AS ${count}`).join(', ')}
    FROM ranked_value v
    LEFT JOIN excess_sale p ON p.dimension = v.dimension AND p.stored_value = v.stored_value AND p.currency = v.currency
    GROUP BY 1, 2, 3
  )`;

/**
 * Whether day `:day` still exists with all of its events. Since the run read the day, a change of the time zone may have replaced
 * it, or another run may have begun to purge it. A rollup of the remaining events would then overwrite the complete one.
 */
export const isThere = (more = 'true'): string =>
  `EXISTS (SELECT 1 FROM days WHERE pixel = :pixel AND day = :day AND raw = ${RAW.stored} AND ${more})`;

/** The table that stores the rollups of each period. */
const TABLES = { day: 'rollups', month: 'month_rollups' } as const;
type Period = keyof typeof TABLES;

/**
 * Writes the rows of day `:day` or month `:month` that are new or have changed. Rows that no longer exist are set to zero, and
 * `deleteVanished` deletes them.
 *
 * @param condition an SQL condition. If it is false, nothing is written.
 */
export const upsert = (period: Period, condition = 'true'): string => `
  INSERT INTO ${TABLES[period]} (pixel, ${period}, dimension, value, currency, ${COUNTS.join(', ')})
  SELECT :pixel, :${period}, dimension, value, currency, ${sums}
  FROM (
    SELECT dimension, value, currency, ${COUNTS.join(', ')} FROM rollup_row
    UNION ALL
    SELECT dimension, value, currency, ${COUNTS.map(() => '0').join(', ')} FROM ${TABLES[period]}
    WHERE pixel = :pixel AND ${period} = :${period})
  WHERE ${condition}
  GROUP BY dimension, value, currency
  ON CONFLICT (pixel, ${period}, dimension, value, currency) DO UPDATE SET
    ${COUNTS.map((count) => `${count} = excluded.${count}`).join(', ')}
  WHERE (${COUNTS.map((count) => `${TABLES[period]}.${count}`).join(', ')})
    IS NOT (${COUNTS.map((count) => `excluded.${count}`).join(', ')})`;

export const deleteVanished = (period: Period): string => `
  DELETE FROM ${TABLES[period]}
  WHERE pixel = :pixel AND ${period} = :${period} AND ${COUNTS.map((count) => `${count} = 0`).join(' AND ')}`;
