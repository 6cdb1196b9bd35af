/** Keeps the local days that have events: which must be rolled up, which still hold raw events. */
import { DIRTY, type DirtyState, RAW, type RawState } from '../model/day-state.ts';
import type { Goal } from '../model/goal.ts';
import { ROLLUP_VERSION } from '../model/rollup-version.ts';
import { isGivenUp } from './failed-tasks.ts';
import { hasPixel } from './pixels.ts';

/** A pixel's first day with events; null when it has none. */
export async function firstDayOf(db: D1Database, pixel: string): Promise<string | null> {
  return db.prepare('SELECT min(day) AS day FROM days WHERE pixel = ?').bind(pixel).first<string>('day');
}

/** A day to roll up. */
export interface DirtyDay {
  readonly pixel: string;
  readonly day: string;
  readonly timezone: string;
  readonly goals: readonly Goal[];
  /** As the store has them, to tell whether they have changed since. */
  readonly goalsText: string | null;
  /** Whether the day is not over yet, so that this is a snapshot. */
  readonly open: boolean;
  readonly dirty: DirtyState;
  /** How many slices are done, of how many; 0 of 0 when none was begun. */
  readonly slice: number;
  readonly slices: number;
  /** Its events now. */
  readonly events: number;
  /** How often its rollup has failed since it last succeeded. */
  readonly attempts: number;
}

type DirtyRow = Omit<DirtyDay, 'goals' | 'open'> & {
  readonly ends_at: number;
};

/** The events of day `d`, and the row of its rollup if that has failed. */
const COUNT_EVENTS =
  '(SELECT count(*) FROM events e WHERE e.pixel = d.pixel AND e.ts >= d.starts_at AND e.ts < d.ends_at)';
const FAILED = `FROM failed_tasks f WHERE f.task = 'day' AND f.pixel = d.pixel AND f.item = d.day`;

const COLUMNS = `d.pixel, d.day, d.ends_at, d.dirty, d.slice, d.slices, p.timezone, p.settings -> 'goals' AS goalsText`;

/** A large day that keeps changing is not rolled up at each run: it waits these milliseconds for each of its events. */
const WAIT_PER_EVENT = 36;

/** A day of fewer events is cheap enough to be rolled up whenever it has changed. */
const SMALL_DAY = 10_000;

/**
 * SQL for whether it is the turn of a closed, dirty day `d` at `?1`: at once when it was never rolled up, else the later the
 * larger it is (a day of 100,000 events waits an hour).
 */
export const IS_DUE = `(d.dirty > ${DIRTY.clean} AND d.ends_at <= ?1
  AND (d.rolled_at IS NULL OR d.rolled_at <= ?1 - d.events * ${WAIT_PER_EVENT} OR d.events < ${SMALL_DAY})
  AND ${hasPixel('d.pixel')})`;

/** Milliseconds between two runs of the cron. */
const CRON_INTERVAL = 5 * 60_000;

/** Days that are looked at to choose from: all that two pixels can have since the year 2000. Of more, the oldest are chosen from. */
const CHOICE = 20_000;

/**
 * The closed days whose events have changed since their rollup, and whose turn it is. Those that have not failed come
 * first, then those that are due again; of each, the oldest of every pixel before the second of any, and each run begins
 * with other pixels. So neither a pixel with many days nor days that fail hold up others.
 */
export async function dirtyDays(db: D1Database, now: number, limit: number): Promise<DirtyDay[]> {
  const choice = (attempts: string, from: string): string => `
    SELECT * FROM (
      SELECT d.pixel, d.day, d.ends_at, ${attempts} AS attempts
      FROM ${from}
      WHERE ${IS_DUE} AND ${attempts === '0' ? `NOT EXISTS (SELECT 1 ${FAILED})` : 'f.retry_at <= ?1'}
      ORDER BY d.ends_at
      LIMIT ${CHOICE})`;
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS}, c.attempts, ${COUNT_EVENTS} AS events
       FROM (
         SELECT *, place <= ?3 % max(place) OVER () AS later
         FROM (
           SELECT *, row_number() OVER (PARTITION BY attempts > 0, pixel ORDER BY ends_at) AS turn,
             dense_rank() OVER (ORDER BY pixel) AS place
           FROM (
             ${choice('0', 'days d')}
             UNION ALL
             ${choice('f.attempts', `failed_tasks f CROSS JOIN days d ON f.task = 'day' AND f.pixel = d.pixel AND f.item = d.day`)}))
         ORDER BY attempts > 0, turn, later, place
         LIMIT ?2) c
       CROSS JOIN days d ON d.pixel = c.pixel AND d.day = c.day
       CROSS JOIN pixels p ON p.id = c.pixel
       ORDER BY c.attempts > 0, c.turn, c.later, c.place`,
    )
    .bind(now, limit, Math.floor(now / CRON_INTERVAL) * limit)
    .all<DirtyRow>();
  return results.map((row) => dirtyDay(row, now));
}

/**
 * Days that are rolled up, true to their events, by an older version of the code than this: the oldest version first, and
 * then the oldest day, which is purged first.
 */
export async function outdatedDays(db: D1Database, now: number, limit: number): Promise<DirtyDay[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS}, coalesce(f.attempts, 0) AS attempts, ${COUNT_EVENTS} AS events
       FROM days d INDEXED BY days_outdated
       CROSS JOIN pixels p ON p.id = d.pixel
       LEFT JOIN failed_tasks f ON f.task = 'recompute' AND f.pixel = d.pixel AND f.item = d.day
       WHERE d.raw = ${RAW.stored} AND d.dirty = ${DIRTY.clean} AND d.rollup_version < ${ROLLUP_VERSION}
         AND (f.retry_at IS NULL OR f.retry_at <= ?1)
       ORDER BY d.rollup_version, d.ends_at
       LIMIT ?2`,
    )
    .bind(now, limit)
    .all<DirtyRow>();
  return results.map((row) => dirtyDay(row, now));
}

