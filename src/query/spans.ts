/** The days that a query is about: its own span, and the one that it is compared with. */
import type { FieldError } from '../model/field-error.ts';
import { peopleSince } from '../model/person.ts';
import type { Pixel } from '../model/pixel.ts';
import { err, ok, type Result } from '../model/result.ts';
import { dayStart, localDay } from '../model/time-zone.ts';
import { firstDayOf } from '../store/days.ts';
import { rangeErrors } from './bounds.ts';
import type { Moments, ParsedQuery } from './parsed-query.ts';
import {
  comparedRange,
  type DayRange,
  firstDayWith,
  hasTooManyLabels,
  MAX_LABELS,
  resolveRange,
  resolveTime,
  sameTimeOn,
} from './range.ts';
import { isProtected, reportableRange } from './small-groups.ts';

/** Days of a pixel and, if the range does not consist of full days, its moments. */
export interface Span {
  /** With small-group protection, the range ends with the last day that may be reported. */
  readonly range: DayRange;
  readonly moments: Moments | null;
  /** The last day of the range, if it is the only one that `moments` do not include in full; else null. */
  readonly trimmed: string | null;
  /** The first day whose people are stored. */
  readonly peopleSince: string;
  /** With small-group protection: which days may be reported. Null without. */
  readonly reportable: Reportable | null;
}

export interface Reportable {
  /** A moment, in epoch milliseconds: only days that ended by then are reported. */
  readonly before: number;
  /** The pixel's first day with events; null if it has none. */
  readonly firstDay: string | null;
}

/** The spans of a query, its own first. */
export interface QuerySpans {
  /** The query, with its time dimension resolved. */
  readonly query: ParsedQuery;
  /** The requested range. It may end after the last day that may be reported. */
  readonly range: DayRange;
  readonly spans: readonly [Span, Span?];
  /** The comparison's range, in the form of the query's own; null without a comparison. */
  readonly comparedRange: Moments | readonly [string, string] | null;
}

/** Checks the time range of a query and of its comparison, and resolves both. */
export async function resolveSpans(
  db: D1Database,
  query: ParsedQuery,
  pixel: Pixel,
  now: number,
): Promise<Result<QuerySpans, readonly FieldError[]>> {
  const outOfBounds = rangeErrors(query, pixel.timezone, now);
  if (outOfBounds.length > 0) return err(outOfBounds);
  const needsFirstDay = isProtected(pixel.settings.min_group) || query.range === 'all';
  return spansOf(query, pixel, now, needsFirstDay ? await firstDayOf(db, pixel.id) : null);
}

/** @param firstDay the pixel's first day with events; null if it has none, or if neither `all` nor protection needs it. */
function spansOf(
  query: ParsedQuery,
  pixel: Pixel,
  now: number,
  firstDay: string | null,
): Result<QuerySpans, readonly FieldError[]> {
  const { settings, timezone } = pixel;
  const isSafe = isProtected(settings.min_group);
  const first = query.include.imports ? firstDayWith(firstDay, pixel.imported) : firstDay;
  const range = resolveRange(query.range, timezone, now, first);
  const moments = momentsOf(query.range);
  const timed = withTime(query, query.time && resolveTime(query.time, range));
  const reported = isSafe ? reportableRange(range, timezone, now) : range;
  const { comparisons } = query.include;
  const today = localDay(timezone, now);
  const days = elapsedDays(reported.from <= reported.to ? reported : range, today);
  const compared = comparisons && comparedRange(comparisons, days, moments, timezone);
  const otherRange = compared && resolveRange(compared, timezone, now, null);
  const errors = labelErrors(timed, range, otherRange);
  if (errors.length > 0) return err(errors);
  const reportable = isSafe ? { before: now, firstDay } : null;
  const span: Span = { range: reported, moments, trimmed: null, peopleSince: peopleSince(now), reportable };
  if (!compared || !otherRange) return ok({ query: timed, range, spans: [span], comparedRange: null });
  const other: Span = {
    ...span,
    range: isSafe ? reportableRange(otherRange, timezone, now) : otherRange,
    moments: momentsOf(compared),
  };
  const endsToday = !isSafe && moments === null && days.to === today;
  const spans = [span, endsToday ? trimmedTo(other, timezone, now) : other] as const;
  return ok({ query: timed, range, spans, comparedRange: compared });
}

/** The days of a range that have begun; all of them, if none has. */
function elapsedDays({ from, to }: DayRange, today: string): DayRange {
  return { from, to: from <= today && today < to ? today : to };
}

const MINUTE = 60_000;

/**
 * A span of full days, of whose last day only the time up to the local time of another moment counts, in full minutes.
 * @param at a moment of today, at which the range ends that this one is compared with.
 */
export function trimmedTo(span: Span, zone: string, at: number): Span {
  const { from, to } = span.range;
  const end = sameTimeOn(zone, to, localDay(zone, at), Math.floor(at / MINUTE) * MINUTE);
  return { ...span, trimmed: to, moments: { from: dayStart(zone, from), to: end - 1 } };
}

/** The same span with its last day in full. */
export const untrimmed = (span: Span): Span => ({ ...span, trimmed: null, moments: null });

export function momentsOf(range: ParsedQuery['range']): Moments | null {
  return typeof range === 'object' && 'from' in range ? range : null;
}

function withTime(query: ParsedQuery, time: ParsedQuery['time']): ParsedQuery {
  return {
    ...query,
    time,
    order: query.order.map(([key, direction]) => [key === 'time' && time ? time : key, direction] as const),
  };
}

/** A comparison pairs rows by the labels of both ranges. */
function labelErrors({ time, include }: ParsedQuery, range: DayRange, other: DayRange | null): FieldError[] {
  if (time === null) return [];
  const message = `The range has more than ${MAX_LABELS} time labels. Choose a shorter range or a coarser time dimension.`;
  if (include.time_labels && hasTooManyLabels(time, range)) return [{ path: 'include.time_labels', message }];
  if (other && [range, other].some((one) => hasTooManyLabels(time, one))) {
    return [{ path: 'include.comparisons', message }];
  }
  return [];
}
