/** Rollup rows that belong to no dimension of queries, and the size from which a day is answered from an outdated rollup. */

/** The dimensions of the rows that count the complete day, and of those that count each hour. */
export const TOTAL = 'total';
export const HOUR = 'time:hour';

/**
 * While a day of fewer events changes, queries read its events, which is cheap. For a larger day they read the last rollup. While
 * the day is open, the cron rolls it up every hour.
 */
export const LIVE_EVENTS = 50_000;
