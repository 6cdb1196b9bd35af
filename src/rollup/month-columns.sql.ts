/**
 * The SQL that stores a month's columns as one segment. Its dictionaries are shared by all days, so it takes two thirds of the bytes, and
 * a reader needs one header instead of thirty. It is a copy until all of the month's events are deleted: if an event changes or is
 * erased before, the copy is deleted, and the days have segments of their own. Afterwards nothing can change, and the days' are deleted.
 */
import { DIRTY, RAW } from '../model/day-state.ts';
import { storeColumns } from './columns.sql.ts';
import { IN_MONTH } from './months.sql.ts';

/** Whether month `:month` is as it was read: rolled up `:rolls` times, and complete. */
const IS_SAME = `
  (SELECT sum(rolls) = :rolls AND max(dirty) = ${DIRTY.clean} AND max(raw) = ${RAW.stored} AND min(columns) > 0 FROM days WHERE ${IN_MONTH})
  AND (SELECT timezone FROM pixels WHERE id = :pixel) = :timezone`;

/** Stores slice `:slice` of month `:month`. The bucket of its stretches is the number of the day. */
export const STORE_COLUMNS_OF_MONTH = storeColumns({
  oneDay: false,
  period: ':month',
  generation: ':rolls',
  rolls: 'coalesce((SELECT rolls FROM days WHERE pixel = :pixel AND day = s.day), 0)',
  condition: IS_SAME,
});

const OF_MONTH = 'pixel = :pixel AND period = :month';

/** Makes a month's segment valid, if all of its `:slices` slices are stored. */
export const MARK_COLUMNS_OF_MONTH = `
  UPDATE months SET columns = rolls
  WHERE pixel = :pixel AND month = :month AND rolls = :rolls AND ${IS_SAME}
    AND (SELECT count(*) FROM segments WHERE ${OF_MONTH} AND generation = :rolls AND name = '') = :slices`;

/** Deletes what is stored of earlier segments of a month, and of those that were not finished. */
export const DELETE_OLD_COLUMNS_OF_MONTH = `
  DELETE FROM segments
  WHERE ${OF_MONTH} AND generation IS NOT (SELECT columns FROM months WHERE pixel = :pixel AND month = :month)`;

/** Whether the segment of month `m` has day `d` as of its last rollup. It has not if the day has been restored since. */
const IS_PACKED = `EXISTS (
  SELECT 1 FROM segments h CROSS JOIN json_each(h.dictionary, '$.days') x
  WHERE h.pixel = m.pixel AND h.period = m.month AND h.generation = m.columns AND h.slice = 0 AND h.name = '' AND h.chunk = 0
    AND x.value ->> 0 = d.day AND x.value ->> 1 = d.rolls)`;

/** Deletes up to `:limit` rows of days whose months have segments, and whose events are all deleted. */
export const DELETE_COLUMNS_OF_PURGED_MONTHS = `
  DELETE FROM segments WHERE (pixel, period) IN (
    SELECT d.pixel, d.day
    FROM months m CROSS JOIN days d ON d.pixel = m.pixel AND d.day BETWEEN m.month || '-01' AND m.month || '-31'
    WHERE m.columns > 0
      AND EXISTS (SELECT 1 FROM segments s WHERE s.pixel = m.pixel AND s.period BETWEEN m.month || '-01' AND m.month || '-31')
      AND EXISTS (SELECT 1 FROM segments s WHERE s.pixel = m.pixel AND s.period = m.month AND s.generation = m.columns)
      AND ${IS_PACKED}
      AND NOT EXISTS (
        SELECT 1 FROM days o
        WHERE o.pixel = m.pixel AND o.day BETWEEN m.month || '-01' AND m.month || '-31' AND o.raw < ${RAW.purged}))
  LIMIT :limit`;
