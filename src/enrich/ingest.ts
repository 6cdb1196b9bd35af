/**
 * Ingests raw events: enriches and writes them, retries transient failures, and spills to the queue what D1 rejects. Events of
 * pixel requests, of the API and of the queue are all written here.
 */
import { type Env, eventStore, ingestMode, secretsOf } from '../env.ts';
import type { Batch, Message, Parcel, ParcelMessage, PlacedEvent } from '../model/batch.ts';
import { hex } from '../model/random.ts';
import { REJECTION_REASONS, type Rejection } from '../model/rejection.ts';
import type { RawHit } from '../model/wire.ts';
import { canWriteBatch, type InvocationBudget, invocationBudget } from '../store/budget.ts';
import { count, writeCounts } from '../store/counters.ts';
import { fitTransaction, MAX_DELIVERIES } from '../store/deliveries.ts';
import { type Outcome, type RelayRows, writeRelayed } from '../store/events.ts';
import { deadlineFrom, failureKind, RETRY_POLICY, withRetries } from '../store/failure.ts';
import { writeCopies } from '../store/points.ts';
import { openMessage, sendBatch, sendHits } from '../store/queue.ts';
import { announce } from './announce.ts';
import { isEmpty, splitBatch, writeToEngine } from './event-store.ts';
import { type IncomingEvent, prepareBatch } from './prepare.ts';

/** The outcome of ingesting an event. */
export type IngestOutcome =
  | { readonly status: 'stored' | 'duplicate'; readonly flaws: readonly Rejection[] }
  | ({ readonly status: 'rejected' } & Rejection);

/**
 * Stores the events of buffered requests, or spills them to the queue. Never throws: the responses have been sent, so no caller
 * could handle an error.
 */
export async function ingest(env: Env, hits: readonly RawHit[]): Promise<void> {
  const now = Date.now();
  const deadline = deadlineFrom(now);
  const secrets = secretsOf(env);
  const incoming = incomingOf(hits);
  let batch: Batch;
  try {
    ({ batch } = await withRetries(() => prepareBatch(env, incoming, now), RETRY_POLICY, deadline));
  } catch (error) {
    await spill(env, incoming.length, error, (queue) => sendHits(queue, secrets, hits));
    return;
  }
  const budget = invocationBudget(env.DB);
  const { ofEngine, ofD1 } = splitBatch(env, batch, now);
  batch = { ...ofD1, events: [...ofD1.events, ...writeToEngine(env, ofEngine, budget)] };
  if (isEmpty(batch)) return;
  if (ingestMode(env) === 'queue' && env.QUEUE && secrets.length > 0) {
    try {
      countOversized(await sendBatch(env.QUEUE, secrets, batch), now);
      return;
    } catch (error) {
      console.error(`The queue rejected a batch, which is written to D1 directly: ${error}`);
    }
  }
  try {
    await write(env, batch, { now, reportsOutcomes: false, budget, deadline });
  } catch (error) {
    await spill(env, batch.events.length + batch.rejections.length, error, (queue) =>
      sendBatch(queue, secrets, batch),
    );
  }
}

/**
 * Ingests the events of an authenticated sender. When it returns, the stored events are durable.
 *
 * @returns the outcome of each event, in the order of `incoming`.
 * @throws what D1 throws. The same call may then be repeated.
 */
export async function ingestFromApi(
  env: Env,
  incoming: readonly IncomingEvent[],
  now: number,
): Promise<IngestOutcome[]> {
  const id = await batchIdOf(incoming);
  const { batch, results } = await withRetries(() => prepareBatch(env, incoming, now, id));
  const outcomes = await write(env, batch, { now, reportsOutcomes: true, budget: invocationBudget(env.DB) });
  let next = 0;
  return results.map((result): IngestOutcome => {
    if (!result.ok) return { status: 'rejected', ...result.error };
    const outcome = outcomes[next++] ?? 'duplicate';
    if (outcome === 'stored' || outcome === 'duplicate')
      return { status: outcome, flaws: result.value.flaws };
    return { status: 'rejected', reason: outcome, detail: REJECTION_REASONS[outcome] };
  });
}

