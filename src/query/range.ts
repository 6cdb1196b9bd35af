/** Resolves a question's range and time dimension to days and labels, in the pixel's time zone. */
import type { TimeDimension } from '../model/dimensions.ts';
import {
  addDays,
  clockAt,
  instantOf,
  LEAP_DAY,
  localDay,
  monthStart,
  segments,
  weekStart,
  yearBefore,
} from '../model/time-zone.ts';
import type { Compared, Moments, Range } from './question.ts';

/** A first and a last local day, both included. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/** What labels may be asked for at once: a year of hours. */
export const MAX_LABELS = 9000;

const HOURS_A_DAY = 25;

/** Whether a range may have more labels than may be asked for. Weeks and months are counted by their days. */
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
 * The range that a question is compared with, in the form in which its own was given. It is found by what calendars and clocks
 * of the zone show: a day of 23 hours is as long as any.
 */
export function comparedRange(
  { mode, range }: Compared,
  days: DayRange,
  moments: Moments | null,
  zone: string,
): Moments | readonly [string, string] {
  if (range !== null) return range;
  if (moments) return momentsBefore(moments, mode === 'year_over_year', zone);
  if (mode === 'year_over_year') return [yearBefore(days.from), yearBefore(days.to)];
  const count = dayCount(days);
  return [addDays(days.from, -count), addDays(days.to, -count)];
}

/** Moments a year before, or right before, by the clocks of a zone. */
function momentsBefore({ from, to }: Moments, overYears: boolean, zone: string): Moments {
  const clocks = { from: clockAt(zone, from), to: clockAt(zone, to) };
  // Within an hour that clocks repeat, they may show less at the end than at the beginning.
  const shown = clocks.to < clocks.from ? to - from : clocks.to - clocks.from;
  // The end is included: that of an hour is given as its last second, or its last millisecond.
  const length = Math.ceil((shown + 1) / 1000) * 1000;
  const before = overYears
    ? yearBeforeClocks(clocks)
    : { from: clocks.from - length, to: clocks.to - length };
  const first = instantOf(zone, before.from, 'first');
  const last = instantOf(zone, before.to, 'last');
  // Where nothing is left, since the clocks skipped it all: as long from there on.
  return { from: first, to: last < first ? first + to - from : last };
}

function yearBeforeClocks({ from, to }: Moments): Moments {
  const earlier = (clock: number): number => Date.parse(yearBefore(dayOf(clock))) + (clock % DAY);
  // With the 28th before it, the 29th of February has no day of its own: all of the 28th is before it.
  const isCut = dayOf(to).endsWith(LEAP_DAY) && dayOf(from) < dayOf(to);
  return { from: earlier(from), to: isCut ? Date.parse(yearBefore(dayOf(to))) + DAY - 1 : earlier(to) };
}

const DAY = 86_400_000;

const dayOf = (clock: number): string => new Date(clock).toISOString().slice(0, 10);

/** Where two ranges begin, for labels of a time: see `comparisonLabel`. */
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

/** The number of days in a range. */
export function dayCount({ from, to }: DayRange): number {
  return (Date.parse(to) - Date.parse(from)) / DAY + 1;
}

/** The months that lie in a range from their first to their last day, as `YYYY-MM`. */
export function fullMonths({ from, to }: DayRange): string[] {
  const months: string[] = [];
  const first = from.endsWith('-01') ? from : monthStart(from, 1);
  for (let start = first; addDays(monthStart(start, 1), -1) <= to; start = monthStart(start, 1)) {
    months.push(start.slice(0, 7));
  }
  return months;
}

/** `time` stands for the grain that suits the range. */
export function resolveTime(time: TimeDimension, range: DayRange): Exclude<TimeDimension, 'time'> {
  if (time !== 'time') return time;
  const days = dayCount(range);
  if (days <= 2) return 'time:hour';
  if (days <= 40) return 'time:day';
  return days <= 52 * 7 ? 'time:week' : 'time:month';
}

/**
 * The label under which a day is gathered. Hours are labelled in SQL, event by event. As in Plausible a month is labelled by
 * its first day, and a week by its Monday, or by the first day of the range where it begins before that.
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
 * All labels of a range in order, with or without events, as the SQL of local days writes them. An hour that the
 * clocks skipped has none, one that they repeated has one.
 */
export function timeLabels(
  time: Exclude<TimeDimension, 'time'>,
  zone: string,
  { from, to }: DayRange,
): string[] {
  if (time !== 'time:hour') {
    const labels = new Set<string>();
    for (let day = from; day <= to; day = addDays(day, 1)) labels.add(bucketOf(time, day, from));
    return [...labels];
  }
  const labels = new Set<string>();
  for (const { day, start, end, offset } of segments(zone, from, to)) {
    for (let local = start + offset; local < end + offset; local += 3_600_000 - (local % 3_600_000)) {
      labels.add(`${day} ${new Date(local).toISOString().slice(11, 13)}:00:00`);
    }
  }
  return [...labels];
}
