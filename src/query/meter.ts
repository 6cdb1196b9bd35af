/**
 * Limits the work of comparing values in the Worker, in steps of about ten nanoseconds. No query occupies the isolate for more
 * than a fifth of a second, since the isolate also answers pixel requests. The limit is in steps, not in time, so that the same
 * query always gets the same result.
 */

/** The most steps of a query, for all of its filters, patterns and values together. */
export const MAX_STEPS = 8_000_000;

/** Thrown when the steps are used up. */
export class OutOfSteps extends Error {}

export class Meter {
  #left: number;

  constructor(steps = MAX_STEPS) {
    this.#left = steps;
  }

  /** The remaining steps. */
  get left(): number {
    return this.#left;
  }

  /** @throws OutOfSteps if fewer steps remain. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new OutOfSteps();
  }
}
