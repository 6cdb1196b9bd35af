/** Rolls up local days and months. */
import { prepare } from '../sql/statement.ts';
import { markRolledUp } from '../store/days.ts';
import { type DayToRollUp, type Month, monthsToRollUp, POINTS_KEPT } from '../store/due-days.ts';
import { keepRollup } from '../store/engine-days.ts';
import type { TaskName } from '../store/failed-tasks.ts';
import { DELETE_COLUMNS, STORE_COLUMNS } from './columns.sql.ts';
import { DELETE_VANISHED, ROLL_UP_DAY } from './local-day.sql.ts';
import { DELETE_VANISHED_OF_MONTH, MARK_MONTH, ROLL_UP_MONTH } from './months.sql.ts';
import type { Run, TaskBudget } from './run.ts';
import { MAX_EVENTS_AT_ONCE } from './sizes.ts';
import { rollUpSlices } from './slices.ts';
import { hasColumns, rollUpPeople, valuesOf } from './values-of-day.ts';

/**
 * A day takes six statements: write changed rows, delete obsolete rows, write people, delete the old columns, write the new ones, mark
 * the day as rolled up.
 */
export const STATEMENTS_A_DAY = 6;
export const STATEMENTS_A_MONTH = 3;

/**
 * Rolls up days until the budget is used up.
 *
 * @param find reads the days that are due, up to a limit.
 * @returns whether no due day is left, apart from days that have failed.
 */
export async function rollUpDays(
  run: Run,
  budget: TaskBudget,
  kind: TaskName,
  find: (limit: number) => Promise<readonly DayToRollUp[]>,
): Promise<boolean> {
  const limit = Math.floor((budget.left - 1) / STATEMENTS_A_DAY);
  const days = await run.tryGlobal('look', kind, 1, () => find(limit));
  // A failed look is tried again after a wait, as any failed step is. It does not count as remaining work.
  if (days === null) return false;
  let isDone = days.length < limit;
  for (const day of days) {
    if (budget.left < STATEMENTS_A_DAY || run.isOver) {
      isDone = false;
      break;
    }
    const step = { kind, pixel: day.pixel, item: day.day };
    const isRolledUp = await run.tryForPixel(step, day.attempts, () => rollUpDay(run, budget, day));
    if (isRolledUp) run.report.rolledUp++;
    if (isRolledUp === false) isDone = false;
  }
  if (!isDone) run.report.more = true;
  return isDone;
}

/**
 * Recomputes one day: a small day in one transaction, a large day slice by slice until the budget is used up. So is a day that has events in
 * Analytics Engine only, of any size.
 *
 * @returns whether the day is done.
 */
async function rollUpDay(run: Run, budget: TaskBudget, day: DayToRollUp): Promise<boolean> {
  const { db, now } = run;
  if (day.points > 0 && day.starts_at > now - POINTS_KEPT) {
    // Most isolates that run the cron have no such day.
    const { rollUpPoints } = await import('./points-day.ts');
    return rollUpPoints(run, budget, day);
  }
  if (day.points > 0 && day.rolls > 0) {
    await keepRollup(db, day);
    return true;
  }
  // A day of Analytics Engine that was not rolled up while that had its points has only its events in D1.
  if (day.events > MAX_EVENTS_AT_ONCE) return rollUpSlices(run, budget, day);
  const values = valuesOf(day, 0, 1);
  await db.batch([
    prepare(db, ROLL_UP_DAY, values),
    prepare(db, DELETE_VANISHED, values),
    rollUpPeople(db, day),
    prepare(db, DELETE_COLUMNS, values),
    ...(hasColumns(day) ? [prepare(db, STORE_COLUMNS, values)] : []),
    markRolledUp(db, { ...day, slices: 0 }, now),
  ]);
  return true;
}

/** Rolls up past months whose days are all rolled up, until the budget is used up. */
export async function rollUpMonths(run: Run, budget: TaskBudget): Promise<void> {
  const limit = Math.floor((budget.left - 1) / STATEMENTS_A_MONTH);
  const months = await run.tryGlobal('look', 'month', 1, () => monthsToRollUp(run.db, run.now, limit));
  for (const month of months ?? []) {
    const step = { kind: 'month', pixel: month.pixel, item: month.month } as const;
    await run.tryForPixel(step, month.attempts, () => rollUpMonth(run.db, month));
  }
  if (months?.length === limit) run.report.more = true;
}

async function rollUpMonth(db: D1Database, { pixel, month }: Month): Promise<void> {
  await db.batch(
    [ROLL_UP_MONTH, DELETE_VANISHED_OF_MONTH, MARK_MONTH].map((sql) => prepare(db, sql, { pixel, month })),
  );
}
