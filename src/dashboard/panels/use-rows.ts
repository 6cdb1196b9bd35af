/** Loads the rows of a dimension, together with its parent dimension if it has one: versions with their browser or system. */
import type { QueryRequest, QueryResponse } from '../api.ts';
import type { Base } from '../base.ts';
import { displayOf } from '../dimensions.ts';
import { type Resource, useQuery } from '../hooks.ts';

/**
 * Reasons for which the API refuses two dimensions and not one: rollups answer for one, also for days that have no columns any
 * more; small-group protection allows one; and two may be too expensive.
 */
const ONE_ONLY = ['beyond_retention', 'invalid_query'];

export interface RowsResource {
  readonly resource: Resource<QueryResponse>;
  /** The dimensions of the response; the requested one is the last, or before that by which it is split. */
  readonly dimensions: readonly string[];
  /** The query for all rows. */
  readonly query: QueryRequest;
}

/** @param split a second dimension, which follows in the rows. */
export function useRows(
  base: Base,
  dimension: string,
  metrics: readonly string[],
  limit: number,
  split: string | null = null,
): RowsResource {
  const parent = displayOf(dimension)?.of;
  const page = { include: { total_rows: true }, pagination: { limit } };
  const own = split === null ? [dimension] : [dimension, split];
  const single: QueryRequest = { ...base, metrics, dimensions: own };
  const both: QueryRequest | null = parent ? { ...single, dimensions: [parent, ...own] } : null;
  // People are counted from events.
  const list = dimension.startsWith('person:') ? 'slow' : 'panels';
  const bothRows = useQuery(both && { ...both, ...page });
  const isRefused = ONE_ONLY.includes(bothRows.failure?.reason ?? '');
  const singleRows = useQuery(both && !isRefused ? null : { ...single, ...page }, list);
  return both && !isRefused ? rowsOf(bothRows, both) : rowsOf(singleRows, single);
}

/** Without the data of an earlier query by other dimensions: its values would stand under the wrong names. */
function rowsOf(resource: Resource<QueryResponse>, query: QueryRequest): RowsResource {
  const { dimensions = [] } = query;
  const isOfQuery = String(resource.data?.query.dimensions) === String(dimensions);
  return { resource: isOfQuery ? resource : { ...resource, data: null }, dimensions, query };
}
