/** The points of a chart, and those of the range it is compared with. */
import { comparisonLabel, type RangeStarts } from '../model/comparison-label.ts';
import { amount } from './amount.ts';
import type { Margin, MetricValue, QueryResponse } from './api.ts';
import { marginOf } from './estimate.ts';
import type { Step } from './format.ts';
import { displayOf } from './metrics.ts';

export interface Series {
  readonly labels: readonly string[];
  readonly values: readonly (number | null)[];
  /** The margins of estimates; null where a value is exact or missing. Left out: all are exact. */
  readonly margins?: readonly (Margin | null)[];
}

/** The points of a response. Labels after `now` have no value. */
export function seriesOf(
  response: Pick<QueryResponse, 'results' | 'meta'> | null,
  metric: string,
  now: string,
): Series {
  const labels = response?.meta.time_labels ?? [];
  const values = new Map<string, MetricValue>(
    response?.results.map(({ dimensions, metrics }) => [dimensions[0] ?? '', metrics[0] ?? null]),
  );
  const isProtected = response?.meta.min_group !== undefined;
  const empty = isProtected || displayOf(metric)?.isNullAtRest ? null : 0;
  const margins = new Map(response?.results.map((row) => [row.dimensions[0] ?? '', marginOf(row, 0)]));
  return {
    labels,
    ...(response?.meta.sampled ? { margins: labels.map((label) => margins.get(label) ?? null) } : {}),
    values: labels.map((label) => {
      if (label > now) return null;
      return values.has(label) ? amount(values.get(label)) : empty;
    }),
  };
}

/**
 * The points of another range, paired with those of a series: days and hours by their dates, as in the API's comparisons, weeks
 * and months by their position. A point without a counterpart is paired with an empty label and null.
 *
 * @param starts the first days of both ranges.
 */
export function comparisonSeries(
  series: Series,
  other: Series,
  step: Step,
  starts: RangeStarts,
  overYears: boolean,
): Series {
  const indexes = new Map(other.labels.map((label, index) => [label, index]));
  const isByPosition = step === 'week' || step === 'month';
  const pairs = series.labels.map((label, index) =>
    isByPosition ? index : (indexes.get(comparisonLabel(label, starts, overYears) ?? '') ?? -1),
  );
  return {
    labels: pairs.map((index) => other.labels[index] ?? ''),
    values: pairs.map((index) => other.values[index] ?? null),
  };
}
