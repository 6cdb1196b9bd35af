/**
 * Segment's tracking API, which RudderStack's libraries speak too: single calls, batches, images, and the settings that the browser
 * library requests first. https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/
 */
import { decodeText } from '../../http/body.ts';
import { parseFields } from '../../model/fields.ts';
import { isLoopback } from '../../model/loopback.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { SentEvent } from '../../model/wire.ts';
import { basicCredentials, tokenIn } from './authorization.ts';
import type { ReadError, WireFormat, WireReading, WireRequest, WireResult } from './format.ts';
import { gifResponse } from './gif.ts';
import { decodeBase64, type JsonObject, parseJson, recordOf, textOf } from './json.ts';
import { pixelNamed, pixelOfToken } from './pixel-named.ts';
import { problemResponse } from './problem.ts';
import { eventsOfMessage } from './segment-event.ts';
import { isFromDevice } from './sent-by.ts';

/** The names of calls in paths, of which the browser library sends the first letters. */
const CALLS = ['track', 'page', 'screen', 'identify', 'group', 'alias'] as const;
const BATCHES = ['batch', 'import', 'b'] as const;

const SETTINGS_PATH = '/v1/projects/*';
const IMAGE_PATHS = ['/v1/pixel/*', '/pixel/v1/*'] as const;
/** What the browser library reports of itself. It is not kept. */
const METRICS_PATH = '/v1/m';
/** Where RudderStack's browser library sends what is left when a page is left. */
const BEACON_PATH = '/beacon/v1/batch';

const CALL_OF_PATH: ReadonlyMap<string, string> = new Map(
  CALLS.flatMap((call) => [`/v1/${call}`, `/v1/${call[0]}`].map((path) => [path, call] as const)),
);
const POST_PATHS = [
  ...CALL_OF_PATH.keys(),
  ...BATCHES.map((name) => `/v1/${name}`),
  BEACON_PATH,
  METRICS_PATH,
];

export const segment: WireFormat = {
  routes: [
    ...POST_PATHS.map((path) => ({ method: 'POST', path }) as const),
    ...[SETTINGS_PATH, ...IMAGE_PATHS].map((path) => ({ method: 'GET', path }) as const),
  ],
  // Segment itself takes 500 KB in a batch.
  limits: { bytes: 512 * 1024, events: 200 },
  requestHeaders: ['authorization', 'anonymousid', 'x-retry-count'],
  read,
  answer,
};

const NOTHING: WireReading = { events: [], mayBeEmpty: true };

function read(request: WireRequest): Result<WireReading, ReadError> {
  const path = withoutSlash(request.path);
  if (request.method === 'GET') return ok(isImage(path) ? readImage(request, path) : NOTHING);
  if (path === METRICS_PATH) return ok(NOTHING);
  const body = recordOf(parseJson(decodeText(request.bytes)));
  return body === null ? err('broken_json') : ok(readBody(request, body, CALL_OF_PATH.get(path)));
}

const withoutSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);
const isImage = (path: string): boolean => IMAGE_PATHS.some((start) => path.startsWith(start.slice(0, -1)));

/** An image whose call is in its path, and its message in `data`, or in fields such as `properties.plan`. */
function readImage(request: WireRequest, path: string): WireReading {
  const fields = parseFields(request.query);
  const data = fields.get('data');
  // A plus sign that was not escaped is a space in a query.
  const bytes = data === undefined ? null : decodeBase64(data.replaceAll(' ', '+'));
  const sent = bytes === null ? data : decodeText(bytes);
  const message = sent === undefined ? messageOfFields(fields) : recordOf(parseJson(sent));
  return readBody(request, message ?? {}, path.slice(path.lastIndexOf('/') + 1));
}

/** A message of fields whose names are paths in it: `context.page.url=…`. */
function messageOfFields(fields: ReadonlyMap<string, string>): JsonObject {
  const message: Record<string, unknown> = Object.create(null);
  for (const [path, value] of fields) {
    const names = path.split('.', MAX_PATH);
    const last = names.pop() as string;
    let place: Record<string, unknown> | null = message;
    for (const name of names) place = place && placeIn(place, name);
    if (place !== null && !(last in place)) place[last] = value;
  }
  return message;
}

/** Names in the path of one field. Further ones are cut off. */
const MAX_PATH = 8;

/** The object of a name within another; null if the name stands for something else. */
function placeIn(place: Record<string, unknown>, name: string): Record<string, unknown> | null {
  place[name] ??= Object.create(null);
  return recordOf(place[name]) as Record<string, unknown> | null;
}

function readBody(request: WireRequest, body: JsonObject, call: string | undefined): WireReading {
  const { site, token } = senderOf(request, body);
  const common = {
    site,
    sentAt: body['sentAt'],
    receivedAt: Date.now(),
    isFromDevice: isFromDevice(request.headers),
  };
  const { batch } = body;
  const events: (SentEvent | null)[] = [];
  if (call !== undefined) events.push(...eventsOfMessage(body, common, call));
  else if (Array.isArray(batch)) for (const one of batch) events.push(...eventsOfMessage(one, common));
  else events.push(null);
  const isNamed = site.id !== '' || token !== undefined;
  return { events, ...(isNamed ? { mayBeEmpty: true } : {}), ...(token === undefined ? {} : { token }) };
}

/** The pixel that the write key names, and the token that stands in its place or in a header of its own. */
function senderOf({ headers, query }: WireRequest, body: JsonObject) {
  const [user] = basicCredentials(headers);
  const writeKeys = [user, textOf(body['writeKey']), parseFields(query).get('writeKey') ?? ''];
  const named = writeKeys.map((key) => pixelNamed('segment', key)).find(({ id }) => id !== '');
  return { site: named ?? pixelOfToken('segment'), ...tokenIn(headers, ...writeKeys) };
}

function answer({ request, error }: WireResult): Response {
  const path = withoutSlash(request.path);
  if (request.method === 'GET') return isImage(path) ? gifResponse(error) : settingsResponse(request, path);
  return error === null
    ? Response.json({ success: true }, { headers: HEADERS })
    : problemResponse(error, segment.limits);
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/**
 * The settings of a site, with which the browser library sends everything here and loads nothing from elsewhere. No metrics about
 * the library itself are requested.
 */
function settingsResponse({ headers }: WireRequest, path: string): Response {
  const [, apiKey] = /^\/v1\/projects\/([\w.~-]+)\/settings$/.exec(path) ?? [];
  if (apiKey === undefined) return new Response(null, { status: 404, headers: HEADERS });
  const host = headers.get('host') ?? '';
  const protocol = isLoopback(host.replace(/:\d+$/, '')) ? 'http' : 'https';
  return Response.json(
    {
      integrations: { 'Segment.io': { apiKey, apiHost: `${host}/v1`, protocol } },
      plan: { track: { __default: { enabled: true } } },
      enabledMiddleware: {},
      remotePlugins: [],
      metrics: { sampleRate: 0 },
    },
    { headers: HEADERS },
  );
}
