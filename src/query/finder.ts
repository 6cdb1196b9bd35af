/**
 * Finds whether any of many texts is part of a value, in a time that depends on the value's length and not on how many they
 * are: a tree of the texts, in which each place knows where to go on when the next sign does not fit (A. V. Aho, M. J.
 * Corasick, Efficient String Matching, 1975). Signs are UTF-16 code units.
 */
import type { Meter } from './meter.ts';

interface Place {
  readonly next: Map<number, Place>;
  /** The place of the longest end of what led here that texts begin with, too. */
  fallback: Place | null;
  /** Whether a text ends here. */
  ends: boolean;
}

/** Steps to take a sign of a value, and to make a place. */
const SIGN = 4;
const PLACE = 30;

export class Finder {
  readonly #root: Place = { next: new Map(), fallback: null, ends: false };

  constructor(texts: Iterable<string>, meter: Meter) {
    for (const text of texts) {
      meter.spend(PLACE * text.length);
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
      // What begins with a text contains it anyway.
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

  /** Goes through the places by their depth, so that each one's fallback, which is less deep, knows its own. */
  #link(): void {
    let level = [this.#root];
    while (level.length > 0) {
      const below: Place[] = [];
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

  #after(from: Place, sign: number): Place {
    for (let here: Place | null = from; here; here = here.fallback) {
      const next = here.next.get(sign);
      if (next) return next;
    }
    return this.#root;
  }
}
