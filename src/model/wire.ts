/**
 * Raw events and the clients that sent them. They are plain data, since they outlive their requests. Property names stay as they
 * are: hits may wait in the queue, sealed, while a new version is deployed.
 */

import type { CookieReach } from './cookie.ts';
import type { PixelKey } from './pixel-key.ts';

/** What a request's connection and headers say of its client. A text that is not there is `''`. */
export interface Client {
  readonly ip: string;
  readonly userAgent: string;
  /** `Accept-Language`, as sent. */
  readonly languages: string;
  readonly referer: string;
  readonly origin: string;
  /** `Sec-Purpose` or `Purpose`, which browsers send with a prefetch. */
  readonly purpose: string;
  /** The reach of the cookie that this request may set and be identified by; `''` if it may have none. */
  readonly cookieReach: CookieReach | '';
  readonly refusal: OptOut;
  /** The value of the person cookie. */
  readonly cookie: string;
  /** The value of the person cookie of a client that refuses to be recognized, or refuses advertising: it says whose consent ends, and identifies nobody. */
  readonly refusedCookie?: string;
  /** Whether there is a person cookie that does not count, such as one of an older version. */
  readonly staleCookie: boolean;
  readonly hints: ClientHints;
  readonly place: Geo;
}

/**
 * What the browser says about being counted: nothing (`''`), `Sec-GPC: 1` or `DNT: 1` (`signal`), or the opt-out cookie
 * (`opt_out`), with which nothing may be stored.
 */
export type OptOut = '' | 'signal' | 'opt_out';

/** User-Agent Client Hints, as sent. */
export interface ClientHints {
  /** `Sec-CH-UA-Platform`. */
  readonly platform: string;
  /** `Sec-CH-UA-Platform-Version`. */
  readonly platformVersion: string;
  /** `Sec-CH-UA-Mobile`: `?1` or `?0`. */
  readonly mobile: string;
}

export interface Geo {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** ISO 3166-2, such as `US-CA`. */
  readonly region: string;
  readonly regionName: string;
  readonly city: string;
}

export const NO_HINTS: ClientHints = { platform: '', platformVersion: '', mobile: '' };
export const NO_GEO: Geo = { country: '', region: '', regionName: '', city: '' };

/** A visitor's choice about advertising, apart from that about being counted; `''` if there is none. */
export type AdConsent = '' | 'granted' | 'denied';

/** The fields of one event, as a client sent them, before any check. */
export interface RawEvent {
  /** What names the pixel: its id, or what `key` says. */
  readonly id: string;
  /** The tool whose name for its site `id` is. Absent if `id` is the pixel's own id. A name is looked up, never taken for an id. */
  readonly key?: PixelKey;
  readonly ev: string;
  readonly dl: string;
  readonly rl: string;
  /** `1`: a page view by a changed address within a page; `rl` is the address before. Older hits in the queue lack it. */
  readonly nav?: string;
  readonly eid: string;
  /** The owner's own id of the signed-in user. Only a keyed hash of it is stored. */
  readonly uid: string;
  /** The signature of `uid` by the owner's server. Older hits in the queue lack it. */
  readonly uid_sig?: string;
  /** Hashed user data by name: `em`, `ph` and `external_id`. Other names are ignored. */
  readonly ud: readonly (readonly [string, unknown])[];
  /** `granted` or `denied`. Any other text is ignored. */
  readonly consent: string;
  /**
   * What a client says of advertising if it asks for that apart from being counted; `''` if its `consent` says nothing of it. Absent if `consent` is the
   * owner's own word, which covers both.
   */
  readonly ads?: AdConsent;
  /** What the page proposes for a new person cookie. */
  readonly cid: string;
  /** An id that another tool's script has made for its visitor. It identifies a person only where the person cookie would. */
  readonly aid?: string;
  /** Present if a library on a server sent the event: the request's own address and headers say nothing about the visitor. */
  readonly server?: ServerClient;
  /** Present if the client's own script has recognized a bot: its name. The event is rejected as that bot's. */
  readonly bot?: string;
  /** Custom data in the order sent. Pairs, not an object: a key may be `__proto__`. */
  readonly cd: readonly (readonly [string, unknown])[];
}

/** What an event from a server says of its visitor's client. Anyone can claim it, so it makes no visitor. */
export interface ServerClient {
  /** The visitor's user agent, or `''`. */
  readonly ua: string;
  /** As `Accept-Language` has them, or `''`. */
  readonly languages: string;
}

/** An event as a wire format reads it. */
export interface SentEvent extends RawEvent {
  /** What the event says in its client's place. It counts only if the sender is authenticated. */
  readonly overrides?: Overrides;
}

/** The id of an event's pixel, or `''` if the event names its pixel by another key. */
export function pixelIdOf({ id, key }: RawEvent): string {
  return key === undefined ? id : '';
}

/** An event without any field. */
export const BLANK_EVENT: RawEvent = {
  id: '',
  ev: '',
  dl: '',
  rl: '',
  nav: '',
  eid: '',
  uid: '',
  uid_sig: '',
  ud: [],
  consent: '',
  cid: '',
  cd: [],
};

/** A client without any data. */
export const UNKNOWN_CLIENT: Client = {
  ip: '',
  userAgent: '',
  languages: '',
  referer: '',
  origin: '',
  purpose: '',
  cookieReach: '',
  refusal: '',
  cookie: '',
  staleCookie: false,
  hints: NO_HINTS,
  place: NO_GEO,
};

/** A hit: one request with its raw events and its client. An entry that is not an event is null. */
export interface RawHit {
  /** Made at the edge. The ids of the events begin with it, so enriching a hit twice gives the same events. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** Whether the method was HEAD, which is not a view. */
  readonly head: boolean;
  readonly client: Client;
  readonly events: readonly (SentEvent | null)[];
  /** Present only if the sender is authenticated: then the overrides of its events count, and nothing of its own connection. */
  readonly sender?: Sender;
}

/** A server that has sent a token with the scope `events:write`. */
export interface Sender {
  /** Whether its visitors are to be others than any browser's: see `visitorHash`. */
  readonly isApart: boolean;
}

/** What an authenticated sender says in its client's place, before it is checked. */
export interface Overrides {
  readonly ts?: unknown;
  readonly ip?: unknown;
  readonly ua?: unknown;
  readonly country?: unknown;
}
