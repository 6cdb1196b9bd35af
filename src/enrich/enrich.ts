/**
 * Turns a raw event and the context of its client into an event, or into a rejection. The functions are pure: they receive the
 * time, the pixel and the client as arguments. The caller, which has the salt, computes the visitor's hash.
 */

import type { LocalDay } from '../model/batch.ts';
import type { Event } from '../model/event.ts';
import { LIMITS } from '../model/limits.ts';
import { localDayOf } from '../model/local-day.ts';
import type { Pixel } from '../model/pixel.ts';
import { type Rejection, rejection } from '../model/rejection.ts';
import { err, ok, type Result, unwrap } from '../model/result.ts';
import { COUNTRIES } from '../model/text/countries.ts';
import { withoutWww } from '../model/text/host.ts';
import { firstLanguage } from '../model/text/language.ts';
import { type Client, NO_GEO, type RawEvent } from '../model/wire.ts';
import { readReferrer } from './addresses.ts';
import { type Agent, parseAgent } from './agent.ts';
import { type Arrival, Candidate } from './candidate.ts';
import { rejectionOf } from './checks.ts';
import { engagementOf, propertiesOf, revenueOf } from './custom-data.ts';
import type { Proof } from './identity.ts';
import { hostOf } from './origins.ts';
import { type Identifier, mayName } from './person.ts';
import { attribute } from './referrer.ts';
import { scrubText } from './scrub.ts';

/** What a visitor's hash is made of. */
export interface Identity {
  readonly ip: string;
  readonly userAgent: string;
  readonly isApart: boolean;
}

/** An event that lacks only its visitor and person, and what these are hashed from. */
export interface EnrichedEvent {
  readonly event: Omit<Event, 'visitor' | 'person'>;
  readonly day: LocalDay;
  /** Null if the client cannot be distinguished from others. */
  readonly identity: Identity | null;
  /** The identifiers of the person, strongest first; empty if there are none. */
  readonly identifiers: readonly Identifier[];
  /** Whether the user id is signed by the owner's server. */
  readonly isSigned: boolean;
  /** What was left out of the event, and why. Each is counted as a rejection, although the event is stored. */
  readonly flaws: readonly Rejection[];
}

const NO_FLAWS: readonly Rejection[] = [];

/** @param proof what the signature of the user id says. */
export function enrich(
  raw: RawEvent,
  arrival: Arrival,
  pixel: Pixel,
  proof: Proof = 'none',
): Result<EnrichedEvent, Rejection> {
  const candidate = new Candidate(raw, arrival, pixel);
  const failure = rejectionOf(candidate);
  if (failure !== null) return err(failure);
  const enriched = enrichCandidate(candidate, proof);
  return ok(candidate.asksForPrivacy ? anonymize(enriched) : enriched);
}

/** @param candidate has passed the checks. */
function enrichCandidate(candidate: Candidate, proof: Proof): EnrichedEvent {
  const { raw, arrival, pixel, isAuthenticated, countedName: name } = candidate;
  const { ts, client } = unwrap(candidate.origin);
  const agentClass = unwrap(candidate.agentClass);
  const isMailProxy = agentClass === 'mail_proxy';
  const { hostname, page, link } = unwrap(candidate.page) ?? NO_PAGE;
  // Coming from a host of the owner's is no source.
  const attribution = attribute(link, readReferrer(raw.rl), [hostOf(pixel), withoutWww(hostname)]);
  const agent = isMailProxy ? NO_AGENT : parseAgent(client.userAgent, client.hints, candidate.agentKey);
  const geo = isMailProxy ? NO_GEO : client.place;
  const revenue = revenueOf(raw.cd);

  const identifiers = unwrap(candidate.identifiers);
  const isBelieved = ({ kind }: Identifier): boolean =>
    isAuthenticated || mayName(kind, proof, pixel.settings.identity);
  const flaws: Rejection[] = [];
  if (identifiers.some((one) => one.kind === 'uid' && !isBelieved(one))) {
    flaws.push(rejection('unproven_identity'));
  }
  if (!revenue.ok) flaws.push(rejection(revenue.error));

  return {
    event: {
      pixel: pixel.id,
      ts,
      id: arrival.id,
      eid: scrubText(raw.eid, LIMITS.eid),
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
      country: COUNTRIES.has(geo.country) ? geo.country : '',
      region: scrubText(geo.region, LIMITS.geo),
      region_name: scrubText(geo.regionName, LIMITS.geo),
      city: scrubText(geo.city, LIMITS.geo),
      language: firstLanguage(client.languages),
      agent_class: agentClass,
      ...engagementOf(name, raw.cd),
      value: revenue.ok ? revenue.value.value : null,
      currency: revenue.ok ? revenue.value.currency : '',
      props: propertiesOf(name, raw.cd),
      authenticated: isAuthenticated ? 1 : 0,
    },
    day: localDayOf(pixel.timezone, ts),
    identity: isMailProxy ? null : identityOf(client, arrival),
    identifiers: identifiers.filter(isBelieved),
    isSigned: proof === 'right',
    flaws: flaws.length === 0 ? NO_FLAWS : flaws,
  };
}

/**
 * Null if the client cannot be distinguished from others: without an address or user agent, or behind a mail proxy, which has
 * many readers.
 */
export function identityOf(
  { ip, userAgent }: Client,
  { isApart = false }: Pick<Arrival, 'isApart'>,
): Identity | null {
  if (ip === '' || userAgent === '') return null;
  return {
    ip: ip.slice(0, LIMITS.address),
    userAgent: userAgent.slice(0, LIMITS.userAgent),
    isApart,
  };
}

/**
 * Anonymizes an event whose sender asks not to be followed. It keeps only the name, page, country, device type, and the site or
 * campaign that the visitor came from.
 */
function anonymize({ event, day }: EnrichedEvent): EnrichedEvent {
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
const NO_PAGE = { hostname: '', page: '', link: null };
