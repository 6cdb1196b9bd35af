/** The SQL of element `e` of a list in `imported_rollups.counts`: a value and its counts. */
import { VISIT_COUNTS } from '../model/metrics.ts';

export const IMPORTED_COLUMNS = {
  value: 'e.value ->> 0',
  ...Object.fromEntries(VISIT_COUNTS.map((count, index) => [count, `e.value ->> ${index + 1}`])),
} as Readonly<Record<string, string>> & { readonly value: string };
