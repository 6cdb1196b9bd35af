/** Gathers events into request bodies that keep to the API's bounds, and remembers which line each event came from. */
import { MOST_BYTES } from './events-client.ts';
import type { ImportedEvent } from './page-views.ts';

const OPENING = '{"events":[';
const CLOSING = ']}';

export interface Batch {
  readonly body: string;
  /** The line number of each event. */
  readonly lines: readonly number[];
}

export class Batcher {
  readonly #most: number;
  #events: string[] = [];
  #lines: number[] = [];
  #bytes = 0;

  /** @param most How many events a batch may hold. */
  constructor(most: number) {
    this.#most = most;
  }

  /** @returns the batch that had to be closed before this event, if any. */
  add(event: ImportedEvent, line: number): Batch | undefined {
    const text = JSON.stringify(event);
    const bytes = Buffer.byteLength(text) + 1;
    const full =
      this.#events.length === this.#most ||
      this.#bytes + bytes + OPENING.length + CLOSING.length > MOST_BYTES;
    const batch = full ? this.take() : undefined;
    this.#events.push(text);
    this.#lines.push(line);
    this.#bytes += bytes;
    return batch;
  }

  /** @returns what has been gathered, if anything. */
  take(): Batch | undefined {
    if (this.#events.length === 0) return undefined;
    const batch = { body: OPENING + this.#events.join(',') + CLOSING, lines: this.#lines };
    this.#events = [];
    this.#lines = [];
    this.#bytes = 0;
    return batch;
  }
}
