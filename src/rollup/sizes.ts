/** The sizes of days that decide how a day is rolled up. */

/**
 * Events of a day that one transaction rolls up by SQL alone, which needs none of the Worker's own time. On Cloudflare's free plan, a
 * day has fewer events. A larger day is rolled up in slices.
 */
export const MAX_EVENTS_AT_ONCE = 50_000;

/**
 * Events of a slice. A slice takes some four seconds; D1's limit is thirty. Few slices are better than many, since each one reads the
 * complete day to select its visitors.
 */
export const SLICE_EVENTS = 200_000;
