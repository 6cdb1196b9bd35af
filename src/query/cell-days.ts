/** The days of a protected answer, and the weeks in which their small groups are combined. */
import { addDays, weekStart } from '../model/time-zone.ts';
import type { ParsedQuery } from './parsed-query.ts';
import { bucketOf } from './range.ts';
import type { Span } from './spans.ts';

/** A day that may be reported, and the week whose cell it may be in: of its label, and of the full range; null for none. */
export interface CellDay {
  readonly day: string;
  readonly label: string;
  readonly weekOfLabel: string | null;
  readonly week: string | null;
}

/**
 * @param segments the segments of local days. A day may have multiple segments.
 * @param span its range ends with the last day that may be reported. A week that began before the pixel's first day is complete.
 */
export function cellDays(
  segments: readonly { readonly day: string }[],
  { range, reportable }: Pick<Span, 'range' | 'reportable'>,
  time: ParsedQuery['time'],
): CellDay[] {
  const first = reportable?.firstDay ?? null;
  const days = [...new Set(segments.map(({ day }) => day))];
  return days.map((day) => {
    const monday = weekStart(day);
    const sunday = addDays(monday, 6);
    const begins = monday >= range.from || (first !== null && range.from <= first);
    const week = begins && sunday <= range.to ? monday : null;
    const labelOf = (one: string): string => bucketOf(time, one, range.from);
    const label = labelOf(day);
    const isOne = labelOf(monday) === label && labelOf(sunday) === label;
    return { day, label, weekOfLabel: isOne ? week : null, week };
  });
}

/** The JSON parameter that `reportableDaysCte` in sql/cells.ts reads. */
export const cellDaysParameter = (days: readonly CellDay[]): string =>
  JSON.stringify(days.map(({ day, label, weekOfLabel, week }) => [day, label, weekOfLabel, week]));
