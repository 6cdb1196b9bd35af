/** Counterscale: each page view in the query of a request, after a request that asks how often the browser was here today. */

import { withParameters } from '../../model/campaign.ts';
import { parseFields } from '../../model/fields.ts';
import { ok } from '../../model/result.ts';
import { BLANK_EVENT, type SentEvent } from '../../model/wire.ts';
import { isAddress } from './address.ts';
import type { WireFormat, WireRequest, WireResult } from './format.ts';
import { gifResponse } from './gif.ts';
import { pixelNamed } from './pixel-named.ts';

const CACHE = '/cache';

export const counterscale: WireFormat = {
  routes: [
    { method: 'GET', path: '/collect' },
    { method: 'GET', path: CACHE },
  ],
  limits: { bytes: 0, events: 1 },
  read: (request) =>
    isCache(request) ? ok({ events: [], mayBeEmpty: true }) : ok({ events: [eventOf(request)] }),
  answer,
};

const isCache = ({ path }: WireRequest): boolean => path.startsWith(CACHE);

/** The parameters that Counterscale shortens. */
const CAMPAIGN: Readonly<Record<string, string>> = {
  us: 'utm_source',
  um: 'utm_medium',
  uc: 'utm_campaign',
  uco: 'utm_content',
  ut: 'utm_term',
};

const LIBRARY = /^Counterscale-Tracker-Server\//;

function eventOf({ query, headers }: WireRequest): SentEvent {
  const fields = parseFields(query);
  const field = (name: string): string => fields.get(name) ?? '';
  const ref = field('r');
  const parameters = Object.entries(CAMPAIGN).map(([short, name]): [string, string] => [name, field(short)]);
  // What is no address is the value of a parameter of the page, as `ref` is.
  if (!isAddress(ref)) parameters.push(['ref', ref]);
  return {
    ...BLANK_EVENT,
    ...pixelNamed('counterscale', field('sid')),
    dl: withParameters(pageOf(field('h'), field('p')), parameters),
    rl: isAddress(ref) ? ref : '',
    ...(LIBRARY.test(headers.get('user-agent') ?? '') ? { server: { ua: '', languages: '' } } : {}),
  };
}

/** @param host with its scheme, or, by older scripts, without. */
function pageOf(host: string, path: string): string {
  const site = host === '' || isAddress(host) ? host : `https://${host}`;
  return path === '' && site === '' ? '' : `${site}/${path.replace(/^\/+/, '')}`;
}

/**
 * Counterscale counts a browser's visits of a day in its cache: each answer to `/cache` has a later `Last-Modified`, which the browser
 * sends back. Speck recognizes visits without storing anything in the browser. So each answer says that this is the first request, and
 * the browser must not keep it. It then forgets what an answer of Counterscale has left there.
 */
function answer({ request, error }: WireResult): Response {
  if (!isCache(request) || error !== null) return gifResponse(error);
  return Response.json(
    { ht: 1 },
    { headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } },
  );
}
