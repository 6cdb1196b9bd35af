/**
 * Builds what advertising networks are told of an event, only for pixels with destinations, and of visitors who have consented. Other batches do not
 * load this module. A conversion waits with its batch, which is sealed wherever it waits, and is sealed for its destinations when it is written.
 */
import type { EventRelay, RelayRoute } from '../model/batch.ts';
import {
  CLICK_PARAMETERS,
  type Click,
  type ClickParameter,
  type Conversion,
  type NetworkId,
  USER_HASHES,
  type UserHash,
} from '../model/conversion.ts';
import { LONGEST_WAIT } from '../model/delivery.ts';
import { type DestinationRule, NETWORKS, type NetworkName } from '../model/destination.ts';
import { ENGAGEMENT, type Event, nameOfEvent } from '../model/event.ts';
import { parseFields } from '../model/fields.ts';
import type { Pixel } from '../model/pixel.ts';
import type { RawEvent } from '../model/wire.ts';
import { consentsToAds } from './ad-consent.ts';
import { parseAddress } from './addresses.ts';
import { type Arrival, Candidate } from './candidate.ts';
import { reaches } from './goals.ts';
import { keyedHash } from './keyed-hash.ts';
import { contentsOf, orderIdOf } from './order.ts';
import { mayConsent } from './origins.ts';
import { scrubPage } from './scrub.ts';

/**
 * What networks are told of a stored event; null if nothing.
 *
 * @param event the event, with its visitor and person.
 * @param now events that are too old to be sent by then have no conversion.
 */
export async function relayOf(
  raw: RawEvent,
  arrival: Arrival,
  event: Event,
  pixel: Pixel,
  now: number,
): Promise<EventRelay | null> {
  const candidate = new Candidate(raw, arrival, pixel);
  if (!hasConsent(candidate) || event.agent_class !== 'human') return null;
  const page = addressOf(candidate);
  const clicks = page === null ? [] : clicksIn(page);
  const routes = event.ts + LONGEST_WAIT > now ? routesOf(event, pixel) : [];
  // Clicks are kept for people, whom a later purchase can be found to be of, as long as a destination is on.
  const isOn = pixel.relay?.some(({ rules }) => rules.length > 0) ?? false;
  const kept = event.person === '' || !isOn ? [] : clicks;
  if (routes.length === 0) return kept.length === 0 ? null : { conversion: null, routes, clicks: kept };
  return { conversion: await conversionOf(candidate, event, page, clicks), routes, clicks: kept };
}

/** Whether the visitor has consented, as far as the sender may say so, and nothing speaks against it. */
function hasConsent(candidate: Candidate): boolean {
  const { raw, arrival, pixel, isAuthenticated, asksForPrivacy, client } = candidate;
  if (!consentsToAds(raw) || asksForPrivacy || arrival.client.refusal !== '') return false;
  return isAuthenticated || mayConsent(pixel, client);
}

function routesOf(event: Event, pixel: Pixel): RelayRoute[] {
  if (event.name === ENGAGEMENT) return [];
  return (pixel.relay ?? []).flatMap(({ id, network, rules }) => {
    const rule = rules.find((one) => isMet(one, event, pixel));
    return rule === undefined ? [] : [{ destination: id, network, as: rule.as }];
  });
}

function isMet(rule: DestinationRule, event: Event, { settings }: Pixel): boolean {
  if ('event' in rule) return nameOfEvent(rule.event) === event.name;
  const goal = settings.goals.find(({ name }) => name === rule.goal);
  return goal !== undefined && reaches(event, goal);
}

