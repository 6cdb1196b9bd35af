/** Stores the columns of months, and deletes those of their days once these cannot change any more. */
import { addDays, monthStart, segments } from '../model/time-zone.ts';
import { prepare } from '../sql/statement.ts';
import { stretchParameter } from '../sql/stretches.ts';
import { type MonthToPack, monthsToPack } from '../store/due-days.ts';
import { sliceBounds } from './local-day.sql.ts';
import {
  DELETE_COLUMNS_OF_PURGED_MONTHS,
  DELETE_OLD_COLUMNS_OF_MONTH,
  MARK_COLUMNS_OF_MONTH,
  STORE_COLUMNS_OF_MONTH,
} from './month-columns.sql.ts';
import type { Run, TaskBudget } from './run.ts';
import { SLICE_EVENTS } from './sizes.ts';

/** Rows of days that one statement deletes. */
const CHUNK = 2000;
/** Two statements end a month: one makes its segment valid, one deletes older ones. */
const STATEMENTS_TO_END = 2;
/** A month takes one statement for each slice. Two more look for months, and delete columns of days. */
export const STATEMENTS_TO_PACK = 2 + 1 + STATEMENTS_TO_END;

/** Stores months as segments, until the budget is used up. */
export async function packMonths(run: Run, budget: TaskBudget): Promise<void> {
  const { db, now, report } = run;
  const { meta } = await prepare(db, DELETE_COLUMNS_OF_PURGED_MONTHS, { limit: CHUNK }).run();
  if (meta.changes === CHUNK) report.more = true;
  const limit = Math.max(1, Math.floor((budget.left - 1) / (1 + STATEMENTS_TO_END)));
  const months = await monthsToPack(db, now, limit);
  for (const month of months) {
    const step = { kind: 'pack', pixel: month.pixel, item: month.month } as const;
    const isDone =
      budget.left > 0 &&
      !run.isOver &&
      (await run.tryForPixel(step, month.attempts, () => packMonth(run, budget, month)));
    if (isDone === false) report.more = true;
  }
  if (months.length === limit) report.more = true;
}

/** @returns false if the budget is used up before the month is done. */
async function packMonth({ db }: Run, budget: TaskBudget, month: MonthToPack): Promise<boolean> {
  const slices = Math.ceil(month.events / SLICE_EVENTS);
  for (let slice = month.slices; slice < slices; slice++) {
    if (budget.left < 1) return false;
    const values = { ...valuesOf(month), ...sliceBounds(slice, slices), slice };
    const { meta } = await prepare(db, STORE_COLUMNS_OF_MONTH, values).run();
    // The month has changed since it was read, or a slice of it has too many events.
    if (meta.changes === 0) return true;
  }
  if (budget.left < STATEMENTS_TO_END) return false;
  const values = { ...valuesOf(month), slices };
  await db.batch([MARK_COLUMNS_OF_MONTH, DELETE_OLD_COLUMNS_OF_MONTH].map((sql) => prepare(db, sql, values)));
  return true;
}

function valuesOf({ pixel, month, timezone, rolls }: MonthToPack) {
  const first = `${month}-01`;
  const days = Map.groupBy(segments(timezone, first, addDays(monthStart(first, 1), -1)), ({ day }) => day);
  const stretches = [...days.values()].flatMap((ofDay, number) =>
    ofDay.map((segment) => ({ ...segment, bucket: String(number) })),
  );
  return { pixel, month, timezone, rolls, stretches: stretchParameter(stretches) };
}
