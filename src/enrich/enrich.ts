/**
 * Turns a raw event and what is known of its client into an event, or into a rejection. Pure functions of their
 * arguments: the clock, the pixel and the client are passed in, and the visitor's hash is left to the caller, who
 * has the salt.
 */

import type { LocalDay } from '../model/batch.ts';
import { CURRENCIES } from '../model/currencies.ts';
import { type AgentClass, ENGAGEMENT, type Event, nameOfEvent, PAGEVIEW } from '../model/event.ts';
import { flatCut } from '../model/flat.ts';
import { LIMITS } from '../model/limits.ts';
import { localDayOf } from '../model/local-day.ts';
import type { Pixel } from '../model/pixel.ts';
import { textOfProperties } from '../model/properties.ts';
import { REJECTION_REASONS, type Rejection, type RejectionReason } from '../model/rejection.ts';
import { err, ok, type Result } from '../model/result.ts';
import { normalAddress } from '../model/text/address.ts';
import { COUNTRIES } from '../model/text/countries.ts';
import { normalHost, withoutWww } from '../model/text/host.ts';
import { firstLanguage } from '../model/text/language.ts';
import { decimalNumber } from '../model/text/number.ts';
import { isDay } from '../model/time-zone.ts';
import { type Client, NOWHERE, type Overrides, type RawEvent } from '../model/wire.ts';
import { type PageAddress, readPage, readReferrer } from './addresses.ts';
import { type Agent, parseAgent } from './agent.ts';
import { classify } from './bots.ts';
import type { Proof } from './identity.ts';
import { maskEmails } from './mask.ts';
import { hostOf, isAllowed, mayUseCookie, originOf } from './origins.ts';
import { type Identifier, identifiersOf, mayName } from './person.ts';
import { agentKey } from './plain-agent.ts';
import { attribute } from './referrer.ts';
import { scrubText } from './scrub.ts';

/** How an event reached Speck. */
export interface Arrival {
  /** The event's id. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly head: boolean;
  readonly client: Client;
  /** What an authenticated sender says in the client's place; null when the client itself sent the event. */
  readonly overrides: Overrides | null;
  /** Whether the visitor is to be another than any browser's: see `visitorHash`. */
  readonly isApart?: boolean;
}

/** What a visitor's hash is made of. */
export interface Identity {
  readonly ip: string;
  readonly userAgent: string;
  readonly isApart: boolean;
}

/** An event that lacks only its visitor and person, and what these are hashed from. */
export interface Draft {
  readonly event: Omit<Event, 'visitor' | 'person'>;
  readonly day: LocalDay;
  /** Null when the client cannot be told from others. */
  readonly identity: Identity | null;
  /** What the person is known by, the strongest first; empty for nobody known. */
  readonly identifiers: readonly Identifier[];
  /** Whether the user id is signed by the owner's server. */
  readonly isSigned: boolean;
  /** What was left out of the event, and why. Each is counted beside the event, which is stored. */
  readonly flaws: readonly Rejection[];
}

const reject = (reason: RejectionReason, detail: string = REJECTION_REASONS[reason]) =>
  err({ reason, detail });
const rejectBot = (family: string) => err({ reason: 'bot' as const, detail: REJECTION_REASONS.bot, family });

const NO_FLAWS: readonly Rejection[] = [];
const UNPROVEN: Rejection = { reason: 'unproven_identity', detail: REJECTION_REASONS.unproven_identity };

