/** Local days as few stretches of time, in each of which the local time is the time plus an offset. */
import type { Segment } from '../model/time-zone.ts';

/** Days that follow each other without a change of clocks, or one day on which clocks change. */
export interface TimeRun {
  /** Epoch milliseconds; `end` is not included. */
  readonly start: number;
  readonly end: number;
  /** The offsets from UTC in milliseconds, and from when on each is valid: two if clocks change. */
  readonly offsets: readonly { readonly start: number; readonly offset: number }[];
}

/** @param parts the segments of days, in order. Days may be missing. */
export function timeRuns(parts: readonly Segment[]): TimeRun[] {
  const runs: TimeRun[] = [];
  for (const [, ofDay] of Map.groupBy(parts, ({ day }) => day)) {
    const offsets = ofDay.map(({ start, offset }) => ({ start, offset }));
    const [start, end] = [ofDay[0]?.start ?? 0, ofDay.at(-1)?.end ?? 0];
    const before = runs.at(-1);
    const isSame = before?.offsets[0]?.offset === offsets[0]?.offset;
    if (before?.end === start && before.offsets.length === 1 && offsets.length === 1 && isSame) {
      runs[runs.length - 1] = { ...before, end };
    } else runs.push({ start, end, offsets });
  }
  return runs;
}
