/**
 * Gathers the events of many requests into batches. The request that opens a batch owns it and flushes it from its own
 * `waitUntil`; all others only push plain data. No promise is ever shared: a promise that belongs to a finished
 * request hangs whoever awaits it.
 */
import type { Client, RawEvent } from '../model/wire.ts';
import type { WireFormat } from './wire/format.ts';

/** One request's events as they wait. A query is parsed only when its turn comes. */
export interface Hit {
  readonly receivedAt: number;
  readonly head: boolean;
  readonly client: Client;
  readonly format: WireFormat;
  readonly events: string | readonly (RawEvent | null)[];
  /** Characters of the query or body that they came in. */
  readonly size: number;
}

/** How long a batch may wait, in milliseconds: what a crash of the isolate can lose. */
export const FLUSH_AFTER = 50;
/** Analytics Engine takes 250 points an invocation; a batch stays below. */
export const MAX_BATCH_EVENTS = 200;
/** Characters of queries and bodies in a batch: what its rows are made of, and so how many statements they take. */
export const MAX_BATCH_SIZE = 512 * 1024;
/** An owner that has not flushed by now never will: the platform has cancelled it. Whoever comes next takes over. */
const ABANDONED_AFTER = 2_000;

interface Batch {
  readonly openedAt: number;
  hits: Hit[];
  events: number;
  size: number;
}

/** What a request must do for having pushed: nothing, flush what it was handed, or wait and then flush. Never both. */
export interface Duty {
  /** Flush at once. */
  readonly full?: readonly Hit[];
  /** Wait `FLUSH_AFTER`, then flush what this returns. */
  readonly take?: () => readonly Hit[];
}

const NOTHING: Duty = {};

export class Buffer {
  #batch: Batch | null = null;

  /**
   * Adds a request's events, of which there are `count`. Whoever fills a batch flushes it, so that no request flushes
   * two: what Analytics Engine takes is counted per request.
   */
  push(hit: Hit, count: number, now: number): Duty {
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

  #open(hit: Hit, count: number, now: number): Duty {
    const batch: Batch = { openedAt: now, hits: [hit], events: count, size: hit.size };
    this.#batch = batch;
    return { take: () => this.#take(batch) };
  }

  /** A batch's hits, once: whoever comes second gets none. */
  #take(batch: Batch): readonly Hit[] {
    if (this.#batch === batch) this.#batch = null;
    const { hits } = batch;
    batch.hits = [];
    return hits;
  }
}
