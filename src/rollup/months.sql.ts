/** The SQL that rolls up a month from its days. */
import { PROPERTY_PREFIX } from '../model/dimensions.ts';
import { HOUR } from '../sql/rollups.ts';
import { deleteVanished, rollupRowsCtes, sums, upsert } from './stored-rows.sql.ts';

/** The days of month `:month`. */
export const IN_MONTH = `pixel = :pixel AND day >= :month || '-01' AND day <= :month || '-31'`;

/**
 * Rolls up month `:month` from its days, without two kinds of rows. Queries by hour read days. Some days have no rows of
 * properties.
 */
export const ROLL_UP_MONTH = `
  WITH value_counts AS MATERIALIZED (
    SELECT dimension, value, currency, ${sums}
    FROM rollups
    WHERE ${IN_MONTH} AND dimension <> '${HOUR}' AND substr(dimension, 1, ${PROPERTY_PREFIX.length}) <> '${PROPERTY_PREFIX}'
    GROUP BY dimension, value, currency),
  ${rollupRowsCtes()} ${upsert('month')}`;

export const DELETE_VANISHED_OF_MONTH = deleteVanished('month');

/** Stores how often the month's days have been rolled up, if the pixel still exists. */
export const MARK_MONTH = `
  INSERT INTO months (pixel, month, rolls)
  SELECT :pixel, :month, sum(rolls) FROM days WHERE ${IN_MONTH} HAVING count(*) > 0
  ON CONFLICT (pixel, month) DO UPDATE SET rolls = excluded.rolls`;
