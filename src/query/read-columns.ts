/**
 * Answers days from their columns, before the final statement. A day whose columns cannot be read is answered from its events, if
 * these are stored.
 */
import { type Segment, SegmentError } from '../columns/segment.ts';
import { err, ok, type Result } from '../model/result.ts';
import { keyOfDay, readSegments } from '../store/segments.ts';
import { type ColumnRows, listsOf, NO_COLUMN_ROWS, type ParameterRows } from './column-rows.ts';
import {
  type ColumnSource,
  daysOf,
  partition,
  readSources,
  segmentsIn,
  withEventsOf,
  withOpenDays,
} from './column-source.ts';
import { TooManyGroups } from './columns/groups.ts';
import { TestTakesTooLong } from './compare-values.ts';
import type { QueryContext } from './context.ts';
import type { ColumnDay } from './day-states.ts';
import { OutOfSteps } from './meter.ts';
import type { ParsedQuery } from './parsed-query.ts';
import { invalidQuery, type QueryError } from './query-error.ts';
import type { Sources } from './sources.ts';

/** Counts the rows of segments: `Evaluator` or `FunnelEvaluator`. */
export interface SegmentReader {
  readonly columns: readonly string[];
  /** @throws SegmentError if the segment is damaged. Then nothing of it is counted. */
  add(segment: Segment, answers: (day: string, rolls: number) => boolean): void;
}

/** What to do with segments, for a query or for a funnel. */
export interface ColumnTask<Reader extends SegmentReader> {
  /** What may answer. */
  readonly sources: Sources;
  begin(): Reader;
  /** The counted rows, by groups of parameters. */
  rows(reader: Reader): ParameterRows;
}

/** How often columns are read. Then events answer for all days. */
const ATTEMPTS = 3;

/** The context with the rows of the days that columns have answered. */
export async function readColumns<Reader extends SegmentReader>(
  db: D1Database,
  query: ParsedQuery,
  given: QueryContext,
  task: ColumnTask<Reader>,
): Promise<Result<QueryContext, QueryError>> {
  let context = given;
  const unreadable: ColumnDay[] = [];
  for (let attempt = 1; context.source.days.length > 0; attempt++) {
    const { pixel, source } = context;
    const reader = task.begin();
    let damages: ReadonlyMap<string, string>;
    try {
      damages = await addAll(db, pixel.id, source, reader);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      return refusal;
    }
    if (damages.size === 0) return answered(context, source.days, task.rows(reader), unreadable);
    if (attempt === 1) {
      // A day that has been rolled up again since its list was read has newer columns.
      const [sources] = await readSources(db, query, pixel, [given], () => reader.columns, task.sources);
      const { made } = context.source;
      const open = context.source.days.flatMap((day) => {
        const segment = made.find(({ header }) => header.days.some((one) => keyOfDay(one) === keyOfDay(day)));
        return segment ? [{ day, segment }] : [];
      });
      context = { ...context, ...(sources && withOpenDays(sources, open)) };
    }
    const [damaged, whole] = partition(
      context.source.days,
      (day) => attempt === ATTEMPTS || damages.has(keyOfDay(day)),
    );
    for (const day of damaged) {
      const reason = damages.get(keyOfDay(day)) ?? 'Other days are damaged.';
      console.error(`the columns of ${pixel.id} for ${day.day} cannot be read: ${reason}`);
    }
    unreadable.push(...damaged);
    context = {
      ...context,
      days: withEventsOf(context.days, damaged),
      source: sourceOf(context.source, whole),
    };
  }
  return answered(context, [], [], unreadable);
}

/** Counts all segments. Returns the days that are damaged or gone, each with the reason. */
async function addAll(
  db: D1Database,
  pixel: string,
  source: ColumnSource,
  reader: SegmentReader,
): Promise<ReadonlyMap<string, string>> {
  // A day may have several segments, one for each slice.
  const left = new Map(source.days.map((day) => [keyOfDay(day), 0]));
  const wantedOf = (head: Parameters<typeof daysOf>[0]): string[] =>
    daysOf(head).filter((key) => left.has(key));
  for (const key of segmentsIn(source).flatMap(wantedOf)) {
    left.set(key, (left.get(key) ?? 0) + 1);
  }
  const damages = new Map<string, string>();
  for await (const segment of segmentsOf(db, pixel, source, reader.columns)) {
    const keys = wantedOf(segment);
    try {
      reader.add(segment, (day, rolls) => left.has(keyOfDay({ day, rolls })));
      for (const key of keys) left.set(key, (left.get(key) ?? 0) - 1);
    } catch (error) {
      if (!(error instanceof SegmentError)) throw error;
      for (const key of keys) damages.set(key, error.message);
    }
  }
  for (const [key, count] of left) {
    if (count !== 0 && !damages.has(key)) damages.set(key, 'They are not stored any more.');
  }
  return damages;
}

async function* segmentsOf(
  db: D1Database,
  pixel: string,
  { heads, made }: ColumnSource,
  columns: readonly string[],
): AsyncGenerator<Segment> {
  yield* readSegments(db, pixel, heads, columns);
  yield* made;
}

/** The part of a source that has some of its days. */
function sourceOf({ heads, made }: ColumnSource, days: readonly ColumnDay[]): ColumnSource {
  const keys = new Set(days.map(keyOfDay));
  const isWanted = (head: Parameters<typeof daysOf>[0]): boolean => daysOf(head).some((key) => keys.has(key));
  return { days, heads: heads.filter(isWanted), made: made.filter(isWanted) };
}

function answered(
  context: QueryContext,
  days: readonly ColumnDay[],
  rows: ParameterRows,
  unreadable: readonly ColumnDay[],
): Result<QueryContext, QueryError> {
  const lost = unreadable.findLast(({ is_purged }) => is_purged > 0);
  if (lost) {
    const detail = `The columns of ${lost.day} are damaged, and its events are past this pixel's retention and have been deleted. Choose a range without this day.`;
    return err({ reason: 'beyond_retention', detail });
  }
  if (unreadable.length > 0) {
    const errors = context.chargeEvents(unreadable.reduce((sum, { events }) => sum + events, 0));
    if (errors.length > 0) return invalidQuery(errors);
  }
  const { sampled } = context;
  const lists = listsOf(sampled ? joinedRows(rows, sampled.rows) : rows);
  if (lists === null) {
    return tooManyGroups('This query has too many groups. Use fewer dimensions, or choose a shorter range.');
  }
  const all = [...days, ...(sampled?.days ?? [])];
  const columns: ColumnRows = all.length === 0 ? NO_COLUMN_ROWS : { days: all, lists };
  return ok({ ...context, columns });
}

/** The rows of two answers, by groups of parameters. */
function joinedRows(one: ParameterRows, other: ParameterRows): ParameterRows {
  const groups = Map.groupBy([...one, ...other], ([group]) => group);
  return [...groups].map(([group, all]) => [group, all.flatMap(([, rows]) => rows)]);
}

function tooManyGroups(message: string): Result<never, QueryError> {
  return invalidQuery([{ path: 'dimensions', message }]);
}

/** Why a query has no answer from columns; null if the error is not the query's. */
export function refusalOf(error: unknown): Result<never, QueryError> | null {
  if (error instanceof TooManyGroups) return tooManyGroups(error.message);
  if (error instanceof TestTakesTooLong) return invalidQuery([error.error]);
  if (!(error instanceof OutOfSteps)) return null;
  const message =
    'Comparing custom properties and the pages of goals takes too long. Choose a shorter range.';
  return invalidQuery([{ path: 'date_range', message }]);
}
