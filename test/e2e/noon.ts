/** A time zone in which it is noon now, so that no test that speaks of today runs over its midnight. */

const HOUR = 3_600_000;
const NOW = Date.now();

/** Whole hours from UTC. */
const OFFSET = 12 - new Date(NOW).getUTCHours();

/** POSIX counts offsets the other way round. */
export const TIME_ZONE = OFFSET === 0 ? 'Etc/UTC' : `Etc/GMT${OFFSET > 0 ? '-' : '+'}${Math.abs(OFFSET)}`;

const SUFFIX = `${OFFSET < 0 ? '-' : '+'}${String(Math.abs(OFFSET)).padStart(2, '0')}:00`;

/** The local date some days from today. */
export const day = (days: number): string =>
  new Date(NOW + OFFSET * HOUR + days * 24 * HOUR).toISOString().slice(0, 10);

/** A local time with its offset. */
export const at = (date: string, time: string): string => `${date}T${time}:00${SUFFIX}`;
