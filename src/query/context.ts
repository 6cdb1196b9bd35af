/** What a query is answered for: a pixel, a span of its days, and the state of these days. */
import type { Pixel } from '../model/pixel.ts';
import type { DayStates, Volume } from './day-states.ts';
import type { Span } from './spans.ts';

export interface QueryContext extends Span {
  readonly pixel: Pixel;
  readonly days: DayStates & Volume;
  /** Only these rows are read, by the values of their dimensions. Null for all. */
  readonly rows: readonly (readonly string[])[] | null;
}
