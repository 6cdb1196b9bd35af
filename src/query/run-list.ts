/** Answers the queries of a list. */
import type { Pixel } from '../model/pixel.ts';
import type { Result } from '../model/result.ts';
import type { EngineQueries } from './engine-queries.ts';
import type { ParsedQuery } from './parsed-query.ts';
import type { QueryResult } from './present.ts';
import type { Allowance, Spend } from './price.ts';
import type { QueryError } from './query-error.ts';
import { runQuery } from './run.ts';

/** Runs a query of a list when the caller's limits let it run. */
export type Turn = <T extends Result<unknown, QueryError>>(run: (spend: Spend) => Promise<T>) => Promise<T>;

/**
 * Answers queries about one pixel, each by itself.
 *
 * @param turn called once for each query.
 * @returns a promise for each query, in the same order.
 */
export function runQueries(
  db: D1Database,
  queries: readonly ParsedQuery[],
  pixel: Pixel,
  now: number,
  allowance: Allowance,
  engine: EngineQueries | null,
  turn: Turn,
): Promise<Result<QueryResult, QueryError>>[] {
  return queries.map((query) =>
    turn((spend) => runQuery(db, query, pixel, now, { ...allowance, spend }, engine)),
  );
}
