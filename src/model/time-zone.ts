/**
 * Local days in any IANA time zone, computed from the offset changes of the zone. A call to `Intl` takes some microseconds, so
 * the changes of each zone and year are cached; the rest is arithmetic.
 *
 * A local day is the span from the first instant with its local date to the first instant of the next day. It has 23, 24 or 25
 * hours, 23.5 or 24.5 on Lord Howe Island, or none: Samoa skipped 2011-12-30.
 */

import { Cache } from './cache.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Years have four digits, so that days sort as texts. */
const FIRST_YEAR = 0;
const LAST_YEAR = 9999;

/** A part of a local day with one offset. A day without an offset change has one segment. */
export interface Segment {
  /** The local date, `YYYY-MM-DD`. */
  readonly day: string;
  /** Epoch milliseconds; `end` is excluded. */
  readonly start: number;
  readonly end: number;
  /** Local time minus UTC, in milliseconds. */
  readonly offset: number;
}

/** From `at` on (epoch milliseconds) local time is UTC plus `offset`. */
interface OffsetChange {
  readonly at: number;
  readonly offset: number;
}

/** There are few zones but many years, since an owner may import twenty. Entries that are dropped are computed again. */
const cachedYears = new Cache<string, readonly OffsetChange[]>(2000);
const formats = new Cache<string, Intl.DateTimeFormat>(200);

/** Whether the runtime has a time zone of this name. An offset such as `+05:30` is not a zone. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    format(name);
    return true;
  } catch {
    return false;
  }
}

/** The latest zone and year: a query may need ten thousand days, one after the other. */
let recent = { zone: '', from: 0, until: 0, changes: [] as readonly OffsetChange[] };

/** Local time minus UTC at an instant, in milliseconds. */
export function offsetAt(zone: string, ts: number): number {
  if (ts < recent.from || ts >= recent.until || zone !== recent.zone) {
    // No zone changed before 1600, and for earlier years `Intl` uses other calendars.
    const year = Math.min(Math.max(new Date(ts).getUTCFullYear(), 1600), LAST_YEAR);
    const changes = changesOf(zone, year);
    recent = { zone, from: Date.UTC(year, 0, 1), until: Date.UTC(year + 1, 0, 1), changes };
  }
  let offset = recent.changes[0]?.offset ?? 0;
  for (const change of recent.changes) {
    if (change.at > ts) break;
    offset = change.offset;
  }
  return offset;
}

/** The first instant of a local day, in epoch milliseconds. */
export function dayStart(zone: string, day: string): number {
  return startOf(zone, midnightOf(day));
}

/** Midnight of a day in UTC, in epoch milliseconds. */
const midnightOf = (day: string): number => Date.parse(`${day}T00:00:00Z`);

/** The first instant of the local day that has the same date as a midnight in UTC. */
function startOf(zone: string, midnight: number): number {
  // Offsets are between UTC-12 and UTC+14, so the local midnight is between 15 hours before and 15 hours after.
  const before = offsetAt(zone, midnight - 15 * HOUR);
  const after = offsetAt(zone, midnight + 15 * HOUR);
  if (before === after) return midnight - before;
  const change = changeWithin(zone, midnight - 15 * HOUR, midnight + 15 * HOUR);
  if (midnight - before < change) return midnight - before;
  return Math.max(change, midnight - after);
}

/** The local day that holds an instant. */
export function localDay(zone: string, ts: number): string {
  const day = isoDay(ts + offsetAt(zone, ts));
  // Where clocks were set back over midnight (Newfoundland until 2011), the local date appears twice.
  if (ts < dayStart(zone, day)) return addDays(day, -1);
  const next = addDays(day, 1);
  return ts >= dayStart(zone, next) ? next : day;
}

/** The local time of a zone at an instant, read as UTC, in epoch milliseconds. */
export function clockAt(zone: string, ts: number): number {
  return ts + offsetAt(zone, ts);
}

/**
 * The instant of a local time. A time that the clocks repeat has a first and a last instant. A time that they skip has the first
 * instant after it as its first, and the last instant before it as its last.
 *
 * @param clock a local time as `clockAt` returns it.
 */
export function instantOf(zone: string, clock: number, which: 'first' | 'last'): number {
  // As in `startOf`: offsets are between UTC-12 and UTC+14.
  const before = offsetAt(zone, clock - 15 * HOUR);
  const after = offsetAt(zone, clock + 15 * HOUR);
  if (before === after) return clock - before;
  const change = changeWithin(zone, clock - 15 * HOUR, clock + 15 * HOUR);
  const isBefore = clock - before < change;
  const isAfter = clock - after >= change;
  if (!isBefore && !isAfter) return which === 'first' ? change : change - 1;
  return isBefore && (which === 'first' || !isAfter) ? clock - before : clock - after;
}