/** @param proof what the signature of the user id says. */
export function enrich(
  raw: RawEvent,
  arrival: Arrival,
  pixel: Pixel,
  proof: Proof = 'none',
): Result<Draft, Rejection> {
  if (arrival.head) return reject('head_request');
  if (arrival.client.refusal === 'opt_out') return reject('opted_out');
  const refuses = arrival.client.refusal === 'signal' || raw.consent === 'denied';
  if (refuses && pixel.settings.gpc === 'drop') return reject('refused');
  const named = eventName(raw.ev);
  if (!named.ok) return named;
  const overridden = applyOverrides(arrival);
  if (!overridden.ok) return overridden;
  const { ts, client } = overridden.value;
  const key = agentKey(client.userAgent);
  const agentClass = classOf(client, named.value, arrival.overrides === null, key);
  if (!agentClass.ok) return agentClass;
  if (arrival.overrides === null && !isAllowed(pixel.settings.origins, client)) {
    return reject(
      'origin_not_allowed',
      `${originOf(client) || 'No origin'} is not on this pixel's list of origins.`,
    );
  }
  if (raw.eid.length > LIMITS.eid) return reject('invalid_eid');
  if (maskEmails(raw.eid) !== raw.eid) return reject('invalid_eid', 'The event id holds an e-mail address.');
  const address = pageOf(raw.dl, client.referer, pixel);
  if (!address.ok) return address;
  // An engagement counts as no event: the same page is not viewed again because a parameter that is no part of it changes.
  const name = isSamePage(raw, address.value, pixel) && named.value === PAGEVIEW ? ENGAGEMENT : named.value;
  // How long somebody looked at a page can be told of visitors only.
  if (refuses && name === ENGAGEMENT) return reject('refused');
  const revenue = revenueOf(raw.cd);

  const consented = raw.consent === 'granted' && mayUseCookie(pixel, client);
  const identifiers = identifiersOf(raw, consented ? client.cookie : '');
  if (!identifiers.ok) return reject(identifiers.error);
  const isBelieved = ({ kind }: Identifier): boolean =>
    arrival.overrides !== null || mayName(kind, proof, pixel.settings.identity);

  const isUnproven = identifiers.value.some((one) => one.kind === 'uid' && !isBelieved(one));

  const mailProxy = agentClass.value === 'mail_proxy';
  const { hostname, page, marks } = address.value ?? NO_PAGE;
  const attribution = attribute(marks, readReferrer(raw.rl), ownHosts(pixel, hostname));
  const agent = mailProxy ? NO_AGENT : parseAgent(client.userAgent, client.hints, key);
  const place = mailProxy ? NOWHERE : client.place;
  const eid = scrubText(raw.eid, LIMITS.eid);
  const draft: Draft = {
    event: {
      pixel: pixel.id,
      ts,
      id: arrival.id,
      eid,
      name,
      hostname,
      page,
      referrer: attribution.referrer,
      source: attribution.source,
      channel: attribution.channel,
      utm_source: attribution.utm.source,
      utm_medium: attribution.utm.medium,
      utm_campaign: attribution.utm.campaign,
      utm_content: attribution.utm.content,
      utm_term: attribution.utm.term,
      device: agent.device,
      browser: agent.browser,
      browser_version: agent.browserVersion,
      os: agent.os,
      os_version: agent.osVersion,
      country: COUNTRIES.has(place.country) ? place.country : '',
      region: scrubText(place.region, LIMITS.place),
      region_name: scrubText(place.regionName, LIMITS.place),
      city: scrubText(place.city, LIMITS.place),
      language: firstLanguage(client.languages),
      agent_class: agentClass.value,
      ...engagementOf(name, raw.cd),
      value: revenue.ok ? revenue.value.value : null,
      currency: revenue.ok ? revenue.value.currency : '',
      // An engagement is no event that could have some.
      props: name === ENGAGEMENT ? '' : propsOf(raw.cd),
      authenticated: arrival.overrides === null ? 0 : 1,
    },
    day: localDayOf(pixel.timezone, ts),
    // A mail proxy stands for all its readers; without address and agent nobody can be told from anybody.
    identity:
      mailProxy || client.ip === '' || client.userAgent === ''
        ? null
        : {
            ip: client.ip.slice(0, LIMITS.address),
            userAgent: client.userAgent.slice(0, LIMITS.userAgent),
            isApart: arrival.isApart === true,
          },
    identifiers: identifiers.value.filter(isBelieved),
    isSigned: proof === 'right',
    flaws:
      revenue.ok && !isUnproven
        ? NO_FLAWS
        : [...(isUnproven ? [UNPROVEN] : []), ...(revenue.ok ? [] : [revenue.error])],
  };
  return ok(refuses ? anonymous(draft) : draft);
}

