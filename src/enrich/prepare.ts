/** Prepares raw events for writing: looks up pixels, salts and keys, enriches, and hashes visitors and people. */
import { type Env, secretsOf } from '../env.ts';
import type { Batch, CountedRejection, PlacedEvent, Withdrawal } from '../model/batch.ts';
import { localDayOf } from '../model/local-day.ts';
import type { Pixel } from '../model/pixel.ts';
import { randomBase58 } from '../model/random.ts';
import { MAX_FAMILY, type Rejection, rejection } from '../model/rejection.ts';
import { err, type Result } from '../model/result.ts';
import type { Secrets } from '../model/secret-key.ts';
import { familyOfKey } from '../model/site-key.ts';
import { pixelIdOf, type RawEvent } from '../model/wire.ts';
import { findKeys } from '../store/keys.ts';
import { findPixels } from '../store/pixels.ts';
import { findSalts } from '../store/salts.ts';
import type { Arrival } from './candidate.ts';
import { type EnrichedEvent, enrich } from './enrich.ts';
import { proofOf } from './identity.ts';
import { findNamedPixels, siteKeyOf } from './named-pixels.ts';
import { timeOf } from './overrides.ts';
import { aliasOf } from './person.ts';
import { admits } from './relay-limit.ts';
import { scrubPage, scrubText } from './scrub.ts';
import { visitorHash } from './visitor.ts';

/** A raw event and how it arrived. `raw` is null if what was sent is not an event. */
export interface IncomingEvent {
  readonly raw: RawEvent | null;
  readonly arrival: Arrival;
}

export interface PreparedBatch {
  readonly batch: Batch;
  /**
   * The result of each incoming event, in their order: an event of the batch, or a rejection. An event that names its pixel in another
   * tool's way has a result for each pixel that the name leads to.
   */
  readonly results: readonly Result<EnrichedEvent, Rejection>[];
}

/**
 * @param id the id of the batch. A batch that may arrive again has the same one.
 * @throws what D1 throws.
 */
export async function prepareBatch(
  env: Env,
  received: readonly IncomingEvent[],
  now: number,
  id = randomBase58(12),
): Promise<PreparedBatch> {
  const incoming = await withPixels(env, received, now);
  const ids = incoming.flatMap(({ raw }) => (raw && pixelIdOf(raw) !== '' ? [raw.id] : []));
  const pixels = await findPixels(env.DB, ids, now);
  const secrets = secretsOf(env);
  const results = await Promise.all(incoming.map((one) => resultOf(env, secrets, one, pixels)));
  const enriched = results.flatMap((result) => (result.ok ? [result.value] : []));
  const rejections = results.flatMap((result, index) => {
    const reasons = result.ok ? result.value.flaws : [result.error];
    return reasons.map((reason) => countedRejection(incoming[index] as IncomingEvent, reason, pixels));
  });
  const events = await withHashes(env, secrets, enriched, now);
  const batch = { id, events, rejections };
  return {
    batch:
      (hasTargets(pixels) && incoming.some(hasChoice)) || incoming.some(losesCookie)
        ? await withRelay(env, batch, incoming, results, pixels, now)
        : batch,
    results,
  };
}

const hasTargets = (pixels: ReadonlyMap<string, Pixel>): boolean =>
  [...pixels.values()].some(({ relay }) => relay !== undefined);

/** Whether an event says that its visitor consents or refuses. Most say nothing, and cost nothing more. */
const hasChoice = ({ raw, arrival }: IncomingEvent): boolean =>
  (raw !== null && (raw.consent !== '' || raw.ads === 'denied')) || arrival.client.refusal !== '';

/** Whether a browser refuses that had the cookie until now. */
const losesCookie = ({ arrival }: IncomingEvent): boolean => (arrival.client.refusedCookie ?? '') !== '';

