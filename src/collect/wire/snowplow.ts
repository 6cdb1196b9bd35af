/**
 * Snowplow's tracker protocol (https://docs.snowplow.io/docs/fundamentals/canonical-event/), as its collector takes it: one event in a
 * query, or several in JSON. Self-describing JSON of Iglu's webhook is one event.
 */
import { decodeText } from '../../http/body.ts';
import { parseFields } from '../../model/fields.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { SentEvent } from '../../model/wire.ts';
import { tokenIn } from './authorization.ts';
import type { ReadError, WireFormat, WireReading, WireRequest, WireResult } from './format.ts';
import { gifResponse } from './gif.ts';
import { fieldsIn, type JsonObject, parseJson, recordOf } from './json.ts';
import { problemResponse } from './problem.ts';
import { eventOf, type Fields } from './snowplow-event.ts';

const IMAGE_PATH = '/i';
const BATCH_PATH = '/com.snowplowanalytics.snowplow/tp2';
const WEBHOOK_PATH = '/com.snowplowanalytics.iglu/v1';

export const snowplow: WireFormat = {
  routes: [IMAGE_PATH, BATCH_PATH, WEBHOOK_PATH].flatMap((path) => [
    { method: 'GET', path },
    ...(path === IMAGE_PATH ? [] : [{ method: 'POST' as const, path }]),
  ]),
  limits: { bytes: 1024 * 1024, events: 200 },
  requestHeaders: ['sp-anonymous', 'authorization'],
  read,
  answer,
};

function read(request: WireRequest): Result<WireReading, ReadError> {
  const sent = request.path.startsWith(WEBHOOK_PATH) ? webhookOf(request) : payloadsOf(request);
  if (!sent.ok) return sent;
  const { headers } = request;
  const token = tokenIn(headers);
  const sender = {
    isAnonymous: headers.get('sp-anonymous') !== null,
    hasToken: token.token !== undefined,
  };
  const toEvent = (fields: Fields | null): SentEvent | null => fields && eventOf(fields, sender);
  return ok({ events: sent.value.map(toEvent), ...token });
}

type Payloads = Result<readonly (Fields | null)[], ReadError>;

/** The payload of a query, or those in `data` of a body. */
function payloadsOf({ method, query, bytes }: WireRequest): Payloads {
  if (method === 'GET') return ok([parseFields(query)]);
  const data = recordOf(parseJson(decodeText(bytes)))?.['data'];
  if (!Array.isArray(data)) return err('broken_json');
  if (data.length > snowplow.limits.events) return err('too_many_events');
  return ok(data.map((payload) => fieldsOf(recordOf(payload))));
}

const fieldsOf = (record: JsonObject | null): Fields | null => record && fieldsIn(record);

/** Parameters of the webhook that are no data of its event. */
const WEBHOOK_FIELDS = new Set(['schema', 'aid', 'p', 'nv', 'tna', 'eid', 'ttm', 'url', 'cv', 'nuid']);

/**
 * The payload of a webhook: the schema is in the query and the data beside it or in the body, or both are in the body as
 * self-describing JSON.
 */
function webhookOf({ method, query, bytes }: WireRequest): Payloads {
  const fields = parseFields(query);
  const isData = ([name]: readonly [string, string]): boolean => !WEBHOOK_FIELDS.has(name);
  const body =
    method === 'GET' ? Object.fromEntries([...fields].filter(isData)) : parseJson(decodeText(bytes));
  if (recordOf(body) === null) return err('broken_json');
  const schema = fields.get('schema') ?? '';
  const event = schema === '' ? body : { schema, data: body };
  const pairs = ['aid', 'eid', 'ttm', 'url'].map((name) => [name, fields.get(name) ?? ''] as const);
  return ok([new Map<string, unknown>([...pairs, ['p', 'srv'], ['e', 'ue'], ['ue_pr', { data: event }]])]);
}

function answer({ request, error }: WireResult): Response {
  if (request.method === 'GET') return gifResponse(error);
  // A tracker retries after any status but a few, of which 400 is one. The same request would fail again.
  if (error !== null) {
    const problem = problemResponse(error, snowplow.limits);
    const { status, headers } = problem;
    return status === 413 || status === 415 ? new Response(problem.body, { status: 400, headers }) : problem;
  }
  return new Response('ok', { headers: { 'content-type': 'text/plain', 'cache-control': 'no-store' } });
}
