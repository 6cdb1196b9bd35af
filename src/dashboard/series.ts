/** Answers over time as the points of a chart, and those of another range beside them. */
import { comparisonLabel, type RangeStarts } from '../model/comparison-label.ts';
import { amount } from './amount.ts';
import type { Answer, MetricValue } from './api.ts';
import type { Step } from './format.ts';
import { displayOf } from './metrics.ts';

export interface Series {
  readonly labels: readonly string[];
  readonly values: readonly (number | null)[];
}

/** An answer as points. What has not begun yet has no value. */
export function seriesOf(
  answer: Pick<Answer, 'results' | 'meta'> | null,
  metric: string,
  now: string,
): Series {
  const labels = answer?.meta.time_labels ?? [];
  const found = new Map<string, MetricValue>(
    answer?.results.map(({ dimensions, metrics }) => [dimensions[0] ?? '', metrics[0] ?? null]),
  );
  const isHidden = answer?.meta.min_group !== undefined;
  const rest = isHidden || displayOf(metric)?.isNullAtRest ? null : 0;
  return {
    labels,
    values: labels.map((label) => {
      if (label > now) return null;
      return found.has(label) ? amount(found.get(label)) : rest;
    }),
  };
}

/**
 * The points of another range that stand beside those of a series: of days and hours by their dates, as in the API's
 * comparisons; of weeks and months by their place. Where there is none, the label is empty and the value null.
 *
 * @param starts the first day of either range.
 */
export function besideSeries(
  series: Series,
  other: Series,
  step: Step,
  starts: RangeStarts,
  overYears: boolean,
): Series {
  const places = new Map(other.labels.map((label, place) => [label, place]));
  const byPlace = step === 'week' || step === 'month';
  const beside = series.labels.map((label, place) =>
    byPlace ? place : (places.get(comparisonLabel(label, starts, overYears) ?? '') ?? -1),
  );
  return {
    labels: beside.map((place) => other.labels[place] ?? ''),
    values: beside.map((place) => other.values[place] ?? null),
  };
}