/** The batch with what advertising networks are told of its events, and with the consents that its requests withdraw. */
async function withRelay(
  env: Env,
  batch: Batch,
  incoming: readonly IncomingEvent[],
  results: readonly EnrichResult[],
  pixels: ReadonlyMap<string, Pixel>,
  now: number,
): Promise<Batch> {
  const [{ relayOf }, { refuses, withdrawalsOf }] = await Promise.all([
    import('./conversion.ts'),
    import('./withdrawal.ts'),
  ]);
  const stored = incoming.filter((_, index) => results[index]?.ok);
  const tooMany: CountedRejection[] = [];
  const events = await Promise.all(
    batch.events.map(async (placed, index): Promise<PlacedEvent> => {
      const one = stored[index];
      const pixel = pixels.get(placed.event.pixel);
      if (!one?.raw || pixel?.relay === undefined) return placed;
      const relay = await relayOf(one.raw, one.arrival, placed.event, pixel, now);
      if (relay === null) return placed;
      const rows = relay.routes.length + relay.clicks.length * (1 + (placed.aliases?.length ?? 0));
      if (one.arrival.overrides !== null || admits(env, pixel.id, rows, now)) return { ...placed, relay };
      tooMany.push(countedRejection(one, rejection('too_many_conversions'), pixels));
      return placed;
    }),
  );
  const ofTargets = incoming.flatMap(({ raw, arrival }) => {
    const pixel = raw ? pixels.get(pixelIdOf(raw)) : undefined;
    return raw && pixel?.relay !== undefined ? [{ raw, arrival, pixel }] : [];
  });
  const leaving = incoming.filter(losesCookie).map(({ arrival }) => arrival);
  const withdrawals: readonly Withdrawal[] =
    ofTargets.some(refuses) || leaving.length > 0 ? await withdrawalsOf(env, ofTargets, leaving, now) : [];
  const rejections = [...batch.rejections, ...tooMany];
  if (withdrawals.length === 0) return { ...batch, events, rejections };
  // The batch may be cut, and its parts be written in any order.
  return {
    ...batch,
    events: events.map((placed) => withoutWithdrawn(placed, withdrawals)),
    rejections,
    withdrawals,
  };
}

/** An event without what networks would be told, if its consent ends in the same batch. */
function withoutWithdrawn(placed: PlacedEvent, withdrawals: readonly Withdrawal[]): PlacedEvent {
  const { relay, ...rest } = placed;
  if (relay === undefined) return placed;
  const { pixel, ts, person, visitor } = rest.event;
  const people = [person, ...(rest.aliases ?? [])];
  const isWithdrawn = withdrawals.some(
    (one) =>
      one.pixel === pixel &&
      one.at >= ts &&
      ((visitor !== '' && one.visitor === visitor) || one.people.some((alias) => people.includes(alias))),
  );
  return isWithdrawn ? rest : placed;
}

/** The events with the pixels that they name. An event whose name leads to no pixel stays as it is. */
async function withPixels(
  env: Env,
  incoming: readonly IncomingEvent[],
  now: number,
): Promise<readonly IncomingEvent[]> {
  const named = incoming.flatMap(({ raw }) => (raw?.key === undefined ? [] : [raw]));
  if (named.length === 0) return incoming;
  const pixelsOf = await findNamedPixels(env.DB, named, now);
  return incoming.flatMap((one) => {
    if (one.raw?.key === undefined) return [one];
    const { key: _, ...raw } = one.raw;
    const pixels = pixelsOf(one.raw);
    return pixels.length === 0 ? [one] : pixels.map((id) => ({ ...one, raw: { ...raw, id } }));
  });
}

type EnrichResult = Result<EnrichedEvent, Rejection>;

