/** A metric's value as a number; of money, without the currency. */
import type { MetricValue } from './api.ts';

export function amount(value: MetricValue | undefined): number | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'number' ? value : value.value;
}
