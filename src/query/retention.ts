/** Queries that need events, or columns, which are no longer stored. */
import type { Funnel } from '../model/goal.ts';
import type { Pixel } from '../model/pixel.ts';
import { addDays, localDay } from '../model/time-zone.ts';
import type { QueryContext } from './context.ts';
import type { DayStates } from './day-states.ts';
import type { Moments, ParsedQuery } from './parsed-query.ts';
import { canUseColumns, cutDays, isOfPeople } from './sources.ts';
import type { Span } from './spans.ts';

const DAY = 86_400_000;

/** What may need raw events. */
export interface Asker {
  /** As error messages begin. */
  readonly subject: string;
  /** Whether columns can answer it. */
  readonly byColumns: boolean;
}

/**
 * The error message of a query that needs deleted events; null if it needs none.
 *
 * @param days the days that columns have not answered.
 */
export function missingEvents(
  asker: Asker,
  { pixel, ...span }: Pick<QueryContext, 'pixel' | keyof Span>,
  days: DayStates,
  usesRollups: boolean,
): string | null {
  if (usesRollups) {
    if (days.lost === null) return null;
    return missingRollup(days) ?? beyondRetention(days.lost, asker, pixel, span);
  }
  const last = pastRetention(asker, pixel, span, days) ?? days.purged;
  if (last === null) return null;
  return (last === days.never ? missingRollup(days) : null) ?? beyondRetention(last, asker, pixel, span);
}

/**
 * With small-group protection: the last day of a span that can be answered no more. It is computed from the calendar. Whether a
 * day had events would reveal something about its visitors. Days before the pixel's first day with columns are answered as long
 * as their events are stored, later ones as long as columns are.
 */
export function pastRetention(
  asker: Asker,
  { timezone, settings }: Pixel,
  { range, reportable }: Pick<Span, 'range' | 'reportable'>,
  { first_columns = null }: Pick<DayStates, 'first_columns'>,
): string | null {
  if (reportable === null || reportable.firstDay === null) return null;
  const lastBefore = (days: number): string =>
    addDays(localDay(timezone, reportable.before - days * DAY), -1);
  const lastOfEvents = lastBefore(settings.retention_days);
  const last = asker.byColumns
    ? max(
        lastBefore(Math.max(settings.keep_days, settings.retention_days)),
        first_columns === null ? lastOfEvents : min(lastOfEvents, addDays(first_columns, -1)),
      )
    : lastOfEvents;
  const from = max(range.from, reportable.firstDay);
  return from <= range.to && from <= last ? min(range.to, last) : null;
}

const min = (one: string, other: string): string => (one < other ? one : other);
const max = (one: string, other: string): string => (one > other ? one : other);

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

function beyondRetention(
  lastDay: string,
  { subject, byColumns }: Asker,
  { timezone }: Pixel,
  { moments }: Pick<Span, 'moments'>,
): string {
  if (!byColumns) {
    return `${subject} needs raw events, and those up to ${lastDay} are past this pixel's retention and have been deleted. Begin the range after this day.`;
  }
  if (cutDays(moments, timezone).includes(lastDay)) {
    return `The range begins or ends within a minute of ${lastDay}, and the raw events of this day are past this pixel's retention and have been deleted. Begin and end with full minutes.`;
  }
  return `${subject} needs raw events or columns, and up to ${lastDay} this pixel has neither any more. Begin the range after this day, or simplify the query.`;
}

export function askerOf(query: ParsedQuery, { moments, trimmed }: Pick<Span, 'moments' | 'trimmed'>): Asker {
  return { subject: subjectOf(query, trimmed === null ? moments : null), byColumns: canUseColumns(query) };
}

/** The visits of a person may be days apart, so columns, which have no people, answer only funnels within a visit. */
export function askerOfFunnel({ within }: Funnel, query: ParsedQuery): Asker {
  if (within !== 'visit') return { subject: 'A funnel within hours', byColumns: false };
  const byColumns = canUseColumns(query);
  return { subject: byColumns ? 'A funnel' : 'A funnel with a filter by a dimension of people', byColumns };
}

function subjectOf(query: ParsedQuery, moments: Moments | null): string {
  const { dimensions, filters, metrics, time } = query;
  if (metrics.some(({ ofPeople }) => ofPeople)) return 'A query that counts people';
  if (dimensions.some((dimension) => dimension?.kind === 'person')) return 'A query by a dimension of people';
  if (isOfPeople(query)) return 'A query with a filter by a dimension of people';
  if (filters.length > 0) return 'A query with filters';
  if (moments !== null) return 'A range with times of day';
  return time === 'time:hour' ? 'A query by hour' : 'A query with multiple dimensions';
}
