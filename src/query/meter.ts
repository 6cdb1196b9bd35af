/**
 * Limits the work of comparing values in the Worker, in steps of about ten nanoseconds. No query occupies the isolate, which also
 * answers pixels, for longer than a fifth of a second. The limit is in steps, not in time: the same query is always answered or
 * always refused.
 */

/** The most steps that a query may take, over all of its filters, patterns and values. */
export const MAX_STEPS = 8_000_000;

/** Thrown when the steps are used up. */
export class OutOfSteps extends Error {}

export class Meter {
  #left: number;

  constructor(steps = MAX_STEPS) {
    this.#left = steps;
  }

  /** Steps that are left. */
  get left(): number {
    return this.#left;
  }

  /** @throws OutOfSteps when fewer are left. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new OutOfSteps();
  }
}
