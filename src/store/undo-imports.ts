/**
 * Takes an import back, in steps that each fit into one invocation. Each step is a transaction, so an undo can be interrupted and
 * continued at any time. An import whose undo has begun takes no more events.
 */
import { DIRTY, RAW } from '../model/day-state.ts';
import { deleteTotals } from './imported-rollups.ts';
import { HOUR } from './visitor-hours.ts';

const DAY = 86_400_000;

/** The dates and the events that one step deletes at most. */
export const DATES_A_STEP = 31;
export const EVENTS_A_STEP = 5000;
/** A row has a day's values of a dimension, up to 2 MB. */
const TOTALS_A_STEP = 1000;
/** A step takes at most this many statements. */
export const STATEMENTS_A_STEP = 6;

/** Begins to undo an import. @returns false if there is no such import, or it cannot be undone any more. */
export async function beginUndo(db: D1Database, pixel: string, id: string, now: number): Promise<boolean> {
  const { meta } = await db
    .prepare(
      `UPDATE imports SET state = 'undoing', updated_at = ?3
       WHERE pixel = ?1 AND id = ?2 AND state IN ('open', 'complete', 'undoing')`,
    )
    .bind(pixel, id, now)
    .run();
  return meta.changes > 0;
}

/** Local days that are not closed and touch one of the import's dates from `?3` to `?4`. */
const TOUCHED = `
  pixel = ?1 AND raw = ${RAW.stored} AND ends_at > ?3 * ${DAY} AND starts_at < (?4 + 1) * ${DAY} AND EXISTS (
    SELECT 1 FROM import_dates h
    WHERE h.pixel = ?1 AND h.date BETWEEN max(?3, days.starts_at / ${DAY}) AND min(?4, (days.ends_at - 1) / ${DAY}) AND h.import = ?2)`;

/** SQL for the rows of `events` that are of import `?2` and of a date. */
const ofImport = (date: string): string =>
  `e.pixel = ?1 AND e.ts >= ${date} * ${DAY} AND e.ts < (${date} + 1) * ${DAY} AND substr(e.id, 1, length(?2)) = ?2`;

const MARK_DAYS = `UPDATE days SET dirty = ${DIRTY.eventsChanged} WHERE dirty <> ${DIRTY.eventsChanged} AND ${TOUCHED}`;

const DELETE_EVENTS = `
  DELETE FROM events WHERE (pixel, ts, id) IN (
    SELECT e.pixel, e.ts, e.id
    FROM import_dates h
    CROSS JOIN events e ON ${ofImport('h.date')}
    WHERE h.pixel = ?1 AND h.date BETWEEN ?3 AND ?4 AND h.import = ?2
    LIMIT ?5)`;

/** The index of visitors is made again without the deleted events. */
const DELETE_HOURS = `DELETE FROM visitor_hours WHERE pixel = ?1 AND hour >= ?2 * ${DAY} - ${HOUR} AND hour < (?3 + 1) * ${DAY}`;

const DELETE_DATES = `
  DELETE FROM import_dates
  WHERE pixel = ?1 AND date BETWEEN ?3 AND ?4 AND import = ?2
    AND NOT EXISTS (SELECT 1 FROM events e WHERE ${ofImport('import_dates.date')})`;

/**
 * Deletes some events of an import whose undo has begun, the oldest first, and marks their days as dirty. After its last event it
 * deletes its totals, and then the import itself.
 *
 * @returns the number of dates that still have events; null if nothing is left of the import.
 */
export async function undoStep(db: D1Database, pixel: string, id: string): Promise<number | null> {
  const { results } = await db
    .prepare(
      `SELECT date, count(*) OVER () AS dates FROM import_dates WHERE pixel = ? AND import = ? ORDER BY date LIMIT ${DATES_A_STEP}`,
    )
    .bind(pixel, id)
    .all<{ date: number; dates: number }>();
  const [first, last] = [results[0], results.at(-1)];
  if (first === undefined || last === undefined) return (await deleteImport(db, pixel, id)) ? null : 0;
  const range = [pixel, id, first.date, last.date];
  const [, , , deleted] = await db.batch([
    db.prepare(MARK_DAYS).bind(...range),
    db.prepare(DELETE_EVENTS).bind(...range, EVENTS_A_STEP),
    db.prepare(DELETE_HOURS).bind(pixel, first.date, last.date),
    db.prepare(DELETE_DATES).bind(...range),
  ]);
  return first.dates - (deleted?.meta.changes ?? 0);
}

/** Deletes the totals of an import without events, and then the import. @returns whether nothing of it is left. */
async function deleteImport(db: D1Database, pixel: string, id: string): Promise<boolean> {
  if ((await deleteTotals(db, id, pixel, TOTALS_A_STEP)) === TOTALS_A_STEP) return false;
  const { meta } = await db
    .prepare(
      `DELETE FROM imports WHERE pixel = ?1 AND id = ?2 AND state = 'undoing'
         AND NOT EXISTS (SELECT 1 FROM import_dates h WHERE h.pixel = ?1 AND h.import = ?2)`,
    )
    .bind(pixel, id)
    .run();
  return meta.changes > 0;
}
