/** Which day or hour of another range stands beside one of this: by the calendar, in local dates, never by UTC. */
import { LEAP_DAY, yearBefore } from './time-zone.ts';

/** Where two ranges begin that are compared: their first local days, or their first hours, `YYYY-MM-DD HH:00:00`. */
export type RangeStarts = readonly [here: string, there: string];

/**
 * The label of the other range for a day's or hour's of this one. Over a year it is the same date; else as many days, or
 * hours, from the start as here.
 *
 * @returns null for a day without a counterpart: a 29th of February that comes after its 28th, which has the same.
 */
export function comparisonLabel(
  label: string,
  [here, there]: RangeStarts,
  overYears: boolean,
): string | null {
  const day = label.slice(0, 10);
  if (overYears) {
    return day.endsWith(LEAP_DAY) && here.slice(0, 10) < day ? null : yearBefore(day) + label.slice(10);
  }
  const moved = new Date(clockOf(label) + clockOf(there) - clockOf(here)).toISOString();
  return label.length > 10 ? `${moved.slice(0, 10)} ${moved.slice(11, 13)}:00:00` : moved.slice(0, 10);
}

/** A label as if it were UTC, in epoch milliseconds. */
function clockOf(label: string): number {
  return Date.parse(label.length > 10 ? `${label.replace(' ', 'T')}Z` : label);
}
