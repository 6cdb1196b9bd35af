/** What a question groups its events by: for the answer itself, and for what it is a share of. */
import type { Dimension } from '../model/dimensions.ts';
import type { Whole } from '../model/metrics.ts';
import type { Draft } from './draft.ts';
import { type Filter, isGoalTest, type Question } from './question.ts';

/** A CTE of a row a group. */
export interface Grouping<Name = string> {
  readonly name: Name;
  readonly timed: boolean;
  /** Timed by the day, also where the question is by the hour. */
  readonly byDay?: true;
  /** By the column that has its values, the same in all groupings of a question. */
  readonly dimensions: ReadonlyMap<string, Dimension>;
  readonly filters: readonly Filter[];
}

export interface Groupings {
  /** The rows of the answer. */
  readonly answer: Grouping;
  /** What the question's metrics are shares of. */
  readonly wholes: readonly Grouping<Whole>[];
}

export function groupingsOf({ dimensions: asked, filters, metrics, time }: Question): Groupings {
  const dimensions = asked.filter((dimension) => dimension !== null);
  const answer = {
    name: 'answer',
    timed: time !== null,
    dimensions: new Map(dimensions.map((dimension, index) => [`d${index}`, dimension])),
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

/** Whether a grouping's times are hours. */
export function isHourly({ timed, byDay }: Grouping, { question }: Draft): boolean {
  return timed && !byDay && question.time === 'time:hour';
}

/** The columns that tell a grouping's rows apart, the time's first. */
export function keysOf({ timed, dimensions }: Grouping): string[] {
  return [...(timed ? ['bucket'] : []), ...dimensions.keys()];
}

export function groupBy(columns: readonly string[]): string {
  return columns.length === 0 ? '' : ` GROUP BY ${columns.join(', ')}`;
}
