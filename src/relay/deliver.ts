/**
 * Sends what is due of one destination. Deliveries are claimed just before a request and marked after it, so two of these at once do not send
 * the same row, and a row whose answer was lost is sent again only if the network counts it once. What one destination's network does has no effect
 * on any other.
 */
import { type Answer, ownAnswer } from '../model/delivery.ts';
import type { Destination } from '../model/destination.ts';
import type { Secrets } from '../model/secret-key.ts';
import { Budget, countStatements } from '../store/budget.ts';
import { noteService, postpone, stop } from '../store/destination-states.ts';
import { openDestination } from '../store/destinations.ts';
import {
  claim,
  claimedAs,
  type DueDelivery,
  type Mark,
  markDeliveries,
  readDue,
} from '../store/due-deliveries.ts';
import { withRetries } from '../store/failure.ts';
import { accessOf, attempt, type OpenAccess } from './attempt.ts';
import { waitAfter } from './backoff.ts';
import { batchesOf } from './batches.ts';
import { followUp } from './follow-up.ts';
import { type RelayLimits, STATEMENTS_TO_SEND } from './limits.ts';
import type { Network } from './network.ts';
import { networkOf } from './networks/table.ts';
import { outcomeOf, type Trouble } from './outcome.ts';
import { prepareDeliveries, type Ready } from './prepare.ts';
import { DEFAULT_IO, type Io } from './send.ts';

/** How long a claim holds, in milliseconds: longer than a request and the marks with all their retries take. */
export const LEASE = 120_000;

/** Milliseconds after which no further request begins. */
const TIME = 25_000;

/** Requests that are sent side by side. The platform allows six connections. */
const WIDTH = 5;

/** Milliseconds by which the clocks of isolates may differ: what was served a moment ago must not seem to be served later. */
const CLOCKS_DIFFER = 1000;

export interface Relay {
  readonly db: D1Database;
  readonly secrets: Secrets;
  readonly limits: RelayLimits;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly io?: Io;
  readonly networkOf?: (name: Network['name']) => Promise<Network>;
}

export interface DeliveryReport {
  /** Whether more is due at once. */
  readonly more: boolean;
  /** When something that failed now is tried again, in epoch milliseconds; null if nothing failed. */
  readonly next: number | null;
}

/**
 * Sends what is due of a destination, as far as the limits and the time allow.
 *
 * @throws what D1 throws. What was claimed by then is sent again after the lease, if the network counts it once.
 */
export async function deliverTo(relay: Relay, id: string): Promise<DeliveryReport> {
  const { secrets, limits, clock, io = DEFAULT_IO } = relay;
  const statements = new Budget(limits.statements);
  const db = countStatements(relay.db, statements);
  const now = clock();
  const open = await openDestination(db, secrets, id);
  if (open === null || open.destination.state !== 'on' || open.retryAt > now)
    return { more: false, next: null };
  const { destination, secret, failures } = open;
  const network = await (relay.networkOf ?? networkOf)(destination.network);
  const { events, testEvents = events } = network.batch;
  const inRequest = destination.mode === 'test' ? testEvents : events;
  // Deliveries that no request is left for would be opened in vain.
  const most = Math.min(limits.deliveries, limits.requests * inRequest);
  const rows = await readDue(db, id, now, most);
  if (rows.length === 0) return { more: false, next: null };
  const ledger = new Ledger(db, destination, failures, rows.length === most, clock);
  if (secret === null) return ledger.end(NO_SECRET);
  const access = await accessOf(network, destination, secret, now, io);
  if ('kind' in access) return ledger.end(access);

  const asked = await followUp(network, access.access, ofState(rows, 'sent'), io);
  const { ready, marks } = await prepareDeliveries(
    db,
    secrets,
    network,
    access.access,
    ofState(rows, 'waiting'),
  );
  await ledger.store([...asked.marks, ...marks], asked.trouble);
  const batches = batchesOf(network, ready, inRequest);
  const isOver = (requests: number): boolean =>
    statements.left < STATEMENTS_TO_SEND || requests >= limits.requests || clock() - now > TIME;
  await sendAll(db, network, access, batches, ledger, { clock, io, isOver });
  return ledger.report();
}

const NO_SECRET: Trouble = {
  kind: 'stop',
  answer: ownAnswer(
    'Speck cannot decrypt the secret of the destination: SECRET_KEY has changed.',
    'Enter the secret of the destination again.',
  ),
};

const ofState = (rows: readonly DueDelivery[], state: DueDelivery['state']): DueDelivery[] =>
  rows.filter((row) => row.state === state);

interface Means {
  readonly clock: () => number;
  readonly io: Io;
  /** Whether no further request may begin after so many. */
  readonly isOver: (requests: number) => boolean;
}

