/** Moves a pixel to another time zone: makes new days, as far back as there are raw events. */
import { DIRTY, RAW, type RawState } from '../model/day-state.ts';
import { localDayOf } from '../model/local-day.ts';
import type { Pixel } from '../model/pixel.ts';
import { addDays, dayStart } from '../model/time-zone.ts';
import { POINTS_KEPT } from './due-days.ts';
import { type PixelPatch, updatePixel } from './pixel-changes.ts';
import { hasPixel } from './pixels.ts';
import { isCopy } from './segments.ts';

/**
 * SQL for whether a day stays as it is: its events are past retention, or some are in Analytics Engine, which keeps no points from before a
 * time any more.
 */
const isKept = (before: string): string => `(raw > ${RAW.stored} OR points > 0 AND starts_at <= ${before})`;

const keptDays = (before: string): string =>
  `SELECT day, raw, starts_at, ends_at FROM days WHERE pixel = ?1 AND ${isKept(before)} ORDER BY ends_at`;

/** SQL for whether the same days are closed as before, and all events are within the new zone's days: `?7` holds both. */
const AS_LOOKED_AT = `
  (SELECT json_group_array(json_object('day', day, 'raw', raw, 'starts_at', starts_at, 'ends_at', ends_at)) FROM (${keptDays('?7 ->> 3')}))
    = ?7 ->> 0
  AND NOT EXISTS (SELECT 1 FROM events e WHERE e.pixel = ?1 AND e.ts < ?7 ->> 1)
  AND NOT EXISTS (SELECT 1 FROM events e WHERE e.pixel = ?1 AND e.ts >= ?7 ->> 2)`;

export interface Rezoned {
  /** The first day in the new time zone; null if there are no raw events. */
  readonly recomputed_from: string | null;
  /** The last day that stays in the old time zone, since its raw events are not there any more; null if there is none. */
  readonly kept_until: string | null;
  /** Events that no day counts from now on: those of days in the new time zone whose date a day in the old one has. */
  readonly uncounted_events: number;
}

/**
 * @param pixel the pixel with its new time zone.
 * @param patch the pixel's fields that change in the same transaction.
 * @param read the state that the change was computed from: the result of `readForChange`.
 * @throws Conflict if this state has changed, a day was closed, or an event arrived before or after all of these days.
 */
