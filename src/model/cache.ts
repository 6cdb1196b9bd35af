/**
 * A cache of at most `size` entries, for values that can be computed again. The oldest entries are dropped first.
 *
 * The cache has two generations. When the young one is full, it becomes the old one. Entries of the old one move to the young one
 * when they are used, and are dropped otherwise. An LRU that reorders a single Map at each hit costs some ten times as much: a Map
 * leaves a gap for each deleted entry, and finding its oldest entry walks over the gaps.
 */
export class Cache<Key, Value> {
  readonly #generation: number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  constructor(size: number) {
    this.#generation = Math.ceil(size / 2);
  }

  /** The number of entries. An entry in both generations counts twice. */
  get count(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** The value of a key. If there is none, it is computed and stored. Named after the method of `Map` in the standard. */
  getOrInsertComputed(key: Key, compute: () => Value): Value {
    let value = this.get(key);
    if (value === undefined) {
      value = compute();
      this.set(key, value);
    }
    return value;
  }

  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  set(key: Key, value: Value): void {
    if (this.#young.size >= this.#generation && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}

let encoder: TextEncoder | undefined;
let decoder: TextDecoder | undefined;

/**
 * The first `limit` characters of a text, as a copy. V8 makes a slice a view of the longer text: without a copy, twenty characters
 * of a header would keep the complete header in memory.
 */
export function detachedSlice(text: string, limit: number): string {
  return text.length <= limit ? text : detach(text.slice(0, limit));
}

/** A copy of a text, which does not keep a longer text in memory. */
export function detach(text: string): string {
  encoder ??= new TextEncoder();
  decoder ??= new TextDecoder();
  return decoder.decode(encoder.encode(text));
}