/**
 * Open days of at least `least` events whose last snapshot is an hour old. Counting costs as many row reads, so it is to
 * be asked once an hour.
 */
export async function largeOpenDays(
  db: D1Database,
  now: number,
  least: number,
  limit: number,
): Promise<DirtyDay[]> {
  const { results } = await db
    .prepare(
      `SELECT * FROM (
         SELECT ${COLUMNS}, coalesce(f.attempts, 0) AS attempts,
           (SELECT count(*) FROM (
             SELECT 1 FROM events e WHERE e.pixel = d.pixel AND e.ts >= d.starts_at AND e.ts < d.ends_at LIMIT ?2)
           ) AS least,
           ${COUNT_EVENTS} AS events
         FROM days d JOIN pixels p ON p.id = d.pixel
         LEFT JOIN failed_tasks f ON f.task = 'snapshot' AND f.pixel = d.pixel AND f.item = d.day
         WHERE d.dirty > ${DIRTY.clean} AND d.ends_at > ?1 AND d.starts_at <= ?1 AND (f.retry_at IS NULL OR f.retry_at <= ?1)
           AND (d.rolled_at IS NULL OR d.rolled_at <= ?1 - ${HOUR}))
       WHERE least = ?2
       LIMIT ?3`,
    )
    .bind(now, least, limit)
    .all<DirtyRow>();
  return results.map((row) => dirtyDay(row, now));
}

const HOUR = 3_600_000;

function dirtyDay({ ends_at, ...row }: DirtyRow, now: number): DirtyDay {
  return { ...row, goals: JSON.parse(row.goalsText ?? '[]') as Goal[], open: ends_at > now };
}

/** The number of the first part of a slice that this version of the code keeps; an older one's are lower. */
export const FIRST_PART = ROLLUP_VERSION * 1_000_000;

/** SQL for whether all slices of a row of `days` are there. */
export const ALL_SLICES_DONE = '(slices > 0 AND slice = slices)';

/** Begins to roll a day up in slices. From now on a change to the events of a closed day shows in `dirty`. */
export function beginSlices(
  db: D1Database,
  { pixel, day, open }: DirtyDay,
  slices: number,
): D1PreparedStatement {
  return db
    .prepare('UPDATE days SET dirty = ?3, slice = 0, slices = ?4 WHERE pixel = ?1 AND day = ?2')
    .bind(pixel, day, open ? DIRTY.eventsChanged : DIRTY.inSlices, slices);
}

/**
 * Tells that a slice is done, if it was this one's turn: another run of the job may have done it, or have begun anew. It
 * belongs into the transaction that kept it.
 */
export function endSlice(
  db: D1Database,
  { pixel, day }: DirtyDay,
  slice: number,
  slices: number,
): D1PreparedStatement {
  return db
    .prepare('UPDATE days SET slice = ?3 + 1 WHERE pixel = ?1 AND day = ?2 AND slice = ?3 AND slices = ?4')
    .bind(pixel, day, slice, slices);
}

/**
 * Marks a day as rolled up: as true to its events, unless it is still open, or has changed since its first slice, or goals
 * have changed since they were read. When the time zone has, it is another day that waits for its own rollup. A day that was
 * true before keeps its time: it has not changed, and its purge does not wait. It belongs into the transaction that wrote the
 * rollup.
 */
