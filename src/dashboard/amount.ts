/** The number of a metric's value, of money without its currency. */
import type { MetricValue } from './api.ts';

export function amount(value: MetricValue | undefined): number | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'number' ? value : value.value;
}
