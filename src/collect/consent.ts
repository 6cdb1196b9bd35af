/**
 * Applies the visitor's choice to a request: consent sets a cookie where the pixel allows one, and a refusal removes it. Only
 * requests that may hold a choice load this module.
 */

import { findNamedPixels } from '../enrich/named-pixels.ts';
import { mayUseCookie, originOf } from '../enrich/origins.ts';
import { type Env, secretsOf } from '../env.ts';
import type { CookieReach } from '../model/cookie.ts';
import { base64url } from '../model/random.ts';
import { deriveKey } from '../model/secret-key.ts';
import { FORGET_OLD_PERSON, FORGET_PERSON, newPersonCookie, personCookie } from '../model/set-cookie.ts';
import { BLANK_EVENT, type Client, type RawEvent, UNKNOWN_CLIENT } from '../model/wire.ts';
import { withTimeout } from '../store/failure.ts';
import { findPixels } from '../store/pixels.ts';

/** Milliseconds that an answer waits for the store, since the page's `load` event waits for the image. */
const MAX_WAIT = 1000;

type Events = readonly (RawEvent | null)[];

export interface ConsentResult {
  /** The client, with the cookie that the answer sets. */
  readonly client: Client;
  readonly events: Events;
  /** `Set-Cookie` headers. */
  readonly cookies: readonly string[];
}

/**
 * Applies a request's choice. To set a cookie, the answer waits for the pixel's settings, which most isolates have cached.
 */
export async function applyConsent(
  events: Events,
  client: Client,
  env: Env,
  now: number,
): Promise<ConsentResult> {
  const hasCookie = client.cookie !== '' || client.staleCookie;
  const refusedCookie = client.cookie === '' ? {} : { refusedCookie: client.cookie };
  if (client.refusal === 'opt_out') {
    // Only what is needed to count the opt-out, and to end the consent of before, is passed on.
    return {
      client: { ...UNKNOWN_CLIENT, refusal: 'opt_out', ...refusedCookie },
      events: events.map((event) => event && withoutFields(event)),
      cookies: hasCookie ? FORGET_PERSON : [],
    };
  }
  const withoutCookie = { ...client, cookie: '' };
  const latest = events.findLast((event) => event?.consent === 'granted' || event?.consent === 'denied');
  if (client.refusal !== '' || latest?.consent === 'denied') {
    return {
      client: { ...withoutCookie, ...refusedCookie },
      events,
      cookies: hasCookie ? FORGET_PERSON : [],
    };
  }
  const reach = latest ? await reachOf(events, client, env, now) : null;
  if (!latest || reach === null) {
    // The cookie stays, but says whose consent to advertising ends.
    const refused = events.some((event) => event?.ads === 'denied') ? refusedCookie : {};
    return { client: { ...withoutCookie, ...refused }, events, cookies: [] };
  }
  // Another tool's client has an id of its own, and most of them would not send the cookie again.
  if (client.cookie === '' && latest.aid !== undefined) return { client: withoutCookie, events, cookies: [] };
  const cookie = client.cookie || (await makeCookie(latest.cid, client, env));
  const old = client.staleCookie ? FORGET_OLD_PERSON : [];
  return { client: { ...client, cookie }, events, cookies: [personCookie(cookie, reach), ...old] };
}

/** An event without its fields: it names its pixel, and nothing else. */
function withoutFields({ id, key }: RawEvent): RawEvent {
  return { ...BLANK_EVENT, id, ...(key === undefined ? {} : { key }) };
}

/**
 * The furthest reach of a cookie that any pixel of the events with consent allows this client's page; null if no pixel allows
 * one, or if the store does not answer in time.
 */
async function reachOf(events: Events, client: Client, env: Env, now: number): Promise<CookieReach | null> {
  // No pixel could allow a cookie, so the store is not queried.
  if (client.cookieReach === '') return null;
  const consented = events.filter((event): event is RawEvent => event?.consent === 'granted');
  const find = async () => {
    const pixelsOf = await findNamedPixels(env.DB, consented, now);
    return findPixels(env.DB, consented.flatMap(pixelsOf), now);
  };
  try {
    const pixels = await withTimeout(find(), MAX_WAIT);
    const allowed = new Set(
      [...pixels.values()]
        .filter((pixel) => mayUseCookie(pixel, client))
        .map(({ settings }) => settings.cookie),
    );
    if (allowed.has('third_party')) return 'third_party';
    return allowed.has('first_party') ? 'first_party' : null;
  } catch {
    return null;
  }
}

/** A proposed cookie value: 128 bits in base64url, or as four numbers, which the tag need not convert. */
const PROPOSAL = /^([\w-]{22}|\d{1,10}(,\d{1,10}){3})$/;

/**
 * The value of a new cookie. The page proposes a `cid`, the same for all events that it sends before it has the cookie, so these
 * events belong to one person. The value is a keyed hash of the `cid`, the page's host, the address and the user agent: a page
 * that chooses a `cid` does not learn the cookie, and two sites that propose the same `cid` get different cookies.
 */
async function makeCookie(cid: string, client: Client, env: Env): Promise<string> {
  const [secret] = secretsOf(env);
  if (secret === undefined || !PROPOSAL.test(cid)) return newPersonCookie();
  const key = await deriveKey(secret, 'person cookies');
  // None of the four can contain a line feed.
  const parts = [cid, originOf(client), client.ip, client.userAgent];
  const message = new TextEncoder().encode(parts.join('\n'));
  return base64url(new Uint8Array(await crypto.subtle.sign('HMAC', key, message), 0, 16));
}
