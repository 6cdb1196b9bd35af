/**
 * Answers queries from the columns of finished days, with the numbers that the SQL of sql/events.ts has from their events. Only a
 * query's groups and their counts are kept from segment to segment. Queries of people cannot be answered: columns have none.
 */
import type { Segment } from '../../columns/segment.ts';
import type { Goal } from '../../model/goal.ts';
import type { Grouping } from '../groupings.ts';
import { type GroupedRows, type GroupingContext, GroupingCounts, type SalesOf } from './grouping.ts';
import { GroupLimit } from './groups.ts';
import { type FilterContext, FilterMasks, propertiesIn } from './masks.ts';
import { columnsOf } from './needed-columns.ts';
import { SegmentView } from './view.ts';

export interface ColumnQuery extends GroupingContext, FilterContext {
  /** The answer's first. Their names are the keys of the results. */
  readonly groupings: readonly Grouping[];
  readonly sales: SalesOf;
}

/** Whether a day is answered by a segment that was written when the day had been rolled up `rolls` times. */
export type Answers = (day: string, rolls: number) => boolean;

export class Evaluator {
  /** The columns that a segment must have. */
  readonly columns: readonly string[];
  readonly #query: ColumnQuery;
  readonly #keys: readonly string[];
  readonly #counts: ReadonlyMap<string, GroupingCounts>;
  #visits = 0;

  constructor(query: ColumnQuery) {
    const { groupings, goals, sales } = query;
    this.#query = query;
    this.columns = columnsOf(query);
    this.#keys = propertiesOf(groupings, goals);
    const masks = new FilterMasks(query);
    const limit = new GroupLimit();
    this.#counts = new Map(
      groupings.map((grouping, index) => [
        grouping.name,
        new GroupingCounts(
          grouping,
          query,
          masks,
          limit,
          sales === 'all' || (sales === 'first' && index === 0),
        ),
      ]),
    );
  }

  /**
   * Adds the counts of a segment's days.
   *
   * @param answers the days that count.
   * @throws SegmentError if the segment is damaged. Then none of it has been counted.
   * @throws TooManyGroups or OutOfSteps. Then the query cannot be answered.
   */
  add(segment: Segment, answers: Answers): void {
    const counts = segment.header.days.map(({ day, rolls }) => answers(day, rolls));
    if (!counts.includes(true)) return;
    for (const name of this.columns) segment.column(name);
    const view = new SegmentView(segment, this.#visits, this.#keys, this.#query.meter);
    const runs = view.runs(counts);
    for (const grouping of this.#counts.values()) grouping.add(view, runs);
    this.#visits += view.visits;
  }

  results(): ReadonlyMap<string, GroupedRows> {
    return new Map([...this.#counts].map(([name, counts]) => [name, counts.results()]));
  }
}

/** The custom properties that groupings and goals read. */
function propertiesOf(groupings: readonly Grouping[], goals: readonly Goal[]): string[] {
  const dimensions = groupings.flatMap((grouping) => [...grouping.dimensions.values()]);
  return [
    ...new Set([
      ...dimensions.flatMap((dimension) => (dimension.kind === 'property' ? [dimension.key] : [])),
      ...propertiesIn(groupings.flatMap(({ filters }) => filters)),
      ...propertiesOfGoals(goals),
    ]),
  ];
}

export const propertiesOfGoals = (goals: readonly Goal[]): string[] =>
  goals.flatMap((goal) => ('property' in goal ? [goal.property] : []));
