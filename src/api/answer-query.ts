/** Answers queries within the limits of a grant. Equal queries of multiple requests at the same time are computed once. */
import type { FieldError } from '../model/field-error.ts';
import { parseQuery } from '../query/language.ts';
import type { ParsedQuery } from '../query/parsed-query.ts';
import type { QueryResult } from '../query/present.ts';
import { runQueries } from '../query/run-list.ts';
import type { PixelCall } from './call.ts';
import { settled } from './database.ts';
import { openDaysOf } from './open-days.ts';
import { Problem } from './problem.ts';
import { allowanceOf, withQueryLimits } from './query-limiter.ts';
import { computeEachOnce } from './single-flight.ts';

/** The problem of a query with errors. */
export type ToProblem = (errors: readonly FieldError[]) => Problem;

export function invalidQuery(errors: readonly FieldError[]): Problem {
  return new Problem('invalid_query', 'The query cannot be answered: see errors.', { errors });
}

/** A query, and what it was parsed from: a body of `POST /api/v2/query`. */
export interface RequestedQuery {
  readonly body: unknown;
  readonly query: ParsedQuery;
}

/** @throws Problem if the body has errors. */
export function requireQuery(body: unknown, toProblem: ToProblem): RequestedQuery {
  const query = parseQuery(body);
  if (!query.ok) throw toProblem(query.error);
  return { body, query: query.value };
}

type Caller = Pick<PixelCall, 'env' | 'readsFrom' | 'grant' | 'pixel'>;

/**
 * Answers queries about a pixel. Each counts and pays as if it had been sent alone.
 *
 * @returns a promise for each query. It rejects with a Problem also if the events that the answer needs were purged, or the grant
 * has used up its allowance.
 */
export async function answerQueries(
  { env, readsFrom = '', grant, pixel }: Caller,
  requested: readonly RequestedQuery[],
  toProblem: ToProblem,
): Promise<Promise<QueryResult>[]> {
  const allowance = allowanceOf(grant);
  const keys = requested.map(({ body }) => JSON.stringify([pixel.id, allowance, readsFrom, body]));
  const openDays = await openDaysOf(env);
  const results = await computeEachOnce(keys, (indexes) =>
    runQueries(
      env.DB,
      indexes.flatMap((index) => requested[index]?.query ?? []),
      pixel,
      Date.now(),
      allowance,
      openDays,
      (run) => settled(readsFrom, () => withQueryLimits(grant, run)),
    ),
  );
  return results.map(async (promise) => {
    const result = await promise;
    if (result.ok) return result.value;
    if (result.error.reason === 'beyond_retention') {
      throw new Problem('beyond_retention', result.error.detail);
    }
    throw toProblem(result.error.errors);
  });
}

export async function answerQuery(
  caller: Caller,
  requested: RequestedQuery,
  toProblem: ToProblem,
): Promise<QueryResult> {
  const [answer] = await answerQueries(caller, [requested], toProblem);
  return answer as Promise<QueryResult>;
}
