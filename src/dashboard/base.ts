import type { QueryRequest } from './api.ts';

/** The part that all queries of a statistics page share: its pixel, its days, its filters, and whether imported totals are added. */
export type Base = Pick<QueryRequest, 'site_id' | 'date_range' | 'filters' | 'include'>;
