/** Which local days have events that only Analytics Engine has, and how many: marks them, and finds those to count again. */
import type { PointCount } from '../engine/count-points.ts';
import { DIRTY, RAW } from '../model/day-state.ts';
import { jsonLists } from '../sql/json-lists.ts';
import type { DayToRollUp } from './due-days.ts';
import { hasPixelIn } from './pixels.ts';

const HOUR = 3_600_000;

/** The time up to which points have been looked for, in epoch milliseconds; null if they never have been. */
export async function readWatermark(db: D1Database): Promise<number | null> {
  return db.prepare("SELECT value FROM counters WHERE name = 'points_found'").first<number>('value');
}

/** Stores that all points written before a time have been found. */
export async function storeWatermark(db: D1Database, until: number, now: number): Promise<void> {
  await db
    .prepare(
      `INSERT INTO counters (name, value, last_at) VALUES ('points_found', ?1, ?2)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, last_at = excluded.last_at`,
    )
    .bind(until, now)
    .run();
}

/** The time zones of pixels. A pixel that does not exist has none. */
export async function zonesOf(
  db: D1Database,
  pixels: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { results } = await db
    .prepare('SELECT p.id, p.timezone FROM json_each(?) j CROSS JOIN pixels p ON p.id = j.value')
    .bind(JSON.stringify(pixels))
    .all<{ id: string; timezone: string }>();
  return new Map(results.map(({ id, timezone }) => [id, timezone]));
}

/** A local day that has points. */
export interface EngineDay {
  readonly pixel: string;
  readonly day: string;
  readonly start: number;
  readonly end: number;
  readonly zone: string;
}

/**
 * A day that is known to have points costs no write. A finished one is not marked as dirty: whether it has more points than at its
 * rollup is found by counting.
 */
const MARK = `
  INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw, points)
  SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, ${DIRTY.eventsChanged}, ${RAW.stored}, 1
  FROM json_each(?1) j
  WHERE ${hasPixelIn('j.value ->> 0', 'j.value ->> 4')}
  ON CONFLICT (pixel, day) DO UPDATE SET
    dirty = ${DIRTY.eventsChanged}, starts_at = excluded.starts_at, ends_at = excluded.ends_at, points = max(points, 1)
  WHERE raw = ${RAW.stored} AND (points = 0 OR starts_at <> excluded.starts_at OR ends_at <> excluded.ends_at)`;

/** The statements that mark days as having points: one for some ten thousand days. */
export function markEngineDays(db: D1Database, days: readonly EngineDay[]): D1PreparedStatement[] {
  return jsonLists(days.map(({ pixel, day, start, end, zone }) => [pixel, day, start, end, zone])).map(
    (list) => db.prepare(MARK).bind(list),
  );
}

/** Days of all pixels that have the same date and the same bounds, and points. */
export interface DaysToCount {
  readonly day: string;
  readonly starts_at: number;
  readonly ends_at: number;
}

/**
 * Hours after the end of a day at which its points are counted again. A point is written up to ten minutes after its event, so after an
 * hour there are no more, unless Analytics Engine itself is late.
 */
const COUNTED_AFTER = [1, 3, 24];

const isDueAgain = COUNTED_AFTER.map(
  (hours) => `(d.counted_at < d.ends_at + ${hours * HOUR} AND d.ends_at + ${hours * HOUR} <= ?1)`,
).join(' OR ');

/** The days whose points are to be counted: open ones once an hour, and finished ones until none can come. */
export async function daysToCount(db: D1Database, now: number, limit: number): Promise<DaysToCount[]> {
  const { results } = await db
    .prepare(
      `SELECT day, starts_at, ends_at
       FROM days d INDEXED BY days_points
       WHERE d.points > 0 AND d.counted_at < d.ends_at + 86400000 AND d.raw = ${RAW.stored}
         AND iif(d.ends_at > ?1, d.starts_at <= ?1 AND d.counted_at <= ?1 - ${HOUR}, ${isDueAgain})
       GROUP BY day, starts_at, ends_at
       ORDER BY min(d.counted_at), day, starts_at
       LIMIT ?2`,
    )
    .bind(now, limit)
    .all<DaysToCount>();
  return results;
}

/** A finished day is dirty if its number of points has changed. Of a sampled day the number is an estimate, which varies. */
const STORE_COUNTS = `
  UPDATE days SET
    points = j.points, sample_interval = j.interval, counted_at = ?5,
    dirty = iif(ends_at <= ?5 AND abs(j.points - days.points) > iif(j.interval > 1, days.points / 100, 0), ${DIRTY.eventsChanged}, dirty)
  FROM (SELECT value ->> 0 AS pixel, value ->> 1 AS points, value ->> 2 AS interval FROM json_each(?1)) j
  WHERE days.pixel = j.pixel AND days.day = ?2 AND days.starts_at = ?3 AND days.ends_at = ?4
    AND days.points > 0 AND days.raw = ${RAW.stored}`;

/** The statements that store the points of some pixels' days. */
export function storeCounts(
  db: D1Database,
  { day, starts_at, ends_at }: DaysToCount,
  counts: readonly (PointCount & { readonly pixel: string })[],
  now: number,
): D1PreparedStatement[] {
  return jsonLists(counts.map(({ pixel, points, interval }) => [pixel, points, interval])).map((list) =>
    db.prepare(STORE_COUNTS).bind(list, day, starts_at, ends_at, now),
  );
}

/** Stores that the points of all of these days have been counted. Run it after `storeCounts`. */
export function markCounted(
  db: D1Database,
  { day, starts_at, ends_at }: DaysToCount,
  now: number,
): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE days INDEXED BY days_points SET counted_at = ?4
       WHERE points > 0 AND counted_at < ends_at + 86400000 AND ends_at = ?3 AND starts_at = ?2 AND day = ?1 AND counted_at < ?4`,
    )
    .bind(day, starts_at, ends_at, now);
}

/** Stores the number of points with which the rollup of a day begins. */
export function storeCount(
  db: D1Database,
  { pixel, day }: DayToRollUp,
  { points, interval }: PointCount,
  now: number,
): D1PreparedStatement {
  return db
    .prepare(
      'UPDATE days SET points = ?3, sample_interval = ?4, counted_at = ?5 WHERE pixel = ?1 AND day = ?2',
    )
    .bind(pixel, day, points, interval, now);
}

/** Marks a day that cannot be read any more as clean: it keeps its rollup and columns. */
export async function keepRollup(db: D1Database, { pixel, day }: DayToRollUp): Promise<void> {
  await db
    .prepare(
      `UPDATE days SET dirty = ${DIRTY.clean}, slice = 0, slices = 0 WHERE pixel = ?1 AND day = ?2 AND raw = ${RAW.stored} AND rolls > 0`,
    )
    .bind(pixel, day)
    .run();
}

/** Marks a day as sampled, and begins its rollup again. */
export function markSampled(
  db: D1Database,
  { pixel, day }: { pixel: string; day: string },
): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE days SET sample_interval = max(sample_interval, 2), dirty = ${DIRTY.eventsChanged}, slice = 0, slices = 0
       WHERE pixel = ?1 AND day = ?2 AND raw = ${RAW.stored}`,
    )
    .bind(pixel, day);
}
