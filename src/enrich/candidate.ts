/**
 * A raw event before it is accepted. Each part is read when it is first needed, so a check that fails early saves the work of
 * later checks.
 */
import { type AgentClass, ENGAGEMENT, nameOfEvent, PAGEVIEW } from '../model/event.ts';
import { LIMITS } from '../model/limits.ts';
import type { Pixel } from '../model/pixel.ts';
import { type Rejection, rejection } from '../model/rejection.ts';
import { err, ok, type Result, unwrap } from '../model/result.ts';
import {
  type Client,
  type Overrides,
  type RawEvent,
  type ServerClient,
  UNKNOWN_CLIENT,
} from '../model/wire.ts';
import { type PageAddress, readPage } from './addresses.ts';
import { classify } from './bots.ts';
import { agentKey } from './bounded-agent.ts';
import { mayUseCookie } from './origins.ts';
import { type Origin, withOverrides } from './overrides.ts';
import { anonymousId, type Identifier, identifiersOf } from './person.ts';
import { scrubText } from './scrub.ts';

/** How an event reached Speck. */
export interface Arrival {
  /** The event's id. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly head: boolean;
  readonly client: Client;
  /** What an authenticated sender says in the client's place; null if the client itself sent the event. */
  readonly overrides: Overrides | null;
  /** Whether the visitor must differ from that of any browser: see `visitorHash`. */
  readonly isApart?: boolean;
}

type Read<T> = Result<T, Rejection>;

/** The caller must check that a property is `ok` before it calls `unwrap`. */
export class Candidate {
  readonly raw: RawEvent;
  readonly arrival: Arrival;
  readonly pixel: Pixel;
  #name?: Read<string>;
  #origin?: Read<Origin>;
  #agentClass?: Read<AgentClass>;
  #page?: Read<PageAddress | null>;
  #identifiers?: Read<readonly Identifier[]>;

  constructor(raw: RawEvent, arrival: Arrival, pixel: Pixel) {
    this.raw = raw;
    this.arrival = arrival;
    this.pixel = pixel;
  }

  /** Whether a server sent the event with a token, rather than the client itself. */
  get isAuthenticated(): boolean {
    return this.arrival.overrides !== null;
  }

  /** Whether the sender asks not to be followed, by a signal of the browser or by a denied consent. */
  get asksForPrivacy(): boolean {
    return this.arrival.client.refusal === 'signal' || this.raw.consent === 'denied';
  }

  /** The name as it was sent; see `countedName`. */
  get name(): Read<string> {
    this.#name ??= nameOf(this.raw.ev);
    return this.#name;
  }

  /** The time and the client. */
  get origin(): Read<Origin> {
    const { receivedAt, overrides } = this.arrival;
    const received = { ts: receivedAt, client: clientOf(this.arrival.client, this.raw.server) };
    this.#origin ??= overrides === null ? ok(received) : withOverrides(received, overrides);
    return this.#origin;
  }

  get client(): Client {
    return unwrap(this.origin).client;
  }

  /** The key of the user agent in caches. */
  get agentKey(): number {
    return agentKey(this.client.userAgent);
  }

  /** The class of the client; a bot or a prefetch is a rejection. */
  get agentClass(): Read<AgentClass> {
    const { bot, server } = this.raw;
    if (bot !== undefined) return err({ ...rejection('bot'), family: bot });
    const isFromClient = !this.isAuthenticated && server === undefined;
    this.#agentClass ??= agentClassOf(this.client, unwrap(this.name), isFromClient, this.agentKey);
    return this.#agentClass;
  }

  /** The page that the event names, else the page that requested the image, else none. */
  get page(): Read<PageAddress | null> {
    this.#page ??= pageOf(this.raw.dl, this.client.referer, this.pixel);
    return this.#page;
  }

  /**
   * The name that is stored. A page view of the page that was viewed before is an engagement: the address has changed in a part
   * that does not count.
   */
  get countedName(): string {
    const name = unwrap(this.name);
    return name === PAGEVIEW && isSamePage(this.raw, unwrap(this.page), this.pixel) ? ENGAGEMENT : name;
  }

  /** The identifiers of the person that the event contains, allowed or not. */
  get identifiers(): Read<readonly Identifier[]> {
    this.#identifiers ??= this.#readIdentifiers();
    return this.#identifiers;
  }

  #readIdentifiers(): Read<readonly Identifier[]> {
    const hasConsent =
      this.raw.consent === 'granted' && (this.isAuthenticated || mayUseCookie(this.pixel, this.client));
    const identifiers = identifiersOf(this.raw, hasConsent ? this.#cookie : '');
    return identifiers.ok ? identifiers : err(rejection(identifiers.error));
  }

  /**
   * The person cookie, else the anonymous id of another tool's script. Anyone can send another's anonymous id. So it counts only where
   * anyone may identify a person, or if the owner's server vouches for it.
   */
  get #cookie(): string {
    const { settings } = this.pixel;
    const { aid = '' } = this.raw;
    const isAllowed = settings.cookie !== 'off' && (this.isAuthenticated || settings.identity === 'open');
    const isId = aid !== '' && aid.length <= LIMITS.uid;
    return this.client.cookie || (isAllowed && isId ? anonymousId(aid) : '');
  }
}

/** The client of an event: what a server says of its visitor's, or the one that sent the request. */
function clientOf(client: Client, server: ServerClient | undefined): Client {
  if (server === undefined) return client;
  const { ua: userAgent, languages } = server;
  return { ...UNKNOWN_CLIENT, refusal: client.refusal, userAgent, languages };
}

/** A name that people can read has a visible character: spaces and characters of width zero are not enough. */
const VISIBLE = /[^\p{C}\p{Z}\p{M}]/u;

function nameOf(ev: string): Read<string> {
  if (ev === '' || nameOfEvent(ev) === PAGEVIEW) return ok(PAGEVIEW);
  // Two more than the limit: cutting takes one away if it would leave half a surrogate pair.
  const name = scrubText(ev, LIMITS.name + 2);
  if (name.length > LIMITS.name || !VISIBLE.test(name)) return err(rejection('invalid_name'));
  return ok(nameOfEvent(name));
}

function agentClassOf(
  { userAgent, purpose }: Client,
  name: string,
  isFromClient: boolean,
  key: number,
): Read<AgentClass> {
  const { class: agentClass, detail } = classify(userAgent, purpose, name, isFromClient, key);
  if (agentClass === 'bot') return err({ ...rejection('bot'), family: detail });
  return agentClass === 'prefetch' ? err(rejection('prefetch', detail)) : ok(agentClass);
}

function pageOf(dl: string, referer: string, { url, settings }: Pixel): Read<PageAddress | null> {
  if (dl === '') return ok(readPage(referer, '', settings.query_params));
  const isPath = dl.startsWith('/') && !dl.startsWith('//');
  const page = readPage(dl, isPath ? url : '', settings.query_params);
  return page ? ok(page) : err(rejection('invalid_url'));
}

/** Whether an address has changed within a page (`nav`), and the page has not. */
function isSamePage({ nav, rl }: RawEvent, page: PageAddress | null, { settings }: Pixel): boolean {
  if (nav !== '1') return false;
  const previous = readPage(rl, '', settings.query_params);
  return previous?.page === page?.page && previous?.hostname === page?.hostname;
}
