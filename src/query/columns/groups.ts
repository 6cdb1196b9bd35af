/** The groups of a grouping, numbered from 0 in the order in which they first occur. */
import type { DimensionValue } from './properties.ts';

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

/** Fewer values and beginnings of lists exist, since there are at most five for each group. */
const MOST_VALUES = 2 ** 22;

export class Groups {
  /** The values of each group. */
  readonly values: (readonly DimensionValue[])[] = [];
  readonly #limit: GroupLimit;
  /** The numbers of values, and of the beginnings of lists. */
  readonly #numbers = new Map<DimensionValue, number>();
  readonly #beginnings = new Map<number, number>();
  /** By the value, if there is one; else by the numbers of the last value and of the values before it. */
  readonly #groups = new Map<DimensionValue, number>();

  constructor(limit: GroupLimit) {
    this.#limit = limit;
  }

  /**
   * The number of the group with these values. All lists have the same length.
   * @throws TooManyGroups
   */
  of(values: readonly DimensionValue[]): number {
    const key = this.#keyOf(values);
    const cached = this.#groups.get(key);
    if (cached !== undefined) return cached;
    this.#limit.add();
    this.#groups.set(key, this.values.length);
    return this.values.push(values) - 1;
  }

  #keyOf(values: readonly DimensionValue[]): DimensionValue {
    const [first = ''] = values;
    const last = values.length - 1;
    if (last < 1) return first;
    let beginning = numberOf(this.#numbers, first);
    for (let place = 1; place < last; place++) {
      beginning = numberOf(this.#beginnings, this.#pair(beginning, values[place] as DimensionValue));
    }
    return this.#pair(beginning, values[last] as DimensionValue);
  }

  #pair(beginning: number, value: DimensionValue): number {
    return beginning * MOST_VALUES + numberOf(this.#numbers, value);
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
