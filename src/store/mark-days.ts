/** Marks the days of a batch's events as dirty, and makes their rows. */
import type { PlacedEvent } from '../model/batch.ts';
import { Cache } from '../model/cache.ts';
import { DIRTY, RAW } from '../model/day-state.ts';
import { hasPixelIn } from './pixels.ts';

/** A day that is dirty already costs no write, unless its bounds have moved with the pixel's time zone. */
const MARK_DAYS = `
  INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw)
  SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, ${DIRTY.eventsChanged}, ${RAW.stored}
  FROM json_each(?1) j
  WHERE ${hasPixelIn('j.value ->> 0', 'j.value ->> 4')}
  ON CONFLICT (pixel, day) DO UPDATE SET dirty = ${DIRTY.eventsChanged}, starts_at = excluded.starts_at, ends_at = excluded.ends_at
  WHERE raw = ${RAW.stored}
    AND (dirty <> ${DIRTY.eventsChanged} OR starts_at <> excluded.starts_at OR ends_at <> excluded.ends_at)`;

/**
 * When the marks that this isolate has made recently expire, by day. A day that is not over stays dirty, so its next batches need
 * no statement to mark it. There are two exceptions. In the last minutes of a day every batch marks it, since a slow batch could
 * arrive after the cron has rolled the day up. And a mark expires soon, since the owner may delete the pixel with its days.
 */
const marks = new Cache<string, number>(1000);
const MARK_TIME = 10_000;
const LAST_MINUTES = 120_000;

/** The rows of days that have to be marked, by a key for this isolate. */
export type UnmarkedDays = ReadonlyMap<string, unknown[]>;

export function unmarkedDays(placed: readonly PlacedEvent[], now: number): UnmarkedDays {
  const days = new Map<string, unknown[]>();
  for (const { event, day } of placed) {
    // If the time zone has changed, days of the same date differ in their start.
    const key = `${event.pixel} ${day.day} ${day.start}`;
    if (days.has(key)) continue;
    if (day.end > now + LAST_MINUTES && (marks.get(key) ?? 0) > now) continue;
    days.set(key, [event.pixel, day.day, day.start, day.end, day.zone ?? null]);
  }
  return days;
}

/** The statement that marks days; none if there are none. */
export function markDays(db: D1Database, days: UnmarkedDays): D1PreparedStatement[] {
  return days.size === 0 ? [] : [db.prepare(MARK_DAYS).bind(JSON.stringify([...days.values()]))];
}

/** Remembers that D1 has marked these days. */
export function rememberMarks(days: UnmarkedDays, now: number): void {
  for (const key of days.keys()) marks.set(key, now + MARK_TIME);
}
