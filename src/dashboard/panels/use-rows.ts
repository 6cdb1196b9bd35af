/** Loads the rows of a dimension, together with its parent dimension if it has one: versions with their browser or system. */
import type { QueryRequest, QueryResponse } from '../api.ts';
import type { Base } from '../base.ts';
import { displayOf } from '../dimensions.ts';
import { type Resource, useQuery } from '../hooks.ts';

/**
 * Reasons for which the API refuses a comparison or two dimensions, and not the same without: the days before may have no columns
 * any more; rollups answer for one dimension; small-group protection allows one; and the rest may be too expensive.
 */
const SIMPLER = ['beyond_retention', 'invalid_query'];

const isRefused = ({ failure }: Resource<QueryResponse>): boolean => SIMPLER.includes(failure?.reason ?? '');

export interface RowsResource {
  readonly resource: Resource<QueryResponse>;
  /** The dimensions of the response; the requested one is the last, or before that by which it is split. */
  readonly dimensions: readonly string[];
  /** The query for all rows. */
  readonly query: QueryRequest;
}

export interface RowsRequest {
  readonly base: Base;
  readonly dimension: string;
  readonly metrics: readonly string[];
  readonly limit: number;
  /** A second dimension, which follows in the rows. */
  readonly split?: string | null;
  /** The comparison as the API takes it; null for none. */
  readonly comparison: object | null;
}

/** If the API refuses, the rows come without their comparison, and then without the parent dimension. */
export function useRows({
  base,
  dimension,
  metrics,
  limit,
  split = null,
  comparison,
}: RowsRequest): RowsResource {
  const parent = displayOf(dimension)?.of;
  const own = split === null ? [dimension] : [dimension, split];
  const single: QueryRequest = { ...base, metrics, dimensions: own };
  const full: QueryRequest = parent ? { ...single, dimensions: [parent, ...own] } : single;
  // People are counted from events.
  const isSlow = dimension.startsWith('person:');
  const queries = [
    ...(comparison && !isSlow ? [{ query: full, compared: { comparisons: comparison } }] : []),
    { query: full, compared: {} },
    ...(parent ? [{ query: single, compared: {} }] : []),
  ];
  const requests = queries.map(({ query, compared }) => ({
    ...query,
    include: { ...base.include, total_rows: true, ...compared },
    pagination: { limit },
  }));
  const list = isSlow ? 'slow' : 'panels';
  const first = useQuery(requests[0] ?? null, list);
  const second = useQuery(isRefused(first) ? (requests[1] ?? null) : null, list);
  const third = useQuery(isRefused(second) ? (requests[2] ?? null) : null, list);
  const used =
    !isRefused(first) || requests.length < 2 ? 0 : !isRefused(second) || requests.length < 3 ? 1 : 2;
  return rowsOf([first, second, third][used] as typeof first, queries[used]?.query as QueryRequest);
}

/** Without the data of an earlier query by other dimensions: its values would stand under the wrong names. */
function rowsOf(resource: Resource<QueryResponse>, query: QueryRequest): RowsResource {
  const { dimensions = [] } = query;
  const isOfQuery = String(resource.data?.query.dimensions) === String(dimensions);
  return { resource: isOfQuery ? resource : { ...resource, data: null }, dimensions, query };
}
