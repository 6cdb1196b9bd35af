/** The groups of a grouping, numbered from 0 in the order in which they first occur. */
import type { DimensionValue } from './view.ts';

/** The most groups of a query, in all of its groupings: some tens of megabytes of the isolate's 128. */
export const MAX_GROUPS = 200_000;

/** Thrown when a query has more groups. Then nothing can be answered. */
export class TooManyGroups extends Error {
  constructor() {
    super(
      `The query has more than ${MAX_GROUPS} groups. Choose a shorter range, narrower filters, or fewer dimensions.`,
    );
    this.name = 'TooManyGroups';
  }
}

/** Counts the groups of a query. */
export class GroupLimit {
  #left: number;

  constructor(most = MAX_GROUPS) {
    this.#left = most;
  }

  /** @throws TooManyGroups */
  add(): void {
    if (--this.#left < 0) throw new TooManyGroups();
  }
}

/** Fewer values and prefixes than this exist, since there are at most five for each group. */
const MOST_VALUES = 2 ** 22;

export class Groups {
  /** The values of each group. */
  readonly values: (readonly DimensionValue[])[] = [];
  readonly #limit: GroupLimit;
  readonly #numbers = new Map<DimensionValue, number>();
  /** The number of a list of values, by the number of all but the last, and by that of the last one. */
  readonly #prefixes = new Map<number, number>();
  readonly #groups = new Map<number, number>();

  constructor(limit: GroupLimit) {
    this.#limit = limit;
  }

  /**
   * The number of the group with these values. All lists have the same length.
   * @throws TooManyGroups
   */
  of(values: readonly DimensionValue[]): number {
    let prefix = 0;
    for (const [place, value] of values.entries()) {
      const number = numberOf(this.#numbers, value);
      prefix = place === 0 ? number : numberOf(this.#prefixes, prefix * MOST_VALUES + number);
    }
    const cached = this.#groups.get(prefix);
    if (cached !== undefined) return cached;
    this.#limit.add();
    this.#groups.set(prefix, this.values.length);
    return this.values.push(values) - 1;
  }
}

function numberOf<T>(numbers: Map<T, number>, key: T): number {
  const cached = numbers.get(key);
  if (cached !== undefined) return cached;
  numbers.set(key, numbers.size);
  return numbers.size - 1;
}

/** A longer array with the same first numbers, if it is too short. */
export function grown<T extends Int32Array | Float64Array>(array: T, size: number): T {
  if (size <= array.length) return array;
  const longer = new (array.constructor as new (length: number) => T)(Math.max(16, size, 2 * array.length));
  longer.set(array as never);
  return longer;
}
