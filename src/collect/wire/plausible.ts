/** Plausible's events API, as its script and servers use it: one event, for one or more sites. */
import { decodeText } from '../../http/body.ts';
import { ENGAGEMENT } from '../../model/event.ts';
import { LIMITS } from '../../model/limits.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { BLANK_EVENT, type RawEvent, type SentEvent } from '../../model/wire.ts';
import { tokenIn } from './authorization.ts';
import type { ReadError, WireFormat, WireReading, WireRequest, WireResult } from './format.ts';
import { forwardedClient } from './forwarded.ts';
import { type JsonObject, parseJson, propsOf, recordOf, scalarOf, textOf } from './json.ts';
import { pixelNamed } from './pixel-named.ts';
import { problemResponse } from './problem.ts';

/** An event that says no name is no page view. */
const UNNAMED = ' ';

export const plausible: WireFormat = {
  routes: [{ method: 'POST', path: '/api/event' }],
  limits: { bytes: LIMITS.beaconBytes, events: 20 },
  read,
  answer,
};

function read({ headers, bytes }: WireRequest): Result<WireReading, ReadError> {
  const json = parseJson(decodeText(bytes));
  if (json === undefined) return err('broken_json');
  const fields = recordOf(json);
  if (fields === null) return ok({ events: [null] });
  const event = { ...eventOf(fields), ...forwardedClient(headers) };
  return ok({ events: sitesOf(fields).map((site) => ({ ...event, ...site })), ...tokenIn(headers) });
}

/** The first of these fields that is there. */
const either = (fields: JsonObject, ...names: readonly string[]): unknown =>
  names.map((name) => fields[name]).find((value) => value !== undefined && value !== null && value !== '');

function eventOf(fields: JsonObject): SentEvent {
  const ev = textOf(either(fields, 'n', 'name')) || UNNAMED;
  return {
    ...BLANK_EVENT,
    ev,
    dl: addressOf(textOf(either(fields, 'u', 'url')), either(fields, 'h', 'hashMode')),
    rl: textOf(either(fields, 'r', 'referrer')),
    cd: ev === ENGAGEMENT ? engagementOf(fields) : [...revenueOf(fields), ...propertiesOf(fields)],
  };
}

/** The sites that an event names, separated by commas; without any, the host of its page. */
function sitesOf(fields: JsonObject): readonly Pick<RawEvent, 'id' | 'key'>[] {
  const names = textOf(either(fields, 'd', 'domain')) || hostIn(textOf(either(fields, 'u', 'url')));
  return names.split(',').map((name) => pixelNamed('plausible', name));
}

const hostIn = (url: string): string => URL.parse(url)?.hostname ?? '';

/** Routes of apps, such as `app://localhost/settings`, in the form of a page's address. */
const APP = /^(?!https?:|data:|javascript:)[a-z][a-z\d+.-]*:\/\//i;
/** A fragment that is a route, as Speck's own tag takes it for one. */
const ROUTE = /^#!?\//;

/** @param hashMode whether routes in the fragment are pages. They end the path, as with the tag's `data-hash`. */
function addressOf(text: string, hashMode: unknown): string {
  const address = text.replace(APP, 'https://');
  const url = textOf(hashMode) === '1' || hashMode === true ? URL.parse(address) : null;
  if (!url || !ROUTE.test(url.hash)) return address;
  const [path = '', query = ''] = url.hash.replace(ROUTE, '').split('?', 2);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`;
  if (query !== '') url.search = url.search === '' ? query : `${url.search}&${query}`;
  url.hash = '';
  return url.href;
}

/** Milliseconds of attention, and the depth in per cent; 255 is none. */
function engagementOf(fields: JsonObject): RawEvent['cd'] {
  const depth = fields['sd'];
  return [
    ['engaged', scalarOf(fields['e'])],
    ...(typeof depth === 'number' && depth <= 100 ? ([['scroll', depth]] as const) : []),
  ];
}

function revenueOf(fields: JsonObject): RawEvent['cd'] {
  const revenue = objectOf(either(fields, '$', 'revenue'));
  if (revenue === null) return [];
  return [
    ['value', scalarOf(revenue['amount'])],
    ['currency', scalarOf(revenue['currency'])],
  ];
}

function propertiesOf(fields: JsonObject): RawEvent['cd'] {
  return propsOf(objectOf(either(fields, 'm', 'meta', 'p', 'props')));
}

/** An object, which older scripts send as JSON text. */
const objectOf = (value: unknown): JsonObject | null =>
  recordOf(typeof value === 'string' ? parseJson(value) : value);

function answer({ error, events }: WireResult): Response {
  if (error !== null) return problemResponse(error, plausible.limits);
  const dropped = events.filter((event) => event === null || event.ev === UNNAMED || event.id === '').length;
  return new Response('ok', {
    status: 202,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(dropped > 0 ? { 'x-plausible-dropped': String(dropped) } : {}),
    },
  });
}
