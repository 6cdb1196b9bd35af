/** Keeps the local days that have events: which must be rolled up, which still hold raw events. */
import type { Goal } from '../model/goal.ts';

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
  /** 2 while it is rolled up slice by slice and nothing has changed since that began. */
  readonly dirty: number;
  /** How many slices are done, of how many; 0 of 0 when none was begun. */
  readonly slice: number;
  readonly slices: number;
  /** Its events now. */
  readonly events: number;
}

type DirtyRow = Omit<DirtyDay, 'goals' | 'open'> & {
  readonly ends_at: number;
};

const COLUMNS = `d.pixel, d.day, d.ends_at, d.dirty, d.slice, d.slices, p.timezone, p.settings -> 'goals' AS goalsText`;

/** A large day that keeps changing is not rolled up at each run: it waits these milliseconds for each of its events. */
const WAIT_PER_EVENT = 36;

/**
 * The oldest closed days whose events have changed since their rollup, and whose turn it is: at once when they were
 * never rolled up, else the later the larger they are (a day of 100,000 events waits an hour).
 */
export async function dirtyDays(db: D1Database, now: number, limit: number): Promise<DirtyDay[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS},
         (SELECT count(*) FROM events e WHERE e.pixel = d.pixel AND e.ts >= d.starts_at AND e.ts < d.ends_at) AS events
       FROM days d JOIN pixels p ON p.id = d.pixel
       WHERE d.dirty > 0 AND d.ends_at <= ?1
         AND (d.rolled_at IS NULL OR d.rolled_at <= ?1 - d.events * ${WAIT_PER_EVENT} OR d.events < ${SMALL_DAY})
       ORDER BY d.ends_at
       LIMIT ?2`,
    )
    .bind(now, limit)
    .all<DirtyRow>();
  return results.map((row) => dirtyDay(row, now));
}

/** A day of fewer events is cheap enough to be rolled up whenever it has changed. */
const SMALL_DAY = 10_000;

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
         SELECT ${COLUMNS},
           (SELECT count(*) FROM (
             SELECT 1 FROM events e WHERE e.pixel = d.pixel AND e.ts >= d.starts_at AND e.ts < d.ends_at LIMIT ?2)
           ) AS least,
           (SELECT count(*) FROM events e WHERE e.pixel = d.pixel AND e.ts >= d.starts_at AND e.ts < d.ends_at) AS events
         FROM days d JOIN pixels p ON p.id = d.pixel
         WHERE d.dirty > 0 AND d.ends_at > ?1 AND d.starts_at <= ?1
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
    .bind(pixel, day, open ? 1 : 2, slices);
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
 * have changed since they were read. When the time zone has, it is another day that waits for its own rollup. It belongs
 * into the transaction that wrote the rollup.
 */
export function markRolledUp(
  db: D1Database,
  { pixel, day, timezone, open, events, slices, goalsText }: DirtyDay,
  now: number,
): D1PreparedStatement {
  const isTrue = `iif((SELECT settings -> 'goals' FROM pixels WHERE id = ?1) IS ?5, 0, 3)`;
  const closed = slices > 0 ? `iif(dirty = 2, ${isTrue}, 1)` : isTrue;
  return db
    .prepare(
      `UPDATE days SET dirty = iif(?6, 1, ${closed}), rolled_at = ?3, events = ?4, rolls = rolls + 1, slice = 0, slices = 0
       WHERE pixel = ?1 AND day = ?2 AND (SELECT timezone FROM pixels WHERE id = ?1) = ?7
         AND (?8 = 0 OR ${ALL_SLICES_DONE})`,
    )
    .bind(pixel, day, now, events, goalsText, Number(open), timezone, slices);
}

export interface Month {
  readonly pixel: string;
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
      `SELECT d.pixel, substr(d.day, 1, 7) AS month
       FROM days d
       LEFT JOIN months m ON m.pixel = d.pixel AND m.month = substr(d.day, 1, 7)
       WHERE d.day < ?1
       GROUP BY 1, 2
       HAVING max(d.dirty) = 0 AND coalesce(max(m.rolls), 0) <> sum(d.rolls)
       LIMIT ?2`,
    )
    .bind(new Date(now - DAY).toISOString().slice(0, 7), limit)
    .all<Month>();
  return results;
}

const DAY = 24 * HOUR;

/**
 * Tells that a pixel's goals have changed, so that its days are rolled up again as far as their raw events are there. Their
 * rollups still hold for all but goals. Slices that were made with the old ones do not go with those to come.
 */
export async function markGoalsChanged(db: D1Database, pixel: string): Promise<void> {
  await db
    .prepare('UPDATE days SET dirty = iif(dirty = 2, 1, 3) WHERE pixel = ? AND raw = 0 AND dirty IN (0, 2)')
    .bind(pixel)
    .run();
}

export interface ExpiredDay {
  readonly pixel: string;
  readonly day: string;
  readonly starts_at: number;
  readonly ends_at: number;
  readonly raw: number;
}

/**
 * Days whose raw events are past their pixel's retention. A day that was changed within the last `grace`
 * milliseconds waits: it may be one that an import is still filling. CROSS, so that each pixel's old days are looked up:
 * left to itself SQLite reads all the days that hold events.
 */
export async function expiredDays(
  db: D1Database,
  now: number,
  grace: number,
  limit: number,
): Promise<ExpiredDay[]> {
  const { results } = await db
    .prepare(
      `SELECT d.pixel, d.day, d.starts_at, d.ends_at, d.raw
       FROM pixels p
       CROSS JOIN days d ON d.pixel = p.id AND d.raw < 2
         AND d.ends_at < ?1 - 86400000 * CAST(p.settings ->> 'retention_days' AS INTEGER)
       WHERE d.dirty = 0 AND d.rolled_at < ?1 - ?2
       ORDER BY d.ends_at
       LIMIT ?3`,
    )
    .bind(now, grace, limit)
    .all<ExpiredDay>();
  return results;
}

/** Closes a day for good: from now on it takes no events, and its rollup is all that answers for it. */
export async function closeDay(db: D1Database, { pixel, day }: ExpiredDay): Promise<boolean> {
  const { meta } = await db
    .prepare('UPDATE days SET raw = 1 WHERE pixel = ? AND day = ? AND dirty = 0 AND raw = 0')
    .bind(pixel, day)
    .run();
  return meta.changes > 0;
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
  await db.prepare('UPDATE days SET raw = 2 WHERE pixel = ? AND day = ?').bind(pixel, day).run();
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
         WHERE raw < 2
         WINDOW in_order AS (PARTITION BY pixel ORDER BY starts_at)
         UNION ALL
         SELECT p.id, 0, (SELECT min(d.starts_at) FROM days d WHERE d.pixel = p.id AND d.raw < 2) FROM pixels p)
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
