/** What a query groups its events by: for the answer itself, and for the groups that its metrics are shares of. */
import type { Dimension } from '../model/dimensions.ts';
import type { Denominator } from '../model/metrics.ts';
import { type Filter, isGoalTest, type Question } from './question.ts';

/** A CTE with a row for each group. */
export interface Grouping<Name = string> {
  readonly name: Name;
  readonly timed: boolean;
  /** Timed by the day, even if the query is by the hour. */
  readonly byDay?: true;
  /** By the column that has their values, which is the same in all groupings of a query. */
  readonly dimensions: ReadonlyMap<string, Dimension>;
  readonly filters: readonly Filter[];
}

export interface Groupings {
  /** The rows of the answer. */
  readonly answer: Grouping;
  /** The denominators of shares. */
  readonly wholes: readonly Grouping<Denominator>[];
}

export function groupingsOf({ dimensions: requested, filters, metrics, time }: Question): Groupings {
  const dimensions = requested.filter((dimension) => dimension !== null);
  const answer = {
    name: 'answer',
    timed: time !== null,
    dimensions: new Map(dimensions.map((dimension, index) => [columnOf(index), dimension])),
    filters,
  };
  const all = { timed: false, dimensions: new Map() };
  const others = new Map([...answer.dimensions].filter(([, { kind }]) => kind !== 'goal'));
  const withoutGoals = filters.filter((filter) => !isGoalTest(filter));
  const wholes = [
    { ...all, name: 'whole', filters },
    { ...all, name: 'whole_without_goal', filters: withoutGoals },
    { ...answer, name: 'group_without_goal', dimensions: others, filters: withoutGoals },
  ] as const;
  return {
    answer,
    wholes: wholes.filter(({ name }) => metrics.some(({ of }) => of === name)),
  };
}

/** The column with the values of a query's dimension, counted without the time. */
export const columnOf = (index: number): string => `d${index}`;

/** Whether a grouping's times are hours. @param time the time by which events are counted. */
export function isHourly({ timed, byDay }: Grouping, time: Question['time']): boolean {
  return timed && !byDay && time === 'time:hour';
}

/** The columns that identify a grouping's rows, the time's first. */
export function keysOf({ timed, dimensions }: Grouping): string[] {
  return [...(timed ? ['bucket'] : []), ...dimensions.keys()];
}

export function groupBy(columns: readonly string[]): string {
  return columns.length === 0 ? '' : ` GROUP BY ${columns.join(', ')}`;
}
