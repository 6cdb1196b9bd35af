/**
 * Deletes what has no owner: rows of pixels that are gone, and sessions that have ended. A deleted pixel of many events
 * leaves them to this; and an older Worker, or one that was cut off halfway, may have left others.
 */
import { forgetDoneTasks } from '../store/failed-tasks.ts';
import { deleteOrphans, findOrphans } from '../store/orphans.ts';
import { deleteEndedSessions } from '../store/sessions.ts';
import type { Run } from './run.ts';

/** Rows that one statement deletes. */
export const SWEEP_CHUNK = 5000;

/** Statements with which a sweep gets somewhere: sessions, failed tasks, the look, and one piece. */
export const STATEMENTS_TO_SWEEP = 4;

/**
 * Sweeps as far as the run's statements but `reserve` go. The look reads a row for each pixel and table, so it is to be
 * asked once an hour.
 *
 * @returns whether something is left for a next run.
 */
export async function sweep(run: Run, reserve: number): Promise<boolean> {
  const { db, now } = run;
  if (run.left - reserve < STATEMENTS_TO_SWEEP) return true;
  await run.common('sweep', 'sessions', 1, () => deleteEndedSessions(db, now, SWEEP_CHUNK));
  await run.common('sweep', 'failed tasks', 1, () => forgetDoneTasks(db, now).run());
  const orphans = await run.common('look', 'orphans', 1, () => findOrphans(db));
  for (const { table, pixel } of orphans ?? []) {
    let gone: number | null = SWEEP_CHUNK;
    while (gone === SWEEP_CHUNK) {
      if (run.left - reserve < 1) return true;
      gone = await run.common('sweep', table, 1, () => deleteOrphans(db, table, pixel, SWEEP_CHUNK));
    }
  }
  return false;
}
