/** Resolves a query's range and time dimension to days and labels, in the pixel's time zone. */
import type { TimeDimension } from '../model/dimensions.ts';
import {
  addDays,
  clockAt,
  dayStart,
  instantOf,
  LEAP_DAY,
  localDay,
  monthStart,
  segments,
  weekStart,
  yearBefore,
} from '../model/time-zone.ts';
import type { Compared, Moments, Range } from './parsed-query.ts';

/** A first and a last local day, both included. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/** The most time labels of a query: a year of hours. */
export const MAX_LABELS = 9000;

const HOURS_A_DAY = 25;

/** Whether a range may have more than `MAX_LABELS` labels. For weeks and months, this counts the days. */
export function hasTooManyLabels(time: TimeDimension, range: DayRange): boolean {
  return dayCount(range) * (time === 'time:hour' ? HOURS_A_DAY : 1) > MAX_LABELS;
}

/**
 * @param firstDay the pixel's first day with events, for `all`; null when it has none.
 */
export function resolveRange(range: Range, zone: string, now: number, firstDay: string | null): DayRange {
  if (typeof range !== 'string') {
    return 'from' in range
      ? { from: localDay(zone, range.from), to: localDay(zone, range.to) }
      : { from: range[0], to: range[1] };
  }
  const today = localDay(zone, now);
  const since = (from: string): DayRange => ({ from, to: today });
  switch (range) {
    case 'day':
      return since(today);
    case '7d':
      return since(addDays(today, -6));
    case '28d':
      return since(addDays(today, -27));
    case '30d':
      return since(addDays(today, -29));
    case '91d':
      return since(addDays(today, -90));
    case 'month':
      return since(monthStart(today));
    case '6mo':
      return since(monthStart(today, -5));
    case '12mo':
      return since(monthStart(today, -11));
    case 'year':
      return since(`${today.slice(0, 4)}-01-01`);
    case 'all':
      return since(firstDay !== null && firstDay < today ? firstDay : today);
  }
}

/**
 * The comparison range of a query, in days or moments as the query's own range. It is computed from local dates and times, so a
 * day of 23 hours is as long as any other.
 */
export function comparedRange(
  compared: Compared,
  days: DayRange,
  moments: Moments | null,
  zone: string,
): Moments | readonly [string, string] {
  return moments && compared.range === null
    ? momentsBefore(moments, compared, zone)
    : comparedDayRange(compared, days);
}

/** The comparison range of a range of full days. */
export function comparedDayRange(
  { mode, range, matchDayOfWeek = false }: Compared,
  days: DayRange,
): readonly [string, string] {
  if (range !== null) return range;
  const count = dayCount(days);
  if (matchDayOfWeek) {
    const before = mode === 'year_over_year' ? yearBefore(days.from) : addDays(days.from, -count);
    const from = addDays(before, weekdayShift(days.from, before));
    return [from, addDays(from, count - 1)];
  }
  if (mode === 'year_over_year') return [yearBefore(days.from), yearBefore(days.to)];
  return [addDays(days.from, -count), addDays(days.to, -count)];
}

/**
 * How many days a day has to be moved, to the nearest one with the same day of the week as another. A day that is not the other one
 * does not become it.
 */
function weekdayShift(own: string, before: string): number {
  const distance = (Date.parse(own) - Date.parse(before)) / DAY;
  const ahead = ((distance % WEEK) + WEEK) % WEEK;
  const shift = ahead > WEEK / 2 ? ahead - WEEK : ahead;
  return distance > 0 && shift === distance ? shift - WEEK : shift;
}

const WEEK = 7;

/** The moments a year earlier, or those right before the range, in local time. */
function momentsBefore(
  { from, to }: Moments,
  { mode, matchDayOfWeek = false }: Compared,
  zone: string,
): Moments {
  const clocks = { from: clockAt(zone, from), to: clockAt(zone, to) };
  // In an hour that clocks repeat, the local time of the end may be before that of the beginning.
  const elapsed = clocks.to < clocks.from ? to - from : clocks.to - clocks.from;
  // The end is included. The end of an hour may be its last second or its last millisecond.
  const length = Math.ceil((elapsed + 1) / 1000) * 1000;
  const overYears = mode === 'year_over_year';
  const unmatched = overYears
    ? yearBeforeClocks(clocks)
    : { from: clocks.from - length, to: clocks.to - length };
  const before = matchDayOfWeek ? onSameWeekday(unmatched, clocks, overYears) : unmatched;
  const first = instantOf(zone, before.from, 'first');
  const last = instantOf(zone, before.to, 'last');
  // If clocks skipped the complete range, it begins after the skipped time and keeps its length.
  return { from: first, to: last < first ? first + to - from : last };
}

/** Moves local times by days, so that they begin on the same day of the week. Over years, they then have the same length. */
function onSameWeekday(before: Moments, clocks: Moments, overYears: boolean): Moments {
  const shift = DAY * weekdayShift(dayOf(clocks.from), dayOf(before.from));
  const from = before.from + shift;
  return { from, to: overYears ? from + clocks.to - clocks.from : before.to + shift };
}

