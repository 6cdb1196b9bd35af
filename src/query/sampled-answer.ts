/** What estimates answer of the sampled days of a span. */
import type { ParameterRows } from './column-rows.ts';
import type { ColumnDay } from './day-states.ts';
import type { Revenue } from './revenue.ts';

/** The ends of an interval of 95 %, both included. */
export type Margin = readonly [low: number, high: number];

interface AnswerRow {
  readonly metrics: readonly (number | Revenue | null)[];
  readonly dimensions: readonly string[];
}

/** A row with the interval of each metric; null for a metric without a number. */
export interface RowWithMargins extends AnswerRow {
  readonly margins: readonly (Margin | null)[];
}

export interface Sampled {
  readonly days: readonly ColumnDay[];
  readonly rows: ParameterRows;
  /** Rows with the intervals of their numbers, and without what a sample cannot tell. What is known of other days is exact. */
  readonly withMargins: <T extends AnswerRow>(rows: readonly T[]) => readonly (T & RowWithMargins)[];
  /** Of the metrics that a sample cannot tell, by their names. */
  readonly warnings: Readonly<Record<string, unknown>>;
  /** Of how many events one was kept, at worst; and the part that was kept. */
  readonly interval: number;
  readonly share: number;
}
