/**
 * What an answer owes to the choice of who is counted: a cookie for who has consented, where the pixel allows it, the
 * removal of one, or nothing at all. Only requests that hold a choice come here; all others are answered without it.
 */
import type { Env } from '../env.ts';
import {
  type CookieReach,
  FORGET_PERSON,
  newPersonCookie,
  PERSON_COOKIE_VALUE,
  personCookie,
} from '../model/cookie.ts';
import { BLANK_EVENT, type Client, type RawEvent, UNKNOWN_CLIENT } from '../model/wire.ts';
import { findPixels } from '../store/pixels.ts';

type Events = readonly (RawEvent | null)[];

export interface Settled {
  /** With the cookie that is set. */
  readonly client: Client;
  readonly events: Events;
  /** `Set-Cookie` headers. */
  readonly cookies: readonly string[];
}

/** Whether a request's text or client may hold a choice. Cheap, since every request is asked. */
export function mayChoose({ refusal, cookie }: Client, text: string): boolean {
  return refusal === 'opt_out' || cookie !== '' || text.includes('granted');
}

/**
 * Settles a request's choice. This alone of all that is done before the answer may look something up: whether a pixel
 * allows cookies has to be known when one is set, and most isolates know it already.
 */
export async function settle(events: Events, client: Client, env: Env, now: number): Promise<Settled> {
  if (client.refusal === 'opt_out') {
    // No more goes on than it takes to count the refusal.
    return {
      client: { ...UNKNOWN_CLIENT, refusal: 'opt_out' },
      events: events.map((event) => event && { ...BLANK_EVENT, id: event.id }),
      cookies: [],
    };
  }
  const latest = events.findLast((event) => event?.consent === 'granted' || event?.consent === 'denied');
  if (client.refusal !== '' || latest?.consent === 'denied') {
    return {
      client: { ...client, cookie: '' },
      events,
      cookies: client.cookie === '' ? [] : FORGET_PERSON,
    };
  }
  const reach = latest ? await reachOf(events, env, now) : null;
  // A browser refuses a cookie for pages of the same site from any other: there each page would be another person.
  const isKept = reach === 'third_party' || (reach === 'first_party' && !client.crossSite);
  if (!latest || !isKept) return { client: { ...client, cookie: '' }, events, cookies: [] };
  const proposed = PERSON_COOKIE_VALUE.test(latest.cid) ? latest.cid : newPersonCookie();
  const cookie = client.cookie || proposed;
  return { client: { ...client, cookie }, events, cookies: [personCookie(cookie, reach)] };
}

/** The furthest reach that a pixel of the events with consent allows; null when none does, or the store is silent. */
async function reachOf(events: Events, env: Env, now: number): Promise<CookieReach | null> {
  const ids = events.flatMap((event) => (event?.consent === 'granted' ? [event.id] : []));
  try {
    const pixels = await findPixels(env.DB, ids, now);
    const allowed = new Set([...pixels.values()].map(({ settings }) => settings.cookie));
    if (allowed.has('third_party')) return 'third_party';
    return allowed.has('first_party') ? 'first_party' : null;
  } catch {
    return null;
  }
}
