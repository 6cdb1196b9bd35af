/**
 * Gathers the events of many requests into batches. The request that opens a batch owns it and flushes it from its own
 * `waitUntil`; all others only push plain data. No promise is ever shared: a promise that belongs to a finished
 * request hangs whoever awaits it.
 */
import type { Client, Sender, SentEvent } from '../model/wire.ts';
import type { WireFormat, WireRequest } from './wire/format.ts';

/** One request's events as they wait. */
export interface Hit {
  readonly receivedAt: number;
  readonly head: boolean;
  readonly client: Client;
  readonly format: WireFormat;
  /** The request, if its events are still to be read from its query; then `events` is empty. */
  readonly sent: WireRequest | null;
  readonly events: readonly (SentEvent | null)[];
  /** Characters of the query, and bytes of the body. */
  readonly size: number;
  readonly sender?: Sender;
}

/** How long a batch may wait, in milliseconds: what a crash of the isolate can lose. */
export const FLUSH_AFTER = 50;
/** Analytics Engine takes 250 points an invocation; a batch stays below. */
export const MAX_BATCH_EVENTS = 200;
/** Characters of queries and bodies in a batch: what its rows are made of, and so how many statements they take. */
export const MAX_BATCH_SIZE = 512 * 1024;
/** An owner that has not flushed by now never will: the platform has cancelled it. Whoever comes next takes over. */
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

const NOTHING: FlushTask = {};

export class Buffer {
  #batch: OpenBatch | null = null;

  /**
   * Adds a request's events, of which there are `count`. Whoever fills a batch flushes it, so that no request flushes
   * two: what Analytics Engine takes is counted per request.
   */
  push(hit: Hit, count: number, now: number): FlushTask {
    const open = this.#batch;
    if (open === null) return count >= MAX_BATCH_EVENTS ? { full: [hit] } : this.#open(hit, count, now);
    // Too many for what is left of the batch: it goes by itself, and leaves one that is abandoned to a smaller one.
    if (open.events + count > MAX_BATCH_EVENTS || open.size + hit.size > MAX_BATCH_SIZE)
      return { full: [hit] };
    if (now - open.openedAt > ABANDONED_AFTER) return { full: [...this.#take(open), hit] };
    open.hits.push(hit);
    open.events += count;
    open.size += hit.size;
    return open.events === MAX_BATCH_EVENTS ? { full: this.#take(open) } : NOTHING;
  }

  #open(hit: Hit, count: number, now: number): FlushTask {
    const batch: OpenBatch = { openedAt: now, hits: [hit], events: count, size: hit.size };
    this.#batch = batch;
    return { take: () => this.#take(batch) };
  }

  /** A batch's hits, once: whoever comes second gets none. */
  #take(batch: OpenBatch): readonly Hit[] {
    if (this.#batch === batch) this.#batch = null;
    const { hits } = batch;
    batch.hits = [];
    return hits;
  }
}
