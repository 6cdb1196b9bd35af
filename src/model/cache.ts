/**
 * A map that forgets: at most `size` entries, old ones go first. For values that are worth keeping per isolate and can
 * be computed again.
 *
 * It keeps two generations. A full young one becomes the old one, whose entries are kept only if asked for again.
 * Reordering a single Map at each hit, as an LRU does, costs some ten times as much: a Map leaves a gap for each entry
 * it deletes, and finding its oldest entry walks over the gaps.
 */
export class Cache<Key, Value> {
  readonly #generation: number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  constructor(size: number) {
    this.#generation = Math.ceil(size / 2);
  }

  /** Entries held, those held twice counted twice. */
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

  /** The value of a key; computed and kept when there is none. The name is that of the standard's method of Map. */
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
