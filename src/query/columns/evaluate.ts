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
  /** The only day that `moments` do not include in full; null, or left out, if any day may be in part. */
  readonly trimmed?: string | null;
}

/** Days that are counted alike: those that moments include in full, or in part. */
interface Part {
  readonly includes: (day: string) => boolean;
  readonly counts: ReadonlyMap<string, GroupingCounts>;
}

/** Whether a day is answered by a segment that was written when the day had been rolled up `rolls` times. */
export type Answers = (day: string, rolls: number) => boolean;

export class Evaluator {
  /** The columns that a segment must have. */
  readonly columns: readonly string[];
  readonly #query: ColumnQuery;
  readonly #keys: readonly string[];
  readonly #parts: readonly Part[];
  #visits = 0;

  constructor(query: ColumnQuery) {
    const { groupings, goals, sales, trimmed = null } = query;
    this.#query = query;
    this.columns = columnsOf(query);
    this.#keys = propertiesOf(groupings, goals);
    const masks = new FilterMasks(query);
    const limit = new GroupLimit();
    const countsIn = (context: GroupingContext): Part['counts'] =>
      new Map(
        groupings.map((grouping, index) => [
          grouping.name,
          new GroupingCounts(
            grouping,
            context,
            masks,
            limit,
            sales === 'all' || (sales === 'first' && index === 0),
          ),
        ]),
      );
    this.#parts =
      trimmed === null
        ? [{ includes: () => true, counts: countsIn(query) }]
        : [
            { includes: (day) => day !== trimmed, counts: countsIn(inFull(query)) },
            { includes: (day) => day === trimmed, counts: countsIn(query) },
          ];
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
    for (const { includes, counts: groupings } of this.#parts) {
      const mine = runs.filter(({ day: { day } }) => includes(day));
      if (mine.length > 0) for (const grouping of groupings.values()) grouping.add(view, mine);
    }
    this.#visits += view.visits;
  }

  /** The rows of each grouping. A group has a row for the days in full, and one for the day in part. */
  results(): ReadonlyMap<string, GroupedRows> {
    return new Map(
      this.#query.groupings.map(({ name }) => {
        const rows = this.#parts.flatMap(({ counts }) => counts.get(name)?.results() ?? []);
        return [
          name,
          { counts: rows.flatMap(({ counts }) => counts), sales: rows.flatMap(({ sales }) => sales) },
        ];
      }),
    );
  }
}

/** What a query needs of the days that its moments include in full. */
export const inFull = <Query extends Pick<ColumnQuery, 'moments'>>(query: Query): Query => ({
  ...query,
  moments: null,
});

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
