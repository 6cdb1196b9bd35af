/** How long Speck waits before it sends again. All times are in milliseconds. */

const FIRST_WAIT = 30_000;
const LONGEST_WAIT = 3_600_000;
/** A network may ask for any wait. Longer ones are cut: the queue delays a message by 12 hours at most. */
const LONGEST_ASKED_WAIT = 12 * 3_600_000;

/** The wait after so many failures in a row, at least one: half a minute, doubled with each, up to an hour. */
export function backoff(failures: number): number {
  return Math.min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT);
}

/**
 * The wait after so many failures in a row. What the network asks for counts, unless it keeps failing: one that says "at once" each time would be
 * asked without end, at the cost of a message of the queue each time.
 *
 * @param after the seconds that the network asks for, if it does.
 */
export function waitAfter(failures: number, after: number | null): number {
  if (after === null) return backoff(failures);
  const least = failures > 1 ? backoff(failures - 1) : 0;
  return Math.min(Math.max(after * 1000, least), LONGEST_ASKED_WAIT);
}