async function conversionOf(
  { raw, isAuthenticated, client }: Candidate,
  event: Event,
  page: URL | null,
  clicks: EventRelay['clicks'],
): Promise<Conversion> {
  const referrer = raw.rl === '' ? null : parseAddress(raw.rl, '');
  const data = new Map<string, unknown>(
    raw.ud.map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
  const text = (name: string): string => {
    const value = data.get(name);
    return typeof value === 'string' ? value : '';
  };
  return {
    event_id: event.eid || event.id,
    name: event.name,
    ts: event.ts,
    url: page === null ? '' : withoutParameters(page),
    referrer: referrer === null ? '' : withoutParameters(referrer),
    reporter: isAuthenticated ? 'server' : 'browser',
    page_pixels: pagePixelsIn(text('px')),
    ip: client.ip,
    user_agent: client.userAgent,
    language: event.language,
    country: event.country,
    hashes: hashesIn(text),
    network_ids: idsIn(text),
    clicks: Object.fromEntries(
      clicks.map(([parameter, id]): [ClickParameter, Click] => [parameter, { id, at: event.ts }]),
    ),
    client_number: await numberOf(event),
    value: event.value,
    currency: event.currency,
    order_id: orderIdOf(raw.cd),
    contents: contentsOf(raw.cd),
  };
}

/** The address of an event's page; null if there is none. */
function addressOf({ raw, client, pixel }: Candidate): URL | null {
  if (raw.dl === '') return parseAddress(client.referer, '');
  return parseAddress(raw.dl, raw.dl.startsWith('/') ? pixel.url : '');
}

function withoutParameters(url: URL): string {
  const { hostname, page } = scrubPage(url, []);
  return `${url.protocol}//${hostname}${page}`;
}

const PARAMETERS: ReadonlyMap<string, ClickParameter> = new Map(
  (Object.keys(CLICK_PARAMETERS) as ClickParameter[]).map((name) => [name.toLowerCase(), name]),
);
/** The ids of all networks are of these characters. None of them can be an e-mail address. */
const CLICK_ID = /^[\w.~=-]{1,512}$/;

function clicksIn({ search }: URL): EventRelay['clicks'] {
  if (search === '') return [];
  return [...parseFields(search.slice(1))].flatMap(([name, value]) => {
    const parameter = PARAMETERS.get(name.toLowerCase());
    return parameter !== undefined && CLICK_ID.test(value) ? [[parameter, value] as const] : [];
  });
}

const SHA_256 = /^[0-9a-f]{64}$/;

function hashesIn(text: (name: string) => string): Conversion['hashes'] {
  const hashes: { [Name in UserHash]?: string } = {};
  for (const name of USER_HASHES) {
    const value = text(name).toLowerCase();
    if (SHA_256.test(value)) hashes[name] = value;
  }
  return hashes;
}

/** What the ids in networks' cookies look like. None of these can be an e-mail address. */
const NETWORK_ID_PATTERNS: Readonly<Record<NetworkId, RegExp>> = {
  // Meta's newer scripts add a part of their own.
  fbp: /^fb\.\d\.\d{10,16}\.\d{1,20}(?:\.[\w-]{1,20})?$/,
  fbc: /^fb\.\d\.\d{10,16}\.[\w.~=-]{1,512}$/,
  ga: /^\d{1,12}\.\d{1,12}$/,
  ttp: /^[\w.-]{1,100}$/,
  scid: /^[\w-]{1,64}$/,
  rdt_uuid: /^[\w.-]{1,100}$/,
  uetvid: /^[\da-f-]{1,64}$/i,
  epik: /^[\w.~=-]{1,512}$/,
};

function idsIn(text: (name: string) => string): Conversion['network_ids'] {
  const ids: { [Name in NetworkId]?: string } = {};
  for (const [name, pattern] of Object.entries(NETWORK_ID_PATTERNS) as [NetworkId, RegExp][]) {
    if (pattern.test(text(name))) ids[name] = text(name);
  }
  return ids;
}

function pagePixelsIn(text: string): NetworkName[] {
  const names = new Set(text.slice(0, 200).split(' '));
  return NETWORKS.filter((name) => names.has(name));
}

/** The digits of 64 bits of a hash of the person, or of the event if nobody is known. */
async function numberOf({ pixel, person, id }: Event): Promise<string> {
  const hash = await keyedHash(person || id, `client number ${pixel}`);
  const bytes = Uint8Array.fromBase64(hash, { alphabet: 'base64url' });
  return String(new DataView(bytes.buffer).getBigUint64(0));
}
