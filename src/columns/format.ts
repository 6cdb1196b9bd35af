/**
 * The format of finished days as columns: which columns there are, and how a column's codes are written as text. docs/storage.md
 * describes it byte by byte. SQL encodes (`rollup/columns.sql.ts`), and the Worker what D1 does not have (`encode.ts`); `segment.ts` decodes.
 */
import { DIMENSIONS } from '../model/dimensions.ts';

/** The version of the format, as headers and `days.columns` store it. 0 stands for no columns. */
export const COLUMNS_VERSION = 1;

/** Codes in one row of table `segments`. */
export const CODES_A_CHUNK = 16_384;

/**
 * Bytes of a dictionary in one row of table `segments`, apart from the last value, which may exceed them. D1 allows 2 MB a row, and
 * the longest value is shorter than 200 kB.
 */
export const DICTIONARY_BYTES_A_CHUNK = 500_000;

/** Rows of a segment. A slice of more rows is not stored as columns: each code must be a character, and a reader needs memory. */
export const MAX_SEGMENT_ROWS = 1_000_000;

/**
 * `codes`: the codes are the numbers themselves, and there is no dictionary. `numbers`: the dictionary has integers and perhaps null.
 * `texts`: the dictionary has texts.
 */
export type ColumnKind = 'codes' | 'numbers' | 'texts';

export interface ColumnFormat {
  readonly name: string;
  /** The rows that have a value of it. */
  readonly of: 'visit' | 'event';
  readonly kind: ColumnKind;
}

const format =
  (of: ColumnFormat['of'], kind: ColumnKind) =>
  (name: string): ColumnFormat => ({ name, of, kind });

const attributes = [...DIMENSIONS.values()]
  .filter(({ scope, alias }) => scope === 'visit' && alias === undefined)
  .map(({ column }) => column);

/** The columns by name, in the order of docs/storage.md. */
export const COLUMNS: ReadonlyMap<string, ColumnFormat> = new Map(
  [
    ...['visit:day', 'visit:visitor', 'visit:minute'].map(format('visit', 'codes')),
    ...['visit:rows', 'visit:pageviews', 'visit:events', 'visit:duration'].map(format('visit', 'numbers')),
    ...attributes.map(format('visit', 'texts')),
    ...['event:minute'].map(format('event', 'codes')),
    ...['event:name', 'event:page', 'event:hostname', 'event:currency'].map(format('event', 'texts')),
    ...['event:value', 'event:engaged', 'event:scroll'].map(format('event', 'numbers')),
    ...['event:props'].map(format('event', 'texts')),
  ].map((column) => [column.name, column]),
);

/** The first code is `#`: the characters before it are control characters, a space, `!` and `"`. */
const FIRST = 35;
/** The first code after the backslash, which has no code. */
const AFTER_BACKSLASH = 57;
/** The first code after the surrogates, which have no codes. */
const AFTER_SURROGATES = 55_260;
const SURROGATES = 2048;

/** The greatest code: its character is the last one of Unicode. */
export const MAX_CODE = 0x10ffff - FIRST - 1 - SURROGATES;

/** SQL for the character of a code, an integer from 0 to `MAX_CODE`. */
export const characterOf = (code: string): string =>
  `char(${code} + ${FIRST} + (${code} >= ${AFTER_BACKSLASH}) + ${SURROGATES} * (${code} >= ${AFTER_SURROGATES}))`;

const BACKSLASH = FIRST + AFTER_BACKSLASH;
const SURROGATE = 0xd800;
const LOW_SURROGATE = 0xdc00;
const AFTER_SURROGATE = 0xe000;
const ASTRAL = 0x10000;

/** The characters of codes, as UTF-16 units: two for codes that are beyond the first plane of Unicode. */
export function unitsOf(codes: Uint16Array | Uint32Array): Uint16Array {
  const units = new Uint16Array(codes.length * 2);
  let at = 0;
  for (const code of codes) {
    const point =
      code + FIRST + Number(code >= AFTER_BACKSLASH) + (code >= AFTER_SURROGATES ? SURROGATES : 0);
    if (point < ASTRAL) units[at++] = point;
    else {
      units[at++] = SURROGATE + ((point - ASTRAL) >> 10);
      units[at++] = LOW_SURROGATE + ((point - ASTRAL) & 0x3ff);
    }
  }
  return units.subarray(0, at);
}

/** An array of zeros that is wide enough for codes below `size`. */
export const codesFor = (size: number, length: number): Uint16Array | Uint32Array =>
  size <= 0x10000 ? new Uint16Array(length) : new Uint32Array(length);

/**
 * Decodes the characters of a text into codes.
 *
 * @param into where the codes are written, from `at` on. It must be wide enough for codes below `size`.
 * @param size the number of codes that may occur, from 0 on.
 * @returns the index after the last code; -1 if the text has a character that is no code or a code that is too great; more than the
 *   length of `into` if the text has more codes than places are left.
 */
export function decodeCodes(text: string, into: Uint16Array | Uint32Array, at: number, size: number): number {
  const { length } = into;
  let to = at;
  for (let from = 0; from < text.length; from++) {
    const unit = text.charCodeAt(from);
    let code: number;
    if (unit < SURROGATE) code = unit > BACKSLASH ? unit - FIRST - 1 : unit - FIRST;
    else if (unit >= AFTER_SURROGATE) code = unit - FIRST - 1 - SURROGATES;
    else {
      const low = text.charCodeAt(++from);
      // The comparisons are false for NaN, behind the end of the text.
      if (unit >= LOW_SURROGATE || !(low >= LOW_SURROGATE && low < AFTER_SURROGATE)) return -1;
      code = (unit - SURROGATE) * 0x400 + low - LOW_SURROGATE + ASTRAL - FIRST - 1 - SURROGATES;
    }
    // As unsigned numbers, negative codes are too great.
    if (code >>> 0 >= size || unit === BACKSLASH) return -1;
    if (to >= length) return length + 1;
    into[to++] = code;
  }
  return to;
}
