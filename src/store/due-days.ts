/** Finds the days and months that the cron is to roll up. */
import { DIRTY, type DirtyState, RAW } from '../model/day-state.ts';
import type { Goal } from '../model/goal.ts';
import { ROLLUP_VERSION } from '../model/rollup-version.ts';
import { hasPixel } from './pixels.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A day to roll up. */
export interface DayToRollUp {
  readonly pixel: string;
  readonly day: string;
  readonly timezone: string;
  readonly goals: readonly Goal[];
  /** The goals as stored. They show later whether the goals have changed since. */
  readonly goalsText: string | null;
  /** Whether the day is not over yet. Then its rollup is a snapshot. */
  readonly open: boolean;
  readonly dirty: DirtyState;
  /** How many slices are done, and of how many; 0 of 0 if none has been begun. */
  readonly slice: number;
  readonly slices: number;
  /** The number of its events in D1 now. */
  readonly events: number;
  /** The number of its events that only Analytics Engine has, as of the last look. */
  readonly points: number;
  /** Of how many of these one is kept at worst. */
  readonly sample_interval: number;
  /** How often it has been rolled up. */
  readonly rolls: number;
  readonly starts_at: number;
  readonly ends_at: number;
  /** How often its rollup has failed since it last succeeded. */
  readonly attempts: number;
}

type DayRow = Omit<DayToRollUp, 'goals' | 'open'>;

/** SQL for the number of events of day `d`. */
const COUNT_EVENTS =
  '(SELECT count(*) FROM events e WHERE e.pixel = d.pixel AND e.ts >= d.starts_at AND e.ts < d.ends_at)';
/** SQL for the failure of the rollup of day `d`, if it has failed. */
const FAILED = `FROM failed_tasks f WHERE f.task = 'day' AND f.pixel = d.pixel AND f.item = d.day`;

const COLUMNS = `d.pixel, d.day, d.starts_at, d.ends_at, d.points, d.sample_interval, d.rolls, d.dirty, d.slice, d.slices, p.timezone, p.settings -> 'goals' AS goalsText`;

/** A large day that keeps changing is not rolled up by each run. It waits for this time per event, in milliseconds. */
const WAIT_PER_EVENT = 36;

/** A day of fewer events is rolled up whenever it has changed: that is cheap. */
const SMALL_DAY = 10_000;

/**
 * Milliseconds after which a finished day of Analytics Engine is rolled up: a point is written up to ten minutes after its event, and can be
 * read some minutes later.
 */
const POINTS_SETTLE = 20 * 60_000;

/** How long Analytics Engine keeps points, in milliseconds: three months, of which the shortest has 89 days. */
export const POINTS_KEPT = 89 * DAY;

/** SQL for whether a day `d` of Analytics Engine can be read from there in full, at the time `?1`. */
const HAS_POINTS = `d.starts_at > ?1 - ${POINTS_KEPT}`;

/**
 * SQL for whether a day `d` can be rolled up.
 *
 * @param hasEngine whether Analytics Engine can be read. Without it, its days wait, and delay no other day.
 */
const canBeRead = (hasEngine: boolean): string => (hasEngine ? 'true' : 'd.points = 0');

/**
 * SQL for whether day `d` is over, dirty, and due at the time `?1`. A day without a rollup is due at once, another one after a wait
 * that grows with its size: an hour for 100,000 events.
 */
export const IS_DUE = `(d.dirty > ${DIRTY.clean} AND d.ends_at <= ?1 - iif(d.points > 0, ${POINTS_SETTLE}, 0)
  AND (d.rolled_at IS NULL OR d.rolled_at <= ?1 - d.events * ${WAIT_PER_EVENT} OR d.events < ${SMALL_DAY})
  AND ${hasPixel('d.pixel')})`;

/** Milliseconds between two runs of the cron. */
const CRON_INTERVAL = 5 * 60_000;

/** The days to choose from: as many as two pixels have since the year 2000. Of more days, the oldest. */
const CHOICE = 20_000;

/**
 * The due days that are over and have changed since their rollup. Days that have not failed come first, then days that are due again
 * after a failure. Among both, the oldest day of every pixel comes before the second day of any, and each run begins with other
 * pixels. So neither a pixel with many days nor days that fail delay other pixels.
 */