export function markRolledUp(
  db: D1Database,
  { pixel, day, timezone, open, events, slices, goalsText }: DirtyDay,
  now: number,
): D1PreparedStatement {
  const isTrue = `iif((SELECT settings -> 'goals' FROM pixels WHERE id = ?1) IS ?5, ${DIRTY.clean}, ${DIRTY.goalsChanged})`;
  const closed = slices > 0 ? `iif(dirty = ${DIRTY.inSlices}, ${isTrue}, ${DIRTY.eventsChanged})` : isTrue;
  // Slices may have been begun by an older version: then the day is recomputed in its turn.
  const version =
    slices > 0
      ? `iif(EXISTS (SELECT 1 FROM rollup_slices WHERE pixel = ?1 AND day = ?2 AND part < ${FIRST_PART}), 0, ${ROLLUP_VERSION})`
      : ROLLUP_VERSION;
  return db
    .prepare(
      `UPDATE days SET dirty = iif(?6, ${DIRTY.eventsChanged}, ${closed}), rolled_at = iif(dirty = ${DIRTY.clean}, rolled_at, ?3), events = ?4,
         rolls = rolls + 1, slice = 0, slices = 0, rollup_version = ${version}
       WHERE pixel = ?1 AND day = ?2 AND raw = ${RAW.stored} AND (SELECT timezone FROM pixels WHERE id = ?1) = ?7
         AND (?8 = 0 OR ${ALL_SLICES_DONE})`,
    )
    .bind(pixel, day, now, events, goalsText, Number(open), timezone, slices);
}

export interface Month {
  readonly pixel: string;
  /** How often its rollup has failed since it last succeeded. */
  readonly attempts: number;
  /** `YYYY-MM` */
  readonly month: string;
}

/**
 * Months that are over everywhere, whose days are all rolled up, and more often than the month's own rollup knows of. It
 * looks at all days there are, so it is to be asked once an hour.
 */
export async function monthsToRollUp(db: D1Database, now: number, limit: number): Promise<Month[]> {
  const { results } = await db
    .prepare(
      `SELECT c.pixel, c.month, coalesce(f.attempts, 0) AS attempts
       FROM (
         SELECT d.pixel, substr(d.day, 1, 7) AS month
         FROM days d
         LEFT JOIN months m ON m.pixel = d.pixel AND m.month = substr(d.day, 1, 7)
         WHERE d.day < ?1
         GROUP BY 1, 2
         HAVING max(d.dirty) = 0 AND coalesce(max(m.rolls), 0) <> sum(d.rolls)) c
       LEFT JOIN failed_tasks f ON f.task = 'month' AND f.pixel = c.pixel AND f.item = c.month
       WHERE (f.retry_at IS NULL OR f.retry_at <= ?3) AND ${hasPixel('c.pixel')}
       ORDER BY attempts
       LIMIT ?2`,
    )
    .bind(new Date(now - DAY).toISOString().slice(0, 7), limit, now)
    .all<Month>();
  return results;
}

const DAY = 24 * HOUR;

/**
 * Tells that a pixel's goals have changed, so that its days are rolled up again as far as their raw events are there. Their
 * rollups still hold for all but goals. Slices that were made with the old ones do not go with those to come.
 */
export function markGoalsChanged(db: D1Database, pixel: string): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE days SET dirty = iif(dirty = ${DIRTY.inSlices}, ${DIRTY.eventsChanged}, ${DIRTY.goalsChanged}) WHERE pixel = ? AND raw = ${RAW.stored} AND dirty IN (${DIRTY.clean}, ${DIRTY.inSlices})`,
    )
    .bind(pixel);
}

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
 * Days whose raw events are past their pixel's retention, those that have not failed first and of every pixel the oldest
 * before the second of any. A day that was changed within the last `grace` milliseconds waits: it may be one that an import
 * is still filling. One whose rollup is given up does not wait for it. CROSS, so that each pixel's old days are looked up: left
 * to itself SQLite reads all the days that hold events.
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
           WHERE (f.retry_at IS NULL OR f.retry_at <= ?1)
             AND (d.raw = ${RAW.purging} OR d.dirty = ${DIRTY.clean} AND d.rolled_at < ?1 - ?2 OR d.dirty > ${DIRTY.clean} AND ${isGivenUp('d.pixel', 'd.day', '?1')})))
       ORDER BY attempts > 0, turn, ends_at
       LIMIT ?3`,
    )
    .bind(now, grace, limit)
    .all<ExpiredDay>();
  return results;
}

/**
 * Closes a day for good: from now on it takes no events, and its rollup is all that answers for it. The last one that
 * was made does, if it is one that is given up.
 * @returns whether it was closed.
 */
export async function closeDay(
  db: D1Database,
  { pixel, day, dirty }: ExpiredDay,
  now: number,
): Promise<boolean> {
  if (dirty === DIRTY.clean) {
    const { meta } = await db
      .prepare(
        `UPDATE days SET raw = ${RAW.purging} WHERE pixel = ? AND day = ? AND dirty = ${DIRTY.clean} AND raw = ${RAW.stored}`,
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
 * Deletes up to `limit` events past retention that are in no day: a change of the time zone has left them over. They wait a
 * day longer than others, since they have none that could end.
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
