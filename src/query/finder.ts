/**
 * Finds whether a value contains any of many texts, in a time that depends on the length of the value, not on the number of texts:
 * a tree of the texts, in which each position has a fallback for a character that does not fit (A. V. Aho, M. J. Corasick, Efficient
 * String Matching, 1975). Characters are UTF-16 code units.
 */
import type { Meter } from './meter.ts';

interface Position {
  readonly next: Map<number, Position>;
  /** The position of the longest suffix of the path to here that is also a prefix of a text. */
  fallback: Position | null;
  /** Whether a text ends here. */
  ends: boolean;
}

/** Steps of the meter: to read a character of a value, and to make a position. */
const SIGN = 4;
const POSITION = 30;

export class Finder {
  readonly #root: Position = { next: new Map(), fallback: null, ends: false };

  constructor(texts: Iterable<string>, meter: Meter) {
    for (const text of texts) {
      meter.spend(POSITION * text.length);
      this.#add(text);
    }
    this.#link();
  }

  /** Whether a value contains one of the texts. */
  isIn(value: string, meter: Meter): boolean {
    meter.spend(SIGN * (value.length + 1));
    let here = this.#root;
    if (here.ends) return true;
    for (let at = 0; at < value.length; at++) {
      here = this.#after(here, value.charCodeAt(at));
      if (here.ends) return true;
    }
    return false;
  }

  #add(text: string): void {
    let here = this.#root;
    for (let at = 0; at < text.length; at++) {
      // A value that contains a longer text contains its prefix, too.
      if (here.ends) return;
      const sign = text.charCodeAt(at);
      let next = here.next.get(sign);
      if (!next) {
        next = { next: new Map(), fallback: null, ends: false };
        here.next.set(sign, next);
      }
      here = next;
    }
    here.ends = true;
  }

  /** Sets the fallbacks by depth: the fallback of a position is less deep, and has to have its own first. */
  #link(): void {
    let level = [this.#root];
    while (level.length > 0) {
      const below: Position[] = [];
      for (const here of level) {
        for (const [sign, next] of here.next) {
          next.fallback = here.fallback ? this.#after(here.fallback, sign) : this.#root;
          next.ends ||= next.fallback.ends;
          below.push(next);
        }
      }
      level = below;
    }
  }

  #after(from: Position, sign: number): Position {
    for (let here: Position | null = from; here; here = here.fallback) {
      const next = here.next.get(sign);
      if (next) return next;
    }
    return this.#root;
  }
}
