/** What the statements that roll up a day take. */
import { segments } from '../model/time-zone.ts';
import { goalParameter } from '../sql/goals.ts';
import { prepare, type Values } from '../sql/statement.ts';
import { stretchParameter } from '../sql/stretches.ts';
import type { DayToRollUp } from '../store/due-days.ts';
import { sliceBounds } from './local-day.sql.ts';
import { ROLL_UP_PEOPLE } from './person-days.sql.ts';

/** A day whose rollup has failed so often is rolled up without columns: they may be what fails, and queries can do without them. */
const MAX_ATTEMPTS_WITH_COLUMNS = 2;

export const hasColumns = ({ attempts }: DayToRollUp): boolean => attempts < MAX_ATTEMPTS_WITH_COLUMNS;

export function rollUpPeople(db: D1Database, day: DayToRollUp): D1PreparedStatement {
  return prepare(db, ROLL_UP_PEOPLE, { pixel: day.pixel, stretches: stretchesOf(day), day: day.day });
}

export function valuesOf(dirty: DayToRollUp, slice: number, slices: number): Values {
  const { pixel, day, timezone } = dirty;
  const goals = goalParameter(dirty.goals);
  const stretches = stretchesOf(dirty);
  return { pixel, day, timezone, stretches, goals, ...sliceBounds(slice, slices), slice, slices };
}

function stretchesOf({ day, timezone }: DayToRollUp): string {
  return stretchParameter(segments(timezone, day, day).map((segment) => ({ ...segment, bucket: '' })));
}