export async function changeTimeZone(
  db: D1Database,
  pixel: Pixel,
  patch: PixelPatch = { timezone: pixel.timezone },
  read?: string,
): Promise<Rezoned> {
  const before = Date.now() - POINTS_KEPT;
  const [closed, open, extent] = await db.batch<Record<string, unknown>>([
    db.prepare(keptDays('?2')).bind(pixel.id, before),
    db
      .prepare(`SELECT day, starts_at, ends_at, points FROM days WHERE pixel = ?1 AND NOT ${isKept('?2')}`)
      .bind(pixel.id, before),
    // As subqueries each is looked up in the index. One SELECT with both would read all events.
    db
      .prepare(
        `SELECT (SELECT min(ts) FROM events WHERE pixel = ?1) AS first,
           (SELECT max(ts) FROM events WHERE pixel = ?1) AS last`,
      )
      .bind(pixel.id),
  ]);
  const closedDays = (closed?.results ?? []) as unknown as readonly ClosedDay[];
  const extents = extent?.results[0] as { first: number | null; last: number | null } | undefined;
  const openDays = (open?.results ?? []) as unknown as readonly OpenDay[];
  const ofEngine = openDays.filter(({ points }) => points > 0);
  const first = ofEngine.reduce((least, day) => Math.min(least, day.starts_at), extents?.first ?? Infinity);
  const last = ofEngine.reduce((most, day) => Math.max(most, day.ends_at - 1), extents?.last ?? -Infinity);
  const days = first > last ? [] : daysBetween(pixel.timezone, first, last);
  // A date can stand for one day only.
  const taken = new Set(closedDays.map(({ day }) => day));
  const free = days.filter(([day]) => !taken.has(day));
  const lost = days.filter(([day]) => taken.has(day));
  const counting = closedDays.filter(({ raw }) => raw !== RAW.purged);
  const uncounted = await countEvents(db, pixel.id, without(lost, counting));
  const dates = openDays.map(({ day }) => day);
  /** Whether a day may have points. */
  const hasPoints = (start: number, end: number): boolean =>
    ofEngine.some((day) => day.starts_at < end && day.ends_at > start);
  const made = free.map(([day, start, end]) => [day, start, end, Number(hasPoints(start, end))]);
  const also = [
    db.prepare(`DELETE FROM days WHERE pixel = ?1 AND NOT ${isKept('?2')}`).bind(pixel.id, before),
    ...['rollup_slices', 'month_rollups'].map((table) =>
      db.prepare(`DELETE FROM ${table} WHERE pixel = ?`).bind(pixel.id),
    ),
    // Days whose events are deleted keep their columns, in segments of their own or of a month.
    db
      .prepare(
        `WITH moved AS (SELECT DISTINCT substr(value, 1, 7) AS month FROM json_each(?2))
         DELETE FROM segments WHERE pixel = ?1 AND period IN (
           SELECT value FROM json_each(?2) UNION SELECT month FROM moved WHERE ${isCopy('?1', 'month', 'true')})`,
      )
      .bind(pixel.id, JSON.stringify(dates)),
    db
      .prepare(
        `DELETE FROM months WHERE pixel = ?1 AND NOT EXISTS (
           SELECT 1 FROM segments s WHERE s.pixel = ?1 AND s.period = months.month AND s.generation = months.columns)`,
      )
      .bind(pixel.id),
    // No month has been rolled up so often, so its rollup is not valid.
    db.prepare('UPDATE months SET rolls = -1 WHERE pixel = ?').bind(pixel.id),
    db
      .prepare(
        `INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw, points)
         SELECT ?1, j.value ->> 0, j.value ->> 1, j.value ->> 2, ${DIRTY.eventsChanged}, ${RAW.stored}, j.value ->> 3 FROM json_each(?2) j
         WHERE ${hasPixel('?1')} AND (j.value ->> 3 OR EXISTS (
           SELECT 1 FROM events e WHERE e.pixel = ?1 AND e.ts >= j.value ->> 1 AND e.ts < j.value ->> 2))`,
      )
      .bind(pixel.id, JSON.stringify(made)),
    // A restored day may have files, which are of the day as it was.
    db
      .prepare(
        'UPDATE archives SET written_at = 0 WHERE pixel = ?1 AND day IN (SELECT value FROM json_each(?2))',
      )
      .bind(pixel.id, JSON.stringify(dates)),
    // Rollups of dates that still have a day are rewritten where they change. The others are deleted.
    ...['rollups', 'person_days'].map((table) =>
      db
        .prepare(
          `DELETE FROM ${table}
           WHERE pixel = ?1 AND day IN (SELECT value FROM json_each(?2))
             AND day NOT IN (SELECT day FROM days WHERE pixel = ?1)`,
        )
        .bind(pixel.id, JSON.stringify(dates)),
    ),
  ];
  const value = JSON.stringify([closedDays, days[0]?.[1] ?? 0, days.at(-1)?.[2] ?? 0, before]);
  await updatePixel(db, pixel.id, patch, also, { read, only: { sql: AS_LOOKED_AT, value } });
  return {
    recomputed_from: free[0]?.[0] ?? null,
    kept_until: closedDays.at(-1)?.day ?? null,
    uncounted_events: uncounted,
  };
}

interface OpenDay {
  readonly day: string;
  readonly starts_at: number;
  readonly ends_at: number;
  readonly points: number;
}

/** A day that stays in the old time zone. */
interface ClosedDay {
  readonly day: string;
  readonly raw: RawState;
  readonly starts_at: number;
  readonly ends_at: number;
}

/** The times of days, in epoch milliseconds, without those of other days. Both lists are in order. */
function without(
  days: readonly (readonly [day: string, start: number, end: number])[],
  others: readonly ClosedDay[],
): [start: number, end: number][] {
  const left: [number, number][] = [];
  let next = 0;
  for (const [, start, end] of days) {
    let from = start;
    while ((others[next]?.ends_at ?? Number.POSITIVE_INFINITY) <= from) next++;
    for (let index = next; from < end; index++) {
      const other = others[index];
      const until = Math.min(end, other?.starts_at ?? end);
      if (until > from) left.push([from, until]);
      from = Math.max(from, Math.min(end, other?.ends_at ?? end));
    }
  }
  return left;
}

/** Counts the events of some ranges of time. Each is looked up by itself, so no other event is read. */
async function countEvents(
  db: D1Database,
  pixel: string,
  times: readonly (readonly [start: number, end: number])[],
): Promise<number> {
  const count = await db
    .prepare(
      `SELECT count(*) AS events FROM json_each(?2) j
       CROSS JOIN events e ON e.pixel = ?1 AND e.ts >= j.value ->> 0 AND e.ts < j.value ->> 1`,
    )
    .bind(pixel, JSON.stringify(times))
    .first<number>('events');
  return count ?? 0;
}

/** The local days from one instant to another, with their bounds. */
function daysBetween(zone: string, from: number, to: number): [day: string, start: number, end: number][] {
  const days: [string, number, number][] = [];
  let { day, start } = localDayOf(zone, from);
  for (; start <= to; day = addDays(day, 1)) {
    const end = dayStart(zone, addDays(day, 1));
    if (end > start) days.push([day, start, end]);
    start = end;
  }
  return days;
}