/**
 * What is left of an event whose sender asks not to be followed: that it happened, on which page, in which country, on
 * what kind of device, and which site or campaign it came from.
 */
function anonymous({ event, day }: Draft): Draft {
  const [host = ''] = event.referrer.split('/');
  return {
    event: {
      ...event,
      referrer: host,
      region: '',
      region_name: '',
      city: '',
      value: null,
      currency: '',
      props: '',
    },
    day,
    identity: null,
    identifiers: [],
    isSigned: false,
    flaws: NO_FLAWS,
  };
}

const NO_AGENT: Agent = { device: '', browser: '', browserVersion: '', os: '', osVersion: '' };

/** A name that people can read has something to see: no more than spaces and signs of width zero is none. */
const VISIBLE = /[^\p{C}\p{Z}\p{M}]/u;

function eventName(ev: string): Result<string, Rejection> {
  if (ev === '' || nameOfEvent(ev) === PAGEVIEW) return ok(PAGEVIEW);
  // Two more than may be: cutting takes one away when it would leave half a surrogate pair.
  const name = scrubText(ev, LIMITS.name + 2);
  if (name.length > LIMITS.name || !VISIBLE.test(name)) return reject('invalid_name');
  return ok(nameOfEvent(name));
}

function classOf(
  { userAgent, purpose }: Client,
  name: string,
  firstHand: boolean,
  key: number,
): Result<AgentClass, Rejection> {
  const { class: found, detail } = classify(userAgent, purpose, name, firstHand, key);
  if (found === 'bot') return rejectBot(detail);
  return found === 'prefetch' ? reject(found, detail) : ok(found);
}

const NO_PAGE = { hostname: '', page: '', marks: null };

/** The page: what the event says, else the page that asked for the image, else none. */
function pageOf(
  dl: string,
  referer: string,
  { url, settings }: Pixel,
): Result<PageAddress | null, Rejection> {
  if (dl === '') return ok(readPage(referer, '', settings.query_params));
  const isPath = dl.startsWith('/') && !dl.startsWith('//');
  const page = readPage(dl, isPath ? url : '', settings.query_params);
  return page ? ok(page) : reject('invalid_url');
}

/** Whether an address changed within a page, and the page remained the same. */
function isSamePage({ nav, rl }: RawEvent, now: PageAddress | null, { settings }: Pixel): boolean {
  if (nav !== '1') return false;
  const before = readPage(rl, '', settings.query_params);
  return before?.page === now?.page && before?.hostname === now?.hostname;
}

/** Hosts that belong to the owner, so that coming from one of them is no source. */
function ownHosts(pixel: Pixel, hostname: string): string[] {
  return [hostOf(pixel), withoutWww(hostname)];
}

interface Overridden {
  readonly ts: number;
  readonly client: Client;
}

function applyOverrides({ receivedAt, client, overrides }: Arrival): Result<Overridden, Rejection> {
  if (overrides === null) return ok({ ts: receivedAt, client });
  const { ip, ua, country } = overrides;
  if (ip !== undefined && !isPlain(ip, LIMITS.address)) {
    return reject('invalid_override', 'ip is not an address or a host name.');
  }
  if (ua !== undefined && typeof ua !== 'string') return reject('invalid_override', 'ua is not a text.');
  const code = typeof country === 'string' ? country.toUpperCase() : '';
  if (country !== undefined && !COUNTRIES.has(code)) {
    return reject('invalid_override', 'country is not an ISO 3166-1 alpha-2 code.');
  }
  const time = overrides.ts === undefined ? ok(receivedAt) : parseTime(overrides.ts);
  if (!time.ok) return time;
  if (time.value > receivedAt + LIMITS.clockSkew) return reject('time_in_future');
  if (time.value < LIMITS.oldestTs) return reject('time_too_old');
  return ok({
    ts: time.value,
    client: {
      ...client,
      ip: ip === undefined ? '' : (normalAddress(ip) ?? normalHost(ip) ?? ip),
      userAgent: flatCut(ua ?? '', LIMITS.userAgent).replaceAll('\n', ' '),
      place: country === undefined ? client.place : { ...NOWHERE, country: code },
    },
  });
}

