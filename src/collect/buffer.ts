/**
 * Gathers the events of many requests into batches. The request that opens a batch owns it and flushes it from its own
 * `waitUntil`. Other requests only push plain data. Requests never share a promise: awaiting a promise of a finished request
 * hangs forever.
 */
import type { Client, Sender, SentEvent } from '../model/wire.ts';
import type { WireFormat, WireRequest } from './wire/format.ts';

/** One request with its events, waiting in a batch. */
export interface Hit {
  readonly receivedAt: number;
  readonly head: boolean;
  readonly client: Client;
  readonly format: WireFormat;
  /** The request, if its events have not been read yet; then `events` is empty. Null if they have. */
  readonly sent: WireRequest | null;
  readonly events: readonly (SentEvent | null)[];
  /** Characters of the query, and bytes of the body. */
  readonly size: number;
  readonly sender?: Sender;
}

/** Milliseconds that a batch may wait. If the isolate crashes, the events of this time are lost. */
export const FLUSH_AFTER = 50;
/** Analytics Engine takes 250 data points per invocation; a batch stays below that. */
export const MAX_BATCH_EVENTS = 200;
/** Size of the queries and bodies in a batch. It bounds the rows of a batch, and so the statements that write them. */
export const MAX_BATCH_SIZE = 512 * 1024;
/** Milliseconds after which the platform must have cancelled the owner of a batch. The next request takes the batch over. */
const ABANDONED_AFTER = 2_000;

interface OpenBatch {
  readonly openedAt: number;
  hits: Hit[];
  events: number;
  size: number;
}

/** What a request has to do after pushing a hit: nothing, flush the hits of `full`, or wait and flush. Never both. */
export interface FlushTask {
  /** Flush at once. */
  readonly full?: readonly Hit[];
  /** Wait `FLUSH_AFTER`, then flush what this returns. */
  readonly take?: () => readonly Hit[];
}

const NO_TASK: FlushTask = {};

export class Buffer {
  #batch: OpenBatch | null = null;

  /**
   * Adds a request with `count` events. The request that fills a batch flushes it. No request flushes two batches, since Analytics
   * Engine counts data points per request.
   */
  push(hit: Hit, count: number, now: number): FlushTask {
    const open = this.#batch;
    if (open === null) return count >= MAX_BATCH_EVENTS ? { full: [hit] } : this.#open(hit, count, now);
    // The hit does not fit into the batch, so it is flushed by itself. An abandoned batch is left to a hit that fits.
    if (open.events + count > MAX_BATCH_EVENTS || open.size + hit.size > MAX_BATCH_SIZE)
      return { full: [hit] };
    if (now - open.openedAt > ABANDONED_AFTER) return { full: [...this.#take(open), hit] };
    open.hits.push(hit);
    open.events += count;
    open.size += hit.size;
    return open.events === MAX_BATCH_EVENTS ? { full: this.#take(open) } : NO_TASK;
  }

  #open(hit: Hit, count: number, now: number): FlushTask {
    const batch: OpenBatch = { openedAt: now, hits: [hit], events: count, size: hit.size };
    this.#batch = batch;
    return { take: () => this.#take(batch) };
  }

  /** A batch's hits. The second call for a batch returns none. */
  #take(batch: OpenBatch): readonly Hit[] {
    if (this.#batch === batch) this.#batch = null;
    const { hits } = batch;
    batch.hits = [];
    return hits;
  }
}
