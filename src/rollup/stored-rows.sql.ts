/** The SQL that keeps counts as rollups of a day or a month: no more values than are kept, and no row that has not changed. */
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
 * `rollup_row`: the rows of `value_counts`, so many at most as docs/operations.md says, whatever `value_counts` has. `excess_value` has the values
 * past the most visited of each dimension, and of all properties, which become one; a value's rows of revenue have its rank.
 * `excess_sale` has what of the rest is past the most used currencies, and past the rows with the most sales of these: its
 * revenue is no longer told. Both are empty as a rule, and are found among narrow rows: to sort wide ones takes a fifth of a
 * rollup. `value_counts` has to be MATERIALIZED, since it is named twice.
 *
 * @param times how often more of everything is kept than of a day: of a slice, which is only a part of what is to be ranked.
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
 * Whether there is day `:day`, and all of its events. Since it was read, a change of the time zone may have cut it anew, under
 * other dates, and another run may have begun to purge it: what it has left would replace the rollup of all it had.
 */
export const isThere = (more = 'true'): string =>
  `EXISTS (SELECT 1 FROM days WHERE pixel = :pixel AND day = :day AND raw = ${RAW.stored} AND ${more})`;

/** Where rollups are kept, by the length of what they are of. */
const KEPT_IN = { day: 'rollups', month: 'month_rollups' } as const;
type Length = keyof typeof KEPT_IN;

/**
 * Writes the rows of day `:day` or month `:month` that are new or have changed, and no others. Rows that are no more are set to zero,
 * for `deleteVanished` to delete.
 *
 * @param condition SQL without which nothing is written.
 */
export const upsert = (length: Length, condition = 'true'): string => `
  INSERT INTO ${KEPT_IN[length]} (pixel, ${length}, dimension, value, currency, ${COUNTS.join(', ')})
  SELECT :pixel, :${length}, dimension, value, currency, ${sums}
  FROM (
    SELECT dimension, value, currency, ${COUNTS.join(', ')} FROM rollup_row
    UNION ALL
    SELECT dimension, value, currency, ${COUNTS.map(() => '0').join(', ')} FROM ${KEPT_IN[length]}
    WHERE pixel = :pixel AND ${length} = :${length})
  WHERE ${condition}
  GROUP BY dimension, value, currency
  ON CONFLICT (pixel, ${length}, dimension, value, currency) DO UPDATE SET
    ${COUNTS.map((count) => `${count} = excluded.${count}`).join(', ')}
  WHERE (${COUNTS.map((count) => `${KEPT_IN[length]}.${count}`).join(', ')})
    IS NOT (${COUNTS.map((count) => `excluded.${count}`).join(', ')})`;

export const deleteVanished = (length: Length): string => `
  DELETE FROM ${KEPT_IN[length]}
  WHERE pixel = :pixel AND ${length} = :${length} AND ${COUNTS.map((count) => `${count} = 0`).join(' AND ')}`;
