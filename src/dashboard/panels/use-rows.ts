/** Loads the rows of a dimension, together with its parent dimension if it has one: versions with their browser or system. */
import type { QueryRequest, QueryResponse } from '../api.ts';
import type { Base } from '../base.ts';
import { displayOf } from '../dimensions.ts';
import { type Resource, useQuery } from '../hooks.ts';

/**
 * Reasons for which the API refuses two dimensions and not one: two need raw events, which may be deleted, and small-group
 * protection allows one dimension in a query.
 */
const ONE_ONLY = ['beyond_retention', 'invalid_query'];

export interface RowsResource {
  readonly resource: Resource<QueryResponse>;
  /** The dimensions of the response; the requested one is the last. */
  readonly dimensions: readonly string[];
  /** The query for all rows. */
  readonly query: QueryRequest;
}

export function useRows(
  base: Base,
  dimension: string,
  metrics: readonly string[],
  limit: number,
): RowsResource {
  const parent = displayOf(dimension)?.of;
  const page = { include: { total_rows: true }, pagination: { limit } };
  const single: QueryRequest = { ...base, metrics, dimensions: [dimension] };
  const both: QueryRequest | null = parent ? { ...single, dimensions: [parent, dimension] } : null;
  const bothRows = useQuery(both && { ...both, ...page });
  const isRefused = ONE_ONLY.includes(bothRows.failure?.reason ?? '');
  const singleRows = useQuery(both && !isRefused ? null : { ...single, ...page });
  return both && !isRefused
    ? { resource: bothRows, dimensions: both.dimensions ?? [], query: both }
    : { resource: singleRows, dimensions: [dimension], query: single };
}