/** The result of one event. It is a promise only if the user id is signed, or if there is a rate limit. */
function resultOf(
  env: Env,
  secrets: Secrets,
  { raw, arrival }: IncomingEvent,
  pixels: ReadonlyMap<string, Pixel>,
): EnrichResult | Promise<EnrichResult> {
  if (raw === null) return err(rejection('invalid_event'));
  if (raw.id === '') return err(rejection('missing_id'));
  const key = siteKeyOf(raw);
  if (key !== null)
    return err({
      ...rejection('unknown_key'),
      family: familyOfKey({ ...key, hostname: pageOf(raw).hostname }),
    });
  const pixel = pixels.get(raw.id);
  if (!pixel) return err(rejection('unknown_pixel'));
  const { uid, uid_sig = '' } = raw;
  const enriched = (): EnrichResult | Promise<EnrichResult> =>
    uid === '' || uid_sig === ''
      ? enrich(raw, arrival, pixel)
      : proofOf(secrets, pixel.id, uid, uid_sig).then((proof) => enrich(raw, arrival, pixel, proof));
  // Requests with a token are not limited. Requests with an opt-out cannot be, since their address is not read.
  const isExempt = arrival.overrides !== null || arrival.client.refusal === 'opt_out';
  if (!env.RATE_LIMIT || isExempt) return enriched();
  const limit = env.RATE_LIMIT.limit({ key: `${raw.id} ${arrival.client.ip}` });
  return limit.then(({ success }) => (success ? enriched() : err(rejection('rate_limited'))));
}

/**
 * The events with the hashes of their visitors and people. Without SECRET_KEY there are no hashes, since a copy of the
 * database would be enough to search them for addresses.
 */
async function withHashes(
  env: Env,
  secrets: Secrets,
  enriched: readonly EnrichedEvent[],
  now: number,
): Promise<PlacedEvent[]> {
  const dates = enriched.flatMap(({ identity, day }) => (identity ? [day.day] : []));
  const identified = enriched.flatMap(({ identifiers, event }) =>
    identifiers.length > 0 ? [event.pixel] : [],
  );
  const [salts, keys] = await Promise.all([
    findSalts(env.DB, secrets, dates, now),
    findKeys(env.DB, secrets, identified),
  ]);
  return Promise.all(
    enriched.map((one) => {
      const { event, day, identity, identifiers } = one;
      const salt = salts.get(day.day);
      const visitor =
        identity && salt
          ? visitorHash(salt, event.pixel, identity.ip, identity.userAgent, identity.isApart)
          : '';
      const key = identifiers.length > 0 ? keys.get(event.pixel) : undefined;
      // Most visitors have a cached hash and no identifiers: these need no promise.
      if (typeof visitor === 'string' && key === undefined)
        return { event: { ...event, visitor, person: '' }, day };
      return withPerson(one, visitor, key);
    }),
  );
}

async function withPerson(
  { event, day, identifiers, isSigned }: EnrichedEvent,
  visitor: string | Promise<string>,
  key: string | undefined,
): Promise<PlacedEvent> {
  const [person = '', ...aliases] =
    key === undefined ? [] : await Promise.all(identifiers.map((identifier) => aliasOf(key, identifier)));
  const links = aliases.length > 0 ? { aliases, ...(isSigned ? { isSigned } : {}) } : {};
  return { event: { ...event, visitor: await visitor, person }, day, ...links };
}

/**
 * A rejection as it is counted: for the local day of its pixel, or for the UTC day if there is no such pixel. The day is that of the
 * event where the sender may say when it happened: the crawlers in a log of last month are of last month.
 */
function countedRejection(
  { raw, arrival }: IncomingEvent,
  { reason, detail, family }: Rejection,
  pixels: ReadonlyMap<string, Pixel>,
): CountedRejection {
  const pixel = raw ? pixels.get(pixelIdOf(raw)) : undefined;
  const page = pageOf(raw);
  const { receivedAt, overrides } = arrival;
  const at = overrides === null ? receivedAt : timeOf(overrides, receivedAt);
  const { day, start } = localDayOf(pixel?.timezone ?? 'UTC', at);
  const refused = reason === 'opted_out' || reason === 'refused';
  return {
    pixel: pixel?.id ?? '',
    day,
    reason,
    family: scrubText(family ?? '', MAX_FAMILY),
    at: refused ? start : at,
    sample: refused
      ? null
      : {
          detail: scrubText(detail, 200),
          name: scrubText(raw?.ev ?? '', 120),
          ...(pixel ? page : { id: scrubText(raw?.id ?? '', 40) }),
        },
  };
}

function pageOf(raw: RawEvent | null): { readonly hostname: string; readonly page: string } {
  const url = raw?.dl ? URL.parse(raw.dl.slice(0, 2048)) : null;
  return url ? scrubPage(url, []) : { hostname: '', page: '' };
}
