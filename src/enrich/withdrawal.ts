/**
 * Finds out who does not want to be recognized any more: by a denied consent, a signal of the browser or an opt-out, whether or not the event itself is
 * stored. Loaded only for events of pixels with destinations.
 */
import { type Env, secretsOf } from '../env.ts';
import type { Withdrawal } from '../model/batch.ts';
import { localDayOf } from '../model/local-day.ts';
import type { Pixel } from '../model/pixel.ts';
import type { Client, RawEvent } from '../model/wire.ts';
import { findKeys } from '../store/keys.ts';
import { findSalts } from '../store/salts.ts';
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
  return arrival.client.refusal !== '' || raw.consent === 'denied';
}

/** @throws what D1 throws. */
export async function withdrawalsOf(
  env: Env,
  events: readonly PixelEvent[],
  now: number,
): Promise<Withdrawal[]> {
  const consented = lastConsents(events);
  const refusals = events.filter((one) => refuses(one) && !(consented.get(one.arrival.client) ?? false));
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

/** Whether the last word of each browser's request about consent is that it is granted. A page may report a denial and, later, a consent at once. */
function lastConsents(events: readonly PixelEvent[]): ReadonlyMap<Client, boolean> {
  const last = new Map<Client, boolean>();
  for (const { raw, arrival } of events) {
    const isChoice = raw.consent === 'granted' || raw.consent === 'denied';
    // The events of a server are of many visitors.
    if (isChoice && arrival.overrides === null && arrival.client.refusal === '')
      last.set(arrival.client, raw.consent === 'granted');
  }
  return last;
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
  const cookie = client.refusedCookie || (mayBeAnonymous ? anonymousId(aid) : '');
  const all = identifiersOf(raw, cookie);
  if (all.ok) return all.value;
  const ofCookie = identifiersOf({ uid: '', ud: [] }, cookie);
  return ofCookie.ok ? ofCookie.value : [];
}