/**
 * Stores the events of an import. They are durable when it returns.
 *
 * @throws what D1 throws. The same call may then be repeated.
 */
export function ingestImported(env: Env, batch: Batch, now: number): Promise<WriteOutcome[]> {
  return write(env, batch, { now, reportsOutcomes: true, budget: invocationBudget(env.DB) });
}

/**
 * The id of a batch whose events all have ids: the same events are the same batch, so a request that is repeated, or a log that is
 * imported again, counts no rejection twice. Undefined for other events.
 */
async function batchIdOf(incoming: readonly IncomingEvent[]): Promise<string | undefined> {
  const events = incoming.map(({ raw }) =>
    raw === null || raw.eid === '' ? null : [raw.id, raw.ev, raw.eid],
  );
  if (events.includes(null)) return undefined;
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(events)));
  return hex(new Uint8Array(hash).subarray(0, 6));
}

/**
 * Stores the events of a queue message. Those of Analytics Engine are written last, so a message that D1 does not accept, and that is
 * delivered again, does not write them again.
 * @throws what D1 throws, and an error if the message cannot be read.
 */
export async function deliver(
  env: Env,
  message: ParcelMessage,
  now: number,
  budget = invocationBudget(env.DB),
): Promise<void> {
  const parcel = await openMessage(secretsOf(env), env.ADMIN_TOKEN, message);
  const counted = { ...env, DB: budget.db };
  const context = { now, reportsOutcomes: false, budget };
  const { ofEngine, ofD1 } = splitBatch(env, await batchOf(counted, parcel, now), now);
  if (!isEmpty(ofD1)) await write(counted, ofD1, context);
  const left = writeToEngine(env, ofEngine, budget);
  if (left.length > 0) await write(counted, { id: `${ofD1.id}e`, events: left, rejections: [] }, context);
}

/** The batch of a parcel, with its hits enriched. @throws what D1 throws. */
export async function batchOf(env: Env, parcel: Parcel, now: number): Promise<Batch> {
  if (parcel.kind === 'batch') return parcel.batch;
  const { batch } = await withRetries(() => prepareBatch(env, incomingOf(parcel.hits), now));
  // The id of the message, so that a second delivery of the message does not count again.
  return { ...batch, id: parcel.id };
}

function incomingOf(hits: readonly RawHit[]): IncomingEvent[] {
  const incoming: IncomingEvent[] = [];
  for (const { events, id: hitId, receivedAt, head, client, sender } of hits) {
    const isApart = sender?.isApart === true;
    for (const [index, raw] of events.entries()) {
      const id = hitId + index.toString(36).padStart(2, '0');
      const overrides = sender ? (raw?.overrides ?? {}) : null;
      incoming.push({ raw, arrival: { id, receivedAt, head, client, overrides, isApart } });
    }
  }
  return incoming;
}

export type WriteOutcome = Outcome | 'unstorable';

const NO_RELAY: RelayRows = { deliveries: [], clicks: [] };

interface WriteContext {
  readonly now: number;
  /** Whether the outcome of every event is returned to a caller. */
  readonly reportsOutcomes: boolean;
  /** The rest of the invocation's budget. */
  readonly budget: InvocationBudget;
  /** The end of retries, in epoch milliseconds. Default: no end. */
  readonly deadline?: number;
}

/**
 * Writes a batch. If D1 rejects a batch for its data, the batch is halved until the invalid event is alone. Halves that exceed
 * the invocation's statements go to the queue.
 */
