/** The SQL that keeps counts as rollups of a day or a month: no more values than are kept, and no row that has not changed. */
import { KEPT_VALUES, OTHER } from '../model/dimensions.ts';
import { COUNTS } from '../model/metrics.ts';
import { sumOf } from './sums.sql.ts';

/** The sums of the counts of rows of a group. */
export const sums = COUNTS.map((count) => `${sumOf(count)} AS ${count}`).join(', ');

/**
 * `folded`: the rows of `summed`, with values past the most visited of each dimension as one. A value's rows of revenue
 * have its place. Each of these names `summed` once: SQLite copies what a name stands for wherever it is used.
 */
export const FOLDED = `
  ranked AS (
    SELECT *, dense_rank() OVER (PARTITION BY dimension ORDER BY most_visitors DESC, most_events DESC, value) AS place
    FROM (
      SELECT *, max(visitors) OVER value_rows AS most_visitors, max(events) OVER value_rows AS most_events
      FROM summed
      WINDOW value_rows AS (PARTITION BY dimension, value))
  ),
  folded AS (
    SELECT dimension, iif(place > ${KEPT_VALUES}, '${OTHER}', value) AS value, currency, ${sums}
    FROM ranked
    GROUP BY 1, 2, 3
  )`;

/** Whether there is day `day`: a change of the time zone may have cut it anew, under other dates, since it was read. */
export const isThere = (day: string, more = 'true'): string =>
  `EXISTS (SELECT 1 FROM days WHERE pixel = ?1 AND day = ${day} AND ${more})`;

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
