/** Moves a pixel to another time zone: its days are cut anew, as far as raw events reach. */
import { DIRTY, RAW, type RawState } from '../model/day-state.ts';
import { localDayOf } from '../model/local-day.ts';
import type { Pixel } from '../model/pixel.ts';
import { addDays, dayStart } from '../model/time-zone.ts';
import { type PixelPatch, updatePixel } from './pixel-changes.ts';
import { hasPixel } from './pixels.ts';

const KEPT_DAYS = `SELECT day, raw, starts_at, ends_at FROM days WHERE pixel = ?1 AND raw > ${RAW.stored} ORDER BY ends_at`;

/** SQL for whether the same days are closed as before, and all events are within the new zone's days: `?7` holds both. */
const AS_LOOKED_AT = `
  (SELECT json_group_array(json_object('day', day, 'raw', raw, 'starts_at', starts_at, 'ends_at', ends_at)) FROM (${KEPT_DAYS}))
    = ?7 ->> 0
  AND NOT EXISTS (SELECT 1 FROM events e WHERE e.pixel = ?1 AND e.ts < ?7 ->> 1)
  AND NOT EXISTS (SELECT 1 FROM events e WHERE e.pixel = ?1 AND e.ts >= ?7 ->> 2)`;

export interface Rezoned {
  /** The first day in the new time zone; null when there are no raw events. */
  readonly recomputed_from: string | null;
  /** The last day that stays cut in the old one, for its raw events are past retention; null when there is none. */
  readonly kept_until: string | null;
  /** Events that count in no day from now on: those of the new zone's days that have the same date as one that is kept. */
  readonly uncounted_events: number;
}

/**
 * @param pixel with its new time zone.
 * @param patch what is changed of it together with that.
 * @param read what the change was decided by, as `readForChange` tells it.
 * @throws Conflict when that has changed, or a day was closed, or an event came before or after all of these days.
 */
export async function changeTimeZone(
  db: D1Database,
  pixel: Pixel,
  patch: PixelPatch = { timezone: pixel.timezone },
  read?: string,
): Promise<Rezoned> {
  const [kept, old, reach] = await db.batch<Record<string, unknown>>([
    db.prepare(KEPT_DAYS).bind(pixel.id),
    db.prepare(`SELECT day FROM days WHERE pixel = ? AND raw = ${RAW.stored}`).bind(pixel.id),
    // Each by itself is looked up in the index; both of one SELECT would read all events.
    db
      .prepare(
        `SELECT (SELECT min(ts) FROM events WHERE pixel = ?1) AS first,
           (SELECT max(ts) FROM events WHERE pixel = ?1) AS last`,
      )
      .bind(pixel.id),
  ]);
  const keptDays = (kept?.results ?? []) as unknown as readonly KeptDay[];
  const reached = reach?.results[0] as { first: number | null; last: number | null } | undefined;
  const [first, last] = [reached?.first ?? null, reached?.last ?? null];
  const days = first === null || last === null ? [] : daysBetween(pixel.timezone, first, last);
  // A date can stand for one day only.
  const taken = new Set(keptDays.map(({ day }) => day));
  const free = days.filter(([day]) => !taken.has(day));
  const lost = days.filter(([day]) => taken.has(day));
  const counted = keptDays.filter(({ raw }) => raw === RAW.purging);
  const uncounted = await countEvents(db, pixel.id, without(lost, counted));
  const dates = (old?.results ?? []).map(({ day }) => day);
  const also = [
    db.prepare(`DELETE FROM days WHERE pixel = ? AND raw = ${RAW.stored}`).bind(pixel.id),
    ...['rollup_slices', 'month_rollups', 'months'].map((table) =>
      db.prepare(`DELETE FROM ${table} WHERE pixel = ?`).bind(pixel.id),
    ),
    db
      .prepare(
        `INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw)
         SELECT ?1, j.value ->> 0, j.value ->> 1, j.value ->> 2, ${DIRTY.eventsChanged}, ${RAW.stored} FROM json_each(?2) j
         WHERE ${hasPixel('?1')} AND EXISTS (
           SELECT 1 FROM events e WHERE e.pixel = ?1 AND e.ts >= j.value ->> 1 AND e.ts < j.value ->> 2)`,
      )
      .bind(pixel.id, JSON.stringify(free)),
    // The rollups of days that go on under the same date are rewritten where they change; those of no day go.
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
  const value = JSON.stringify([keptDays, days[0]?.[1] ?? 0, days.at(-1)?.[2] ?? 0]);
  await updatePixel(db, pixel.id, patch, also, { read, only: { sql: AS_LOOKED_AT, value } });
  return {
    recomputed_from: free[0]?.[0] ?? null,
    kept_until: keptDays.at(-1)?.day ?? null,
    uncounted_events: uncounted,
  };
}

/** A day whose raw events are being purged or gone. */
interface KeptDay {
  readonly day: string;
  readonly raw: RawState;
  readonly starts_at: number;
  readonly ends_at: number;
}

/** The times of some days, in epoch milliseconds, without those of others. Both are in order. */
function without(
  days: readonly (readonly [day: string, start: number, end: number])[],
  others: readonly KeptDay[],
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

/** Counts the events of some times. Each is looked up by itself: no other event is read. */
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

/** The local days from that of one instant to that of another, with their bounds. */
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
