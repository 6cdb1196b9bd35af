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
 * `folded`: the rows of `summed`, so many at most as docs/operations.md says, whatever `summed` has. `past_value` has the values
 * past the most visited of each dimension, and of all properties, which become one; a value's rows of revenue have its place.
 * `past_sale` has what of the rest is past the most used currencies, and past the rows with the most sales of these: its
 * revenue is no longer told. Both are empty as a rule, and are found among narrow rows: to sort wide ones takes a fifth of a
 * rollup. `summed` has to be MATERIALIZED, since it is named twice.
 *
 * @param times how often more of everything is kept than of a day: of a slice, which is only a part of what is to be ranked.
 */
export const folded = (times = 1): string => `
  past_value AS MATERIALIZED (
    SELECT dimension, value
    FROM (
      SELECT dimension, value, row_number() OVER (PARTITION BY dimension ORDER BY visitors DESC, events DESC, value) AS place,
        iif(${IS_PROPERTY_VALUE}, row_number() OVER (
          PARTITION BY ${IS_PROPERTY_VALUE} ORDER BY visitors DESC, events DESC, dimension, value), 0) AS place_of_all
      FROM (
        SELECT dimension, value, max(visitors) AS visitors, max(events) AS events FROM summed GROUP BY dimension, value))
    WHERE place > ${MAX_ROLLUP_VALUES * times} OR place_of_all > ${MAX_ROLLUP_PROPERTY_VALUES * times}
  ),
  valued AS MATERIALIZED (
    SELECT s.*, iif(p.dimension IS NULL, s.value, '${OTHER}') AS kept
    FROM summed s LEFT JOIN past_value p ON p.dimension = s.dimension AND p.value = s.value
  ),
  past_sale AS MATERIALIZED (
    SELECT dimension, kept, currency
    FROM (
      SELECT *, dense_rank() OVER (ORDER BY of_currency DESC, currency) AS place_of_currency,
        row_number() OVER (ORDER BY of_currency DESC, currency, sales DESC, dimension, kept) AS place
      FROM (
        SELECT *, max(iif(dimension = 'total', sales, 0)) OVER (PARTITION BY currency) AS of_currency
        FROM (
          SELECT dimension, kept, currency, sum(sales) AS sales
          FROM valued WHERE currency NOT IN ('', '${OTHER}')
          GROUP BY 1, 2, 3)))
    WHERE place_of_currency > ${MAX_ROLLUP_CURRENCIES * times} OR place > ${MAX_ROLLUP_SALES * times}
  ),
  folded AS (
    SELECT v.dimension AS dimension, v.kept AS value, iif(p.dimension IS NULL, v.currency, '${OTHER}') AS currency,
      ${COUNTS.map((count) => `${sumOf(count, count === 'revenue' ? 'iif(p.dimension IS NULL, v.revenue, 0)' : `v.${count}`)} AS ${count}`).join(', ')}
    FROM valued v
    LEFT JOIN past_sale p ON p.dimension = v.dimension AND p.kept = v.kept AND p.currency = v.currency
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
    SELECT dimension, value, currency, ${COUNTS.join(', ')} FROM folded
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
