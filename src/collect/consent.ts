/**
 * What an answer owes to the choice of who is counted: a cookie for who has consented, where the pixel allows it, the
 * removal of one, or nothing at all. Only requests that hold a choice come here; all others are answered without it.
 */

import { mayUseCookie, originOf } from '../enrich/origins.ts';
import { type Env, secretsOf } from '../env.ts';
import type { CookieReach } from '../model/cookie.ts';
import { base64url } from '../model/random.ts';
import { deriveKey } from '../model/secret-key.ts';
import { FORGET_OLD_PERSON, FORGET_PERSON, newPersonCookie, personCookie } from '../model/set-cookie.ts';
import { BLANK_EVENT, type Client, pixelIdOf, type RawEvent, UNKNOWN_CLIENT } from '../model/wire.ts';
import { withTimeout } from '../store/failure.ts';
import { findPixels } from '../store/pixels.ts';

/** Milliseconds that an answer waits for the store: the page's `load` event waits for the image. */
const LONGEST_WAIT = 1000;

type Events = readonly (RawEvent | null)[];

export interface ConsentResult {
  /** With the cookie that is set. */
  readonly client: Client;
  readonly events: Events;
  /** `Set-Cookie` headers. */
  readonly cookies: readonly string[];
}

/**
 * Settles a request's choice. This alone of all that is done before the answer may look something up: whether a pixel
 * allows cookies has to be known when one is set, and most isolates know it already.
 */
export async function applyConsent(
  events: Events,
  client: Client,
  env: Env,
  now: number,
): Promise<ConsentResult> {
  if (client.refusal === 'opt_out') {
    // No more goes on than it takes to count the refusal.
    return {
      client: { ...UNKNOWN_CLIENT, refusal: 'opt_out' },
      events: events.map((event) => event && withoutAll(event)),
      cookies: [],
    };
  }
  const unknown = { ...client, cookie: '' };
  const latest = events.findLast((event) => event?.consent === 'granted' || event?.consent === 'denied');
  if (client.refusal !== '' || latest?.consent === 'denied') {
    const hasCookie = client.cookie !== '' || client.staleCookie;
    return { client: unknown, events, cookies: hasCookie ? FORGET_PERSON : [] };
  }
  const reach = latest ? await reachOf(events, client, env, now) : null;
  if (!latest || reach === null) return { client: unknown, events, cookies: [] };
  const cookie = client.cookie || (await makeCookie(latest.cid, client, env));
  const old = client.staleCookie ? FORGET_OLD_PERSON : [];
  return { client: { ...client, cookie }, events, cookies: [personCookie(cookie, reach), ...old] };
}

/** An event that names its pixel and says nothing else. */
function withoutAll({ id, key }: RawEvent): RawEvent {
  return { ...BLANK_EVENT, id, ...(key === undefined ? {} : { key }) };
}

/**
 * The furthest reach that a pixel of the events with consent allows a cookie for this client's page; null when none does, or
 * the store is silent.
 */
async function reachOf(events: Events, client: Client, env: Env, now: number): Promise<CookieReach | null> {
  // Known without asking the store.
  if (client.cookieReach === '') return null;
  const ids = events.flatMap((event) => (event?.consent === 'granted' ? [pixelIdOf(event)] : []));
  try {
    const pixels = await withTimeout(findPixels(env.DB, ids, now), LONGEST_WAIT);
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

/** 128 bits, in base64url or as four numbers, which is how the tag has them without converting. */
const PROPOSAL = /^([\w-]{22}|\d{1,10}(,\d{1,10}){3})$/;

/**
 * The value of a new cookie. The page proposes a `cid`, the same for all events of one moment, so that they are one person's
 * before the cookie is there. The value is made of it, the page's host, the address and the user agent under a key of the
 * Worker's: who has the page propose a `cid` does not know the cookie, and two sites that propose the same get different ones.
 */
async function makeCookie(cid: string, client: Client, env: Env): Promise<string> {
  const [secret] = secretsOf(env);
  if (secret === undefined || !PROPOSAL.test(cid)) return newPersonCookie();
  const key = await deriveKey(secret, 'person cookies');
  // A line feed can be in none of the four.
  const parts = [cid, originOf(client), client.ip, client.userAgent];
  const message = new TextEncoder().encode(parts.join('\n'));
  return base64url(new Uint8Array(await crypto.subtle.sign('HMAC', key, message), 0, 16));
}
