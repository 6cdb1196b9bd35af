/** Compares the rows of an answer with those of another range. */

import { comparisonLabel } from '../model/comparison-label.ts';
import type { Metric } from '../model/metrics.ts';
import type { Pixel } from '../model/pixel.ts';
import { ok, type Result } from '../model/result.ts';
import { ask, type KnownSpan, type MetricValue, type Refusal, type Row, type Span } from './ask.ts';
import type { Meter } from './meter.ts';
import type { Question } from './question.ts';
import { startsOf, timeLabels } from './range.ts';
import { resolveTests } from './resolve.ts';

export interface ComparedRow extends Row {
  /** In per cent, or in points for what is a per cent itself. */
  readonly change: readonly (number | null)[];
}

/** A row, with that of the other range. A time that has no counterpart there, such as an hour skipped, has null. */
export type ResultRow = Row & { readonly comparison?: ComparedRow | null };

/** Puts beside each row of a span that of another one: by its dimensions, and by the calendar where one is a time. */
export async function compareRows(
  db: D1Database,
  question: Question,
  pixel: Pixel,
  rows: readonly Row[],
  [asked, span]: readonly [KnownSpan, KnownSpan],
  meter: Meter,
): Promise<Result<readonly ResultRow[], Refusal>> {
  const timeIndex = question.dimensions.indexOf(null);
  const labelBeside = labelsBeside(question, pixel.timezone, asked, span);
  const otherDimensions = rows.map(({ dimensions }) => {
    if (timeIndex < 0) return dimensions;
    const label = labelBeside(dimensions[timeIndex] ?? '');
    return label === null ? null : dimensions.with(timeIndex, label);
  });
  // What a pattern matches is another matter in another range.
  const filters = await resolveTests(db, question, pixel, span, meter);
  if (!filters.ok) return filters;
  const pagination = { limit: Math.max(1, rows.length), offset: 0 };
  const all = { ...question, filters: filters.value, pagination };
  const found = await ask(
    db,
    all,
    pixel,
    span,
    otherDimensions.filter((one) => one !== null),
    false,
  );
  if (!found.ok) return found;
  const byKey = new Map(found.value.rows.map((row) => [JSON.stringify(row.dimensions), row]));
  return ok(
    rows.map((row, index) => {
      const dimensions = otherDimensions[index] ?? null;
      if (dimensions === null) return { ...row, comparison: null };
      const metrics =
        byKey.get(JSON.stringify(dimensions))?.metrics ?? question.metrics.map(asked.told ? hidden : nothing);
      const change = question.metrics.map((metric, place) =>
        changeOf(metric, row.metrics[place] ?? null, metrics[place] ?? null),
      );
      return { ...row, comparison: { dimensions, metrics, change } };
    }),
  );
}

/** Gives a label's counterpart in the other span: a day's or hour's by its date, a week's or month's by its place. */
function labelsBeside(
  { time, include }: Question,
  zone: string,
  asked: Span,
  span: Span,
): (label: string) => string | null {
  if (time === null || time === 'time') return () => null;
  const others = timeLabels(time, zone, span.range);
  if (time === 'time:week' || time === 'time:month') {
    const places = new Map(timeLabels(time, zone, asked.range).map((label, place) => [label, place]));
    return (label) => others[places.get(label) ?? -1] ?? null;
  }
  const starts = startsOf(time, zone, [asked, span]);
  const overYears = include.comparisons?.mode === 'year_over_year';
  const known = new Set(others);
  return (label) => {
    const other = comparisonLabel(label, starts, overYears);
    return other !== null && known.has(other) ? other : null;
  };
}

/** A metric's value where nothing happened. */
function nothing({ name, ofSales }: Metric): MetricValue {
  return ofSales || name === 'time_on_page' || name === 'scroll_depth' ? null : 0;
}

/** Of a pixel that protects small groups, what is nothing is not told from what is little. */
const hidden = (): MetricValue => null;

function changeOf({ inPoints }: Metric, value: MetricValue, before: MetricValue): number | null {
  if (value === null || before === null) return null;
  if (typeof value === 'object' || typeof before === 'object') {
    if (typeof value !== 'object' || typeof before !== 'object') return null;
    return value.currency === before.currency ? percent(value.value, before.value) : null;
  }
  return inPoints ? Math.round(100 * (value - before)) / 100 : percent(value, before);
}

function percent(value: number, before: number): number {
  if (before === 0) return value === 0 ? 0 : 100;
  return Math.round((100 * (value - before)) / Math.abs(before));
}
