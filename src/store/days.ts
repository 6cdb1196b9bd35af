/** Marks how far the rollup of a local day is, and that it must be made again. */
import { COLUMNS_VERSION } from '../columns/format.ts';
import { DIRTY, RAW } from '../model/day-state.ts';
import { ROLLUP_VERSION } from '../model/rollup-version.ts';
import type { DayToRollUp } from './due-days.ts';

/** A pixel's first day with events; null if it has none. */
export async function firstDayOf(db: D1Database, pixel: string): Promise<string | null> {
  return db.prepare('SELECT min(day) AS day FROM days WHERE pixel = ?').bind(pixel).first<string>('day');
}

/** The number of the first part of a slice that this version of the code stores. Older versions have lower numbers. */
export const FIRST_PART = ROLLUP_VERSION * 1_000_000;

/** SQL for whether all slices of a row of `days` are stored. */
export const ALL_SLICES_DONE = '(slices > 0 AND slice = slices)';

/** Begins to roll a day up in slices. If the day is over, `dirty` shows from now on whether its events change. */
export function beginSlices(
  db: D1Database,
  { pixel, day, open }: DayToRollUp,
  slices: number,
): D1PreparedStatement {
  return db
    .prepare('UPDATE days SET dirty = ?3, slice = 0, slices = ?4 WHERE pixel = ?1 AND day = ?2')
    .bind(pixel, day, open ? DIRTY.eventsChanged : DIRTY.inSlices, slices);
}

/**
 * Marks a slice as done, if it was the next one: another run of the cron may have done it, or may have begun again. Run it in the
 * transaction that stores the slice.
 */
export function endSlice(
  db: D1Database,
  { pixel, day }: DayToRollUp,
  slice: number,
  slices: number,
): D1PreparedStatement {
  return db
    .prepare('UPDATE days SET slice = ?3 + 1 WHERE pixel = ?1 AND day = ?2 AND slice = ?3 AND slices = ?4')
    .bind(pixel, day, slice, slices);
}

/**
 * Marks a day as rolled up. It becomes clean unless it is not over, or its events have changed since its first slice, or the goals have
 * changed since they were read. If the time zone has changed, the row is of another day, which waits for its own rollup. A day that
 * was clean before keeps its `rolled_at`: it has not changed, and its purge does not wait. Run it in the transaction that writes the
 * rollup.
 */
export function markRolledUp(
  db: D1Database,
  { pixel, day, timezone, open, events, slices, goalsText }: DayToRollUp,
  now: number,
): D1PreparedStatement {
  const clean = `iif((SELECT settings -> 'goals' FROM pixels WHERE id = ?1) IS ?5, ${DIRTY.clean}, ${DIRTY.goalsChanged})`;
  const state = slices > 0 ? `iif(dirty = ${DIRTY.inSlices}, ${clean}, ${DIRTY.eventsChanged})` : clean;
  // An older version may have begun the slices. Then the day counts as outdated, and is recomputed in its turn.
  const version =
    slices > 0
      ? `iif(EXISTS (SELECT 1 FROM rollup_slices WHERE pixel = ?1 AND day = ?2 AND part < ${FIRST_PART}), 0, ${ROLLUP_VERSION})`
      : ROLLUP_VERSION;
  // Columns that are too large are not stored, and slices of an older version have none.
  const columns = `iif((
           SELECT count(*) FROM segments s
           WHERE s.pixel = ?1 AND s.period = ?2 AND s.generation = rolls + 1 AND s.name = '' AND s.slice < max(?8, 1)) = max(?8, 1), ${COLUMNS_VERSION}, 0)`;
  return db
    .prepare(
      `UPDATE days SET dirty = iif(?6, ${DIRTY.eventsChanged}, ${state}), rolled_at = iif(dirty = ${DIRTY.clean}, rolled_at, ?3), events = ?4,
         rolls = rolls + 1, slice = 0, slices = 0, rollup_version = ${version}, columns = ${columns}
       WHERE pixel = ?1 AND day = ?2 AND raw = ${RAW.stored} AND (SELECT timezone FROM pixels WHERE id = ?1) = ?7
         AND (?8 = 0 OR ${ALL_SLICES_DONE})`,
    )
    .bind(pixel, day, now, events, goalsText, Number(open), timezone, slices);
}

/**
 * Marks a pixel's days as rolled up with older goals, so that those with raw events are rolled up again. Their rollups stay valid for
 * everything but goals. A day in slices begins again: slices with old and new goals do not add up.
 */
export function markGoalsChanged(db: D1Database, pixel: string): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE days SET dirty = iif(dirty = ${DIRTY.inSlices}, ${DIRTY.eventsChanged}, ${DIRTY.goalsChanged}) WHERE pixel = ? AND raw = ${RAW.stored} AND dirty IN (${DIRTY.clean}, ${DIRTY.inSlices})`,
    )
    .bind(pixel);
}
