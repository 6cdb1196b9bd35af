/** Compares the rows of an answer with those of another range. */

import type { Metric } from '../model/metrics.ts';
import type { Pixel } from '../model/pixel.ts';
import { ok, type Result } from '../model/result.ts';
import { ask, type MetricValue, momentsOf, type Refusal, type Row, type Span } from './ask.ts';
import type { Meter } from './meter.ts';
import type { Moments, Question } from './question.ts';
import { type DayRange, timeLabels } from './range.ts';
import { resolveTests } from './resolve.ts';
import { toldRange } from './small-groups.ts';

export interface ComparedRow extends Row {
  /** In per cent, or in points for what is a per cent itself. */
  readonly change: readonly (number | null)[];
}

/** A row, with that of the other range. A time that has no counterpart there, such as an hour skipped, has null. */
export type ResultRow = Row & { readonly comparison?: ComparedRow | null };

/** The days of the rows, and the range that they are compared with, in the form in which the other was given and in days. */
interface Compared {
  readonly span: Span;
  readonly other: Moments | readonly [string, string];
  readonly otherRange: DayRange;
}

/** Puts beside each row that of the other range: by its dimensions, and by place where one is a time. */
export async function compareRows(
  db: D1Database,
  question: Question,
  pixel: Pixel,
  now: number,
  rows: readonly Row[],
  { span: asked, other, otherRange: given }: Compared,
  meter: Meter,
): Promise<Result<readonly ResultRow[], Refusal>> {
  const { zone, time } = { zone: pixel.timezone, time: question.time };
  const otherRange = asked.told ? toldRange(given, zone, now) : given;
  const timeIndex = question.dimensions.indexOf(null);
  const grain = time === 'time' ? null : time;
  const labels = grain && timeLabels(grain, zone, asked.range);
  const otherLabels = grain && timeLabels(grain, zone, otherRange);
  const places = new Map((labels ?? []).map((label, place) => [label, place]));
  const otherDimensions = rows.map(({ dimensions }) => {
    if (timeIndex < 0) return dimensions;
    const label = otherLabels?.[places.get(dimensions[timeIndex] ?? '') ?? -1];
    return label === undefined ? null : dimensions.with(timeIndex, label);
  });
  const span: Span = { ...asked, range: otherRange, moments: momentsOf(other) };
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
