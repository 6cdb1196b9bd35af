/**
 * Takes raw events all the way into the store: enriches them and writes them, tries again what fails in passing, and
 * puts aside in the queue what D1 will not take. The pixel's requests, the API and the queue all come through here.
 */
import { type Env, ingestMode, secretsOf } from '../env.ts';
import type { Batch, Message, Parcel, PlacedEvent } from '../model/batch.ts';
import { REJECTION_REASONS, type Rejection } from '../model/rejection.ts';
import type { RawHit } from '../model/wire.ts';
import { writePoints } from '../store/analytics-engine.ts';
import { canWriteBatch, type InvocationBudget, invocationBudget } from '../store/budget.ts';
import { count, writeCounts } from '../store/counters.ts';
import { type Outcome, writeBatch } from '../store/events.ts';
import { deadlineFrom, failureKind, RETRY_POLICY, withRetries } from '../store/failure.ts';
import { openMessage, sendBatch, sendHits } from '../store/queue.ts';
import { type Incoming, prepareBatch } from './prepare.ts';

/** What became of an incoming event. */
export type IngestOutcome =
  | { readonly status: 'stored' | 'duplicate'; readonly flaws: readonly Rejection[] }
  | ({ readonly status: 'rejected' } & Rejection);

/** Stores the events of buffered requests, or puts them aside. It never throws: nobody would hear. */
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
  if (ingestMode(env) === 'queue' && env.QUEUE && secrets.length > 0) {
    try {
      countLeft(await sendBatch(env.QUEUE, secrets, batch), now);
      return;
    } catch (error) {
      // D1 is slower, but it is there.
      console.error(`the queue refused a batch, writing it directly: ${error}`);
    }
  }
  try {
    await write(env, batch, { now, tell: false, budget: invocationBudget(env.DB), deadline });
  } catch (error) {
    await spill(env, batch.events.length + batch.rejections.length, error, (queue) =>
      sendBatch(queue, secrets, batch),
    );
  }
}

/**
 * Stores an authenticated sender's events. Once it returns, what is stored is durable.
 *
 * @returns the outcome of each event, in the order given.
 * @throws what D1 throws; then nothing is acknowledged, and the same call may be made again.
 */
export async function ingestFromApi(
  env: Env,
  incoming: readonly Incoming[],
  now: number,
): Promise<IngestOutcome[]> {
  const { batch, results } = await withRetries(() => prepareBatch(env, incoming, now));
  const outcomes = await write(env, batch, { now, tell: true, budget: invocationBudget(env.DB) });
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
 * Stores what a message of the queue holds.
 * @throws what D1 throws, and when the message cannot be read.
 */
export async function deliver(
  env: Env,
  message: Message,
  now: number,
  budget = invocationBudget(env.DB),
): Promise<void> {
  const parcel = await openMessage(secretsOf(env), env.ADMIN_TOKEN, message);
  const counted = { ...env, DB: budget.db };
  await write(counted, await batchOf(counted, parcel, now), { now, tell: false, budget });
}

/** The batch of a parcel, with its hits enriched. @throws what D1 throws. */
export async function batchOf(env: Env, parcel: Parcel, now: number): Promise<Batch> {
  if (parcel.kind === 'batch') return parcel.batch;
  const { batch } = await withRetries(() => prepareBatch(env, incomingOf(parcel.hits), now));
  // The message's id, not a new one: it may come again.
  return { ...batch, id: parcel.id };
}

function incomingOf(hits: readonly RawHit[]): Incoming[] {
  const incoming: Incoming[] = [];
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

type Written = Outcome | 'unstorable';

interface Writing {
  readonly now: number;
  /** Whether every outcome must be right. */
  readonly tell: boolean;
  /** What the invocation may still use. */
  readonly budget: InvocationBudget;
  /** When it is to have tried all, in epoch milliseconds; left out where nothing ends it. */
  readonly deadline?: number;
}

/**
 * Writes a batch. One that D1 refuses for its data is halved until the event at fault stands alone; what cannot be halved
 * within this invocation's statements goes on in the queue, in halves.
 */
async function write(env: Env, batch: Batch, writing: Writing): Promise<Written[]> {
  const { now, tell, budget, deadline } = writing;
  let outcomes: Written[];
  try {
    outcomes = await withRetries(() => writeBatch(budget.db, batch, now, tell), RETRY_POLICY, deadline);
  } catch (error) {
    if (failureKind(error) !== 'reject' || batch.events.length === 0) throw error;
    return writeHalves(env, batch, writing, error);
  }
  if (env.ANALYTICS) {
    const stored = batch.events.flatMap(({ event }, index) => (outcomes[index] === 'stored' ? [event] : []));
    writePoints(env.ANALYTICS, stored, now, budget.points);
  }
  await writeCounts(budget.db);
  return outcomes;
}

async function writeHalves(
  env: Env,
  { id, events, rejections }: Batch,
  writing: Writing,
  error: unknown,
): Promise<Written[]> {
  const { now, tell, budget } = writing;
  const [only] = events;
  if (events.length === 1 && only) {
    console.error(`the store refused an event of ${only.event.pixel}: ${error}`);
    await write(env, { id, events: [], rejections: [...rejections, unstorable(only, now)] }, writing);
    return ['unstorable'];
  }
  const middle = Math.ceil(events.length / 2);
  const halves: readonly Batch[] = [
    { id: `${id}a`, events: events.slice(0, middle), rejections },
    { id: `${id}b`, events: events.slice(middle), rejections: [] },
  ];
  const outcomes: Written[] = [];
  for (const half of halves) {
    // Whoever waits for an answer has to be told of each event, so that is halved to the end.
    if (tell || canWriteBatch(budget) || !env.QUEUE) outcomes.push(...(await write(env, half, writing)));
    else {
      await spill(env, half.events.length, error, (queue) => sendBatch(queue, secretsOf(env), half));
      outcomes.push(...half.events.map((): Written => 'duplicate'));
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

/** Puts into the queue what D1 would not take. What the queue refuses as well is lost, counted and logged. */
async function spill(
  env: Env,
  events: number,
  error: unknown,
  send: (queue: Queue<Message>) => Promise<number>,
): Promise<void> {
  const now = Date.now();
  try {
    if (!env.QUEUE) throw new Error('no queue is bound, so nothing can be put aside');
    countLeft(await send(env.QUEUE), now);
    count('spilled_batches', 1, now);
    console.warn(`put ${events} events aside, for D1 said: ${error}`);
  } catch (refusal) {
    count('lost_events', events, now);
    console.error(`lost ${events} events: D1 said ${error}; then ${refusal}`);
  }
}

/** Counts as lost what no message can hold. */
function countLeft(events: number, now: number): void {
  if (events === 0) return;
  count('lost_events', events, now);
  console.error(`lost ${events} events, which are larger than a message of the queue`);
}
