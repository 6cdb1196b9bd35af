/** What rollups have beside the rows of dimensions, and how large a day has to be for an old one to serve. */

/** The dimension of the rows that count the complete day, and of those that count each of its hours. */
export const TOTAL = 'total';
export const HOUR = 'time:hour';

/**
 * A day of fewer events is cheap enough to be answered from them while it changes. A larger day is answered from its last rollup
 * until the next one; while it is open, it is rolled up every hour.
 */
export const LIVE_EVENTS = 50_000;
