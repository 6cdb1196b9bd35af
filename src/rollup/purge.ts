/** Deletes raw events that are past their pixel's retention, and columns that are past its `keep_days`. */
import { DIRTY, RAW } from '../model/day-state.ts';
import { count } from '../store/counters.ts';
import { deleteColumns, expiredColumns } from '../store/expired-columns.ts';
import {
  closeDay,
  type ExpiredDay,
  expiredDays,
  markPurged,
  purgeEvents,
  purgeStrayEvents,
} from '../store/purge.ts';
import type { Run, TaskBudget } from './run.ts';

/** Raw events that one statement deletes. */
export const PURGE_CHUNK = 5000;
/** A day past retention takes events for this time after its last change, in milliseconds, so that an import can fill it. */
export const PURGE_GRACE = 48 * 3_600_000;

/** A day takes at most five statements to begin with: close it (three if its rollup is given up), delete events, mark it as purged. */
const STATEMENTS_A_DAY = 5;
/** Statements that a purge needs to make progress: one to read the expired days, and those of one day. */
export const STATEMENTS_TO_PURGE = 1 + STATEMENTS_A_DAY;

/** Purges the days that are past retention, until the budget is used up. */
export async function purgeExpired(run: Run, budget: TaskBudget): Promise<void> {
  const { db, now } = run;
  const limit = Math.floor((budget.left - 1) / STATEMENTS_A_DAY);
  const reason = run.env.ARCHIVE ? 'purge archived' : 'purge';
  const days = await run.tryGlobal('look', 'expired days', 1, () =>
    expiredDays(db, now, PURGE_GRACE, limit, reason),
  );
  let isDone = days?.length !== limit;
  for (const day of days ?? []) {
    const step = { kind: 'purge', pixel: day.pixel, item: day.day } as const;
    const isPurged =
      budget.left >= STATEMENTS_A_DAY &&
      (await run.tryForPixel(step, day.attempts, () => purgeDay(run, budget, day)));
    if (isPurged === false) {
      isDone = false;
      break;
    }
  }
  if (!isDone) run.report.more = true;
}

/** @returns false if some of the day's events are left for the next run. */
async function purgeDay(run: Run, budget: TaskBudget, day: ExpiredDay): Promise<boolean> {
  const { db, now } = run;
  // A late event may have arrived since the day was read. The day is then dirty again, and a later run purges it.
  if (day.raw === RAW.stored && !(await close(run, day))) return true;
  while (budget.left > 1) {
    const deleted = await purgeEvents(db, day, now, PURGE_CHUNK);
    run.report.purgedEvents += deleted;
    if (deleted === PURGE_CHUNK) continue;
    await markPurged(db, day, now);
    return true;
  }
  return false;
}

/** Closes a day with one statement, or three if its rollup is given up, and one more if it is archived. @returns false if it has changed. */
export async function close({ db, now, env }: Run, day: ExpiredDay): Promise<boolean> {
  if (!(await closeDay(db, day, now, env.ARCHIVE !== undefined))) return false;
  if (day.dirty !== DIRTY.clean) {
    count('given_up_days', 1, now);
    console.error(
      `cron: the raw events of ${day.day} of ${day.pixel} are deleted because they are past retention. The day's rollup failed repeatedly and will not be tried again.`,
    );
  }
  return true;
}

/** Purges events that belong to no day. It reads all days with events, so run it once an hour. */
export async function purgeStray(run: Run, budget: TaskBudget): Promise<void> {
  while (budget.left > 0) {
    const deleted = await purgeStrayEvents(run.db, run.now, PURGE_CHUNK);
    run.report.purgedEvents += deleted;
    if (deleted !== PURGE_CHUNK) return;
  }
  run.report.more = true;
}

/** Days whose columns are deleted together: of large days, that is some hundred MB. */
const COLUMNS_AT_ONCE = 20;
/** One statement to find these days, two to delete their columns. */
export const STATEMENTS_TO_PURGE_COLUMNS = 3;

/** Deletes columns until none is past its time, or the budget is used up. */
export async function purgeColumns({ db, now, report }: Run, budget: TaskBudget): Promise<void> {
  while (budget.left >= STATEMENTS_TO_PURGE_COLUMNS) {
    const days = await expiredColumns(db, now, COLUMNS_AT_ONCE);
    if (days.length > 0) await deleteColumns(db, days);
    if (days.length < COLUMNS_AT_ONCE) return;
  }
  report.more = true;
}
