/**
 * A list of queries in one request. Each gets the result or the problem that it would get alone, in the order of the request, so
 * one bad query does not fail the others.
 */
import { parseQuery } from '../query/language.ts';
import type { QueryResult } from '../query/present.ts';
import { answerQueries, invalidQuery } from './answer-query.ts';
import type { Call } from './call.ts';
import { loadPixel } from './grant.ts';
import { Problem, problemOf } from './problem.ts';
import { jsonOf, jsonResponse, responseFormatOf } from './query-response.ts';

/** The most queries of a list. A view of the dashboard has some fifteen. */
export const MAX_QUERIES = 20;

/** The most characters of all results of a list. An isolate has 128 MB for all of its requests. */
const MAX_CHARACTERS = 10_000_000;

/** @throws Problem if no query of the list can be answered, such as for another pixel than that of the grant. */
export async function answerList(call: Call, bodies: readonly unknown[]): Promise<Response> {
  const { request, env, grant } = call;
  if (responseFormatOf(request) === 'csv') {
    throw new Problem(
      'invalid_query',
      'A list of queries is answered in JSON only. For CSV, send one query in each request.',
    );
  }
  if (bodies.length === 0 || bodies.length > MAX_QUERIES) {
    throw new Problem('invalid_query', `Send 1 to ${MAX_QUERIES} queries in a list.`);
  }
  const pixel = await loadPixel(env, grant, pixelOf(bodies));
  const parsed = bodies.map((body) => ({ body, query: parseQuery(body) }));
  const valid = parsed.flatMap(({ body, query }) => (query.ok ? { body, query: query.value } : []));
  const answers = (await answerQueries({ ...call, pixel }, valid, invalidQuery)).values();

  let charactersLeft = MAX_CHARACTERS;
  let isComplete = true;
  const itemOf = async (answer: Promise<QueryResult>): Promise<string> => {
    try {
      const result = await answer;
      const json = await jsonOf(result, result.results);
      if (json.length > charactersLeft) throw tooLarge();
      charactersLeft -= json.length;
      return json;
    } catch (error) {
      isComplete = false;
      return JSON.stringify((await problemOf(error, env.DB)).toJson());
    }
  };
  const items = await Promise.all(
    parsed.map(({ query }) =>
      itemOf(
        query.ok ? (answers.next().value as Promise<QueryResult>) : Promise.reject(invalidQuery(query.error)),
      ),
    ),
  );
  const json = `[${items.join(',')}]`;
  return jsonResponse(request, json, isComplete ? undefined : 'no-store');
}

/** The pixel of a list. @throws Problem if its queries name none, or more than one. */
function pixelOf(bodies: readonly unknown[]): string {
  const ids = bodies.map((body) => (body as { site_id?: unknown } | null)?.site_id);
  const first = ids.find((id) => typeof id === 'string');
  if (first === undefined) {
    throw invalidQuery([{ path: '[0].site_id', message: 'Send the id of the pixel as site_id.' }]);
  }
  const other = ids.findIndex((id) => typeof id === 'string' && id !== first);
  if (other < 0) return first;
  throw invalidQuery([
    {
      path: `[${other}].site_id`,
      message:
        'All queries of a list are about one pixel. Send those about another pixel in another request.',
    },
  ]);
}

function tooLarge(): Problem {
  return invalidQuery([
    {
      path: 'pagination.limit',
      message:
        'The results of this list are too large together. Choose a smaller limit, or send this query alone.',
    },
  ]);
}
