/**
 * Counts what comparing values in the Worker costs a question, in steps of some ten nanoseconds, so that no question holds
 * the isolate, which also answers pixels, for longer than a fifth of a second. Steps, not time: the same question is always
 * answered or always refused.
 */

/** The most steps a question may take, over all of its filters, patterns and values. */
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
