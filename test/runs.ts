/**
 * How often a test tries what it tries with random values. `npm test` takes the fewer; `LONG=1 npm test`, which `.ci/run` does,
 * goes on with the same ones to the many.
 */
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    long: boolean;
    /** How many mutated requests the fuzzing test tries for each format, if it is set by hand; else 0. */
    fuzzRuns: number;
  }
}

export const runs = (few: number, many: number): number => (inject('long') ? many : few);
