/** Resolves a question's range and time dimension to days and labels, in the pixel's time zone. */
import type { TimeDimension } from '../model/dimensions.ts';
import { addDays, localDay, monthStart, segments, weekStart } from '../model/time-zone.ts';
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

/** The range that a question is compared with, in the form in which its own was given. */
export function comparedRange(
  { mode, range }: Compared,
  days: DayRange,
  moments: Moments | null,
): Moments | readonly [string, string] {
  if (range !== null) return range;
  if (mode === 'year_over_year') {
    return moments
      ? { from: yearBefore(moments.from), to: yearBefore(moments.to) }
      : [dayOf(yearBefore(Date.parse(days.from))), dayOf(yearBefore(Date.parse(days.to)))];
  }
  if (moments) {
    const length = moments.to - moments.from + 1;
    return { from: moments.from - length, to: moments.to - length };
  }
  const count = dayCount(days);
  return [addDays(days.from, -count), addDays(days.to, -count)];
}

/** The same moment a year before in UTC; of the 29th of February, that of the 28th. */
function yearBefore(ts: number): number {
  const date = new Date(ts);
  const month = date.getUTCMonth();
  date.setUTCFullYear(date.getUTCFullYear() - 1);
  if (date.getUTCMonth() !== month) date.setUTCDate(0);
  return date.getTime();
}

const dayOf = (ts: number): string => new Date(ts).toISOString().slice(0, 10);

/** The number of days in a range. */
export function dayCount({ from, to }: DayRange): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1;
}

/** The months that lie in a range from their first to their last day, as `YYYY-MM`. */
export function wholeMonths({ from, to }: DayRange): string[] {
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

/** The label under which a day is gathered. Hours are labelled in SQL, event by event. */
export function bucketOf(time: TimeDimension | null, day: string): string {
  switch (time) {
    case 'time:hour':
    case 'time:day':
      return day;
    case 'time:week':
      return weekStart(day);
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
    for (let day = from; day <= to; day = addDays(day, 1)) labels.add(bucketOf(time, day));
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
