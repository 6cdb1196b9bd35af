/**
 * Chooses INGEST_MODE and EVENT_STORE from the measured volume. D1 is the store as long as it is enough, since it loses no event
 * and erases at once; the queue and Analytics Engine are for what goes beyond it.
 */
import { type Plan, platformLimit } from '../platform-limits.ts';
import type { Load } from './load.ts';
import { HEADROOM, MEASURED, NEAR } from './measured.ts';
import { bytes, number, percent } from './words.ts';

export type IngestMode = 'direct' | 'queue';
export type EventStore = 'd1' | 'analytics_engine';

export interface Choice<Value> {
  readonly value: Value;
  /** The sentence that says why. */
  readonly why: string;
}

export interface Modes {
  readonly ingest_mode: Choice<IngestMode>;
  readonly event_store: Choice<EventStore>;
  /** Whether these modes are enough for the volume. */
  readonly enough: boolean;
}

const limit = (name: Parameters<typeof platformLimit>[0], plan: Plan): number =>
  platformLimit(name, plan) ?? Number.POSITIVE_INFINITY;

/** Events a second that D1 takes if each is alone in its batch, with room for seconds that have more. */
export const DIRECT_EVENTS = (limit('d1 statements', 'paid') / MEASURED.statements.value) * HEADROOM;
/** Events a second that the queue takes if each is alone in its message. D1 has to keep up within the hour. */
export const QUEUE_EVENTS = limit('queues messages', 'paid') * HEADROOM;
/** Events a second of an hour that D1 writes from the queue. */
export const D1_EVENTS = (limit('d1 statements', 'paid') / MEASURED.statements.value) * NEAR;
/** Events that a database holds beside its rollups and columns. */
export const STORED_EVENTS = (limit('d1 database size', 'paid') * NEAR) / MEASURED.rawBytes.value;
/** Points a second of one pixel that Analytics Engine keeps without sampling. */
export const UNSAMPLED_EVENTS = limit('analytics unsampled points', 'paid') * MEASURED.indexes.value;
const FREE_MESSAGES = limit('queues operations', 'free') / 3;

/** @param load null: no events arrived. */
export function chooseModes(load: Load | null, plan: Plan, hasQueue: boolean): Modes {
  if (load === null) {
    const why = 'no event has arrived in the last seven days, so the defaults are enough';
    return { ingest_mode: { value: 'direct', why }, event_store: { value: 'd1', why }, enough: true };
  }
  const store = chooseStore(load, plan);
  const ingest = chooseIngest(load, store.value === 'd1' ? 1 : (load.restShare ?? 1), plan, hasQueue);
  const enough = ingest.enough && (store.value === 'analytics_engine' || !isTooMuchForD1(load, plan));
  return { ingest_mode: ingest.choice, event_store: store, enough };
}

const fitsIntoD1 = (load: Load): boolean => load.stored <= STORED_EVENTS;
const isTooMuchForD1 = (load: Load, plan: Plan): boolean =>
  plan === 'paid' && (!fitsIntoD1(load) || load.peak > QUEUE_EVENTS || load.hour > D1_EVENTS);

function chooseStore(load: Load, plan: Plan): Choice<EventStore> {
  const kept = `${number(load.stored)} events are stored at a time, ${bytes(load.stored * MEASURED.rawBytes.value)} of the ${bytes(limit('d1 database size', plan))} that a database may have`;
  if (plan === 'free') {
    return {
      value: 'd1',
      why: `the free plan's CPU time is not enough to read Analytics Engine back; ${kept}`,
    };
  }
  if (!isTooMuchForD1(load, plan)) return { value: 'd1', why: `${kept}, and D1 keeps up: ${rates(load)}` };
  const reason = !fitsIntoD1(load)
    ? `${kept}, and D1 should hold at most about ${number(STORED_EVENTS)}`
    : `${rates(load)}, and D1 keeps up with about ${number(D1_EVENTS)} in an hour, of peaks of about ${number(QUEUE_EVENTS)}`;
  const sampled =
    load.pixelPeak > UNSAMPLED_EVENTS
      ? `. One pixel has up to ${number(load.pixelPeak)} events a second: from about ${number(UNSAMPLED_EVENTS)} on, Analytics Engine keeps a sample, and numbers are estimates`
      : '';
  return { value: 'analytics_engine', why: reason + sampled };
}

/** @param share of the events that go to D1. */
function chooseIngest(
  load: Load,
  share: number,
  plan: Plan,
  hasQueue: boolean,
): { readonly choice: Choice<IngestMode>; readonly enough: boolean } {
  const peak = load.peak * share;
  const has = `${rates(load)}${share < 1 ? `, of which ${percent(share)} go to D1` : ''}: `;
  const upTo = `up to about ${number(DIRECT_EVENTS)} events a second`;
  if (peak <= DIRECT_EVENTS) {
    return { choice: { value: 'direct', why: `${has}direct and D1 are enough ${upTo}` }, enough: true };
  }
  if (plan === 'free') {
    return {
      choice: {
        value: 'direct',
        why: `${has}D1 takes them directly ${upTo}, and the free plan's queue has only about ${number(FREE_MESSAGES)} messages a day: take the paid plan`,
      },
      enough: false,
    };
  }
  const enough = peak <= QUEUE_EVENTS && load.hour * share <= D1_EVENTS;
  return {
    choice: {
      value: 'queue',
      why:
        `${has}D1 takes them directly ${upTo}; the queue evens out peaks up to about ${number(QUEUE_EVENTS)}` +
        (hasQueue ? '' : '. No queue is bound: restore the sections [[queues…]] of wrangler.toml') +
        (enough ? '' : '. Even that is too much for one database: divide the sites among several Workers'),
    },
    enough,
  };
}

function rates({ peak, hour, peakOf }: Pick<Load, 'peak' | 'hour' | 'peakOf'>): string {
  return peakOf === 'minute'
    ? `your busiest minute had ${number(peak)} events a second, and its hour ${number(hour)}`
    : `your busiest hour had ${number(hour)} events a second`;
}
