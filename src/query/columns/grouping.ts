/** The counts of one grouping, added up segment by segment. */
import type { Dimension } from '../../model/dimensions.ts';
import type { Goal } from '../../model/goal.ts';
import { type Grouping, isHourly } from '../groupings.ts';
import type { Moments, ParsedQuery } from '../parsed-query.ts';
import { type GroupLimit, Groups } from './groups.ts';
import { codedKey, groupsOf, type Key, type Rows } from './keys.ts';
import { type FilterMasks, intersect, rowsOfFilter, spread } from './masks.ts';
import type { DimensionValue } from './properties.ts';
import { Sales } from './sales.ts';
import { Tally } from './tally.ts';
import type { RowsOf, Run, SegmentView } from './view.ts';

/** What groupings need of their query. */
export interface GroupingContext {
  /** Of `VISIT_COUNTS`: the counts of each row, in this order. */
  readonly counts: readonly string[];
  /** The time by which events are counted. */
  readonly time: ParsedQuery['time'];
  /** Null for full days. An event counts if its minute lies within, both ends included. */
  readonly moments: Moments | null;
  /** All goals of the pixel. */
  readonly goals: readonly Goal[];
  /** The label of a day. The hours of groupings by hour are added to the day. */
  bucketOf(day: string): string;
}

/** Which groupings of a query have sales. */
export type SalesOf = 'none' | 'first' | 'all';

export interface GroupedRows {
  /** The label of the time if there is one, the values of the dimensions as stored, and the counts. */
  readonly counts: readonly (readonly DimensionValue[])[];
  /**
   * The same keys, and then the currency, the revenue in millionths and the sales. Revenue beyond the integers that a double holds is
   * a decimal text.
   */
  readonly sales: readonly (readonly DimensionValue[])[];
}

/** The smallest rows that a grouping tells apart: complete visits, or events. */
export function rowsOf(
  grouping: Grouping,
  { time, moments }: Pick<GroupingContext, 'time' | 'moments'>,
): RowsOf {
  const ofEvents =
    moments !== null ||
    isHourly(grouping, time) ||
    grouping.filters.some((filter) => rowsOfFilter(filter) === 'event') ||
    [...grouping.dimensions.values()].some(({ scope }) => scope === 'event');
  return ofEvents ? 'event' : 'visit';
}

const HOURS = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, '0')}:00:00`);

/** Visits that follow each other and have one label, of runs that have one label. */
interface Range {
  readonly time: Key | null;
  readonly from: number;
  readonly to: number;
}

export class GroupingCounts {
  readonly #grouping: Grouping;
  readonly #context: GroupingContext;
  readonly #masks: FilterMasks;
  readonly #of: RowsOf;
  readonly #groups: Groups;
  readonly #tally: Tally;
  readonly #sales: Sales | null;

  constructor(
    grouping: Grouping,
    context: GroupingContext,
    masks: FilterMasks,
    limit: GroupLimit,
    withSales: boolean,
  ) {
    this.#grouping = grouping;
    this.#context = context;
    this.#masks = masks;
    this.#of = rowsOf(grouping, context);
    this.#groups = new Groups(limit);
    this.#tally = new Tally(context.counts);
    this.#sales = withSales ? new Sales(limit) : null;
  }

  add(view: SegmentView, runs: readonly Run[]): void {
    const mask = this.#mask(view, runs);
    const dimensions = [...this.#grouping.dimensions.values()];
    const goals: readonly (Goal | null)[] = dimensions.some(({ kind }) => kind === 'goal')
      ? this.#context.goals
      : [null];
    for (const range of this.#ranges(view, runs)) {
      // An event may reach many goals, and is in a group of each.
      for (const goal of goals) {
        const keys = dimensions.map((dimension) => this.#key(view, dimension, goal));
        const rows = this.#rows(view, range, goal ? this.#reaching(view, goal, mask) : mask);
        this.#addRows(view, range.time ? [range.time, ...keys] : keys, rows);
      }
    }
  }

  results(): GroupedRows {
    const { values } = this.#groups;
    return {
      counts: values.map((keys, group) => [...keys, ...this.#tally.of(group)]),
      sales: (this.#sales?.rows() ?? []).map(({ group, currency, revenue, sales }) => [
        ...(values[group] ?? []),
        currency,
        revenue,
        sales,
      ]),
    };
  }

  #addRows(view: SegmentView, keys: readonly Key[], rows: Rows): void {
    const groups = groupsOf(this.#groups, keys, rows);
    this.#tally.grow(this.#groups.values.length);
    this.#tally.add(view, groups, rows);
    this.#sales?.add(view, groups, rows);
  }

  /** The rows that filters and moments let through; null for all. */
  #mask(view: SegmentView, runs: readonly Run[]): Uint8Array | null {
    const mask = this.#masks.ofAll(view, this.#grouping.filters);
    const isSpread = mask?.of === 'visit' && this.#of === 'event';
    const bits = mask && (isSpread ? view.once(mask, () => spread(view, mask.bits)) : mask.bits);
    const { moments } = this.#context;
    if (!moments) return bits;
    const within = view.within(moments, runs);
    return bits ? both(bits, within) : within;
  }

  #reaching(view: SegmentView, goal: Goal, mask: Uint8Array | null): Uint8Array {
    const bits = this.#masks.goals.of(view, goal);
    return mask ? both(bits, mask) : bits;
  }

  #rows(view: SegmentView, { from, to }: Range, mask: Uint8Array | null): Rows {
    if (this.#of === 'visit') return { of: 'visit', from, to, mask };
    const first = view.firstEvents;
    return { of: 'event', from: first[from] as number, to: first[to] as number, mask };
  }

  #key(view: SegmentView, dimension: Dimension, goal: Goal | null): Key {
    switch (dimension.kind) {
      case 'goal':
        return { value: goal?.name ?? '' };
      case 'person':
        throw new Error('Columns have no people.');
      default:
        return codedKey(view, this.#of, view.dimension(dimension));
    }
  }

  #ranges(view: SegmentView, runs: readonly Run[]): Range[] {
    const { timed } = this.#grouping;
    if (isHourly(this.#grouping, this.#context.time)) {
      return runs.map(({ day: { day }, from, to }) => ({
        time: { values: HOURS.map((hour) => `${day} ${hour}`), codes: view.hours(runs), places: null },
        from,
        to,
      }));
    }
    const labeled = runs.map(({ day: { day }, from, to }) => ({
      label: timed ? this.#context.bucketOf(day) : '',
      from,
      to,
    }));
    return joined(labeled).map(({ label, from, to }) => ({
      time: timed ? { value: label } : null,
      from,
      to,
    }));
  }
}

interface Labeled {
  readonly label: string;
  readonly from: number;
  readonly to: number;
}

/** Joins what follows each other and has one label: groups are looked up once for each. */
function joined(runs: readonly Labeled[]): Labeled[] {
  const all: Labeled[] = [];
  for (const run of runs) {
    const last = all.at(-1);
    if (last && last.label === run.label && last.to === run.from)
      all[all.length - 1] = { ...last, to: run.to };
    else all.push(run);
  }
  return all;
}

function both(bits: Uint8Array, other: Uint8Array): Uint8Array {
  const copy = bits.slice();
  intersect(copy, other);
  return copy;
}
