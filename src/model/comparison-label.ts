/** Which day or hour of a comparison range corresponds to one of the queried range: by local dates, never by UTC. */
import { LEAP_DAY, yearBefore } from './time-zone.ts';

/** The first local days of a range and of the range it is compared to, or their first hours, `YYYY-MM-DD HH:00:00`. */
export type RangeStarts = readonly [current: string, comparison: string];

/**
 * The label in the comparison range for a day's or an hour's label: the same date a year before, or as many days or hours after the
 * start.
 *
 * @param overYears whether the comparison is to the year before.
 * @returns null for a day without a counterpart: a 29th of February in a range that also has the 28th.
 */
export function comparisonLabel(
  label: string,
  [current, comparison]: RangeStarts,
  overYears: boolean,
): string | null {
  const day = label.slice(0, 10);
  if (overYears) {
    return day.endsWith(LEAP_DAY) && current.slice(0, 10) < day ? null : yearBefore(day) + label.slice(10);
  }
  const moved = new Date(clockOf(label) + clockOf(comparison) - clockOf(current)).toISOString();
  return label.length > 10 ? `${moved.slice(0, 10)} ${moved.slice(11, 13)}:00:00` : moved.slice(0, 10);
}

/** A label read as UTC, in epoch milliseconds. */
function clockOf(label: string): number {
  return Date.parse(label.length > 10 ? `${label.replace(' ', 'T')}Z` : label);
}
