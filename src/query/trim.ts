/**
 * Which part of a comparison's last day is compared with today. A day of which neither events nor columns are left, or of which only imported
 * totals are there, counts in full. If the
 * numbers of today are those of some minutes ago, the other day ends at that time, too.
 */
import type { Pixel } from '../model/pixel.ts';
import { localDay } from '../model/time-zone.ts';
import type { SpanSources } from './column-source.ts';
import { importedRange } from './imports.ts';
import type { ParsedQuery } from './parsed-query.ts';
import { type Span, trimmedTo, untrimmed } from './spans.ts';

/** Whether the trimmed day of a span can only be answered in full. */
function isLost({ trimmed }: Span, { days, source }: SpanSources): boolean {
  return days.is_trimmed_purged === 1 && !source.days.some(({ day }) => day === trimmed);
}

/** Whether the trimmed day of a span has no events, and may have imported totals, which cannot be divided. */
function isImported(query: ParsedQuery, span: Span, { days }: SpanSources, pixel: Pixel): boolean {
  const { trimmed } = span;
  if (trimmed === null || (days.last !== null && days.last >= trimmed)) return false;
  const range = importedRange(query, untrimmed(span), pixel);
  return range !== null && range.to === trimmed;
}

/** When the columns or the rollup of today were made that answer a query, if today has changed since; else null. */
function todayAsOf({ days, source }: SpanSources, zone: string, today: string): number | null {
  const asOf = source.days.find(({ day }) => day === today)?.as_of ?? days.open_as_of ?? null;
  return asOf !== null && localDay(zone, asOf) === today ? asOf : null;
}

/**
 * The span of a comparison, once it is known what can answer it.
 *
 * @param sources those of the query's own span, and those of the comparison.
 */
export function settledSpan(
  span: Span,
  [own, other]: readonly [SpanSources, SpanSources],
  query: ParsedQuery,
  pixel: Pixel,
  now: number,
): Span {
  if (span.trimmed === null) return span;
  if (isLost(span, other) || isImported(query, span, other, pixel)) return untrimmed(span);
  const { timezone } = pixel;
  const asOf = todayAsOf(own, timezone, localDay(timezone, now));
  return asOf === null ? span : trimmedTo(span, timezone, Math.min(asOf, now));
}
