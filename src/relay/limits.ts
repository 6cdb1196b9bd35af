/** What one invocation may use for conversions, and how it is divided among destinations. */

/** Statements before the first request: the destination, what is due, its people, and what is not sent. */
const STATEMENTS_TO_BEGIN = 4;
/** Statements around requests: the claim, the marks, and the destination's trouble. */
export const STATEMENTS_TO_SEND = 3;

/** The statements with which a call makes progress. */
export const STATEMENTS_TO_DELIVER = STATEMENTS_TO_BEGIN + STATEMENTS_TO_SEND;

/** The deliveries of an invocation on the free plan: to open, build, send and mark so many takes about its ten milliseconds of CPU. See `npm run bench:relay`. */
const DELIVERIES = 50;
/** The requests of an invocation. The free plan allows 50, but each takes as much CPU as three deliveries. */
const REQUESTS = 25;

/** What one call may use. */
export interface RelayLimits {
  /** A transient failure of the database takes more, to store what was sent. */
  readonly statements: number;
  readonly requests: number;
  readonly deliveries: number;
}

/** The part of each of several destinations in what an invocation may use. */
export function shareOf(statements: number, destinations: number): RelayLimits {
  return {
    statements: Math.floor(statements / destinations),
    requests: Math.max(1, Math.floor(REQUESTS / destinations)),
    deliveries: Math.max(1, Math.floor(DELIVERIES / destinations)),
  };
}

/** Destinations that are served side by side: one that is slow delays no other. */
export const SIDE_BY_SIDE = 5;
