/** What one invocation may use for conversions, and how it is divided among destinations. */

/** Statements before the first request: the destination, what is due, its people, and what is not sent. */
const STATEMENTS_TO_BEGIN = 4;
/** Statements around requests: the claim, the marks, and the destination's trouble. */
export const STATEMENTS_TO_SEND = 3;

/** The statements with which a call makes progress. */
export const STATEMENTS_TO_DELIVER = STATEMENTS_TO_BEGIN + STATEMENTS_TO_SEND;

/** The statements of a cron run tell the plan: the free one allows no more in an invocation. */
const FREE_STATEMENTS = 50;

/** The part of the Worker's environment that tells the plan. */
interface Plan {
  readonly CRON_STATEMENTS?: string;
}

/** Whether the Worker is set up for the paid plan. */
export const isPaid = ({ CRON_STATEMENTS }: Plan): boolean => Number(CRON_STATEMENTS) > FREE_STATEMENTS;

/**
 * What an invocation sends on the free plan, which has ten milliseconds of CPU. Opening, building, sending and marking this many deliveries takes about
 * that long. A request takes as much as two or three deliveries. See `npm run bench:relay`.
 */
export const MAX_PER_INVOCATION = { deliveries: 50, requests: 20 };

/** How many times as much an invocation sends on the paid plan, which has seconds. The rows of one statement must fit in two megabytes. */
export const PAID_TIMES = 5;

/** What one call may use. */
export interface RelayLimits {
  /** A transient failure of the database takes more, to store what was sent. */
  readonly statements: number;
  readonly requests: number;
  readonly deliveries: number;
}

/** The part of each of several destinations in what an invocation may use. */
export function shareOf(plan: Plan, statements: number, destinations: number): RelayLimits {
  const { deliveries, requests } = MAX_PER_INVOCATION;
  const share = (isPaid(plan) ? PAID_TIMES : 1) / destinations;
  return {
    statements: Math.floor(statements / destinations),
    requests: Math.max(1, Math.floor(requests * share)),
    deliveries: Math.max(1, Math.floor(deliveries * share)),
  };
}

/** Destinations that are served side by side: one that is slow delays no other. */
export const SIDE_BY_SIDE = 5;
