/** What a query is answered for: a pixel, a span of its days, and the state of these days. */
import type { FieldError } from '../model/field-error.ts';
import type { Pixel } from '../model/pixel.ts';
import type { ColumnRows } from './column-rows.ts';
import type { ColumnSource } from './column-source.ts';
import type { DayStates, Volume } from './day-states.ts';
import type { Moments } from './parsed-query.ts';
import type { DayRange } from './range.ts';
import type { Sampled } from './sampled-answer.ts';
import type { Span } from './spans.ts';

export interface QueryContext extends Span {
  readonly pixel: Pixel;
  readonly days: DayStates & Volume;
  /** What columns answer. */
  readonly source: ColumnSource;
  /** What estimates answer of sampled days; null if there are none. */
  readonly sampled?: Sampled | null;
  /** What columns and estimates have answered. */
  readonly columns: ColumnRows;
  /** The days that imported totals answer, where they have no events. Left out: none. */
  readonly imported?: DayRange;
  /** Only these rows are read, by the values of their dimensions. Null for all. */
  readonly rows: readonly (readonly string[])[] | null;
  /** Only events of these moments are read. Left out: all events of the days. */
  readonly reads?: Moments;
  /** Charges for events that are read although their days have columns. */
  readonly chargeEvents: (events: number) => readonly FieldError[];
}