/**
 * The segments of the local days `from` to `to`, inclusive. Days that a zone skipped have none.
 * @throws RangeError if `to` is the last day, as `addDays` does.
 */
export function segments(zone: string, from: string, to: string): Segment[] {
  const all: Segment[] = [];
  const last = midnightOf(addDays(to, 1));
  let start = dayStart(zone, from);
  for (let midnight = midnightOf(from); midnight < last; midnight += DAY) {
    const end = startOf(zone, midnight + DAY);
    if (end > start) all.push(...split(zone, isoDay(midnight), start, end));
    start = end;
  }
  return all;
}

function split(zone: string, day: string, start: number, end: number): Segment[] {
  const first = offsetAt(zone, start);
  const last = offsetAt(zone, end - 1);
  if (first === last) return [{ day, start, end, offset: first }];
  const change = changeWithin(zone, start, end);
  return [
    { day, start, end: change, offset: first },
    { day, start: change, end, offset: last },
  ];
}

/**
 * The day `count` days after a day. `count` may be negative.
 * @throws RangeError for a result outside of the years 0 to 9999, as all functions here that return a day.
 */
export function addDays(day: string, count: number): string {
  return isoDay(midnightOf(day) + count * DAY);
}

/** The same date a year before; for the 29th of February, the 28th. */
export function yearBefore(day: string): string {
  const year = String(Number(day.slice(0, 4)) - 1).padStart(4, '0');
  return year + (day.endsWith(LEAP_DAY) ? '-02-28' : day.slice(4));
}

/** The month and day of the date that exists in leap years only. */
export const LEAP_DAY = '-02-29';

/** The Monday of the week that holds a day. */
export function weekStart(day: string): string {
  const weekday = (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
  return addDays(day, -weekday);
}

/** The first day of the month `count` months after the month of a day. */
export function monthStart(day: string, count = 0): string {
  const date = new Date(`${day}T00:00:00Z`);
  // `Date.UTC` maps the years before 100 to the 20th century.
  return isoDay(date.setUTCMonth(date.getUTCMonth() + count, 1));
}

/** Whether a text is a date that exists, in the form `YYYY-MM-DD`. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ts = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(ts) && isoDay(ts) === text;
}

function isoDay(ts: number): string {
  const date = new Date(ts);
  const year = date.getUTCFullYear();
  if (!(year >= FIRST_YEAR && year <= LAST_YEAR)) throw new RangeError('No day of the years 0 to 9999.');
  return date.toISOString().slice(0, 10);
}

/** The last offset change in a span, which must have one. */
function changeWithin(zone: string, from: number, to: number): number {
  let at = from;
  const years = new Set([new Date(from).getUTCFullYear(), new Date(to).getUTCFullYear()]);
  for (const year of years) {
    for (const change of changesOf(zone, year).slice(1)) {
      if (change.at > from && change.at <= to) at = change.at;
    }
  }
  return at;
}

/** The offset changes of a year. The first entry is the offset at the beginning of the year in UTC. */
function changesOf(zone: string, year: number): readonly OffsetChange[] {
  const key = `${zone} ${year}`;
  const cached = cachedYears.get(key);
  if (cached) return cached;
  const changes = findChanges(zone, year);
  cachedYears.set(key, changes);
  return changes;
}

function findChanges(zone: string, year: number): OffsetChange[] {
  const begin = Date.UTC(year, 0, 1);
  const end = Date.UTC(year + 1, 0, 1);
  let offset = intlOffset(zone, begin);
  const changes: OffsetChange[] = [{ at: begin, offset }];
  // No zone has changed twice within a week, so comparing weekly finds every change.
  for (let at = begin; at < end; at += 7 * DAY) {
    const next = Math.min(at + 7 * DAY, end - 1000);
    const nextOffset = intlOffset(zone, next);
    if (nextOffset === offset) continue;
    changes.push({ at: findChange(zone, at, next, offset), offset: nextOffset });
    offset = nextOffset;
  }
  return changes;
}

/** The instant, to the second, at which the offset changes from `offset`: after `low`, not after `high`. */
function findChange(zone: string, low: number, high: number, offset: number): number {
  let [before, after] = [low / 1000, high / 1000];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (intlOffset(zone, middle * 1000) === offset) before = middle;
    else after = middle;
  }
  return after * 1000;
}

/** Local time minus UTC according to `Intl`. `ts` is a full second. */
function intlOffset(zone: string, ts: number): number {
  const parts = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const { type, value } of format(zone).formatToParts(ts)) {
    if (type in parts) parts[type as keyof typeof parts] = Number(value);
  }
  const { year, month, day, hour, minute, second } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - ts;
}

function format(zone: string): Intl.DateTimeFormat {
  let cached = formats.get(zone);
  if (!cached) {
    cached = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, cached);
  }
  return cached;
}
