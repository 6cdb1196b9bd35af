/**
 * Encodes columns in the Worker, byte for byte as the SQL of `rollup/columns.sql.ts` does: for events that D1 does not have.
 * docs/storage.md describes the format.
 */
import {
  CODES_A_CHUNK,
  COLUMNS,
  COLUMNS_VERSION,
  type ColumnFormat,
  codesFor,
  DICTIONARY_BYTES_A_CHUNK,
  unitsOf,
} from './format.ts';
import type { Column, Header, SegmentDay, SegmentRow, Value } from './segment.ts';

/** The values of a column's rows: `values[codes[row]]`, or the codes themselves. */
export interface RawColumn {
  /** Different values. Some may be of no row. Null if the codes are the numbers. */
  readonly values: readonly Value[] | null;
  readonly codes: Uint32Array;
}

export interface EncodedSegment {
  readonly header: Header;
  readonly columns: ReadonlyMap<string, Column>;
}

/** The segment of some columns, each with one code for each visit or event. */
export function encodeSegment(
  days: readonly SegmentDay[],
  { visits, events }: Pick<Header, 'visits' | 'events'>,
  raw: Iterable<readonly [name: string, column: RawColumn]>,
): EncodedSegment {
  const columns = new Map(Array.from(raw, ([name, column]) => [name, inOrderOfUse(column)]));
  const constants: Record<string, Value> = {};
  for (const name of [...columns.keys()].toSorted()) {
    const value = constantOf(columns.get(name) as Column);
    if (value !== undefined) constants[name] = value;
  }
  return { header: { version: COLUMNS_VERSION, events, visits, constants, days }, columns };
}

/** The rows that store a segment: the header first, then the columns whose rows do not all have one value. */
export function rowsOf({ header, columns }: EncodedSegment): SegmentRow[] {
  const rows: SegmentRow[] = [{ name: '', chunk: 0, dictionary: headerText(header), codes: '' }];
  for (const [name, column] of columns) {
    const format = COLUMNS.get(name);
    if (!format) throw new Error(`There is no column ${name}.`);
    if (!Object.hasOwn(header.constants, name)) rows.push(...rowsOfColumn(format, column));
  }
  return rows;
}

const headerText = ({ version, events, visits, constants, days }: Header): string =>
  JSON.stringify({
    version,
    events,
    visits,
    constants,
    days: days.map(({ day, rolls, stretches }) => [
      day,
      rolls,
      stretches.map(({ start, end, offset }) => [start, end, offset]),
    ]),
  });

/** The column with the most used value first, and without values of no row. */
function inOrderOfUse({ values, codes }: RawColumn): Column {
  if (values === null) {
    let most = 0;
    for (const code of codes) if (code > most) most = code;
    const narrow = codesFor(most + 1, codes.length);
    narrow.set(codes);
    return { dictionary: null, codes: narrow };
  }
  const uses = new Uint32Array(values.length);
  for (const code of codes) uses[code] = (uses[code] as number) + 1;
  const used = Array.from(values.keys())
    .filter((code) => (uses[code] as number) > 0)
    .sort(
      (a, b) =>
        (uses[b] as number) - (uses[a] as number) || compareValues(values[a] as Value, values[b] as Value),
    );
  const places = new Uint32Array(values.length);
  for (const [place, code] of used.entries()) places[code] = place;
  const ordered = codesFor(used.length, codes.length);
  for (let row = 0; row < codes.length; row++) ordered[row] = places[codes[row] as number] as number;
  return { dictionary: used.map((code) => values[code] as Value), codes: ordered };
}

/** The value of all rows of a column; undefined if they differ, or if there is no row. */
function constantOf({ dictionary, codes }: Column): Value | undefined {
  if (dictionary) return dictionary.length === 1 ? dictionary[0] : undefined;
  const [first] = codes;
  return codes.every((code) => code === first) ? first : undefined;
}

/** The order of SQLite: null, then numbers, then texts by their bytes in UTF-8. */
function compareValues(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  return Number(a ?? Number.NEGATIVE_INFINITY) - Number(b ?? Number.NEGATIVE_INFINITY);
}

/** Compares texts as SQLite does: by code points. JavaScript's `<` compares UTF-16 units, of which surrogates are not the greatest. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const one = a.charCodeAt(at);
    const other = b.charCodeAt(at);
    if (one !== other) return rankOf(one) - rankOf(other);
  }
  return a.length - b.length;
}

const SURROGATE = 0xd800;
const AFTER_SURROGATE = 0xe000;

/** Orders UTF-16 units as the code points that they begin: surrogates come last. */
function rankOf(unit: number): number {
  if (unit < SURROGATE) return unit;
  return unit < AFTER_SURROGATE ? unit + 0x10000 : unit;
}

function rowsOfColumn({ name, kind }: ColumnFormat, { dictionary, codes }: Column): SegmentRow[] {
  const pieces = piecesOf(dictionary ?? []);
  const chunks = Math.max(Math.ceil(codes.length / CODES_A_CHUNK), pieces.length);
  return Array.from({ length: chunks }, (_, chunk) => ({
    name,
    chunk,
    dictionary: kind === 'codes' ? '' : `[${pieces[chunk]?.join() ?? ''}]`,
    codes: charactersOf(codes.subarray(chunk * CODES_A_CHUNK, (chunk + 1) * CODES_A_CHUNK)),
  }));
}

/** Values as JSON, in pieces that begin where the bytes of the values before have reached a multiple of the limit. */
function piecesOf(dictionary: readonly Value[]): string[][] {
  const encoder = new TextEncoder();
  const buffer = new Uint8Array(2048);
  const bytesOf = (text: string): number =>
    text.length * 3 <= buffer.length ? encoder.encodeInto(text, buffer).written : encoder.encode(text).length;
  const pieces: string[][] = [];
  let bytes = 0;
  for (const value of dictionary) {
    const piece = Math.floor(bytes / DICTIONARY_BYTES_A_CHUNK);
    while (pieces.length <= piece) pieces.push([]);
    const text = JSON.stringify(value);
    pieces[piece]?.push(text);
    // With the comma.
    bytes += bytesOf(text) + 1;
  }
  return pieces;
}

/** The units that one call of `fromCharCode` takes: far below the arguments that a call may have. */
const UNITS_A_CALL = 4096;

function charactersOf(codes: Column['codes']): string {
  const units = unitsOf(codes);
  let text = '';
  for (let from = 0; from < units.length; from += UNITS_A_CALL) {
    text += String.fromCharCode(...units.subarray(from, from + UNITS_A_CALL));
  }
  return text;
}
