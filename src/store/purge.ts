/** Finds the days whose raw events are past retention, and deletes these events. */
import { DIRTY, type DirtyState, RAW, type RawState } from '../model/day-state.ts';
import { isGivenUp } from './failed-tasks.ts';
import { isHeld } from './import-dates.ts';

const DAY = 24 * 3_600_000;

export interface ExpiredDay {
  readonly pixel: string;
  readonly day: string;
  readonly starts_at: number;
  readonly ends_at: number;
  readonly raw: RawState;
  /** Not clean only if the day's rollup is given up. */
  readonly dirty: DirtyState;
  /** How often its purge has failed since it last succeeded. */
  readonly attempts: number;
}

/**
 * Days whose raw events are past their pixel's retention. Days that have not failed come first, and the oldest day of every pixel
 * before the second day of any. A day that has changed within the last `grace` milliseconds waits, since an import may still be filling
 * it; a day whose rollup is given up does not wait. Days of an import that can be undone wait until it cannot. CROSS JOIN makes SQLite look up each pixel's old days. Otherwise it reads all days
 * with raw events.
 */
export async function expiredDays(
  db: D1Database,
  now: number,
  grace: number,
  limit: number,
): Promise<ExpiredDay[]> {
  const { results } = await db
    .prepare(
      `SELECT pixel, day, starts_at, ends_at, raw, dirty, attempts
       FROM (
         SELECT *, row_number() OVER (PARTITION BY attempts > 0, pixel ORDER BY ends_at) AS turn
         FROM (
           SELECT d.pixel, d.day, d.starts_at, d.ends_at, d.raw, d.dirty, coalesce(f.attempts, 0) AS attempts
           FROM pixels p
           CROSS JOIN days d ON d.pixel = p.id AND d.raw < ${RAW.purged}
             AND d.ends_at < ?1 - 86400000 * CAST(p.settings ->> 'retention_days' AS INTEGER)
           LEFT JOIN failed_tasks f ON f.task = 'purge' AND f.pixel = d.pixel AND f.item = d.day
           WHERE (f.retry_at IS NULL OR f.retry_at <= ?1) AND (d.raw = ${RAW.purging} OR NOT ${isHeld('d')})
             AND (d.raw = ${RAW.purging} OR d.dirty = ${DIRTY.clean} AND d.rolled_at < ?1 - ?2 OR d.dirty > ${DIRTY.clean} AND ${isGivenUp('d.pixel', 'd.day', '?1')})))
       ORDER BY attempts > 0, turn, ends_at
       LIMIT ?3`,
    )
    .bind(now, grace, limit)
    .all<ExpiredDay>();
  return results;
}

/**
 * Closes a day: from now on it takes no events, and queries are answered from its rollup. If the rollup is given up, the last one that
 * was made stays.
 *
 * @returns false if the day has changed meanwhile, so that it was not closed.
 */
export async function closeDay(
  db: D1Database,
  { pixel, day, dirty }: ExpiredDay,
  now: number,
): Promise<boolean> {
  if (dirty === DIRTY.clean) {
    const { meta } = await db
      .prepare(
        `UPDATE days SET raw = ${RAW.purging} WHERE pixel = ? AND day = ? AND dirty = ${DIRTY.clean} AND raw = ${RAW.stored} AND NOT ${isHeld('days')}`,
      )
      .bind(pixel, day)
      .run();
    return meta.changes > 0;
  }
  const [closed] = await db.batch([
    db
      .prepare(
        `UPDATE days SET raw = ${RAW.purging}, dirty = ${DIRTY.clean}, slice = 0, slices = 0
         WHERE pixel = ?1 AND day = ?2 AND dirty > ${DIRTY.clean} AND raw = ${RAW.stored} AND ${isGivenUp('?1', '?2', '?3')}`,
      )
      .bind(pixel, day, now),
    db
      .prepare(
        `DELETE FROM rollup_slices WHERE pixel = ?1 AND day = ?2
           AND EXISTS (SELECT 1 FROM days WHERE pixel = ?1 AND day = ?2 AND raw > ${RAW.stored})`,
      )
      .bind(pixel, day),
    db
      .prepare(
        `DELETE FROM segments WHERE pixel = ?1 AND period = ?2
           AND generation > (SELECT rolls FROM days WHERE pixel = ?1 AND day = ?2 AND raw > ${RAW.stored})`,
      )
      .bind(pixel, day),
  ]);
  return (closed?.meta.changes ?? 0) > 0;
}

/** Deletes up to `limit` raw events of a closed day. */
export async function purgeEvents(
  db: D1Database,
  { pixel, starts_at, ends_at }: ExpiredDay,
  limit: number,
): Promise<number> {
  const { meta } = await db
    .prepare('DELETE FROM events WHERE pixel = ? AND ts >= ? AND ts < ? LIMIT ?')
    .bind(pixel, starts_at, ends_at, limit)
    .run();
  return meta.changes;
}

export async function markPurged(db: D1Database, { pixel, day }: ExpiredDay): Promise<void> {
  await db.prepare(`UPDATE days SET raw = ${RAW.purged} WHERE pixel = ? AND day = ?`).bind(pixel, day).run();
}

/**
 * Deletes up to `limit` events past retention that belong to no day. A change of the time zone leaves such events. They are deleted a
 * day later than others, since there is no day whose end could be waited for.
 */
export async function purgeStrayEvents(db: D1Database, now: number, limit: number): Promise<number> {
  const { meta } = await db
    .prepare(
      `WITH gap AS (
         SELECT pixel, max(ends_at) OVER in_order AS since, lead(starts_at) OVER in_order AS until
         FROM days
         WHERE raw < ${RAW.purged}
         WINDOW in_order AS (PARTITION BY pixel ORDER BY starts_at)
         UNION ALL
         SELECT p.id, 0, (SELECT min(d.starts_at) FROM days d WHERE d.pixel = p.id AND d.raw < ${RAW.purged}) FROM pixels p)
       DELETE FROM events WHERE (pixel, ts, id) IN (
         SELECT e.pixel, e.ts, e.id
         FROM gap g
         CROSS JOIN pixels p ON p.id = g.pixel
         CROSS JOIN events e ON e.pixel = g.pixel AND e.ts >= g.since
           AND e.ts < min(coalesce(g.until, ?1), ?1 - ${DAY} * (1 + CAST(p.settings ->> 'retention_days' AS INTEGER)))
         LIMIT ?2)`,
    )
    .bind(now, limit)
    .run();
  return meta.changes;
}
