/** Finds the days whose raw events are past retention, and deletes these events. */
import { DIRTY, type DirtyState, RAW, type RawState } from '../model/day-state.ts';
import { needsArchive, outdateFiles } from './archives.ts';
import { isGivenUp, type TaskKind } from './failed-tasks.ts';
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
  /** How often its purge, or its archiving, has failed since it last succeeded. */
  readonly attempts: number;
}

/**
 * Why days are looked for: to delete their events, or to archive these. With an archive, events are deleted once they are archived.
 */
export type ExpiredFor = 'purge' | 'purge archived' | 'archive';

const CONDITIONS: Readonly<Record<ExpiredFor, { readonly task: TaskKind; readonly condition: string }>> = {
  purge: { task: 'purge', condition: 'true' },
  'purge archived': { task: 'purge', condition: `NOT ${needsArchive('?1')}` },
  archive: { task: 'archive', condition: needsArchive('?1') },
};

/**
 * Days whose raw events are past their pixel's retention. Days that have not failed come first, and the oldest day of every pixel
 * before the second day of any. A day that has changed within the last `grace` milliseconds waits, since an import may still be filling
 * it; a day whose rollup is given up does not wait. Days of an import that can be undone wait until it cannot, and restored days until their
 * time is over. CROSS JOIN makes SQLite look up each pixel's old days. Otherwise it reads all days
 * with raw events.
 */
export async function expiredDays(
  db: D1Database,
  now: number,
  grace: number,
  limit: number,
  reason: ExpiredFor = 'purge',
): Promise<ExpiredDay[]> {
  const { task, condition } = CONDITIONS[reason];
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
           LEFT JOIN failed_tasks f ON f.task = '${task}' AND f.pixel = d.pixel AND f.item = d.day
           WHERE (f.retry_at IS NULL OR f.retry_at <= ?1) AND d.held_until <= ?1 AND ${condition} AND (d.raw = ${RAW.purging} OR NOT ${isHeld('d')})
             AND (d.raw = ${RAW.purging} OR d.dirty = ${DIRTY.clean} AND d.rolled_at < ?1 - ?2 OR d.dirty > ${DIRTY.clean} AND ${isGivenUp('d.pixel', 'd.day', '?1')})))
       ORDER BY attempts > 0, turn, ends_at
       LIMIT ?3`,
    )
    .bind(now, grace, limit)
    .all<ExpiredDay>();
  return results;
}

/** SQL for whether day `?1`, `?2` can be closed at `?3`: it is rolled up, or its rollup is given up. */
const CLOSABLE = `pixel = ?1 AND day = ?2 AND raw = ${RAW.stored} AND held_until <= ?3`;
const IS_CLEAN = `${CLOSABLE} AND dirty = ${DIRTY.clean} AND NOT ${isHeld('days')}`;
const HAS_FAILED = `${CLOSABLE} AND dirty > ${DIRTY.clean} AND ${isGivenUp('?1', '?2', '?3')}`;

/**
 * Closes a day: from now on it takes no events, and queries are answered from its rollup. If the rollup is given up, the last one that
 * was made stays.
 *
 * @param isArchived whether the events are archived before they are deleted. Files from before the day was restored are outdated.
 * @returns false if the day has changed meanwhile, so that it was not closed.
 */
export async function closeDay(
  db: D1Database,
  { pixel, day, dirty }: ExpiredDay,
  now: number,
  isArchived = false,
): Promise<boolean> {
  const condition = dirty === DIRTY.clean ? IS_CLEAN : HAS_FAILED;
  const first = isArchived
    ? [db.prepare(outdateFiles(`EXISTS (SELECT 1 FROM days WHERE ${condition})`)).bind(pixel, day, now)]
    : [];
  const close = db
    .prepare(
      `UPDATE days SET raw = ${RAW.purging}, dirty = ${DIRTY.clean}, slice = 0, slices = 0 WHERE ${condition}`,
    )
    .bind(pixel, day, now);
  if (dirty === DIRTY.clean) {
    const results = await db.batch([...first, close]);
    return (results.at(-1)?.meta.changes ?? 0) > 0;
  }
  const results = await db.batch([
    ...first,
    close,
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
  return (results[first.length]?.meta.changes ?? 0) > 0;
}

/** SQL for whether day `?1`, `?2` is being purged at `?3`. A restore may have begun since the day was read. */
const IS_BEING_PURGED = `EXISTS (
  SELECT 1 FROM days d WHERE d.pixel = ?1 AND d.day = ?2 AND d.raw = ${RAW.purging} AND d.held_until <= ?3)`;

/** Deletes up to `limit` raw events of a closed day. */
export async function purgeEvents(
  db: D1Database,
  { pixel, day, starts_at, ends_at }: ExpiredDay,
  now: number,
  limit: number,
): Promise<number> {
  const { meta } = await db
    .prepare(`DELETE FROM events WHERE pixel = ?1 AND ts >= ?4 AND ts < ?5 AND ${IS_BEING_PURGED} LIMIT ?6`)
    .bind(pixel, day, now, starts_at, ends_at, limit)
    .run();
  return meta.changes;
}

export async function markPurged(db: D1Database, { pixel, day }: ExpiredDay, now: number): Promise<void> {
  await db
    .prepare(`UPDATE days SET raw = ${RAW.purged} WHERE pixel = ?1 AND day = ?2 AND ${IS_BEING_PURGED}`)
    .bind(pixel, day, now)
    .run();
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
