/** Rolls up one local day, or one month. */
import { DIRTY } from '../model/day-state.ts';
import { segments } from '../model/time-zone.ts';
import { goalParameter } from '../sql/goals.ts';
import { prepare, type Values } from '../sql/statement.ts';
import { stretchParameter } from '../sql/stretches.ts';
import { beginSlices, type DirtyDay, endSlice, type Month, markRolledUp } from '../store/days.ts';
import {
  DELETE_SLICES,
  DELETE_USED_SLICES,
  DELETE_VANISHED,
  KEEP_SLICE,
  ROLL_UP_DAY,
  ROLL_UP_SLICES,
  sliceBounds,
} from './local-day.sql.ts';
import { DELETE_VANISHED_OF_MONTH, MARK_MONTH, ROLL_UP_MONTH } from './months.sql.ts';
import { ROLL_UP_PEOPLE } from './person-days.sql.ts';
import type { Run } from './run.ts';

/**
 * Events that one statement rolls up. A larger day is cut into slices of about so many, by visitor. Each takes some four
 * seconds, far from D1's thirty. Fewer are better: each reads the whole day to find its visitors.
 */
export const SLICE_EVENTS = 200_000;

/** A day costs four statements: write what changed, delete what vanished, write who was there, mark it done. */
export const STATEMENTS_A_DAY = 4;
/** A slice costs two, the beginning of a sliced day two and its end five. */
const STATEMENTS_A_SLICE = 2;
export const STATEMENTS_TO_END = 5;
export const STATEMENTS_A_MONTH = 3;

/**
 * Recomputes one day: a small one in one transaction, a large one slice by slice, as far as the run's statements go.
 *
 * @param reserve statements that are not to be used.
 * @returns whether the day is done.
 */
export async function rollUpDay(run: Run, day: DirtyDay, reserve: number): Promise<boolean> {
  const { db, now } = run;
  if (day.events > SLICE_EVENTS) return rollUpSlices(run, day, reserve);
  run.use(STATEMENTS_A_DAY);
  await db.batch([
    prepare(db, ROLL_UP_DAY, valuesOf(day, 0, 1)),
    prepare(db, DELETE_VANISHED, { pixel: day.pixel, day: day.day }),
    rollUpPeople(db, day),
    markRolledUp(db, { ...day, slices: 0 }, now),
  ]);
  return true;
}

async function rollUpSlices(run: Run, day: DirtyDay, reserve: number): Promise<boolean> {
  const { db, now } = run;
  let { slice, slices } = day;
  const goesOn = slices > 0 && (day.dirty === DIRTY.inSlices || day.open);
  if (!goesOn) {
    slice = 0;
    slices = Math.ceil(day.events / SLICE_EVENTS);
    run.use(STATEMENTS_A_SLICE);
    await db.batch([
      prepare(db, DELETE_SLICES, { pixel: day.pixel, day: day.day }),
      beginSlices(db, day, slices),
    ]);
  }
  for (; slice < slices; slice++) {
    if (run.left - reserve < STATEMENTS_A_SLICE) return false;
    run.use(STATEMENTS_A_SLICE);
    const [, ended] = await db.batch([
      prepare(db, KEEP_SLICE, valuesOf(day, slice, slices)),
      endSlice(db, day, slice, slices),
    ]);
    // Another run is at it.
    if (ended?.meta.changes === 0) return false;
  }
  if (run.left - reserve < STATEMENTS_TO_END) return false;
  run.use(STATEMENTS_TO_END);
  await db.batch([
    prepare(db, ROLL_UP_SLICES, { pixel: day.pixel, day: day.day }),
    prepare(db, DELETE_VANISHED, { pixel: day.pixel, day: day.day }),
    rollUpPeople(db, day),
    markRolledUp(db, { ...day, slices }, now),
    prepare(db, DELETE_USED_SLICES, { pixel: day.pixel, day: day.day }),
  ]);
  return true;
}

export async function rollUpMonth(run: Run, { pixel, month }: Month): Promise<void> {
  const { db } = run;
  run.use(STATEMENTS_A_MONTH);
  await db.batch(
    [ROLL_UP_MONTH, DELETE_VANISHED_OF_MONTH, MARK_MONTH].map((sql) => prepare(db, sql, { pixel, month })),
  );
}

function rollUpPeople(db: D1Database, day: DirtyDay): D1PreparedStatement {
  return prepare(db, ROLL_UP_PEOPLE, { pixel: day.pixel, stretches: stretchesOf(day), day: day.day });
}

function valuesOf(dirty: DirtyDay, slice: number, slices: number): Values {
  const { pixel, day } = dirty;
  const goals = goalParameter(dirty.goals);
  return { pixel, day, stretches: stretchesOf(dirty), goals, ...sliceBounds(slice, slices), slice, slices };
}

function stretchesOf({ day, timezone }: DirtyDay): string {
  return stretchParameter(segments(timezone, day, day).map((segment) => ({ ...segment, bucket: '' })));
}
