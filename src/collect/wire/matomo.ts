/**
 * Matomo's tracking API (https://developer.matomo.org/api-reference/tracking-api): one event in a query or a form, or several in JSON.
 * `matomo.js`, `matomo-tracker`, Matomo's trackers in other languages and its import of logs speak it.
 */
import { decodeText } from '../../http/body.ts';
import { parseFields } from '../../model/fields.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { tokenIn } from './authorization.ts';
import type { ReadError, WireError, WireFormat, WireReading, WireRequest, WireResult } from './format.ts';
import { gifResponse } from './gif.ts';
import { fieldsIn, parseJson, recordOf, textOf } from './json.ts';
import { eventOf, type Fields, needsToken } from './matomo-event.ts';
import { problemResponse } from './problem.ts';

/** Matomo's own path, its older one, and both where Matomo is installed in a folder. */
const MATOMO_PATHS = ['', '/matomo', '/piwik'].flatMap((folder) =>
  ['matomo.php', 'piwik.php'].map((file) => `${folder}/${file}`),
);

export const matomo: WireFormat = {
  routes: MATOMO_PATHS.flatMap((path) => [
    { method: 'GET', path },
    { method: 'POST', path },
  ]),
  // Matomo's import of logs sends 200 events at a time.
  limits: { bytes: 1024 * 1024, events: 200 },
  read,
  answer,
};

function read(request: WireRequest): Result<WireReading, ReadError> {
  const { query, headers, bytes } = request;
  const text = decodeText(bytes);
  const bulk = isBulk(text) ? recordOf(parseJson(text)) : null;
  if (bulk === null && isBulk(text)) return err('broken_json');
  const requests = bulk?.['requests'] ?? [];
  if (!Array.isArray(requests)) return err('broken_json');
  if (requests.length > matomo.limits.events) return err('too_many_events');
  // As in Matomo, the query counts before the form.
  const sent =
    bulk === null ? [new Map([...parseFields(text), ...parseFields(query)])] : requests.map(fieldsOf);
  const secrets = [textOf(bulk?.['token_auth']), ...sent.map((fields) => fields?.get('token_auth') ?? '')];
  const { token } = tokenIn(headers, ...secrets);
  const now = Date.now();
  // Matomo rejects an old time of a sender without a token. Here it must not count as now.
  const isOld = sent.some((fields) => fields !== null && needsToken(fields, now));
  const secret = token ?? (isOld ? (secrets.find((one) => one !== '') ?? '') : undefined);
  const agent = headers.get('user-agent') ?? '';
  return ok({
    events: sent.map((fields) => fields && eventOf(fields, agent, secret !== undefined, now)),
    ...(secret === undefined ? {} : { token: secret }),
  });
}

/** Whether a body is JSON. No form begins with a brace. */
const isBulk = (text: string): boolean => /^\s*\{/.test(text);

/** A request of a list: a URL of which only the query counts, or an object. */
function fieldsOf(request: unknown): Fields | null {
  if (typeof request === 'string') return parseFields(request.slice(request.indexOf('?') + 1));
  const record = recordOf(request);
  return record && fieldsIn(record);
}

function answer({ request, error, events }: WireResult): Response {
  const text = decodeText(request.bytes);
  const status = error === null ? 200 : statusOf(error);
  if (isBulk(text)) {
    if (error === null && /"send_image"\s*:\s*(?:"?0"?|false)\s*[,}]/.test(text)) return noContent();
    const invalid = events.flatMap((event, index) => (event === null ? [index] : []));
    const body = {
      status: error === null ? 'success' : 'error',
      tracked: events.length - invalid.length,
      invalid: invalid.length,
      invalid_indices: invalid,
      ...(error === null ? {} : { message: error }),
    };
    return Response.json(body, { status, headers: { 'cache-control': 'no-store', ...reasonOf(error) } });
  }
  const sendsImage = new Map([...parseFields(text), ...parseFields(request.query)]).get('send_image') !== '0';
  if (!sendsImage) {
    return error === null ? noContent() : new Response(null, { status, headers: reasonOf(error) });
  }
  const image = gifResponse(error);
  return error === null ? image : new Response(image.body, { status, headers: image.headers });
}

const statusOf = (error: WireError): number => problemResponse(error, matomo.limits).status;
const reasonOf = (error: WireError | null): Record<string, string> => ({
  'x-content-type-options': 'nosniff',
  ...(error === null ? {} : { 'x-speck-reason': error }),
});
const noContent = (): Response =>
  new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } });
