/** The groupings of a query's events: those of the answer, and those of the denominators of its shares. */
import type { Dimension } from '../model/dimensions.ts';
import type { Denominator } from '../model/metrics.ts';
import { type Filter, isGoalTest, type ParsedQuery } from './parsed-query.ts';

/** A CTE with a row for each group. */
export interface Grouping<Name = string> {
  readonly name: Name;
  readonly timed: boolean;
  /** Whether the time is grouped by day, even if the query is by hour. */
  readonly byDay?: true;
  /** By the column with their values. A dimension has the same column in all groupings of a query. */
  readonly dimensions: ReadonlyMap<string, Dimension>;
  readonly filters: readonly Filter[];
}

export interface Groupings {
  /** The rows of the answer. */
  readonly answer: Grouping;
  /** The denominators of shares. */
  readonly denominators: readonly Grouping<Denominator>[];
}

export function groupingsOf({ dimensions: requested, filters, metrics, time }: ParsedQuery): Groupings {
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
  const denominators = [
    { ...all, name: 'whole', filters },
    { ...all, name: 'whole_without_goal', filters: withoutGoals },
    { ...answer, name: 'group_without_goal', dimensions: others, filters: withoutGoals },
  ] as const;
  return {
    answer,
    denominators: denominators.filter(({ name }) => metrics.some(({ of }) => of === name)),
  };
}

/** The column with the values of a query's dimension, counted without the time. */
export const columnOf = (index: number): string => `d${index}`;

/** Whether a grouping's times are hours. @param time the time by which events are counted. */
export function isHourly({ timed, byDay }: Grouping, time: ParsedQuery['time']): boolean {
  return timed && !byDay && time === 'time:hour';
}

/** The columns that identify a grouping's rows, the time's first. */
export function keysOf({ timed, dimensions }: Grouping): string[] {
  return [...(timed ? ['bucket'] : []), ...dimensions.keys()];
}

export function groupBy(columns: readonly string[]): string {
  return columns.length === 0 ? '' : ` GROUP BY ${columns.join(', ')}`;
}
