/**
 * Finds out who does not want to be recognized any more: by a denied consent, a signal of the browser or an opt-out, whether or not the event itself is
 * stored. Loaded only for events of pixels with destinations.
 */
import { type Env, secretsOf } from '../env.ts';
import type { Withdrawal } from '../model/batch.ts';
import { localDayOf } from '../model/local-day.ts';
import type { Pixel } from '../model/pixel.ts';
import type { RawEvent } from '../model/wire.ts';
import { existingKeys, findKeys } from '../store/keys.ts';
import { findSalts } from '../store/salts.ts';
import { knownPeople, relayPixels } from '../store/withdrawals.ts';
import { consentsToAds } from './ad-consent.ts';
import { type Arrival, Candidate } from './candidate.ts';
import { identityOf } from './enrich.ts';
import { proofOf } from './identity.ts';
import { aliasOf, anonymousId, type Identifier, identifiersOf, mayName } from './person.ts';
import { visitorHash } from './visitor.ts';

/** An event with its pixel. */
export interface PixelEvent {
  readonly raw: RawEvent;
  readonly arrival: Arrival;
  readonly pixel: Pixel;
}

/** Whether the sender refuses, by any of the ways. */
export function refuses({ raw, arrival }: Pick<PixelEvent, 'raw' | 'arrival'>): boolean {
  return arrival.client.refusal !== '' || raw.consent === 'denied' || raw.ads === 'denied';
}

/**
 * The withdrawals of events of pixels with destinations, and of browsers whose cookie is removed since they refuse. Nobody knows such a browser
 * afterwards, so its cookie's consents end for all pixels.
 *
 * @throws what D1 throws.
 */
export async function withdrawalsOf(
  env: Env,
  events: readonly PixelEvent[],
  arrivals: readonly Arrival[],
  now: number,
): Promise<Withdrawal[]> {
  const [named, ofCookies] = await Promise.all([
    namedWithdrawals(env, events, now),
    cookieWithdrawals(env, arrivals),
  ]);
  return [...named, ...ofCookies];
}

/** Of the pixels that the events name. */
async function namedWithdrawals(env: Env, events: readonly PixelEvent[], now: number): Promise<Withdrawal[]> {
  const refusals = events.filter(
    (one, index) => refuses(one) && !events.slice(index + 1).some((later) => takesBack(later, one)),
  );
  if (refusals.length === 0) return [];
  const secrets = secretsOf(env);
  const placed = refusals.map((one) => ({ ...one, ...placeOf(one) }));
  const [keys, salts] = await Promise.all([
    findKeys(
      env.DB,
      secrets,
      placed.map(({ pixel }) => pixel.id),
    ),
    findSalts(
      env.DB,
      secrets,
      placed.flatMap(({ identity, day }) => (identity ? [day] : [])),
      now,
    ),
  ]);
  const withdrawals = await Promise.all(
    placed.map(async ({ raw, arrival, pixel, identity, day, at }): Promise<Withdrawal> => {
      const key = keys.get(pixel.id);
      const salt = salts.get(day);
      const { uid, uid_sig = '' } = raw;
      const proof = await proofOf(secrets, pixel.id, uid, uid_sig);
      const isBelieved = ({ kind }: Identifier): boolean =>
        arrival.overrides !== null || mayName(kind, proof, pixel.settings.identity);
      const identifiers = identifiersIn(raw, arrival, pixel).filter(isBelieved);
      return {
        pixel: pixel.id,
        people: key === undefined ? [] : await Promise.all(identifiers.map((one) => aliasOf(key, one))),
        visitor:
          identity && salt
            ? await visitorHash(salt, pixel.id, identity.ip, identity.userAgent, identity.isApart)
            : '',
        at,
      };
    }),
  );
  return withdrawals.filter(({ people, visitor }) => people.length > 0 || visitor !== '');
}

/** Of the cookies that are removed, for all pixels with destinations that know them: anyone can make up cookies, and for these nothing is stored. */
async function cookieWithdrawals(env: Env, arrivals: readonly Arrival[]): Promise<Withdrawal[]> {
  const cookies = new Map<string, number>();
  for (const { client, receivedAt } of arrivals) {
    const { refusedCookie = '' } = client;
    if (refusedCookie !== '')
      cookies.set(refusedCookie, Math.max(receivedAt, cookies.get(refusedCookie) ?? 0));
  }
  if (cookies.size === 0) return [];
  const pixels = await relayPixels(env.DB);
  if (pixels.length === 0) return [];
  const keys = await existingKeys(
    env.DB,
    secretsOf(env),
    pixels.map(({ id }) => id),
  );
  const people = await Promise.all(
    Array.from(keys).flatMap(([pixel, key]) =>
      Array.from(cookies, async ([value, at]) => {
        return { pixel, alias: await aliasOf(key, { kind: 'cookie', value }), at };
      }),
    ),
  );
  const known = await knownPeople(env.DB, people);
  return known.map(({ pixel, alias, at }) => ({ pixel, people: [alias], visitor: '', at }));
}

/**
 * Whether a later event of a browser's request is a consent of whoever an earlier one was a refusal of. A page may report a denial and, later, a
 * consent at once. The events of a server are of many visitors.
 */
function takesBack(later: PixelEvent, { raw, arrival, pixel }: PixelEvent): boolean {
  if (later.arrival.client !== arrival.client || arrival.overrides !== null) return false;
  if (arrival.client.refusal !== '' || later.pixel.id !== pixel.id || !consentsToAds(later.raw)) return false;
  const names = ({ uid, aid = '', ud }: RawEvent): readonly string[] => [
    uid,
    aid,
    ud.length === 0 ? '' : JSON.stringify(ud),
  ];
  const named = names(later.raw);
  return names(raw).every((name, index) => name === '' || name === named[index]);
}

function placeOf({ raw, arrival, pixel }: PixelEvent) {
  const { origin } = new Candidate(raw, arrival, pixel);
  const { ts, client } = origin.ok ? origin.value : { ts: arrival.receivedAt, client: arrival.client };
  return { at: ts, day: localDayOf(pixel.timezone, ts).day, identity: identityOf(client, arrival) };
}

/** The identifiers of an event and of its browser, with the cookie that is used for nothing else. Data that is not valid identifies nobody. */
function identifiersIn(
  raw: RawEvent,
  { client, overrides }: Arrival,
  { settings }: Pixel,
): readonly Identifier[] {
  const { aid = '' } = raw;
  const mayBeAnonymous = aid !== '' && (overrides !== null || settings.identity === 'open');
  const cookie = client.refusedCookie || client.cookie || (mayBeAnonymous ? anonymousId(aid) : '');
  const all = identifiersOf(raw, cookie);
  if (all.ok) return all.value;
  const ofCookie = identifiersOf({ uid: '', ud: [] }, cookie);
  return ofCookie.ok ? ofCookie.value : [];
}