async function write(env: Env, batch: Batch, context: WriteContext): Promise<WriteOutcome[]> {
  const { now, reportsOutcomes, budget, deadline } = context;
  const isOne = batch.events.length <= 1;
  if (!isOne && deliveriesIn(batch) > MAX_DELIVERIES) return writeHalves(env, batch, context, TOO_MANY);
  const relay = await relayRows(env, batch);
  if (!isOne && !fitTransaction(relay.deliveries)) return writeHalves(env, batch, context, TOO_MANY);
  let outcomes: WriteOutcome[];
  try {
    const written = await withRetries(
      () => writeRelayed(budget.db, batch, relay, now, reportsOutcomes),
      RETRY_POLICY,
      deadline,
    );
    outcomes = written.outcomes;
    await announce(env, written.destinations, Date.now());
  } catch (error) {
    if (failureKind(error) !== 'reject' || batch.events.length === 0) throw error;
    return writeHalves(env, batch, context, error);
  }
  // Analytics Engine cannot delete, so what may be undone is not written there.
  if (env.ANALYTICS && batch.importId === undefined && eventStore(env) === 'd1') {
    const stored = batch.events.flatMap(({ event }, index) => (outcomes[index] === 'stored' ? [event] : []));
    writeCopies(env.ANALYTICS, stored, now, budget.points);
  }
  await writeCounts(budget.db);
  return outcomes;
}

const TOO_MANY = 'too many conversions for one transaction';

const deliveriesIn = ({ events }: Batch): number =>
  events.reduce((sum, { relay }) => sum + (relay?.routes.length ?? 0), 0);

/** The rows of a batch for advertising networks. Most batches have none, and do not load what seals them. */
async function relayRows(env: Env, { events }: Batch): Promise<RelayRows> {
  if (!events.some(({ relay }) => relay)) return NO_RELAY;
  const { relayRowsOf } = await import('./relay-rows.ts');
  return relayRowsOf(secretsOf(env), events);
}

async function writeHalves(
  env: Env,
  batch: Batch,
  context: WriteContext,
  error: unknown,
): Promise<WriteOutcome[]> {
  const { now, reportsOutcomes, budget } = context;
  const { id, events, rejections } = batch;
  const [only] = events;
  if (events.length === 1 && only) {
    console.error(`The store rejected an event of ${only.event.pixel}: ${error}`);
    await write(env, { ...batch, events: [], rejections: [...rejections, unstorable(only, now)] }, context);
    return ['unstorable'];
  }
  const middle = Math.ceil(events.length / 2);
  const halves: readonly Batch[] = [
    { ...batch, id: `${id}a`, events: events.slice(0, middle) },
    { ...batch, id: `${id}b`, events: events.slice(middle), rejections: [], withdrawals: [] },
  ];
  const outcomes: WriteOutcome[] = [];
  for (const half of halves) {
    // If a caller waits for the outcome of each event, the halves are written even beyond the budget.
    if (reportsOutcomes || canWriteBatch(budget) || !env.QUEUE)
      outcomes.push(...(await write(env, half, context)));
    else {
      await spill(env, half.events.length, error, (queue) => sendBatch(queue, secretsOf(env), half));
      outcomes.push(...half.events.map((): WriteOutcome => 'duplicate'));
    }
  }
  return outcomes;
}

function unstorable({ event, day }: PlacedEvent, now: number): Batch['rejections'][number] {
  return {
    pixel: event.pixel,
    day: day.day,
    reason: 'unstorable',
    family: '',
    at: now,
    sample: {
      detail: REJECTION_REASONS.unstorable,
      name: event.name,
      hostname: event.hostname,
      page: event.page,
    },
  };
}

/** Spills events to the queue. If the queue rejects them too, they are lost: that is counted and logged. */
async function spill(
  env: Env,
  events: number,
  error: unknown,
  send: (queue: Queue<Message>) => Promise<number>,
): Promise<void> {
  const now = Date.now();
  try {
    if (!env.QUEUE) throw new Error('no queue is bound');
    countOversized(await send(env.QUEUE), now);
    count('spilled_batches', 1, now);
    console.warn(`Spilled ${events} events to the queue, since D1 failed: ${error}`);
  } catch (failure) {
    count('lost_events', events, now);
    console.error(`Lost ${events} events. D1 failed: ${error}. The queue failed: ${failure}`);
  }
}

/** Counts as lost the events that are larger than a message. */
function countOversized(events: number, now: number): void {
  if (events === 0) return;
  count('lost_events', events, now);
  console.error(`Lost ${events} events, which are larger than a queue message.`);
}
