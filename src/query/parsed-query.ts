/**
 * A query, parsed: metrics of a pixel in a range, by dimensions, of the events that filters let through. language.ts makes it
 * from a request's body, run.ts answers it.
 */
import type { Dimension, TimeDimension } from '../model/dimensions.ts';
import type { Metric } from '../model/metrics.ts';
import type { Pattern } from './pattern-machine.ts';

export type Order = readonly [key: string, direction: 'asc' | 'desc'];

/** How a value is compared. Each comparison also has a negated operator. */
export type Comparison = 'is' | 'contains' | 'matches';

export interface Test {
  readonly kind: 'test';
  readonly comparison: Comparison;
  readonly negated: boolean;
  readonly caseSensitive: boolean;
  readonly dimension: Dimension;
  /** In the stored spelling: see spellings.ts. */
  readonly values: readonly string[];
  /** Further spellings that match like the values. They are not used with small-group protection. */
  readonly others: readonly string[];
  /** For `matches`: the compiled values and others. */
  readonly patterns: readonly Pattern[];
  /** Its position in the request's body, such as `filters[0][1]`. */
  readonly path: string;
}

export type Filter =
  | Test
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  /** Whether some event of the visit matches. */
  | { readonly kind: 'done'; readonly negated: boolean; readonly filter: Filter };

/** The first and last moment of a range, both included, in epoch milliseconds. */
export interface Moments {
  readonly from: number;
  readonly to: number;
}

export const RANGE_NAMES = ['day', '7d', '28d', '30d', '91d', 'month', '6mo', '12mo', 'year', 'all'] as const;
export type RangeName = (typeof RANGE_NAMES)[number];

/** A named range, a first and last day, both included, or two moments. */
export type Range = RangeName | readonly [string, string] | Moments;

export interface Compared {
  readonly mode: 'previous_period' | 'year_over_year' | 'custom';
  /** For `custom`; else null. */
  readonly range: readonly [string, string] | null;
  /** Whether the compared range begins on the same day of the week. Has no effect on `custom`. */
  readonly matchDayOfWeek?: boolean;
}

export interface ParsedQuery {
  readonly pixel: string;
  readonly metrics: readonly Metric[];
  readonly range: Range;
  readonly time: TimeDimension | null;
  /** In the requested order. The time dimension, if any, is null. */
  readonly dimensions: readonly (Dimension | null)[];
  readonly filters: readonly Filter[];
  readonly order: readonly Order[];
  readonly include: {
    readonly time_labels: boolean;
    readonly total_rows: boolean;
    readonly imports: boolean;
    readonly comparisons: Compared | null;
    /** For how many days before an event a touch of its person counts. */
    readonly attribution_days: number;
  };
  readonly pagination: { readonly limit: number; readonly offset: number };
}

/** Whether a filter is by goals. The denominator of a conversion rate leaves such filters out. */
export function isGoalTest(filter: Filter): boolean {
  return filter.kind === 'test' && filter.dimension.kind === 'goal';
}

/** The tests of a filter, however deep. */
export function testsIn(filter: Filter): Test[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.flatMap(testsIn);
    case 'not':
    case 'done':
      return testsIn(filter.filter);
    case 'test':
      return [filter];
  }
}
