/** Umami's API for events, as its script and its library for servers use it, and its image pixels. */
import { decodeText } from '../../http/body.ts';
import { ENGAGEMENT } from '../../model/event.ts';
import { LIMITS } from '../../model/limits.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { BLANK_EVENT, type RawEvent, type SentEvent } from '../../model/wire.ts';
import { MAX_BATCH_EVENTS } from '../buffer.ts';
import { isAddress } from './address.ts';
import { tokenIn } from './authorization.ts';
import { ownName } from './event-name.ts';
import type { ReadError, WireFormat, WireReading, WireRequest, WireResult } from './format.ts';
import { gifResponse } from './gif.ts';
import { type JsonObject, parseJson, propsOf, recordOf, textOf } from './json.ts';
import { pixelNamed } from './pixel-named.ts';
import { problemResponse } from './problem.ts';
import { overridesOf, serverClient } from './sent-by.ts';

const BATCH = '/api/batch';

export const umami: WireFormat = {
  routes: [
    { method: 'POST', path: '/api/send' },
    { method: 'POST', path: BATCH },
    { method: 'GET', path: '/p/*', screen: () => null },
  ],
  limits: { bytes: LIMITS.apiBytes, events: MAX_BATCH_EVENTS },
  requestHeaders: ['x-umami-cache'],
  read,
  answer,
};

/**
 * What the script sends back with its next request. Umami puts a visitor's session into it. Speck recognizes visitors without it, so
 * all visitors get the same.
 */
const SESSION = {
  cache: 'speck',
  sessionId: '00000000-0000-0000-0000-000000000000',
  visitId: '00000000-0000-0000-0000-000000000000',
};

/** What a request holds that is no event, and need not be one. */
type Item = SentEvent | null | 'nothing';

function read(request: WireRequest): Result<WireReading, ReadError> {
  if (request.method === 'GET') return ok({ events: [imageEvent(request.path)] });
  const items = itemsOf(request);
  if (items === undefined) return err('broken_json');
  const events = items.filter((item) => item !== 'nothing');
  // A batch may be empty, a request that is no event may not.
  return ok({ events, mayBeEmpty: true, ...tokenIn(request.headers) });
}

/** The items of a request; undefined if it is not JSON. */
function itemsOf({ path, headers, bytes }: WireRequest): readonly Item[] | undefined {
  const json = parseJson(decodeText(bytes));
  if (json === undefined) return undefined;
  const items: readonly unknown[] = path.startsWith(BATCH) && Array.isArray(json) ? json : [json];
  return items.map((item) => itemOf(item, headers));
}

function imageEvent(path: string): SentEvent {
  const [, name = ''] = /^\/p\/([\w-]+)/.exec(path) ?? [];
  return { ...BLANK_EVENT, ...pixelNamed('umami', name) };
}

function itemOf(item: unknown, headers: WireRequest['headers']): Item {
  const { type, payload: sent } = recordOf(item) ?? {};
  const payload = recordOf(sent);
  if (payload === null) return null;
  const event = { ...commonOf(payload), ...senderOf(payload, headers) };
  if (type === 'event') return { ...event, ev: nameOf(payload), cd: [...tagOf(payload), ...dataIn(payload)] };
  // A user is linked by an event that is not counted. Traits are not stored.
  if (type === 'identify') return event.uid === '' ? 'nothing' : { ...event, ev: ENGAGEMENT };
  // Loading times are not stored.
  return type === 'performance' ? 'nothing' : null;
}

function commonOf(payload: JsonObject): RawEvent {
  const [url, hostname, referrer] = ['url', 'hostname', 'referrer'].map((name) => textOf(payload[name])) as [
    string,
    string,
    string,
  ];
  return {
    ...BLANK_EVENT,
    ...pixelNamed('umami', payload['website'] ?? payload['pixel'] ?? payload['link']),
    dl: addressOf(url, hostname),
    // A referrer without a host is a page of the site itself.
    rl: isAddress(referrer) ? referrer : '',
    uid: textOf(payload['id']),
  };
}

function addressOf(url: string, hostname: string): string {
  if (url === '' || isAddress(url)) return url;
  const path = url.startsWith('/') ? url : `/${url}`;
  return hostname === '' ? path : `https://${hostname}${path}`;
}

const nameOf = ({ name }: JsonObject): string =>
  name === undefined || name === null ? '' : ownName(textOf(name));

/** The label that an owner gives to all events of a script. */
function tagOf({ tag }: JsonObject): RawEvent['cd'] {
  return textOf(tag) === '' ? [] : [['tag', textOf(tag)]];
}

/** The data of an event. A number called `revenue` is revenue, as in imports from Umami. */
function dataIn({ data }: JsonObject): RawEvent['cd'] {
  const { revenue, currency, ...others } = recordOf(data) ?? {};
  if (textOf(revenue).trim() === '' || Number.isNaN(Number(textOf(revenue)))) return propsOf(data);
  return [['value', revenue], ['currency', textOf(currency)], ...propsOf(others)];
}

/** How @umami/node calls itself, unless its owner gives it another user agent. */
const LIBRARY = /\bUmami\//;

/** What a server says of its visitor. */
function senderOf(
  payload: JsonObject,
  headers: WireRequest['headers'],
): Pick<SentEvent, 'server' | 'overrides'> {
  const { ip, userAgent: ua, timestamp, language } = payload;
  // In seconds. What is no number is rejected as a time later.
  const ts = textOf(timestamp) === '' ? timestamp : Number(textOf(timestamp)) * 1000;
  const overrides = overridesOf(ts, ip, ua);
  const isServer = LIBRARY.test(headers.get('user-agent') ?? '') || 'ip' in overrides || 'ua' in overrides;
  return isServer ? { server: serverClient(ua, language), overrides } : { overrides };
}

function answer({ request, error, events }: WireResult): Response {
  if (request.method === 'GET') return gifResponse(error);
  if (error !== null) return problemResponse(error, umami.limits);
  const body = request.path.startsWith(BATCH) ? batchResult(itemsOf(request) ?? events) : SESSION;
  return Response.json(body, {
    headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  });
}

function batchResult(items: readonly unknown[]): Record<string, unknown> {
  const details = items.flatMap((item, index) =>
    item === null ? [{ index, response: { error: { message: 'This is not an event.', status: 400 } } }] : [],
  );
  const errors = details.length;
  return { size: items.length, processed: items.length - errors, errors, details, cache: SESSION.cache };
}
