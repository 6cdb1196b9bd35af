/**
 * Takes raw events all the way into the store: looks up what enriching needs (pixels, salts), enriches, writes. The
 * pixel's requests, the API and the queue all come through here.
 */
import type { Env } from '../env.ts';
import type { Event } from '../model/event.ts';
import type { Pixel } from '../model/pixel.ts';
import { REJECTION_REASONS, type Rejection, type RejectionReason } from '../model/rejection.ts';
import type { RawEvent, RawHit } from '../model/wire.ts';
import { writePoints } from '../store/analytics-engine.ts';
import { type CountedRejection, type PlacedEvent, writeBatch } from '../store/events.ts';
import { findPixels } from '../store/pixels.ts';
import { findSalts } from '../store/salts.ts';
import { type Arrival, type Draft, enrich, localDayOf } from './enrich.ts';
import { scrubPage, scrubText } from './scrub.ts';
import { visitorHash } from './visitor.ts';

/** A raw event with how it came; null in place of the event when it was none. */
export interface Incoming {
  readonly raw: RawEvent | null;
  readonly arrival: Arrival;
}

/** What became of an incoming event. */
export type Fate = { readonly is: 'stored' | 'duplicate' } | ({ readonly is: 'rejected' } & Rejection);

/** Stores the events of buffered requests. */
export async function ingest(env: Env, hits: readonly RawHit[]): Promise<void> {
  const incoming = hits.flatMap(({ events, ...hit }) =>
    events.map((raw) => ({ raw, arrival: { ...hit, overrides: null } })),
  );
  await takeIn(env, incoming, Date.now());
}

/**
 * Stores events and counts rejections.
 *
 * @returns the fate of each event, in the order given. Once it returns, what is stored is durable.
 * @throws what D1 throws; then nothing was stored, and the same call may be made again.
 */
export async function takeIn(env: Env, incoming: readonly Incoming[], now: number): Promise<Fate[]> {
  const pixels = await findPixels(
    env.DB,
    incoming.flatMap(({ raw }) => (raw && raw.id !== '' ? [raw.id] : [])),
    now,
  );
  const enriched = incoming.map((one) => enrichOne(one, pixels));
  const drafts = enriched.flatMap((result) => (result.ok ? [result.value] : []));
  const placed = await withVisitors(env.DB, drafts, now);

  const rejections = incoming.flatMap((one, index) => {
    const result = enriched[index];
    return result && !result.ok ? [counted(one, result.error, pixels)] : [];
  });
  const outcomes = await writeBatch(env.DB, placed, rejections, now);

  const stored: Event[] = [];
  const closed: CountedRejection[] = [];
  let next = 0;
  const fates = enriched.map((result, index): Fate => {
    if (!result.ok) return { is: 'rejected', ...result.error };
    const outcome = outcomes[next];
    const { event } = placed[next++] as PlacedEvent;
    if (outcome === 'stored') stored.push(event);
    if (outcome !== 'day_closed') return { is: outcome ?? 'duplicate' };
    const rejection: Rejection = { reason: 'day_closed', detail: REJECTION_REASONS.day_closed };
    closed.push(counted(incoming[index] as Incoming, rejection, pixels));
    return { is: 'rejected', ...rejection };
  });
  if (closed.length > 0) await writeBatch(env.DB, [], closed, now);
  if (env.ANALYTICS) writePoints(env.ANALYTICS, stored, now);
  return fates;
}

type Enriched = ReturnType<typeof enrich>;

function enrichOne({ raw, arrival }: Incoming, pixels: ReadonlyMap<string, Pixel>): Enriched {
  if (raw === null) return rejected('invalid_event');
  if (raw.id === '') return rejected('missing_id');
  const pixel = pixels.get(raw.id);
  return pixel ? enrich(raw, arrival, pixel) : rejected('unknown_pixel');
}

function rejected(reason: RejectionReason): Enriched {
  return { ok: false, error: { reason, detail: REJECTION_REASONS[reason] } };
}

async function withVisitors(db: D1Database, drafts: readonly Draft[], now: number): Promise<PlacedEvent[]> {
  const dates = drafts.flatMap(({ identity, day }) => (identity ? [day.day] : []));
  const salts = await findSalts(db, dates, now);
  return Promise.all(
    drafts.map(async ({ event, day, identity }) => {
      const salt = salts.get(day.day);
      const visitor =
        identity && salt ? await visitorHash(salt, event.pixel, identity.ip, identity.userAgent) : '';
      return { event: { ...event, visitor } as Event, day };
    }),
  );
}

/** A rejection as it is counted: per local day of its pixel, or under no pixel and the UTC day when there is none. */
function counted(
  { raw, arrival }: Incoming,
  { reason, detail }: Rejection,
  pixels: ReadonlyMap<string, Pixel>,
): CountedRejection {
  const pixel = raw ? pixels.get(raw.id) : undefined;
  const url = raw?.dl ? URL.parse(raw.dl.slice(0, 2048)) : null;
  const page = url ? scrubPage(url, []) : { hostname: '', page: '' };
  return {
    pixel: pixel?.id ?? '',
    day: localDayOf(pixel?.timezone ?? 'UTC', arrival.receivedAt).day,
    reason,
    at: arrival.receivedAt,
    sample: {
      detail: scrubText(detail, 200),
      name: scrubText(raw?.ev ?? '', 120),
      ...(pixel ? page : { id: scrubText(raw?.id ?? '', 40) }),
    },
  };
}
