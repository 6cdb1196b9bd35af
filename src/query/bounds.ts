/**
 * The bounds of a query's date range. A query processes its range day by day (labels, stretches, months). So a range that cannot
 * have events is rejected first.
 */
import type { FieldError } from '../model/field-error.ts';
import { LIMITS } from '../model/limits.ts';
import { addDays, localDay } from '../model/time-zone.ts';
import type { ParsedQuery, Range } from './parsed-query.ts';

const DAY = 86_400_000;

/** Events begin in 2000 in UTC. In time zones west of it, the first local day is the day before. */
const FIRST_DAY = '1999-12-31';
/** How many days after today a range may end, since clients query full months and years. */
const DAYS_AHEAD = 366;

/** The error of a range of days, either of which may be missing; null if the range is valid. */
export function outOfBounds(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  zone: string,
  now: number,
): { readonly end: 'from' | 'to'; readonly message: string } | null {
  const today = localDay(zone, now);
  for (const [end, day] of [
    ['from', from],
    ['to', to],
  ] as const) {
    if (day === undefined) continue;
    if (day < FIRST_DAY) {
      return { end, message: 'There are no events from before 2000. Begin on 2000-01-01 or later.' };
    }
    if (end === 'from' && day > addDays(today, 1)) {
      return { end, message: `The range begins after tomorrow. Begin on ${today} or earlier.` };
    }
    if (day > addDays(today, DAYS_AHEAD)) {
      return { end, message: `The range ends more than a year after today. End on ${today}.` };
    }
  }
  return null;
}

/** The errors of a query's date range and of its comparison range. */
export function rangeErrors({ range, include }: ParsedQuery, zone: string, now: number): FieldError[] {
  const ranges: readonly (readonly [string, Range | null])[] = [
    ['date_range', range],
    ['include.comparisons.date_range', include.comparisons?.range ?? null],
  ];
  return ranges.flatMap(([path, one]) => {
    if (one === null || typeof one === 'string') return [];
    const message =
      'from' in one ? momentsOutOfBounds(one.from, one.to, now) : daysOutOfBounds(one, zone, now);
    return message === null ? [] : [{ path, message }];
  });
}

function daysOutOfBounds([from, to]: readonly [string, string], zone: string, now: number): string | null {
  return outOfBounds({ from, to }, zone, now)?.message ?? null;
}

/** Moments are checked before they become local days, since moments out of bounds may have no local day. */
function momentsOutOfBounds(from: number, to: number, now: number): string | null {
  if (from < LIMITS.oldestTs - DAY) {
    return 'There are no events from before 2000. Begin at 2000-01-01T00:00:00Z or later.';
  }
  if (from > now + 2 * DAY) return 'The range begins after tomorrow. Begin at an earlier time.';
  return to > now + DAYS_AHEAD * DAY
    ? 'The range ends more than a year from now. End at the current time.'
    : null;
}
