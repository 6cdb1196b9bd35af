/** What the live view shows. */
import type { LiveEvent } from '../store/live.ts';
import type { Moments } from './parsed-query.ts';

export interface LiveMinute {
  /** Its first moment, in epoch milliseconds. */
  readonly minute: number;
  readonly visitors: number;
  readonly events: number;
  readonly pageviews: number;
}

export interface LiveView {
  /** Distinct visitors of the last five minutes. */
  readonly visitors: number;
  /** The last thirty minutes, the oldest first. The last one is the current minute, which is not over. */
  readonly minutes: readonly LiveMinute[];
  /** The latest events, the latest first. */
  readonly events: readonly LiveEvent[];
}

/** The latest events that are wanted: after a moment, and how many at most. */
export interface Latest {
  readonly since: number;
  readonly limit: number;
}

/** The moments of a live view, in epoch milliseconds. */
export interface LiveMoments extends Moments {
  /** Events are read from here on, to see visits in full. */
  readonly begin: number;
  /** Visitors after this moment are those of now. */
  readonly recent: number;
}