/** Sends batches in waves, until all are sent, something is over, or the destination has trouble. */
async function sendAll(
  db: D1Database,
  network: Network,
  access: OpenAccess,
  batches: readonly (readonly Ready[])[],
  ledger: Ledger,
  { clock, io, isOver }: Means,
): Promise<void> {
  const { id, updated_at } = access.access.destination;
  const waiting = [...batches];
  let requests = 0;
  while (waiting.length > 0 && !ledger.hasTrouble) {
    if (isOver(requests)) {
      ledger.leave();
      return;
    }
    // A network that has failed is tried with one request.
    const wave = waiting.splice(0, ledger.failures > 0 ? 1 : WIDTH);
    const keys = wave.flatMap((batch) => batch.map(({ row }) => row));
    const claimed = await claim(db, id, updated_at, keys, clock(), clock() + LEASE);
    const sending = wave.map((batch) => claimedOf(batch, claimed)).filter(({ length }) => length > 0);
    requests += sending.length;
    const outcomes = await Promise.all(
      sending.map(async (batch) => {
        const events = batch.map(({ event }) => event);
        return outcomeOf(network, batch, await attempt(network, events, access, io), clock());
      }),
    );
    const troubles = outcomes.flatMap(({ trouble }) => trouble ?? []);
    const trouble = troubles.find(({ kind }) => kind === 'stop') ?? troubles[0] ?? null;
    const marks = outcomes.flatMap((outcome) => outcome.marks);
    await ledger.store(marks, trouble, trouble === null && sending.length > 0);
    for (const { next } of outcomes) ledger.comeBack(next);
    // Halves come first: what is in them is the longest due.
    waiting.unshift(...outcomes.flatMap(({ halves }) => halves));
  }
}

/** What an owner is told of an answer. Its trace is that of one request, and stands with the conversions of that. */
const problemOf = ({ status, code, message, advice }: Answer): Omit<Answer, 'trace'> => ({
  status,
  code,
  message,
  advice,
});

/** The claimed ones of a batch, with the `tries` of the claim. */
function claimedOf(batch: readonly Ready[], claimed: ReadonlySet<string>): Ready[] {
  return batch
    .filter(({ row }) => claimed.has(claimedAs(row)))
    .map((ready) => ({ ...ready, row: { ...ready.row, tries: ready.row.tries + 1 } }));
}

/** Stores what one call learns of the deliveries, and of their destination. */
class Ledger {
  readonly #db: D1Database;
  readonly #destination: Destination;
  readonly #clock: () => number;
  readonly #mayHaveMore: boolean;
  #failures: number;
  #hasTrouble = false;
  #hasMore = false;
  #isNoted = false;
  #next: number | null = null;

  /** @param mayHaveMore whether more may be due than was read. */
  constructor(
    db: D1Database,
    destination: Destination,
    failures: number,
    mayHaveMore: boolean,
    clock: () => number,
  ) {
    this.#db = db;
    this.#destination = destination;
    this.#failures = failures;
    this.#mayHaveMore = mayHaveMore;
    this.#clock = clock;
  }

  /** How often in a row the network has failed. */
  get failures(): number {
    return this.#failures;
  }

  get hasTrouble(): boolean {
    return this.#hasTrouble;
  }

  /** Something is left to be sent at once. */
  leave(): void {
    this.#hasMore = true;
  }

  /** Something is due at a time, in epoch milliseconds. */
  comeBack(next: number | null): void {
    if (next !== null) this.#next = Math.min(next, this.#next ?? Number.POSITIVE_INFINITY);
  }

  report(): DeliveryReport {
    return { more: (this.#hasMore || this.#mayHaveMore) && !this.#hasTrouble, next: this.#next };
  }

  async end(trouble: Trouble): Promise<DeliveryReport> {
    await this.store([], trouble);
    return this.report();
  }

  /** Stores marks and the destination's state in one transaction. @param isAnswered whether the network has taken a request. */
  async store(marks: readonly Mark[], trouble: Trouble | null, isAnswered = false): Promise<void> {
    const [db, destination, now] = [this.#db, this.#destination, this.#clock()];
    const failures = trouble?.kind === 'retry' ? this.#failures + 1 : 0;
    const until = trouble?.kind === 'retry' ? now + waitAfter(failures, trouble.after) : null;
    const hasRecovered = isAnswered && this.#failures > 0;
    const make = (): D1PreparedStatement[] => {
      const statements = marks.length === 0 ? [] : [markDeliveries(db, destination.id, marks)];
      const problem = trouble && { ...problemOf(trouble.answer), at: now };
      if (problem !== null && until !== null) {
        statements.push(postpone(db, destination, failures, { ...problem, retry_at: until }));
      } else if (problem !== null) statements.push(stop(db, destination, { ...problem, retry_at: null }));
      else if (hasRecovered || (this.#mayHaveMore && !this.#isNoted))
        statements.push(
          noteService(db, destination, this.#mayHaveMore ? now - CLOCKS_DIFFER : 0, hasRecovered),
        );
      return statements;
    };
    if (marks.length > 0 || trouble !== null || hasRecovered) {
      await withRetries(() => db.batch(make()));
    }
    this.#isNoted ||= marks.length > 0;
    if (trouble !== null) this.#hasTrouble = true;
    else if (isAnswered) this.#failures = 0;
    this.comeBack(until);
  }
}
