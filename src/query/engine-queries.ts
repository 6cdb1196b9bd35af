/**
 * What queries ask of Analytics Engine. `open-days.ts` answers it: a part of the Worker that is loaded only where events are in
 * Analytics Engine.
 */
import type { Segment } from '../columns/segment.ts';
import type { EngineReader } from '../engine/reader.ts';
import type { Pixel } from '../model/pixel.ts';
import { ok, type Result } from '../model/result.ts';
import type { DayEventPage, EventRange } from '../store/day-events.ts';
import type { ColumnDay } from './day-states.ts';
import type { Latest, LiveMoments, LiveView } from './live-view.ts';
import type { Meter } from './meter.ts';
import type { ParsedQuery } from './parsed-query.ts';
import { invalidQuery, type QueryError } from './query-error.ts';
import type { DayRange } from './range.ts';
import type { Sampled } from './sampled-answer.ts';
import type { Span } from './spans.ts';

/** What a query is answered for, before its days are known. */
export type SpanContext = Span & { readonly pixel: Pixel };

/** Reads events. */
export interface EventPages {
  readonly reader: EngineReader;
  /** The events of a range that D1 has. */
  storedPagesOf(range: EventRange): AsyncGenerator<DayEventPage>;
  /** The events of a range. @throws EngineError */
  pagesOf(range: EventRange): AsyncGenerator<DayEventPage>;
}

export interface EngineQueries {
  /** Whether a pixel may have days with points. */
  areOf(pixel: Pixel): Promise<boolean>;
  /** The open days of a range. @throws EngineError if Analytics Engine does not answer. */
  of(pixel: Pixel, range: DayRange, now: number): Promise<OpenDaysOfRange>;
  /** The estimates of sampled days. @throws EngineError */
  estimated(
    query: ParsedQuery,
    context: SpanContext,
    days: readonly string[],
    meter: Meter,
  ): Promise<Result<Sampled, QueryError>>;
  /** The live view. @throws EngineError */
  live(
    query: ParsedQuery,
    pixel: Pixel,
    moments: LiveMoments,
    latest: Latest,
    meter: Meter,
  ): Promise<Result<LiveView, QueryError>>;
}

/** A day whose columns have been made for this query. */
export interface OpenDay {
  readonly day: ColumnDay;
  readonly segment: Segment;
}

/** The open days of a range. */
export interface OpenDaysOfRange {
  readonly open: readonly OpenDay[];
  /** Days of which Analytics Engine has kept a sample. They are estimated: see sampled.ts. */
  readonly sampled: readonly string[];
  /** A day that has more events than a query may read, and no snapshot yet; null if there is none. */
  readonly tooLarge: string | null;
}

/** Events of a day that a query reads one by one. A day with more has a snapshot, of an hour ago at most. */
export const MAX_OPEN_EVENTS = 100_000;

const NO_DAYS: Omit<OpenDaysOfRange, 'tooLarge'> = { open: [], sampled: [] };

/**
 * The open and sampled days of each span of a query.
 *
 * @param engine null if no Analytics Engine is read.
 * @param byColumns whether columns can answer the query. If not, the events that D1 has answer it: all events of people are there.
 */
export async function openDaysOfSpans(
  engine: EngineQueries | null,
  pixel: Pixel,
  spans: readonly Span[],
  byColumns: boolean,
  now: number,
): Promise<Result<readonly Omit<OpenDaysOfRange, 'tooLarge'>[], QueryError>> {
  if (engine === null || !byColumns) return ok(spans.map(() => NO_DAYS));
  const all = await Promise.all(spans.map(({ range }) => engine.of(pixel, range, now)));
  const tooLarge = all.find((one) => one.tooLarge !== null)?.tooLarge;
  if (tooLarge === undefined) return ok(all);
  const message = `${tooLarge} has more than ${MAX_OPEN_EVENTS} events, and no rollup yet. The next one is made within an hour. Choose a range without this day.`;
  return invalidQuery([{ path: 'date_range', message }]);
}
