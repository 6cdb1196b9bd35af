/** `POST /api/v2/query`: the Plausible Stats API v2, answered from rollups, columns and events. The body is a query, or a list of them. */

import { answerQuery, invalidQuery, requireQuery } from './answer-query.ts';
import { readJson } from './body.ts';
import type { Call } from './call.ts';
import { loadPixel } from './grant.ts';
import { answerList } from './query-list.ts';
import { csvOf, csvResponse, jsonOf, jsonResponse, namesOf, responseFormatOf } from './query-response.ts';

export async function handleQuery(call: Call): Promise<Response> {
  const body = await readJson(call.request);
  return Array.isArray(body) ? answerList(call, body) : answerOne(call, body);
}

async function answerOne(call: Call, body: unknown): Promise<Response> {
  const { request, env, grant } = call;
  const requested = requireQuery(body, invalidQuery);
  const { query } = requested;
  const pixel = await loadPixel(env, grant, query.pixel);
  const result = await answerQuery({ ...call, pixel }, requested, invalidQuery);
  return responseFormatOf(request) === 'csv'
    ? csvResponse(request, await csvOf(result, namesOf(query)))
    : jsonResponse(request, await jsonOf(result, result.results));
}
