import type { QueryResponse } from './api.ts';
import { clock, dayRange } from './format.ts';

/** The days with which a range is compared, in words. */
export function comparedText(
  [from, to]: readonly [string, string],
  until: QueryResponse['meta']['comparison_until'],
  timezone: string,
): string {
  const days = dayRange(from.slice(0, 10), to.slice(0, 10));
  return until === undefined ? days : `${days}, up to ${clock(Date.parse(until), timezone)}`;
}