/**
 * The moment of a day at which clocks show the same time as at another moment. A time that the day repeats counts when it comes first. If
 * the day skips the time, the moment after the skipped time counts.
 *
 * @param at a moment of the local day `today`.
 */
export function sameTimeOn(zone: string, day: string, today: string, at: number): number {
  const time = Math.min(Math.max(clockAt(zone, at) - Date.parse(today), 0), DAY);
  const moment = instantOf(zone, Date.parse(day) + time, 'first');
  return Math.min(Math.max(moment, dayStart(zone, day)), dayStart(zone, addDays(day, 1)));
}

function yearBeforeClocks({ from, to }: Moments): Moments {
  const earlier = (clock: number): number => Date.parse(yearBefore(dayOf(clock))) + (clock % DAY);
  // A range that ends on the 29th of February ends a year earlier with the complete 28th, unless it is within the 29th.
  const isCut = dayOf(to).endsWith(LEAP_DAY) && dayOf(from) < dayOf(to);
  return { from: earlier(from), to: isCut ? Date.parse(yearBefore(dayOf(to))) + DAY - 1 : earlier(to) };
}

const DAY = 86_400_000;

const dayOf = (clock: number): string => new Date(clock).toISOString().slice(0, 10);

/** The first labels of two ranges: see `comparisonLabel`. */
export function startsOf(
  time: TimeDimension,
  zone: string,
  spans: readonly [Spanned, Spanned],
): readonly [string, string] {
  const byHour = time === 'time:hour' && spans.every(({ moments }) => moments !== null);
  const start = ({ range, moments }: Spanned): string =>
    moments && byHour ? hourOf(clockAt(zone, moments.from)) : range.from;
  return [start(spans[0]), start(spans[1])];
}

interface Spanned {
  readonly range: DayRange;
  readonly moments: Moments | null;
}

const hourOf = (clock: number): string =>
  `${new Date(clock).toISOString().slice(0, 13).replace('T', ' ')}:00:00`;

/** The first day that a pixel has something of, of its events and, if a query asks for them, its imported totals. */
export function firstDayWith(firstDay: string | null, imported: DayRange | undefined): string | null {
  if (imported === undefined) return firstDay;
  return firstDay === null || imported.from < firstDay ? imported.from : firstDay;
}

/** The number of days in a range. */
export function dayCount({ from, to }: DayRange): number {
  return (Date.parse(to) - Date.parse(from)) / DAY + 1;
}

/** The days of a range, in order. */
export function daysIn({ from, to }: DayRange): string[] {
  const days: string[] = [];
  for (let day = from; day <= to; day = addDays(day, 1)) days.push(day);
  return days;
}

/** The months that are completely in a range, as `YYYY-MM`. */
export function fullMonths({ from, to }: DayRange): string[] {
  const months: string[] = [];
  const first = from.endsWith('-01') ? from : monthStart(from, 1);
  for (let start = first; addDays(monthStart(start, 1), -1) <= to; start = monthStart(start, 1)) {
    months.push(start.slice(0, 7));
  }
  return months;
}

/** Replaces `time` by the grain that suits the range. */
export function resolveTime(time: TimeDimension, range: DayRange): Exclude<TimeDimension, 'time'> {
  if (time !== 'time') return time;
  const days = dayCount(range);
  if (days <= 2) return 'time:hour';
  if (days <= 40) return 'time:day';
  return days <= 52 * 7 ? 'time:week' : 'time:month';
}

/**
 * The label under which a day's events are grouped. SQL adds the hour for each event. As in Plausible, the label of a month is
 * its first day. That of a week is its Monday, or the first day of the range if the range begins later.
 *
 * @param from the first day of the range.
 */
export function bucketOf(time: TimeDimension | null, day: string, from: string): string {
  switch (time) {
    case 'time:hour':
    case 'time:day':
      return day;
    case 'time:week': {
      const monday = weekStart(day);
      return monday < from ? from : monday;
    }
    case 'time:month':
      return monthStart(day);
    default:
      return '';
  }
}

/**
 * All labels of a range in order, with or without events, in the format of the SQL. An hour that clocks skip has no label. An
 * hour that they repeat has one.
 */
export function timeLabels(
  time: Exclude<TimeDimension, 'time'>,
  zone: string,
  { from, to }: DayRange,
): string[] {
  if (time !== 'time:hour') {
    return [...new Set(daysIn({ from, to }).map((day) => bucketOf(time, day, from)))];
  }
  const labels = new Set<string>();
  for (const { day, start, end, offset } of segments(zone, from, to)) {
    for (let local = start + offset; local < end + offset; local += 3_600_000 - (local % 3_600_000)) {
      labels.add(`${day} ${new Date(local).toISOString().slice(11, 13)}:00:00`);
    }
  }
  return [...labels];
}
