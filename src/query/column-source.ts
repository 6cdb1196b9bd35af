/** The segments that a query reads, and the days that they answer. They are fixed before the query runs, as is its price. */
import type { Segment } from '../columns/segment.ts';
import type { Pixel } from '../model/pixel.ts';
import { keyOfDay, readHeaders, type SegmentHead } from '../store/segments.ts';
import { type ColumnDay, type DayStates, readDays, type Volume } from './day-states.ts';
import type { OpenDay } from './engine-queries.ts';
import type { ParsedQuery } from './parsed-query.ts';
import type { Sources } from './sources.ts';
import type { Span } from './spans.ts';

/** Segments, and the days that they answer, in order. */
export interface ColumnSource {
  readonly days: readonly ColumnDay[];
  readonly heads: readonly SegmentHead[];
  /** Segments that are not stored: those of open days of Analytics Engine. */
  readonly made: readonly Segment[];
}

export interface SpanSources {
  readonly days: DayStates & Volume;
  readonly source: ColumnSource;
}

/**
 * Reads what each span's days can be answered from. A day whose columns are gone is answered from its events.
 *
 * @param columnsOf the columns that are read for a span, if columns answer for any of its days.
 * @param sources what may answer; if left out: what can answer the query.
 */
export async function readSources(
  db: D1Database,
  query: ParsedQuery,
  pixel: Pixel,
  spans: readonly Span[],
  columnsOf: (span: Span) => readonly string[],
  sources?: Sources,
): Promise<readonly SpanSources[]> {
  // A day may be rolled up again after its number of rollups was read. Its segment is then a newer one.
  const readAll = () => readOnce(db, query, pixel, spans, columnsOf, sources);
  let read = await readAll();
  if (read.some(({ missing }) => missing.length > 0)) read = await readAll();
  for (const { day } of read.flatMap(({ missing }) => missing)) {
    console.error(`the columns of ${pixel.id} for ${day} are not stored`);
  }
  return read.map(({ days, source, missing }) => ({ days: withEventsOf(days, missing), source }));
}

async function readOnce(
  db: D1Database,
  query: ParsedQuery,
  pixel: Pixel,
  spans: readonly Span[],
  columnsOf: (span: Span) => readonly string[],
  sources?: Sources,
): Promise<readonly (SpanSources & { readonly missing: readonly ColumnDay[] })[]> {
  const read = await readDays(db, query, pixel, spans, sources);
  return Promise.all(
    read.map(async ({ days, columnDays }, index) => {
      const columns = columnDays.length > 0 ? columnsOf(spans[index] as Span) : [];
      const heads = await readHeaders(db, pixel.id, columnDays, columns);
      const rolls = new Map(columnDays.map((one) => [one.day, one.rolls]));
      const used = heads.filter(({ header }) => header.days.some((one) => rolls.get(one.day) === one.rolls));
      const stored = new Set(used.flatMap(daysOf));
      const [answered, missing] = partition(columnDays, (one) => stored.has(keyOfDay(one)));
      return { days, source: { days: answered, heads: used, made: [] }, missing };
    }),
  );
}

/** What is counted: segments that are stored, and those that have been made. */
export const segmentsIn = (source: ColumnSource | undefined): readonly Pick<SegmentHead, 'header'>[] =>
  source ? [...source.heads, ...source.made] : [];

export const daysOf = ({ header }: Pick<SegmentHead, 'header'>): string[] => header.days.map(keyOfDay);

/** The same sources, and the columns of days that have been made from their events. These days are not read from anything else. */
export function withOpenDays({ days, source }: SpanSources, open: readonly OpenDay[]): SpanSources {
  if (open.length === 0) return { days, source };
  return {
    days,
    source: {
      days: [...source.days, ...open.map(({ day }) => day)].toSorted((a, b) => (a.day < b.day ? -1 : 1)),
      heads: source.heads,
      made: open.map(({ segment }) => segment),
    },
  };
}

/** The same days, if events answer for some that columns do not answer after all. */
export function withEventsOf<T extends Volume>(days: T, others: readonly ColumnDay[]): T {
  return { ...days, events: others.reduce((sum, { events }) => sum + events, days.events) };
}

export function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  const [first, second]: [T[], T[]] = [[], []];
  for (const item of items) (isFirst(item) ? first : second).push(item);
  return [first, second];
}
