/**
 * PostHog's capture API: events one by one and in batches, packed in each way that its libraries have used, and what they request
 * first. https://posthog.com/docs/api/capture
 */
import { decodeText } from '../../http/body.ts';
import { parseFields } from '../../model/fields.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { tokenIn } from './authorization.ts';
import type { ReadError, WireFormat, WireReading, WireRequest, WireResult } from './format.ts';
import { decodeBase64, type JsonObject, parseJson, recordOf, textOf } from './json.ts';
import { unpackLz64 } from './lz64.ts';
import { pixelNamed, pixelOfToken } from './pixel-named.ts';
import { configResponse, flagsResponse } from './posthog-config.ts';
import { eventsOfPostHog } from './posthog-event.ts';
import { problemResponse } from './problem.ts';
import { isFromDevice } from './sent-by.ts';

const EVENT_PATHS = ['/e', '/i/v0/e', '/batch', '/capture', '/track'] as const;
const FLAG_PATHS = ['/decide', '/flags'];
/** Properties of people, and recordings of sessions, which are not kept. */
const DROPPED_PATHS = ['/engage', '/s'];

/** Bytes of a body, also after unpacking. */
const MAX_BYTES = 1024 * 1024;

export const posthog: WireFormat = {
  routes: [
    ...[...EVENT_PATHS, ...FLAG_PATHS, ...DROPPED_PATHS].map((path) => ({ method: 'POST', path }) as const),
    { method: 'GET', path: '/array/*' },
  ],
  limits: { bytes: MAX_BYTES, events: 200 },
  requestHeaders: ['authorization'],
  read,
  answer,
};

const NOTHING: WireReading = { events: [], mayBeEmpty: true };

const withoutSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);

function read(request: WireRequest): Result<WireReading, ReadError> {
  const isOfEvents = (EVENT_PATHS as readonly string[]).includes(withoutSlash(request.path));
  if (!isOfEvents) return ok(NOTHING);
  const body = parseJson(textOfBody(request));
  return typeof body === 'object' && body !== null ? ok(readBody(request, body)) : err('broken_json');
}

/** The JSON of a body: as it is, or in the field `data` of a form, in base64 or packed by lz-string. */
function textOfBody({ query, bytes }: WireRequest): string {
  const text = decodeText(bytes);
  const start = text.trimStart()[0];
  if (start === '{' || start === '[') return text;
  const fields = parseFields(text);
  const packed = fields.get('data') ?? text;
  const packing = fields.get('compression') ?? parseFields(query).get('compression');
  if (packing === 'lz64') return unpackLz64(packed, MAX_BYTES) ?? '';
  // A plus sign that was not escaped is a space in a form.
  const decoded = decodeBase64(packed.replaceAll(' ', '+'));
  return decoded === null ? packed : decodeText(decoded);
}

function readBody(request: WireRequest, body: object): WireReading {
  const fields = recordOf(body) ?? {};
  const list = Array.isArray(body) ? body : Array.isArray(fields['batch']) ? fields['batch'] : [body];
  const { site, token } = senderOf(request, fields, recordOf(list[0]) ?? {});
  const common = {
    site,
    sentAt: fields['sent_at'],
    receivedAt: Date.now(),
    isFromDevice: isFromDevice(request.headers),
  };
  const events = list.flatMap((one) => eventsOfPostHog(one, common));
  const isNamed = site.id !== '' || token !== undefined;
  return { events, ...(isNamed ? { mayBeEmpty: true } : {}), ...(token === undefined ? {} : { token }) };
}

/** The pixel that the project's token names, in the request or in its first event, and the token of Speck's in its place. */
function senderOf({ headers, query }: WireRequest, body: JsonObject, event: JsonObject) {
  const names = [
    ...[body, event, recordOf(event['properties']) ?? {}].flatMap(({ api_key, token }) => [api_key, token]),
    parseFields(query).get('token'),
  ].map(textOf);
  const named = names.map((name) => pixelNamed('posthog', name)).find(({ id }) => id !== '');
  return { site: named ?? pixelOfToken('posthog'), ...tokenIn(headers, ...names) };
}

function answer({ request, error }: WireResult): Response {
  const path = withoutSlash(request.path);
  if (request.method === 'GET') return configResponse(path);
  if (error !== null) return problemResponse(error, posthog.limits);
  if (FLAG_PATHS.includes(path)) return flagsResponse();
  if (parseFields(request.query).get('beacon') === '1') return new Response(null, { status: 204 });
  return Response.json(
    { status: 'Ok' },
    { headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } },
  );
}
