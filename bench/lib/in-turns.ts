/** Timing of what takes turns: other load on the machine then affects all of it equally. */

/** Something that is timed, with the milliseconds that it took each time. */
export interface Timed {
  readonly run: () => Promise<unknown>;
  readonly ms: number[];
}

export interface Turns {
  /** Rounds before those that count. */
  readonly warmUp: number;
  readonly rounds: number;
  /** What has taken this long in all is not repeated. The last time counts, even within the warm-up. */
  readonly longestMs: number;
}

/** Runs each round through all groups, and within a group in an order that turns by one each round. */
export async function inTurns(
  groups: readonly (readonly Timed[])[],
  { warmUp, rounds, longestMs }: Turns,
): Promise<void> {
  const totals = new Map<Timed, number>();
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const group of groups) {
      for (const timed of rotated(group, round)) {
        const before = totals.get(timed) ?? 0;
        if (before > longestMs) continue;
        const began = performance.now();
        await timed.run();
        const ms = performance.now() - began;
        totals.set(timed, before + ms);
        if (round >= warmUp || before + ms > longestMs) timed.ms.push(ms);
      }
    }
  }
}

/** The order turns by one each time, so that nobody always runs first. */
export function rotated<T>(values: readonly T[], by: number): T[] {
  const offset = by % values.length;
  return [...values.slice(offset), ...values.slice(0, offset)];
}
