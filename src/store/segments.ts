/** Reads the columns of finished days. */
import {
  type Header,
  parseHeader,
  Segment,
  type SegmentDay,
  SegmentError,
  type SegmentRow,
} from '../columns/segment.ts';

/** A stored segment that has not been read: its key and header. */
export interface SegmentHead {
  /** A local day, `YYYY-MM-DD`, or a month, `YYYY-MM`. A month's header may have days that have segments of their own now. */
  readonly period: string;
  readonly generation: number;
  readonly slice: number;
  readonly header: Header;
  /** The bytes of the columns that were asked for, dictionaries and codes. Columns with one value have none. */
  readonly bytes: number;
}

type HeadRow = Omit<SegmentHead, 'header'> & { readonly header: string };

/**
 * SQL for whether a month's segment is a copy: each day of the month that has columns has a segment of its own.
 *
 * @param days an SQL condition on a day `d`. Other days are not looked at.
 */
export const isCopy = (pixel: string, month: string, days: string): string => `NOT EXISTS (
    SELECT 1 FROM days d
    WHERE d.pixel = ${pixel} AND d.day BETWEEN ${month} || '-01' AND ${month} || '-31' AND d.columns > 0 AND ${days}
      AND NOT EXISTS (SELECT 1 FROM segments own WHERE own.pixel = d.pixel AND own.period = d.day))`;

/** SQL for the key of the header of a segment. */
const headerOf = (head: string, slice: string): string =>
  `s.pixel = ?1 AND s.period = ${head}.period AND s.generation = ${head}.generation AND s.slice = ${slice} AND s.name = '' AND s.chunk = 0`;

/**
 * The heads of all slices of some segments. Each header is looked up: the rows of columns are many.
 *
 * @param keys SQL for rows of a period and a generation. Its parameters are numbered from 3 on.
 */
const headsFrom = (keys: string): string => `
  WITH RECURSIVE head (period, generation, slice) AS (
    SELECT *, 0 FROM (${keys})
    UNION ALL
    SELECT h.period, h.generation, s.slice FROM head h CROSS JOIN segments s ON ${headerOf('h', 'h.slice + 1')})
  SELECT s.period, s.generation, s.slice, s.dictionary AS header, (
    SELECT coalesce(sum(c.size), 0) FROM json_each(?2) n CROSS JOIN segments c
      ON c.pixel = s.pixel AND c.period = s.period AND c.generation = s.generation AND c.slice = s.slice AND c.name = n.value) AS bytes
  FROM head h CROSS JOIN segments s ON ${headerOf('h', 'h.slice')}
  ORDER BY s.period, s.slice`;

const HEADS_OF_MONTHS = headsFrom(
  'SELECT month, columns FROM months WHERE pixel = ?1 AND columns > 0 AND month IN (SELECT value FROM json_each(?3))',
);
const HEADS_OF_DAYS = headsFrom('SELECT value ->> 0, value ->> 1 FROM json_each(?3)');

/** A local day as of one of its rollups. */
export type RolledDay = Pick<SegmentDay, 'day' | 'rolls'>;

/** Fewer days of a month are read from their own segments, if they still have them: a month has the rows of thirty. */
const FEW_DAYS = 10;

/**
 * The segments that have some days as of their rollups: those of months, then those of days. A segment of a month may have further days.
 * Segments whose header is damaged, or of a newer version, are logged and left out.
 *
 * @param days in order.
 * @param columns the columns whose bytes are summed.
 */
export async function readHeaders(
  db: D1Database,
  pixel: string,
  days: readonly RolledDay[],
  columns: readonly string[],
): Promise<SegmentHead[]> {
  const read = async (sql: string, keys: readonly unknown[]): Promise<SegmentHead[]> => {
    if (keys.length === 0) return [];
    const { results } = await db
      .prepare(sql)
      .bind(pixel, JSON.stringify(columns), JSON.stringify(keys))
      .all<HeadRow>();
    return results.flatMap((row) => headOf(pixel, row));
  };
  const byMonth = Map.groupBy(days, ({ day }) => monthOf(day));
  const ofMonths = await read(HEADS_OF_MONTHS, [...byMonth.keys()]);
  const packed = new Set(ofMonths.flatMap(({ header }) => header.days.map(keyOfDay)));
  const own = [...byMonth.values()].flatMap((month) =>
    month.length < FEW_DAYS ? month : month.filter((day) => !packed.has(keyOfDay(day))),
  );
  const ofDays = await read(
    HEADS_OF_DAYS,
    own.map(({ day, rolls }) => [day, rolls]),
  );
  const stored = new Set(
    ofDays.map(({ period, generation }) => keyOfDay({ day: period, rolls: generation })),
  );
  const isNeeded = (month: string): boolean =>
    byMonth.get(month)?.some((day) => packed.has(keyOfDay(day)) && !stored.has(keyOfDay(day))) ?? false;
  const needed = new Set([...byMonth.keys()].filter(isNeeded));
  // A day is read once.
  const isAlone = ({ period, generation }: SegmentHead): boolean =>
    !needed.has(monthOf(period)) || !packed.has(keyOfDay({ day: period, rolls: generation }));
  return [...ofMonths.filter(({ period }) => needed.has(period)), ...ofDays.filter(isAlone)];
}

