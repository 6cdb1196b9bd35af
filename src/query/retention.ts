/** Queries that need events which are no longer stored. */
import type { Pixel } from '../model/pixel.ts';
import { addDays, localDay } from '../model/time-zone.ts';
import type { QueryContext } from './context.ts';
import type { DayStates } from './day-states.ts';
import type { ParsedQuery } from './parsed-query.ts';
import type { Span } from './spans.ts';

const DAY = 86_400_000;

/** The error message of a query that needs deleted events; null if it needs none. */
export function missingEvents(
  query: ParsedQuery,
  { pixel, ...span }: Pick<QueryContext, 'pixel' | keyof Span>,
  days: DayStates,
  usesRollups: boolean,
): string | null {
  if (usesRollups) {
    if (days.lost === null) return null;
    return missingRollup(days) ?? beyondRetention(days.lost, query, span);
  }
  const last = pastRetention(pixel, span) ?? days.purged;
  return last === null ? null : beyondRetention(last, query, span);
}

/**
 * With small-group protection: the last day of a span whose events are past retention. It is computed from the calendar. Whether
 * a day had events would reveal something about its visitors.
 */
export function pastRetention(
  { timezone, settings }: Pixel,
  { range, reportable }: Pick<Span, 'range' | 'reportable'>,
): string | null {
  if (reportable === null || reportable.firstDay === null) return null;
  const last = addDays(localDay(timezone, reportable.before - settings.retention_days * DAY), -1);
  const from = range.from > reportable.firstDay ? range.from : reportable.firstDay;
  return from <= range.to && from <= last ? (range.to < last ? range.to : last) : null;
}

/** Why rollups cannot answer for days with deleted events; null if they can. */
function missingRollup({ never, lacking }: DayStates): string | null {
  if (never !== null) {
    return `The rollup of ${never} failed until its raw events were past this pixel's retention and deleted. Choose a range without this day.`;
  }
  if (lacking !== null) {
    return `Days up to ${lacking} were rolled up by an older version of Speck without a metric or dimension of this query, and their raw events are past this pixel's retention and have been deleted. Begin the range after this day, or leave out the metric or dimension.`;
  }
  return null;
}

function beyondRetention(lastDay: string, query: ParsedQuery, { moments }: Pick<Span, 'moments'>): string {
  const { dimensions, filters, metrics, time } = query;
  const subject =
    filters.length > 0
      ? 'A query with filters'
      : moments !== null
        ? 'A range with times of day'
        : metrics.some(({ ofPeople }) => ofPeople)
          ? 'A query that counts people'
          : time === 'time:hour'
            ? 'A query by hour'
            : dimensions.some((dimension) => dimension?.kind === 'person')
              ? 'A query by a dimension of people'
              : 'A query with multiple dimensions';
  return `${subject} needs raw events, and those up to ${lastDay} are past this pixel's retention and have been deleted. Begin the range after this day, or simplify the query.`;
}
