/** What the collecting side hands on: plain data, since it outlives its request and is shared between requests. */

import type { CookieReach } from './cookie.ts';

/** What is known of a client from its connection and headers. An unknown text is `''`. */
export interface Client {
  readonly ip: string;
  readonly userAgent: string;
  /** `Accept-Language`, as sent. */
  readonly languages: string;
  readonly referer: string;
  readonly origin: string;
  /** `Sec-Purpose` or `Purpose`: why a browser fetches before anyone looks. */
  readonly purpose: string;
  /** How far a cookie would reach that this request sets or is known by; `''` when it may have none. */
  readonly cookieReach: CookieReach | '';
  readonly refusal: OptOut;
  /** The value of the person's cookie. */
  readonly cookie: string;
  /** Whether there is a person's cookie that does not count, such as an older Speck's. */
  readonly staleCookie: boolean;
  readonly hints: ClientHints;
  readonly place: Geo;
}

/**
 * What a browser says of being counted: nothing; `Sec-GPC: 1` or `DNT: 1`; or, by the cookie of `/opt-out`, that nothing of it
 * may be stored.
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

/** How clients name a pixel other than by its id. No such key leads to a pixel yet, so their events are `unknown_pixel`. */
export type PixelKey = 'domain' | 'write_key';

/** The fields of one event, as any wire format speaks them, before anything is looked up or trusted. */
export interface RawEvent {
  /** What names the pixel: its id, or what `key` says. */
  readonly id: string;
  /** Absent if `id` is the pixel's own id. Any other key is looked up, and never taken for an id. */
  readonly key?: PixelKey;
  readonly ev: string;
  readonly dl: string;
  readonly rl: string;
  /** `1`: a page view by a changed address within a page, of which `rl` is the one before. Older requests in the queue lack it. */
  readonly nav?: string;
  readonly eid: string;
  /** The owner's own id of who is signed in. Only a keyed hash of it is ever stored. */
  readonly uid: string;
  /** The signature of `uid` by the owner's server. A request that an older Speck has put into the queue lacks it. */
  readonly uid_sig?: string;
  /** Hashed user data by name: `em`, `ph`, `external_id` and others that mean nothing here. */
  readonly ud: readonly (readonly [string, unknown])[];
  /** `granted` or `denied`; anything else is as good as absent. */
  readonly consent: string;
  /** What the person's cookie is to hold if the browser has none. */
  readonly cid: string;
  /** Custom data in the order sent. Pairs, not an object: a key may be `__proto__`. */
  readonly cd: readonly (readonly [string, unknown])[];
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

/** An event that says nothing. */
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

/** A client of which nothing is known. */
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

/** The events of one request with what is known of its client. An entry that is no event at all is null. */
export interface RawHit {
  /** Made at the edge; the ids of its events begin with it, so that a hit that is enriched twice is one. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** Asked for with HEAD, which is no view. */
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
