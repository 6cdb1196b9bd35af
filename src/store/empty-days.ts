/**
 * Deletes the days whose last event has been deleted, by the undo of an import or an erasure: they would be days of a history that
 * does not exist.
 */
import { DIRTY, RAW } from '../model/day-state.ts';

/** The statements of `deleteEmptyDays`. */
export const STATEMENTS_TO_DELETE = 6;

export interface EmptyDay {
  readonly pixel: string;
  readonly day: string;
}

/** Finished days that are rolled up and have no event. */
const isEmpty = (day: string): string =>
  `${day}.events = 0 AND ${day}.points = 0 AND ${day}.dirty = ${DIRTY.clean} AND ${day}.raw = ${RAW.stored} AND ${day}.rolls > 0
    AND NOT EXISTS (SELECT 1 FROM events e WHERE e.pixel = ${day}.pixel AND e.ts >= ${day}.starts_at AND e.ts < ${day}.ends_at)`;

/** The rows of table `d` that are of the listed days and still empty. */
const STILL_EMPTY = `(
  SELECT d.pixel, d.day, d.rolls FROM json_each(?1) j
  CROSS JOIN days d ON d.pixel = j.value ->> 0 AND d.day = j.value ->> 1
  WHERE ${isEmpty('d')})`;

const IN_MONTH = `d.day BETWEEN month || '-01' AND month || '-31'`;

/** The months of the listed days that have no day left. */
const WITHOUT_DAYS = `
  (pixel, month) IN (SELECT DISTINCT value ->> 0, substr(value ->> 1, 1, 7) FROM json_each(?1))
  AND NOT EXISTS (SELECT 1 FROM days d WHERE d.pixel = %.pixel AND ${IN_MONTH})`;

/** Finished days without events. It reads all days: run it once an hour. */
export async function emptyDays(db: D1Database, now: number, limit: number): Promise<EmptyDay[]> {
  const { results } = await db
    .prepare(`SELECT pixel, day FROM days WHERE ${isEmpty('days')} AND ends_at <= ?1 LIMIT ?2`)
    .bind(now, limit)
    .all<EmptyDay>();
  return results;
}

/** Deletes those of these days that are still empty. A day without events adds nothing to its month, whose rollup stays valid if it was. */
export async function deleteEmptyDays(db: D1Database, days: readonly EmptyDay[]): Promise<void> {
  const list = JSON.stringify(days.map(({ pixel, day }) => [pixel, day]));
  await db.batch(
    [
      `UPDATE months SET
         rolls = iif(months.rolls = (
           SELECT sum(d.rolls) FROM days d WHERE d.pixel = months.pixel AND ${IN_MONTH}), months.rolls - s.sum, -1),
         columns = iif(EXISTS (
           SELECT 1 FROM segments c
           WHERE c.pixel = months.pixel AND c.period = months.month AND c.generation = months.columns), columns, 0)
       FROM (SELECT pixel, substr(day, 1, 7) AS of_month, sum(rolls) AS sum FROM ${STILL_EMPTY} GROUP BY 1, 2) s
       WHERE months.pixel = s.pixel AND months.month = s.of_month`,
      `DELETE FROM segments WHERE (pixel, period) IN (SELECT pixel, day FROM ${STILL_EMPTY})`,
      // A restored day may have files, which are not needed any more.
      `UPDATE archives SET written_at = 0 WHERE (pixel, day) IN (SELECT pixel, day FROM ${STILL_EMPTY})`,
      `DELETE FROM days WHERE (pixel, day) IN (SELECT pixel, day FROM ${STILL_EMPTY})`,
      ...['months', 'month_rollups'].map(
        (table) => `DELETE FROM ${table} WHERE ${WITHOUT_DAYS.replaceAll('%', table)}`,
      ),
    ].map((sql) => db.prepare(sql).bind(list)),
  );
}
