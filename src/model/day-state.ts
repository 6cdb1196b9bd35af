/**
 * The states of a local day, as the columns `dirty` and `raw` of table `days` store them. SQL takes the numbers from here:
 * `dirty = ${DIRTY.clean}`. The partial indexes of schema.sql serve only a condition that compares as they do: `dirty > 0`,
 * `raw < 2`, `raw = 0 AND dirty = 0`.
 */

/** Whether a day's rollup agrees with its events and with the pixel's goals. */
export const DIRTY = {
  /** It does. */
  clean: 0,
  /** Events have changed since the last rollup, or there is no rollup. A day that is not over always has this state. */
  eventsChanged: 1,
  /** A large day is being rolled up slice by slice, and no event has changed since the first slice. */
  inSlices: 2,
  /** Only goals have changed since the last rollup. It is still right for everything but goals. */
  goalsChanged: 3,
} as const;

/** Whether a day's raw events are stored. A day takes no more events once its purge has begun. */
export const RAW = {
  stored: 0,
  /** The purge has begun: some may be left. */
  purging: 1,
  purged: 2,
} as const;

export type DirtyState = (typeof DIRTY)[keyof typeof DIRTY];
export type RawState = (typeof RAW)[keyof typeof RAW];
