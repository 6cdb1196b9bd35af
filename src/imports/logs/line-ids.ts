/** Gives page views of a log ids and moments that are the same in every import of it. */
import { shortHash } from '../sha256.ts';

/**
 * Gives each line an event id that the same line gets in every import: a hash of its text, and which of the identical
 * lines it is, since two requests within a second may leave the same text twice.
 *
 * Identical lines stand close together in a log, their time being part of the text. So only some latest lines are
 * remembered, and memory stays bounded whatever the size of the log.
 */
export class LineIds {
  readonly #remembered: number;
  #recent = new Map<string, number>();
  #older = new Map<string, number>();

  /** @param remembered How many different lines are remembered at least. */
  constructor(remembered = 100_000) {
    this.#remembered = remembered;
  }

  idOf(line: string): string {
    const hash = shortHash(line);
    const ordinal = (this.#recent.get(hash) ?? this.#older.get(hash) ?? 0) + 1;
    this.#recent.set(hash, ordinal);
    if (this.#recent.size >= this.#remembered) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    return `log_${hash}_${ordinal}`;
  }
}

/**
 * Most logs' times are whole seconds, and a visit's first and last page depend on which of two lines came first. So each
 * page view of a moment gets the next millisecond. A line that is imported again is known by its id, whatever its
 * millisecond.
 */
export class LineMoments {
  readonly #remembered: number;
  #recent = new Map<number, number>();
  #older = new Map<number, number>();

  /** @param remembered How many different moments are remembered at least: lines are written as answers end. */
  constructor(remembered = 10_000) {
    this.#remembered = remembered;
  }

  momentOf(time: number): number {
    const place = this.#recent.get(time) ?? this.#older.get(time) ?? 0;
    this.#recent.set(time, place + 1);
    if (this.#recent.size >= this.#remembered) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    return time + Math.min(place, 999);
  }
}
