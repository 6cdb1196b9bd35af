/** Reads what is stored of segments, for tests. */
import { COLUMNS } from '../../src/columns/format.ts';
import type { Header, Segment, Value } from '../../src/columns/segment.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { type RolledDay, readHeaders, readSegments, type SegmentHead } from '../../src/store/segments.ts';
import { db } from '../fixtures.ts';

export const NAMES = [...COLUMNS.keys()];

/** The values of all columns of a segment. */
export type Decoded = Readonly<Record<string, readonly Value[]>>;

export function decoded(segment: Segment): Decoded {
  return Object.fromEntries(
    NAMES.map((name) => {
      const { dictionary, codes } = segment.column(name);
      return [name, Array.from(codes, (code) => (dictionary ? (dictionary[code] ?? null) : code))];
    }),
  );
}

/** The segments that answer days of a range, as of their last rollups. */
export async function headsOf(
  pixel: Pixel,
  first = '2000-01-01',
  last = '2099-12-31',
): Promise<SegmentHead[]> {
  const { results } = await db
    .prepare(
      'SELECT day, rolls FROM days WHERE pixel = ? AND columns > 0 AND day BETWEEN ? AND ? ORDER BY day',
    )
    .bind(pixel.id, first, last)
    .all<RolledDay>();
  return readHeaders(db, pixel.id, results, NAMES);
}

export async function segmentsOf(
  pixel: Pixel,
): Promise<{ period: string; slice: number; header: Header; columns: Decoded }[]> {
  const heads = await headsOf(pixel);
  const segments: Segment[] = [];
  for await (const segment of readSegments(db, pixel.id, heads, NAMES)) segments.push(segment);
  return heads.map(({ period, slice, header }, index) => ({
    period,
    slice,
    header,
    columns: decoded(segments[index] as Segment),
  }));
}

/** The rows of one of a segment's days. */
export function rowsOfDay(columns: Decoded, number: number): Decoded {
  const days = columns['visit:day'] ?? [];
  const ofEvents = days.flatMap((day, row) =>
    Array.from({ length: Number(columns['visit:rows']?.[row]) }, () => day),
  );
  return Object.fromEntries(
    Object.entries(columns).map(([name, values]) => {
      const ofRows = name.startsWith('event:') ? ofEvents : days;
      return [name, values.filter((_, row) => ofRows[row] === number)];
    }),
  );
}

/** Periods and generations of all stored rows. */
export async function storedPeriods(pixel: Pixel): Promise<string[]> {
  const { results } = await db
    .prepare('SELECT DISTINCT period, generation, slice FROM segments WHERE pixel = ? ORDER BY 1, 2, 3')
    .bind(pixel.id)
    .all<{ period: string; generation: number; slice: number }>();
  return results.map(({ period, generation, slice }) => `${period} ${generation}.${slice}`);
}
