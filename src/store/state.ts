/** Reads how the store is doing, for health. */

export interface StoreState {
  /** When the oldest closed day ended that waits for its rollup, in epoch milliseconds; null when none waits. */
  readonly oldestDirty: number | null;
  readonly deadLetters: number;
}

/** @throws what D1 throws: when it cannot be reached, or has no schema. */
export async function readState(db: D1Database, now: number): Promise<StoreState> {
  const row = await db
    .prepare(
      `SELECT (SELECT min(ends_at) FROM days WHERE dirty = 1 AND ends_at <= ?) AS oldestDirty,
         (SELECT count(*) FROM dead_letters) AS deadLetters`,
    )
    .bind(now)
    .first<StoreState>();
  return row ?? { oldestDirty: null, deadLetters: 0 };
}
