/**
 * A map that forgets: at most `size` entries, the longest unused go first. For values that are worth keeping per
 * isolate and can be computed again.
 */
export class Cache<Key, Value> {
  readonly #entries = new Map<Key, Value>();
  readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  get count(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    // A Map keeps the order of insertion: setting it anew makes it the youngest.
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.size) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
  }
}
