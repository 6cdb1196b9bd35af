/** A metric's value as a number; of money, without the currency. */
import type { MetricValue, QueryResponse } from './api.ts';

export function amount(value: MetricValue | undefined): number | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'number' ? value : value.value;
}

/** Whether a metric is missing since it is money in several currencies. */
export const hasCurrencies = (data: QueryResponse | null, metric: string): boolean =>
  data?.meta.metric_warnings?.[metric]?.code === 'no_single_revenue_currency';
