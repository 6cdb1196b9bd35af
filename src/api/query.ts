/** `POST /api/v2/query`: the Plausible Stats API v2, answered from rollups and events. */

import type { FieldError } from '../model/field-error.ts';
import { parseQuery } from '../query/language.ts';
import type { ParsedQuery } from '../query/parsed-query.ts';
import type { QueryResult } from '../query/present.ts';
import { runQuery } from '../query/run.ts';
import { readJson } from './body.ts';
import type { Call, PixelCall } from './call.ts';
import { loadPixel } from './grant.ts';
import { Problem } from './problem.ts';
import { allowanceOf, withQueryLimits } from './query-limiter.ts';
import { csvOf, csvResponse, jsonOf, jsonResponse, namesOf, responseFormatOf } from './query-response.ts';
import { computeOnce } from './single-flight.ts';

export async function handleQuery({ request, env, grant }: Call): Promise<Response> {
  const body = await readJson(request);
  const query = requireQuery(body, invalidQuery);
  const pixel = await loadPixel(env, grant, query.pixel);
  const result = await answerQuery({ env, grant, pixel }, body, query, invalidQuery);
  return responseFormatOf(request) === 'csv'
    ? csvResponse(request, await csvOf(result, namesOf(query)))
    : jsonResponse(request, await jsonOf(result, result.results));
}

function invalidQuery(errors: readonly FieldError[]): Problem {
  return new Problem('invalid_query', 'The query cannot be answered: see errors.', { errors });
}

/** The problem of a query with errors. */
type ToProblem = (errors: readonly FieldError[]) => Problem;

/** @param body a body of `POST /api/v2/query`. @throws Problem if it has errors. */
export function requireQuery(body: unknown, toProblem: ToProblem): ParsedQuery {
  const query = parseQuery(body);
  if (!query.ok) throw toProblem(query.error);
  return query.value;
}

/**
 * Answers a query about a pixel.
 *
 * @param body what `query` was parsed from. Calls with equal bodies share one computation.
 * @throws Problem also if the events that the answer needs were purged, or the grant has used up its allowance.
 */
export async function answerQuery(
  { env, grant, pixel }: Pick<PixelCall, 'env' | 'grant' | 'pixel'>,
  body: unknown,
  query: ParsedQuery,
  toProblem: ToProblem,
): Promise<QueryResult> {
  const allowance = allowanceOf(grant);
  const key = JSON.stringify([pixel.id, allowance, body]);
  const result = await computeOnce(key, () =>
    withQueryLimits(grant, (spend) => runQuery(env.DB, query, pixel, Date.now(), { ...allowance, spend })),
  );
  if (result.ok) return result.value;
  if (result.error.reason === 'beyond_retention') throw new Problem('beyond_retention', result.error.detail);
  throw toProblem(result.error.errors);
}
