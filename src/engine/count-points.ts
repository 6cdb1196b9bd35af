/** Asks Analytics Engine which pixels have events that only it has, and how many. */
import type { Condition, Selected } from './dialect.ts';
import { COLUMN, INDEX, KIND, PIXEL_CHARACTERS } from './point.ts';
import { inRange, type PointRange, WRITTEN_AROUND } from './read-points.ts';
import type { EngineReader } from './reader.ts';

/** Pixels of one answer: a megabyte. */
export const PIXELS_A_PAGE = 20_000;

const PIXEL: Selected = { as: 'pixel', value: { start: { column: INDEX }, characters: PIXEL_CHARACTERS } };
const IS_EVENT: Condition = { left: { column: COLUMN.kind }, is: '=', right: { value: KIND.event } };

/** Bounds of indexes. An empty text is no bound. */
const index = (is: '>=' | '<', value: string): Condition[] =>
  value === '' ? [] : [{ left: { column: INDEX }, is, right: { value } }];

/** Where the indexes of the pixel after a pixel begin. */
export const afterPixel = (pixel: string): string => `${pixel}0`;

/** Pixels from `from` on and before `before`; empty texts are no bounds. Times are epoch milliseconds: `until` is excluded. */
export interface PixelRange {
  readonly since: number;
  readonly until: number;
  readonly from: string;
  readonly before?: string;
}

export interface WrittenPixel {
  readonly pixel: string;
  /** The times of its first and its last event. */
  readonly first: number;
  readonly last: number;
}

/**
 * The pixels with points that were written within a range, in order: a page.
 * @throws EngineError
 */
export async function writtenPixels(
  reader: EngineReader,
  { since, until, from, before = '' }: PixelRange,
): Promise<WrittenPixel[]> {
  const rows = await reader.rows({
    select: [
      PIXEL,
      { as: 'first', value: { least: { column: COLUMN.ts } } },
      { as: 'last', value: { most: { column: COLUMN.ts } } },
    ],
    since,
    until,
    where: [IS_EVENT, ...index('>=', from), ...index('<', before)],
    groupBy: ['pixel'],
    orderBy: [{ by: 'pixel' }],
    limit: PIXELS_A_PAGE,
  });
  return rows.map(({ pixel, first, last }) => ({
    pixel: String(pixel),
    first: Number(first),
    last: Number(last),
  }));
}

export interface PointCount {
  /** The number of points, estimated if the platform has sampled. */
  readonly points: number;
  /** How many written points a stored one stands for at most, rounded up. */
  readonly interval: number;
}

const COUNTS: readonly Selected[] = [
  { as: 'points', value: { total: { value: 1 } } },
  { as: 'weight', value: { most: { of: 'weight' } } },
];

/**
 * Counts the events within a range by pixel: a page, in the order of pixels, or the pixels with the most events.
 * @throws EngineError
 */
export async function countByPixel(
  reader: EngineReader,
  { since, until, from, before = '' }: PixelRange,
  order: 'pixel' | 'points',
): Promise<(PointCount & { readonly pixel: string })[]> {
  const rows = await reader.rows({
    select: [PIXEL, ...COUNTS],
    since: since - WRITTEN_AROUND,
    until: until + WRITTEN_AROUND,
    where: [
      IS_EVENT,
      { left: { column: COLUMN.ts }, is: '>=', right: { value: since } },
      { left: { column: COLUMN.ts }, is: '<', right: { value: until } },
      ...index('>=', from),
      ...index('<', before),
    ],
    groupBy: ['pixel'],
    orderBy: [{ by: order, descending: order === 'points' }],
    limit: PIXELS_A_PAGE,
  });
  return rows.map((row) => ({ pixel: String(row['pixel']), ...countOf(row) }));
}

/**
 * Counts the events of a pixel within a range.
 * @throws EngineError
 */
export async function countPoints(reader: EngineReader, range: PointRange): Promise<PointCount> {
  const [row] = await reader.rows({ select: COUNTS, ...inRange(range), limit: 1 });
  return countOf(row ?? {});
}

const countOf = (row: Readonly<Record<string, unknown>>): PointCount => ({
  points: Math.round(Number(row['points'] ?? 0)),
  interval: Math.max(1, Math.ceil(Number(row['weight'] ?? 1))),
});
