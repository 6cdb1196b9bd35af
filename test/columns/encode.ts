/** Encodes segments as the SQL of the rollup does, for tests of what reads them. */
import {
  CODES_A_CHUNK,
  COLUMNS,
  COLUMNS_VERSION,
  type ColumnFormat,
  DICTIONARY_BYTES_A_CHUNK,
} from '../../src/columns/format.ts';
import type { SegmentDay, SegmentRow, Value } from '../../src/columns/segment.ts';

/** The values of columns, one for each row. Columns of visits are as long as `visit:rows`, the others as long as `event:name`. */
export type Values = Readonly<Record<string, readonly Value[]>>;

/** A day for segments whose times do not matter. */
export const SOME_DAY: SegmentDay = {
  day: '2026-11-24',
  rolls: 1,
  stretches: [{ start: Date.UTC(2026, 10, 24), end: Date.UTC(2026, 10, 25), offset: 0 }],
};

/** The rows of a segment: the header first, then the columns. */
export function encodeSegment(
  values: Values,
  { visits, events }: { visits: number; events: number } = sizesOf(values),
  days: readonly SegmentDay[] = [SOME_DAY],
): SegmentRow[] {
  const constants: Record<string, Value> = {};
  const rows: SegmentRow[] = [];
  for (const [name, column] of Object.entries(values)) {
    const format = COLUMNS.get(name);
    if (!format) throw new Error(`There is no column ${name}.`);
    if (column.length === 0) continue;
    if (new Set(column).size === 1) constants[name] = column[0] ?? null;
    else rows.push(...encodeColumn(format, column));
  }
  const header = {
    version: COLUMNS_VERSION,
    events,
    visits,
    constants,
    days: days.map(({ day, rolls, stretches }) => [
      day,
      rolls,
      stretches.map(({ start, end, offset }) => [start, end, offset]),
    ]),
  };
  return [{ name: '', chunk: 0, dictionary: JSON.stringify(header), codes: '' }, ...rows];
}

function sizesOf(values: Values): { visits: number; events: number } {
  const lengthOf = (of: ColumnFormat['of']): number =>
    Math.max(
      0,
      ...Object.entries(values).map(([name, { length }]) => (COLUMNS.get(name)?.of === of ? length : 0)),
    );
  return { visits: lengthOf('visit'), events: lengthOf('event') };
}

function encodeColumn({ name, kind }: ColumnFormat, column: readonly Value[]): SegmentRow[] {
  const uses = new Map<Value, number>();
  if (kind !== 'codes') for (const value of column) uses.set(value, (uses.get(value) ?? 0) + 1);
  const dictionary = [...uses].toSorted((a, b) => b[1] - a[1]).map(([value]) => value);
  const codeOf = new Map(dictionary.map((value, code) => [value, code]));
  const characters = column.map((value) =>
    characterOf(kind === 'codes' ? Number(value) : (codeOf.get(value) ?? 0)),
  );
  const pieces = piecesOf(dictionary);
  const chunks = Math.max(Math.ceil(characters.length / CODES_A_CHUNK), pieces.length);
  return Array.from({ length: chunks }, (_, chunk) => ({
    name,
    chunk,
    dictionary: kind === 'codes' ? '' : JSON.stringify(pieces[chunk] ?? []),
    codes: characters.slice(chunk * CODES_A_CHUNK, (chunk + 1) * CODES_A_CHUNK).join(''),
  }));
}

/** Pieces that begin where the bytes of the values before have reached a multiple of the limit. */
function piecesOf(dictionary: readonly Value[]): Value[][] {
  const pieces: Value[][] = [];
  let bytes = 0;
  for (const value of dictionary) {
    const piece = Math.floor(bytes / DICTIONARY_BYTES_A_CHUNK);
    while (pieces.length <= piece) pieces.push([]);
    pieces[piece]?.push(value);
    bytes += new TextEncoder().encode(JSON.stringify(value)).length;
  }
  return pieces;
}

/** The characters in the order of their codes: all from `#` on, but for the backslash and surrogates. */
function characterOf(code: number): string {
  let point = 35 + code;
  if (point >= 92) point++;
  if (point >= 0xd800) point += 0xe000 - 0xd800;
  return String.fromCodePoint(point);
}
