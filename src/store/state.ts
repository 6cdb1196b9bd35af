/** Reads the state of the store, for `/health` and the diagnostics. */
import { IS_DUE } from './due-days.ts';
import { type FailedTask, readFailures } from './failed-tasks.ts';

export interface StoreState {
  /** When the oldest day that is due to be rolled up ended, in epoch milliseconds; null if none is due. */
  readonly oldestDue: number | null;
  readonly deadLetters: number;
  /** The number of failing tasks of the cron, and those that have failed for the longest time. */
  readonly failing: { readonly count: number; readonly oldest: readonly FailedTask[] };
}

/** The most failing tasks that are listed. */
const MAX_LISTED = 5;

/** @throws what D1 throws if it cannot be reached, or has no schema. */
export async function readState(db: D1Database, now: number): Promise<StoreState> {
  const [row, failing] = await Promise.all([
    db
      .prepare(
        `SELECT (SELECT d.ends_at FROM days d WHERE ${IS_DUE} ORDER BY d.ends_at LIMIT 1) AS oldestDue,
           (SELECT count(*) FROM dead_letters) AS deadLetters`,
      )
      .bind(now)
      .first<Omit<StoreState, 'failing'>>(),
    readFailures(db, MAX_LISTED),
  ]);
  return { oldestDue: row?.oldestDue ?? null, deadLetters: row?.deadLetters ?? 0, failing };
}
