/** Numbers that are estimated from Analytics Engine's sample of events, and those that a sample cannot tell. */
import { hasCurrencies } from './amount.ts';
import type { Margin, MetricValue, QueryResponse, Row } from './api.ts';
import { metricValue } from './format.ts';

/** Why a number of a sample is missing; in full, and where space is scarce. */
export const UNKNOWN = 'Cannot be told from a sample';
export const UNKNOWN_SHORT = 'Unknown: sampled';

/** An estimate's margin in words: 19 of 20 times, the number is within it. */
export function marginText(
  metric: string,
  value: MetricValue | undefined,
  margin: Margin,
  short = false,
): string {
  const isMoney = value !== null && typeof value === 'object';
  return margin
    .map((end) => metricValue(metric, isMoney ? { ...value, value: end } : end, short))
    .join(' to ');
}

/** The margin of an estimate; null if the number is exact. */
export const marginOf = ({ margins }: Row, index: number): Margin | null => {
  const margin = margins?.[index] ?? null;
  return margin && margin[0] < margin[1] ? margin : null;
};

/** How exact a metric of a row is: its margin, `unknown` if a sample cannot tell it, or null if it is exact. */
export function exactnessOf(
  response: QueryResponse,
  row: Row | undefined,
  metric: string,
  index: number,
): Margin | 'unknown' | null {
  const { sampled, metric_warnings } = response.meta;
  if (!sampled || !row) return null;
  const isMissing = row.metrics[index] == null && metric_warnings?.[metric] !== undefined;
  return isMissing && !hasCurrencies(response, metric) ? 'unknown' : marginOf(row, index);
}

/** What is said once below numbers that are estimated. */
export function samplingNote({ sampled }: QueryResponse['meta']): string {
  if (!sampled) return '';
  const most = Math.ceil(sampled.interval);
  return ` ≈ marks estimates: Analytics Engine has kept one of up to ${most} events. 19 of 20 times, a number is within its margin. Visits cannot be told from a sample.`;
}
