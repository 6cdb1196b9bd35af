/** The SQL of stretches of time: segments of local days, each with the label under which its events are grouped. */
import type { Segment } from '../model/time-zone.ts';

/** A segment of a local day and the label under which its events are grouped: its day, week or month, or `''`. */
export interface Stretch extends Segment {
  readonly bucket: string;
}

/** The JSON parameter that `STRETCHES` reads. */
export function stretchParameter(stretches: readonly Stretch[]): string {
  return JSON.stringify(
    stretches.map(({ bucket, day, start, end, offset }) => [bucket, day, start, end, offset]),
  );
}

/** `stretch`: the segments in parameter `:stretches`. */
export const STRETCHES = `
  stretch AS (
    SELECT value ->> 0 AS bucket, value ->> 1 AS day, value ->> 2 AS starts_at, value ->> 3 AS ends_at,
      value ->> 4 AS utc_offset
    FROM json_each(:stretches)
  )`;

/** SQL for the local hour of a row, such as `2026-11-24 09:00:00`. An hour that clocks repeat has one label. */
export const hourLabel = (row: string): string => `${row}.day || format(' %02d:00:00', ${row}.hour)`;
