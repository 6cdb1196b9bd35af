/** The SQL that keeps counts as rollups of a day or a month: no more values than are kept, and no row that has not changed. */
import {
  KEPT_CURRENCIES,
  KEPT_PROPERTY_VALUES,
  KEPT_SALES,
  KEPT_VALUES,
  OTHER,
  PROPERTY_PREFIX,
} from '../model/dimensions.ts';
import { COUNTS } from '../model/metrics.ts';
import { sumOf } from './sums.sql.ts';

/** The sums of the counts of rows of a group. */
export const sums = COUNTS.map((count) => `${sumOf(count)} AS ${count}`).join(', ');

const IS_PROPERTY_VALUE = `(value <> '' AND substr(dimension, 1, ${PROPERTY_PREFIX.length}) = '${PROPERTY_PREFIX}')`;
/** Rows whose revenue is told: those of no currency have none, and that of the others' is not to be had. */
const IS_TOLD = `(currency NOT IN ('', '${OTHER}'))`;

/**
 * `folded`: the rows of `summed`, so many at most as docs/operations.md says, whatever `summed` has. Values past the most
 * visited of each dimension, and of all properties, are one. A value's rows of revenue have its place. Then revenue past the
 * most used currencies, and past the rows with the most sales of these, is no longer told. Each of these names `summed` once:
 * SQLite copies what a name stands for wherever it is used.
 *
 * @param times how often more of everything is kept than of a day: of a slice, which is only a part of what is to be ranked.
 */
export const folded = (times = 1): string => `
  ranked AS (
    SELECT *, dense_rank() OVER (PARTITION BY dimension ORDER BY most_visitors DESC, most_events DESC, value) AS place,
      dense_rank() OVER (
        PARTITION BY ${IS_PROPERTY_VALUE} ORDER BY most_visitors DESC, most_events DESC, dimension, value) AS place_of_all
    FROM (
      SELECT *, max(visitors) OVER value_rows AS most_visitors, max(events) OVER value_rows AS most_events
      FROM summed
      WINDOW value_rows AS (PARTITION BY dimension, value))
  ),
  valued AS (
    SELECT *, iif(place > ${KEPT_VALUES * times} OR ${IS_PROPERTY_VALUE} AND place_of_all > ${KEPT_PROPERTY_VALUES * times}, '${OTHER}', value) AS kept
    FROM ranked
  ),
  priced AS (
    SELECT *, ${IS_TOLD} AND (
      dense_rank() OVER (PARTITION BY ${IS_TOLD} ORDER BY currency_sales DESC, currency) > ${KEPT_CURRENCIES * times}
      OR dense_rank() OVER (
        PARTITION BY ${IS_TOLD} ORDER BY currency_sales DESC, currency, kept_sales DESC, dimension, kept) > ${KEPT_SALES * times}
    ) AS past
    FROM (
      SELECT *, sum(sales) OVER (PARTITION BY dimension, kept, currency) AS kept_sales,
        max(iif(dimension = 'total', sales, 0)) OVER (PARTITION BY currency) AS currency_sales
      FROM valued)
  ),
  folded AS (
    SELECT dimension, kept AS value, iif(past, '${OTHER}', currency) AS currency,
      ${COUNTS.map((count) => `${sumOf(count, count === 'revenue' ? 'iif(past, 0, revenue)' : count)} AS ${count}`).join(', ')}
    FROM priced
    GROUP BY 1, 2, 3
  )`;

/**
 * Whether there is day `day`, and all of its events. Since it was read, a change of the time zone may have cut it anew, under
 * other dates, and another run may have begun to purge it: what it has left would replace the rollup of all it had.
 */
export const isThere = (day: string, more = 'true'): string =>
  `EXISTS (SELECT 1 FROM days WHERE pixel = ?1 AND day = ${day} AND raw = 0 AND ${more})`;

/** Where rollups are kept, by the length of what they are of. */
const KEPT_IN = { day: 'rollups', month: 'month_rollups' } as const;
type Length = keyof typeof KEPT_IN;

/**
 * Writes the rows of a day or month that are new or have changed, and no others. Rows that are no more are set to zero,
 * for `deleteVanished` to delete.
 *
 * @param condition SQL without which nothing is written.
 */
export const upsert = (length: Length, label: string, condition = 'true'): string => `
  INSERT INTO ${KEPT_IN[length]} (pixel, ${length}, dimension, value, currency, ${COUNTS.join(', ')})
  SELECT ?1, ${label}, dimension, value, currency, ${sums}
  FROM (
    SELECT dimension, value, currency, ${COUNTS.join(', ')} FROM folded
    UNION ALL
    SELECT dimension, value, currency, ${COUNTS.map(() => '0').join(', ')} FROM ${KEPT_IN[length]}
    WHERE pixel = ?1 AND ${length} = ${label})
  WHERE ${condition}
  GROUP BY dimension, value, currency
  ON CONFLICT (pixel, ${length}, dimension, value, currency) DO UPDATE SET
    ${COUNTS.map((count) => `${count} = excluded.${count}`).join(', ')}
  WHERE (${COUNTS.map((count) => `${KEPT_IN[length]}.${count}`).join(', ')})
    IS NOT (${COUNTS.map((count) => `excluded.${count}`).join(', ')})`;

export const deleteVanished = (length: Length): string => `
  DELETE FROM ${KEPT_IN[length]}
  WHERE pixel = ?1 AND ${length} = ?2 AND ${COUNTS.map((count) => `${count} = 0`).join(' AND ')}`;
