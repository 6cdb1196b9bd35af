/** The days that a query is about: its own span, and the one that it is compared with. */
import type { FieldError } from '../model/field-error.ts';
import { peopleSince } from '../model/person.ts';
import type { Pixel } from '../model/pixel.ts';
import { err, ok, type Result } from '../model/result.ts';
import { firstDayOf } from '../store/days.ts';
import { rangeErrors } from './bounds.ts';
import type { Moments, ParsedQuery } from './parsed-query.ts';
import {
  comparedRange,
  type DayRange,
  hasTooManyLabels,
  MAX_LABELS,
  resolveRange,
  resolveTime,
} from './range.ts';
import { isProtected, reportableRange } from './small-groups.ts';

/** Days of a pixel and, if the range does not consist of full days, its moments. */
export interface Span {
  /** With small-group protection, the range ends with the last day that may be reported. */
  readonly range: DayRange;
  readonly moments: Moments | null;
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
  readonly spans: readonly [Span, ...Span[]];
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
  { settings, timezone }: Pixel,
  now: number,
  firstDay: string | null,
): Result<QuerySpans, readonly FieldError[]> {
  const isSafe = isProtected(settings.min_group);
  const range = resolveRange(query.range, timezone, now, firstDay);
  const moments = momentsOf(query.range);
  const timed = withTime(query, query.time && resolveTime(query.time, range));
  const reported = isSafe ? reportableRange(range, timezone, now) : range;
  const { comparisons } = query.include;
  const days = reported.from <= reported.to ? reported : range;
  const compared = comparisons && comparedRange(comparisons, days, moments, timezone);
  const otherRange = compared && resolveRange(compared, timezone, now, null);
  const errors = labelErrors(timed, range, otherRange);
  if (errors.length > 0) return err(errors);
  const reportable = isSafe ? { before: now, firstDay } : null;
  const span: Span = { range: reported, moments, peopleSince: peopleSince(now), reportable };
  const others =
    compared && otherRange
      ? [
          {
            ...span,
            range: isSafe ? reportableRange(otherRange, timezone, now) : otherRange,
            moments: momentsOf(compared),
          },
        ]
      : [];
  return ok({ query: timed, range, spans: [span, ...others], comparedRange: compared });
}

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