export async function dirtyDays(
  db: D1Database,
  now: number,
  limit: number,
  hasEngine: boolean,
): Promise<DayToRollUp[]> {
  const choice = (attempts: string, from: string): string => `
    SELECT * FROM (
      SELECT d.pixel, d.day, d.ends_at, ${attempts} AS attempts
      FROM ${from}
      WHERE ${IS_DUE} AND ${canBeRead(hasEngine)} AND ${attempts === '0' ? `NOT EXISTS (SELECT 1 ${FAILED})` : 'f.retry_at <= ?1'}
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
    .all<DayRow>();
  return results.map((row) => dayOf(row, now));
}

/**
 * The clean days whose rollup was made by an older version of the code: the oldest version first, and of one version the oldest day,
 * since that is purged first. Days that Analytics Engine does not have in full any more keep their rollups.
 */
export async function outdatedDays(
  db: D1Database,
  now: number,
  limit: number,
  hasEngine: boolean,
): Promise<DayToRollUp[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS}, coalesce(f.attempts, 0) AS attempts, ${COUNT_EVENTS} AS events
       FROM days d INDEXED BY days_outdated
       CROSS JOIN pixels p ON p.id = d.pixel
       LEFT JOIN failed_tasks f ON f.task = 'recompute' AND f.pixel = d.pixel AND f.item = d.day
       WHERE d.raw = ${RAW.stored} AND d.dirty = ${DIRTY.clean} AND d.rollup_version < ${ROLLUP_VERSION}
         AND (d.points = 0 OR ${HAS_POINTS}) AND ${canBeRead(hasEngine)}
         AND (f.retry_at IS NULL OR f.retry_at <= ?1)
       ORDER BY d.rollup_version, d.ends_at
       LIMIT ?2`,
    )
    .bind(now, limit)
    .all<DayRow>();
  return results.map((row) => dayOf(row, now));
}

/**
 * Days that are not over, have at least `least` events and points, and had their last snapshot an hour ago or earlier. Counting reads as many
 * rows as there are events: run it once an hour.
 */
export async function largeOpenDays(
  db: D1Database,
  now: number,
  least: number,
  limit: number,
  hasEngine: boolean,
): Promise<DayToRollUp[]> {
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
           AND (d.rolled_at IS NULL OR d.rolled_at <= ?1 - ${HOUR}) AND ${canBeRead(hasEngine)})
       WHERE least + points >= ?2
       LIMIT ?3`,
    )
    .bind(now, least, limit)
    .all<DayRow>();
  return results.map((row) => dayOf(row, now));
}

function dayOf(row: DayRow, now: number): DayToRollUp {
  return { ...row, goals: JSON.parse(row.goalsText ?? '[]') as Goal[], open: row.ends_at > now };
}

export interface Month {
  readonly pixel: string;
  /** How often its rollup has failed since it last succeeded. */
  readonly attempts: number;
  /** `YYYY-MM`. */
  readonly month: string;
}

/**
 * Months that are over in all time zones, whose days are all clean, and whose days have been rolled up since the month's own rollup. It
 * reads all days: run it once an hour.
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

/** A month to store as one segment of columns. */
export interface MonthToPack extends Month {
  readonly timezone: string;
  /** How often its days have been rolled up in all. */
  readonly rolls: number;
  readonly events: number;
  /** How many slices of its segment are stored. */
  readonly slices: number;
}

/** Events of a month that is stored as one segment. The days of larger months are large enough by themselves. */
const MAX_PACKED_EVENTS = 1_000_000;

/** A month is stored as one segment when its days have not changed for this time: late events and imports are likely before. */
const PACK_GRACE = 2 * DAY;

/**
 * Months that have a rollup, whose days all have their events in D1, and columns, and that have no segment of these columns yet. It reads all days: run it
 * once an hour.
 */
export async function monthsToPack(db: D1Database, now: number, limit: number): Promise<MonthToPack[]> {
  const { results } = await db
    .prepare(
      `SELECT c.*, p.timezone, coalesce(f.attempts, 0) AS attempts,
         (SELECT count(*) FROM segments s WHERE s.pixel = c.pixel AND s.period = c.month AND s.generation = c.rolls AND s.name = '') AS slices
       FROM (
         SELECT m.pixel, m.month, m.rolls, sum(d.events) AS events
         FROM months m CROSS JOIN days d ON d.pixel = m.pixel AND d.day BETWEEN m.month || '-01' AND m.month || '-31'
         WHERE m.columns <> m.rolls
         GROUP BY m.pixel, m.month
         HAVING sum(d.rolls) = m.rolls AND max(d.dirty) = ${DIRTY.clean} AND max(d.raw) = ${RAW.stored} AND min(d.columns) > 0
           AND max(d.points) = 0 AND count(*) > 1 AND sum(d.events) BETWEEN 1 AND ${MAX_PACKED_EVENTS} AND max(d.rolled_at) < ?1 - ${PACK_GRACE}) c
       CROSS JOIN pixels p ON p.id = c.pixel
       LEFT JOIN failed_tasks f ON f.task = 'pack' AND f.pixel = c.pixel AND f.item = c.month
       WHERE (f.retry_at IS NULL OR f.retry_at <= ?1)
       ORDER BY attempts
       LIMIT ?2`,
    )
    .bind(now, limit)
    .all<MonthToPack>();
  return results;
}
