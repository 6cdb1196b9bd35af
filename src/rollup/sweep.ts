/**
 * Deletes rows without an owner: rows of deleted pixels, sessions that have ended, and failures of tasks that no longer exist.
 * The deletion of a pixel with many events leaves most of its rows to this sweep. An interrupted or older Worker may have left
 * others.
 */
import { deleteObsoleteFailures } from '../store/failed-tasks.ts';
import { deleteOrphans, findOrphans } from '../store/orphans.ts';
import { deleteEndedSessions } from '../store/sessions.ts';
import type { Run, TaskBudget } from './run.ts';

/** Rows that one statement deletes. */
export const SWEEP_CHUNK = 5000;

/** Statements that a sweep needs to make progress: for sessions, failed tasks, the search for orphans, and one deletion. */
export const STATEMENTS_TO_SWEEP = 4;

/** Deletes these rows until the budget is used up. The search reads a row for each pixel and table, so run it once an hour. */
export async function sweep(run: Run, budget: TaskBudget): Promise<void> {
  const { db, now } = run;
  await run.tryGlobal('sweep', 'sessions', 1, () => deleteEndedSessions(db, now, SWEEP_CHUNK));
  await run.tryGlobal('sweep', 'failed tasks', 1, () => deleteObsoleteFailures(db, now));
  const orphans = await run.tryGlobal('look', 'orphans', 1, () => findOrphans(db));
  for (const { table, pixel } of orphans ?? []) {
    let deleted: number | null = SWEEP_CHUNK;
    while (deleted === SWEEP_CHUNK) {
      if (budget.left < 1) {
        run.report.more = true;
        return;
      }
      deleted = await run.tryGlobal('sweep', table, 1, () => deleteOrphans(db, table, pixel, SWEEP_CHUNK));
    }
  }
}