const monthOf = (day: string): string => day.slice(0, 'YYYY-MM'.length);

/** Identifies a day as of one of its rollups. */
export const keyOfDay = ({ day, rolls }: RolledDay): string => `${day} ${rolls}`;

function headOf(pixel: string, row: HeadRow): SegmentHead[] {
  try {
    return [{ ...row, header: parseHeader(row.header) }];
  } catch (error) {
    if (!(error instanceof SegmentError)) throw error;
    console.error(`the columns of ${pixel} for ${row.period} cannot be read: ${error.message}`);
    return [];
  }
}

/** Bytes of columns that one statement reads, so that an isolate's memory holds them, decoded, beside all else. */
const BYTES_A_PORTION = 4_000_000;

type StoredRow = SegmentRow & Omit<SegmentHead, 'header' | 'bytes'>;

/**
 * Reads columns of segments, in the order of `heads`, some MB at a time. A segment that has been replaced since its head was read lacks its
 * columns, and `column` throws a SegmentError: read the headers again, or answer from something else.
 *
 * @param heads from `readHeaders` with the same columns.
 */
export async function* readSegments(
  db: D1Database,
  pixel: string,
  heads: readonly SegmentHead[],
  columns: readonly string[],
): AsyncGenerator<Segment> {
  for (const portion of portionsOf(heads)) {
    const { results } = await db
      .prepare(
        `SELECT s.period, s.generation, s.slice, s.name, s.chunk, s.dictionary, s.codes
         FROM json_each(?2) h CROSS JOIN json_each(?3) n CROSS JOIN segments s
           ON s.pixel = ?1 AND s.period = h.value ->> 0 AND s.generation = h.value ->> 1 AND s.slice = h.value ->> 2 AND s.name = n.value`,
      )
      .bind(pixel, JSON.stringify(portion.map(keyOf)), JSON.stringify(columns))
      .all<StoredRow>();
    const rows = Map.groupBy(results, (row) => keyOf(row).join(' '));
    for (const head of portion) yield new Segment(head.header, rows.get(keyOf(head).join(' ')) ?? []);
  }
}

/**
 * The segment of a slice whose day's rollup is not finished; null if it is not stored or has more events than `most`.
 *
 * @throws SegmentError
 */
export async function readNewSlice(
  db: D1Database,
  pixel: string,
  day: string,
  slice: number,
  most: number,
): Promise<Segment | null> {
  const { results } = await db
    .prepare(
      `SELECT s.name, s.chunk, s.dictionary, s.codes
       FROM days d
       CROSS JOIN segments h ON h.pixel = d.pixel AND h.period = d.day AND h.generation = d.rolls + 1 AND h.slice = ?3
         AND h.name = '' AND h.chunk = 0
       CROSS JOIN segments s ON s.pixel = h.pixel AND s.period = h.period AND s.generation = h.generation AND s.slice = h.slice
       WHERE d.pixel = ?1 AND d.day = ?2 AND h.dictionary ->> 'events' <= ?4`,
    )
    .bind(pixel, day, slice, most)
    .all<SegmentRow>();
  const header = results.find(({ name }) => name === '');
  return header ? new Segment(parseHeader(header.dictionary), results) : null;
}

const keyOf = ({ period, generation, slice }: Omit<SegmentHead, 'header' | 'bytes'>) => [
  period,
  generation,
  slice,
];

/** Heads whose columns are read together. A large segment is read by itself. */
function portionsOf(heads: readonly SegmentHead[]): SegmentHead[][] {
  const portions: SegmentHead[][] = [];
  let bytes = 0;
  for (const head of heads) {
    const last = portions.at(-1);
    bytes += head.bytes;
    if (last && bytes <= BYTES_A_PORTION) last.push(head);
    else {
      portions.push([head]);
      bytes = head.bytes;
    }
  }
  return portions;
}
