/** Reads how the store is doing, for health. */
import { IS_DUE } from './due-days.ts';
import { type FailedTask, readFailures } from './failed-tasks.ts';

export interface StoreState {
  /** When the oldest closed day ended whose turn it is to be rolled up, in epoch milliseconds; null when there is none. */
  readonly oldestDue: number | null;
  readonly deadLetters: number;
  /** How many tasks of the cron fail, and those that have for longest. */
  readonly failing: { readonly count: number; readonly oldest: readonly FailedTask[] };
}

/** Failing tasks that are named. */
const NAMED = 5;

/** @throws what D1 throws: when it cannot be reached, or has no schema. */
export async function readState(db: D1Database, now: number): Promise<StoreState> {
  const [row, failing] = await Promise.all([
    db
      .prepare(
        `SELECT (SELECT d.ends_at FROM days d WHERE ${IS_DUE} ORDER BY d.ends_at LIMIT 1) AS oldestDue,
           (SELECT count(*) FROM dead_letters) AS deadLetters`,
      )
      .bind(now)
      .first<Omit<StoreState, 'failing'>>(),
    readFailures(db, NAMED),
  ]);
  return { oldestDue: row?.oldestDue ?? null, deadLetters: row?.deadLetters ?? 0, failing };
}
