/** Chance with a seed, so that the same numbers come out each time. */

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number of 32 bits (mulberry32: small, good enough to make traffic up). */
  bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** From 0 up to but not including 1. */
  next(): number {
    return this.bits() / 4_294_967_296;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** Exponentially distributed. */
  around(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }
}

/** Draws places of a list of weights, each in constant time (Walker's alias method). */
export class Weighted {
  readonly #share: Float64Array;
  readonly #other: Uint32Array;

  constructor(weights: readonly number[]) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const scaled = weights.map((weight) => (weight * weights.length) / total);
    this.#share = new Float64Array(weights.length).fill(1);
    this.#other = new Uint32Array(weights.length);
    const small = scaled.flatMap((weight, place) => (weight < 1 ? [place] : []));
    const large = scaled.flatMap((weight, place) => (weight < 1 ? [] : [place]));
    while (small.length > 0 && large.length > 0) {
      const [less, more] = [small.pop() as number, large.at(-1) as number];
      this.#share[less] = scaled[less] as number;
      this.#other[less] = more;
      scaled[more] = (scaled[more] as number) - (1 - (scaled[less] as number));
      if ((scaled[more] as number) < 1) small.push(large.pop() as number);
    }
  }

  pick(random: Random): number {
    const place = random.below(this.#share.length);
    return random.next() < (this.#share[place] as number) ? place : (this.#other[place] as number);
  }
}

/** Weights by Zipf's law: the second of so many comes half as often as the first, the third a third. */
export function zipf(count: number, exponent = 1): number[] {
  return Array.from({ length: count }, (_, rank) => 1 / (rank + 1) ** exponent);
}
