/** Collects events into request bodies within the API's limits, with the line number of each event. */
import { MOST_BYTES } from './events-client.ts';

/** The text of a body before, between and after its events. */
export interface BodyForm {
  readonly opening: string;
  /** One byte. */
  readonly separator: string;
  readonly closing: string;
}

/** The forms of `POST /api/v1/events`, and of an export. */
export const EVENTS_BODY: BodyForm = { opening: '{"events":[', separator: ',', closing: ']}' };
export const LINES_BODY: BodyForm = { opening: '', separator: '\n', closing: '\n' };

/** An event of a file, as the JSON that is sent. */
export interface FileEvent {
  readonly text: string;
  /** Its line in the file; in CSV, the number of its record. */
  readonly line: number;
}

export interface Batch {
  readonly body: string;
  /** The line number of each event. */
  readonly lines: readonly number[];
}

export class Batcher {
  readonly #most: number;
  readonly #form: BodyForm;
  #events: string[] = [];
  #lines: number[] = [];
  #bytes = 0;

  /** @param most The most events of a batch. */
  constructor(most: number, form: BodyForm) {
    this.#most = most;
    this.#form = form;
  }

  /** @returns the batch that had to be closed before this event, if any. */
  add({ text, line }: FileEvent): Batch | undefined {
    const { opening, closing } = this.#form;
    const bytes = Buffer.byteLength(text) + 1;
    const full =
      this.#events.length === this.#most ||
      this.#bytes + bytes + opening.length + closing.length > MOST_BYTES;
    const batch = full ? this.take() : undefined;
    this.#events.push(text);
    this.#lines.push(line);
    this.#bytes += bytes;
    return batch;
  }

  /** @returns the last batch, if it has events. */
  take(): Batch | undefined {
    if (this.#events.length === 0) return undefined;
    const { opening, separator, closing } = this.#form;
    const batch = { body: opening + this.#events.join(separator) + closing, lines: this.#lines };
    this.#events = [];
    this.#lines = [];
    this.#bytes = 0;
    return batch;
  }
}