/** A text of some length without spaces or control characters. */
function isPlain(value: unknown, limit: number): value is string {
  return typeof value === 'string' && value.length <= limit && /^[\x21-\x7e]+$/.test(value);
}

const ISO_TIME = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** ISO 8601 with its offset, or epoch milliseconds. */
function parseTime(value: unknown): Result<number, Rejection> {
  if (typeof value === 'number' && Number.isFinite(value)) return ok(Math.trunc(value));
  if (typeof value !== 'string') return reject('invalid_time');
  const [, day] = ISO_TIME.exec(value) ?? [];
  const ts = day !== undefined && isDay(day) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ts) ? reject('invalid_time') : ok(ts);
}

interface Revenue {
  readonly value: number | null;
  readonly currency: string;
}

/** `cd[value]` in millionths and `cd[currency]`. A currency without a value means nothing. */
function revenueOf(cd: RawEvent['cd']): Result<Revenue, Rejection> {
  const sent = customField(cd, 'value');
  if (sent === undefined || sent === null || isBlank(sent)) return ok({ value: null, currency: '' });
  if (typeof sent !== 'number' && typeof sent !== 'string') return reject('invalid_value');
  const micros = Math.round((typeof sent === 'string' ? decimalNumber(sent) : sent) * 1e6);
  if (!(Math.abs(micros) <= LIMITS.valueMicros)) return reject('invalid_value');
  const currency = customField(cd, 'currency') ?? '';
  if (currency === '') return ok({ value: micros, currency: '' });
  const code = typeof currency === 'string' && /^[A-Za-z]{3}$/.test(currency) ? currency.toUpperCase() : '';
  return CURRENCIES.has(code) ? ok({ value: micros, currency: code }) : reject('invalid_currency');
}

/** `cd[engaged]` in milliseconds and `cd[scroll]` in per cent; what is no such number is not known. */
function engagementOf(name: string, cd: RawEvent['cd']): Pick<Event, 'engaged' | 'scroll'> {
  if (name !== ENGAGEMENT) return { engaged: null, scroll: null };
  return {
    engaged: wholeNumber(customField(cd, 'engaged'), LIMITS.engaged),
    scroll: wholeNumber(customField(cd, 'scroll'), 100),
  };
}

/** A number from 0 on, cut at `most`; null for anything else. */
function wholeNumber(value: unknown, most: number): number | null {
  const number = typeof value === 'string' ? decimalNumber(value) : typeof value === 'number' ? value : -1;
  return number >= 0 ? Math.min(Math.round(number), most) : null;
}

/** A text of spaces, which `Number` makes 0 of. */
function isBlank(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === '';
}

function customField(cd: RawEvent['cd'], key: string): unknown {
  return cd.find(([name]) => name === key)?.[1];
}

/** Custom data without revenue, as the text of a JSON object; `''` when there is none. */
function propsOf(cd: RawEvent['cd']): string {
  const props = new Map<string, string>();
  for (const [key, value] of cd) {
    if (key === 'value' || key === 'currency' || props.size >= LIMITS.props) continue;
    const name = scrubText(key, LIMITS.propKey);
    const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '');
    if (name !== '' && !props.has(name)) props.set(name, scrubText(text, LIMITS.propValue));
  }
  return textOfProperties(props);
}
