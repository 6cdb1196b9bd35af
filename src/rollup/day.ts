/** Rolls up local days and months. */
import { DIRTY } from '../model/day-state.ts';
import { segments } from '../model/time-zone.ts';
import { goalParameter } from '../sql/goals.ts';
import { prepare, type Values } from '../sql/statement.ts';
import { stretchParameter } from '../sql/stretches.ts';
import { beginSlices, endSlice, markRolledUp } from '../store/days.ts';
import { type DayToRollUp, type Month, monthsToRollUp } from '../store/due-days.ts';
import type { TaskName } from '../store/failed-tasks.ts';
import {
  DELETE_COLUMNS,
  DELETE_OLD_COLUMNS,
  DELETE_UNFINISHED_COLUMNS,
  STORE_COLUMNS,
  STORE_COLUMNS_OF_SLICE,
} from './columns.sql.ts';
import {
  DELETE_SLICES,
  DELETE_USED_SLICES,
  DELETE_VANISHED,
  ROLL_UP_DAY,
  ROLL_UP_SLICES,
  STORE_SLICE,
  sliceBounds,
} from './local-day.sql.ts';
import { DELETE_VANISHED_OF_MONTH, MARK_MONTH, ROLL_UP_MONTH } from './months.sql.ts';
import { ROLL_UP_PEOPLE } from './person-days.sql.ts';
import type { Run, TaskBudget } from './run.ts';

/**
 * Events that one statement rolls up. A larger day is split by visitor into slices of about this size. A slice takes some four
 * seconds; D1's limit is thirty. Few slices are better than many, since each one reads the complete day to select its visitors.
 */
export const SLICE_EVENTS = 200_000;

/**
 * A day takes six statements: write changed rows, delete obsolete rows, write people, delete the old columns, write the new ones, mark
 * the day as rolled up.
 */
export const STATEMENTS_A_DAY = 6;
/** A slice takes three statements. A sliced day takes three more at its start, and six at its end. */
const STATEMENTS_A_SLICE = 3;
export const STATEMENTS_TO_END = 6;
export const STATEMENTS_A_MONTH = 3;

/** A day whose rollup has failed so often is rolled up without columns: they may be what fails, and queries can do without them. */
const MAX_ATTEMPTS_WITH_COLUMNS = 2;

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
 * Recomputes one day: a small day in one transaction, a large day slice by slice until the budget is used up.
 *
 * @returns whether the day is done.
 */
async function rollUpDay(run: Run, budget: TaskBudget, day: DayToRollUp): Promise<boolean> {
  const { db, now } = run;
  if (day.events > SLICE_EVENTS) return rollUpSlices(run, budget, day);
  const values = valuesOf(day, 0, 1);
  await db.batch([
    prepare(db, ROLL_UP_DAY, values),
    prepare(db, DELETE_VANISHED, values),
    rollUpPeople(db, day),
    prepare(db, DELETE_COLUMNS, values),
    ...storeColumns(db, day, STORE_COLUMNS, values),
    markRolledUp(db, { ...day, slices: 0 }, now),
  ]);
  return true;
}

async function rollUpSlices(run: Run, budget: TaskBudget, day: DayToRollUp): Promise<boolean> {
  const { db, now } = run;
  const key = { pixel: day.pixel, day: day.day };
  let { slice, slices } = day;
  const isBegun = slices > 0 && (day.dirty === DIRTY.inSlices || day.open);
  if (!isBegun) {
    slice = 0;
    slices = Math.ceil(day.events / SLICE_EVENTS);
    await db.batch([
      prepare(db, DELETE_SLICES, key),
      prepare(db, DELETE_UNFINISHED_COLUMNS, key),
      beginSlices(db, day, slices),
    ]);
  }
  for (; slice < slices; slice++) {
    if (budget.left < STATEMENTS_A_SLICE) return false;
    const values = valuesOf(day, slice, slices);
    const results = await db.batch([
      prepare(db, STORE_SLICE, values),
      ...storeColumns(db, day, STORE_COLUMNS_OF_SLICE, values),
      endSlice(db, day, slice, slices),
    ]);
    // Another run is rolling up this day.
    if (results.at(-1)?.meta.changes === 0) return false;
  }
  if (budget.left < STATEMENTS_TO_END) return false;
  await db.batch([
    prepare(db, ROLL_UP_SLICES, key),
    prepare(db, DELETE_VANISHED, key),
    rollUpPeople(db, day),
    markRolledUp(db, { ...day, slices }, now),
    prepare(db, DELETE_USED_SLICES, key),
    prepare(db, DELETE_OLD_COLUMNS, key),
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

function storeColumns(
  db: D1Database,
  { attempts }: DayToRollUp,
  sql: string,
  values: Values,
): D1PreparedStatement[] {
  return attempts < MAX_ATTEMPTS_WITH_COLUMNS ? [prepare(db, sql, values)] : [];
}

function rollUpPeople(db: D1Database, day: DayToRollUp): D1PreparedStatement {
  return prepare(db, ROLL_UP_PEOPLE, { pixel: day.pixel, stretches: stretchesOf(day), day: day.day });
}

function valuesOf(dirty: DayToRollUp, slice: number, slices: number): Values {
  const { pixel, day, timezone } = dirty;
  const goals = goalParameter(dirty.goals);
  const stretches = stretchesOf(dirty);
  return { pixel, day, timezone, stretches, goals, ...sliceBounds(slice, slices), slice, slices };
}

function stretchesOf({ day, timezone }: DayToRollUp): string {
  return stretchParameter(segments(timezone, day, day).map((segment) => ({ ...segment, bucket: '' })));
}
