/** Compares the rows of an answer with those of another range. */

import { comparisonLabel } from '../model/comparison-label.ts';
import type { Metric } from '../model/metrics.ts';
import { ok, type Result } from '../model/result.ts';
import type { QueryContext } from './context.ts';
import type { Meter } from './meter.ts';
import type { ParsedQuery } from './parsed-query.ts';
import type { QueryError } from './query-error.ts';
import { startsOf, timeLabels } from './range.ts';
import { type MetricValue, type Row, readRows } from './rows.ts';

export interface ComparedRow extends Row {
  /** In per cent; for a metric in per cent, in percentage points. */
  readonly change: readonly (number | null)[];
}

/** A row with its counterpart in the comparison range; null for a time without a counterpart, such as a skipped hour. */
export type ResultRow = Row & { readonly comparison?: ComparedRow | null };

/** Pairs each row of a query with the row of another span: by its dimensions, and by the calendar if one is a time. */
export async function compareRows(
  db: D1Database,
  query: ParsedQuery,
  rows: readonly Row[],
  [own, other]: readonly [QueryContext, QueryContext],
  meter: Meter,
): Promise<Result<readonly ResultRow[], QueryError>> {
  const timeIndex = query.dimensions.indexOf(null);
  const counterpartOf = counterpartLabels(query, own, other);
  const keys = rows.map(({ dimensions }) => {
    if (timeIndex < 0) return dimensions;
    const label = counterpartOf(dimensions[timeIndex] ?? '');
    return label === null ? null : dimensions.with(timeIndex, label);
  });
  const pagination = { limit: Math.max(1, rows.length), offset: 0 };
  const requested = { ...other, rows: keys.filter((key) => key !== null) };
  const result = await readRows(db, { ...query, pagination }, requested, meter);
  if (!result.ok) return result;
  const byKey = new Map(result.value.rows.map((row) => [JSON.stringify(row.dimensions), row.metrics]));
  const absent = query.metrics.map(own.reportable ? () => null : valueOfNothing);
  return ok(
    rows.map((row, index) => {
      const dimensions = keys[index] ?? null;
      if (dimensions === null) return { ...row, comparison: null };
      // With small groups protected, no events and few events look alike.
      const metrics = byKey.get(JSON.stringify(dimensions)) ?? absent;
      const change = query.metrics.map((metric, place) =>
        changeOf(metric, row.metrics[place] ?? null, metrics[place] ?? null),
      );
      return { ...row, comparison: { dimensions, metrics, change } };
    }),
  );
}

/** Gives a label's counterpart in the other span: a day's or hour's by its date, a week's or month's by its place. */
function counterpartLabels(
  { time, include }: ParsedQuery,
  own: QueryContext,
  other: QueryContext,
): (label: string) => string | null {
  if (time === null || time === 'time') return () => null;
  const zone = own.pixel.timezone;
  const labels = timeLabels(time, zone, other.range);
  if (time === 'time:week' || time === 'time:month') {
    const places = new Map(timeLabels(time, zone, own.range).map((label, place) => [label, place]));
    return (label) => labels[places.get(label) ?? -1] ?? null;
  }
  const starts = startsOf(time, zone, [own, other]);
  const overYears = include.comparisons?.mode === 'year_over_year' && !include.comparisons.matchDayOfWeek;
  const existing = new Set(labels);
  return (label) => {
    const counterpart = comparisonLabel(label, starts, overYears);
    return counterpart !== null && existing.has(counterpart) ? counterpart : null;
  };
}

/** A metric's value if there are no events. */
function valueOfNothing({ name, ofSales }: Metric): MetricValue {
  return ofSales || name === 'time_on_page' || name === 'scroll_depth' ? null : 0;
}

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
