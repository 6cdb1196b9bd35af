/** Rolls up a large day in slices of its visitors, over as many runs of the cron as it takes. */
import { type Segment, SegmentError } from '../columns/segment.ts';
import { DIRTY } from '../model/day-state.ts';
import { prepare } from '../sql/statement.ts';
import { beginSlices, endSlice, markRolledUp } from '../store/days.ts';
import type { DayToRollUp } from '../store/due-days.ts';
import { readNewSlice } from '../store/segments.ts';
import { DELETE_OLD_COLUMNS, DELETE_UNFINISHED_COLUMNS, STORE_COLUMNS_OF_SLICE } from './columns.sql.ts';
import {
  DELETE_SLICES,
  DELETE_USED_SLICES,
  DELETE_VANISHED,
  ROLL_UP_SLICES,
  STORE_SLICE,
  STORE_SLICE_ROWS,
} from './local-day.sql.ts';
import { MOST_USED_KEYS } from './properties.sql.ts';
import type { Run, TaskBudget } from './run.ts';
import { SLICE_EVENTS } from './sizes.ts';
import { hasColumns, rollUpPeople, valuesOf } from './values-of-day.ts';

/** Events of a slice that the Worker counts: decoded, they take some 50 of the isolate's 128 MB. SQL counts a larger slice. */
const MAX_COUNTED_EVENTS = 400_000;

/** A slice of more rows is counted by SQL, which ranks its values and drops the least used ones. */
const MAX_LISTS = 2;

/**
 * A slice takes five statements: store its columns, read them, store its rows in up to two lists, mark it as done. Before the first
 * slice of a run, one reads the day's keys of properties. A sliced day takes three more at its start, and six at its end.
 */
const STATEMENTS_A_SLICE = 5;
export const STATEMENTS_TO_END = 6;

/** How the slices of a day are made. */
export interface SliceMaker {
  /** Statements that a slice takes at most, and questions of Analytics Engine, apart from the one that marks it as done. */
  readonly statements: number;
  /** Counts the day before its first slice: the number of slices, and statements to run with their beginning. */
  begin(): Promise<{ readonly slices: number; readonly also: readonly D1PreparedStatement[] }>;
  /** The number of events of the day that has begun. */
  readonly events: number;
  /** @returns the statements that store a slice, to be run with its end. */
  store(keys: readonly string[], slice: number, slices: number): Promise<readonly D1PreparedStatement[]>;
}

/** Makes the slices of a day whose events are all in D1. */
const fromD1 = (db: D1Database, day: DayToRollUp): SliceMaker => ({
  statements: STATEMENTS_A_SLICE - 1,
  begin: async () => ({ slices: Math.ceil(day.events / SLICE_EVENTS), also: [] }),
  events: day.events,
  store: (keys, slice, slices) => storeSlice(db, day, keys, slice, slices),
});

/**
 * Rolls up a day slice by slice until the budget is used up.
 *
 * @returns whether the day is done.
 */
export async function rollUpSlices(
  run: Run,
  budget: TaskBudget,
  day: DayToRollUp,
  maker: SliceMaker = fromD1(run.db, day),
): Promise<boolean> {
  const { db, now } = run;
  const key = { pixel: day.pixel, day: day.day };
  let { slice, slices } = day;
  const isBegun = slices > 0 && (day.dirty === DIRTY.inSlices || day.open);
  if (!isBegun) {
    const begun = await maker.begin();
    slice = 0;
    slices = begun.slices;
    await db.batch([
      prepare(db, DELETE_SLICES, key),
      prepare(db, DELETE_UNFINISHED_COLUMNS, key),
      beginSlices(db, day, slices),
      ...begun.also,
    ]);
  }
  if (slice < slices) {
    const statementsASlice = maker.statements + 1;
    if (budget.left < 1 + statementsASlice) return false;
    const keys = hasColumns(day) ? await mostUsedKeys(db, day) : [];
    for (; slice < slices; slice++) {
      if (budget.left < statementsASlice) return false;
      const results = await db.batch([
        ...(await maker.store(keys, slice, slices)),
        endSlice(db, day, slice, slices),
      ]);
      // Another run is rolling up this day.
      if (results.at(-1)?.meta.changes === 0) return false;
    }
  }
  if (budget.left < STATEMENTS_TO_END) return false;
  await db.batch([
    prepare(db, ROLL_UP_SLICES, key),
    prepare(db, DELETE_VANISHED, key),
    rollUpPeople(db, day),
    markRolledUp(db, { ...day, slices, events: maker.events }, now),
    prepare(db, DELETE_USED_SLICES, key),
    prepare(db, DELETE_OLD_COLUMNS, key),
  ]);
  return true;
}

async function mostUsedKeys(db: D1Database, day: DayToRollUp): Promise<string[]> {
  const { results } = await prepare(db, MOST_USED_KEYS, valuesOf(day, 0, 1)).all<{ key: string }>();
  return results.map(({ key }) => key);
}

/** Stores the columns of a slice. Returns the statements that store its counts: made from the columns, or else from the events. */
async function storeSlice(
  db: D1Database,
  day: DayToRollUp,
  keys: readonly string[],
  slice: number,
  slices: number,
): Promise<D1PreparedStatement[]> {
  const values = valuesOf(day, slice, slices);
  const fromEvents = [prepare(db, STORE_SLICE, values)];
  if (!hasColumns(day)) return fromEvents;
  await prepare(db, STORE_COLUMNS_OF_SLICE, values).run();
  try {
    const segment = await readNewSlice(db, day.pixel, day.day, slice, MAX_COUNTED_EVENTS);
    const lists = segment && (await countsOf(segment, day, keys, slice));
    return lists?.map((rows, list) => prepare(db, STORE_SLICE_ROWS, { ...values, rows, list })) ?? fromEvents;
  } catch (error) {
    if (!(error instanceof SegmentError)) throw error;
    console.error(`the columns of ${day.pixel} for ${day.day} cannot be read: ${error.message}`);
    return fromEvents;
  }
}

async function countsOf(
  segment: Segment,
  { goals }: DayToRollUp,
  keys: readonly string[],
  slice: number,
): Promise<readonly string[] | null> {
  // Most isolates that run the cron have no large day.
  const { countsOf: count } = await import('./column-counts.ts');
  return count(segment, goals, keys, slice, { most: MAX_LISTS, hasExactTexts: true });
}
