/**
 * The bounds of what may be asked for in days. All that is done with a range (labels, stretches, months) is done day by day,
 * so a range that no event can be in is refused before.
 */
import type { FieldError } from '../model/field-error.ts';
import { LIMITS } from '../model/limits.ts';
import { addDays, localDay } from '../model/time-zone.ts';
import type { Question, Range } from './question.ts';

const DAY = 86_400_000;

/** The first moment that Speck takes events of is in the year 2000 in UTC; west of it that is the day before. */
const FIRST_DAY = '1999-12-31';
/** Ranges may end after today, since clients ask for whole months and years: by so many days. */
const DAYS_AHEAD = 366;

/** What is wrong with a range of days, either of which may be left open, in a sentence; null if nothing is. */
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
      return { end, message: 'There are no events from before 2000. Ask from 2000-01-01 or later.' };
    }
    if (end === 'from' && day > addDays(today, 1)) {
      return { end, message: `The range begins after tomorrow. Ask from ${today} or earlier.` };
    }
    if (day > addDays(today, DAYS_AHEAD)) {
      return { end, message: `The range ends more than a year from today. Ask up to ${today}.` };
    }
  }
  return null;
}

/** What is wrong with the ranges of a question: its own, and that which it is compared with. */
export function rangeErrors({ range, include }: Question, zone: string, now: number): FieldError[] {
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

/** Moments are looked at before their local days are: far away there are none. */
function momentsOutOfBounds(from: number, to: number, now: number): string | null {
  if (from < LIMITS.oldestTs - DAY) {
    return 'There are no events from before 2000. Ask from 2000-01-01T00:00:00Z or later.';
  }
  if (from > now + 2 * DAY) return 'The range begins after tomorrow. Ask from an earlier time.';
  return to > now + DAYS_AHEAD * DAY ? 'The range ends more than a year from now. Ask up to now.' : null;
}
