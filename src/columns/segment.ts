/** Decodes a segment: the columns of a finished day, of a slice of a large day, or of a month. */
import {
  COLUMNS,
  COLUMNS_VERSION,
  type ColumnFormat,
  type ColumnKind,
  codesFor,
  decodeCodes,
  MAX_CODE,
} from './format.ts';

export type Value = string | number | null;

export interface Header {
  readonly version: number;
  /** The number of event rows, engagements included. */
  readonly events: number;
  readonly visits: number;
  /** The columns whose rows all have one value. They have no rows in the table. */
  readonly constants: Readonly<Record<string, Value>>;
  readonly days: readonly SegmentDay[];
}

/** A local day of a segment. */
export interface SegmentDay {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** The day's `rolls` as of the rollup that these rows belong to. */
  readonly rolls: number;
  /** Epoch milliseconds (`end` is excluded); local time minus UTC, in milliseconds. */
  readonly stretches: readonly { readonly start: number; readonly end: number; readonly offset: number }[];
}

/** A row of table `segments`, without its key's first columns. */
export interface SegmentRow {
  readonly name: string;
  readonly chunk: number;
  readonly dictionary: string;
  readonly codes: string;
}

export interface Column {
  /** The values by code; null if the codes are the numbers themselves. */
  readonly dictionary: readonly Value[] | null;
  /** One code for each row. Columns may share an array, so do not write to it. */
  readonly codes: Uint16Array | Uint32Array;
}

/**
 * `version`: a newer Worker wrote it. `header`: the header is no header. `missing`: a column, or one of its chunks, is not there.
 * `dictionary`: a dictionary is not a list of the column's kind of values. `code`: a code is no code, or is beyond the dictionary.
 * `length`: a column does not have one code for each row.
 */
export type SegmentDamage = 'version' | 'header' | 'missing' | 'dictionary' | 'code' | 'length';

/** Thrown for a segment that cannot be decoded. Then its day must be answered from something else. */
export class SegmentError extends Error {
  readonly damage: SegmentDamage;

  constructor(damage: SegmentDamage, message: string) {
    super(message);
    this.name = 'SegmentError';
    this.damage = damage;
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isValue = (value: unknown): value is Value =>
  value === null || typeof value === 'string' || typeof value === 'number';
const isNumber = (value: unknown): boolean => value === null || typeof value === 'number';
const isText = (value: unknown): boolean => typeof value === 'string';

/**
 * Parses the header: `dictionary` of the row whose name is `''`.
 *
 * @throws SegmentError
 */
export function parseHeader(text: string): Header {
  const parsed = parse(text, 'header', 'The header is not JSON.') as Partial<Record<keyof Header, unknown>>;
  const version = parsed?.version;
  if (!isCount(version)) throw new SegmentError('header', 'The header has no version.');
  if (version !== COLUMNS_VERSION)
    throw new SegmentError(
      'version',
      `The segment has version ${version}; this code reads ${COLUMNS_VERSION}.`,
    );
  const { events, visits, constants, days } = parsed;
  const isWhole =
    isCount(events) &&
    isCount(visits) &&
    typeof constants === 'object' &&
    constants !== null &&
    Object.values(constants).every(isValue) &&
    Array.isArray(days) &&
    days.every(isDay);
  if (!isWhole) throw new SegmentError('header', 'The header lacks a field, or a field has a wrong type.');
  return {
    version,
    events,
    visits,
    constants: constants as Header['constants'],
    days: (days as StoredDay[]).map(([day, rolls, stretches]) => ({
      day,
      rolls,
      stretches: stretches.map(([start, end, offset]) => ({ start, end, offset })),
    })),
  };
}

type StoredDay = readonly [
  day: string,
  rolls: number,
  stretches: readonly (readonly [number, number, number])[],
];

function isDay(day: unknown): day is StoredDay {
  if (!Array.isArray(day)) return false;
  const [name, rolls, stretches] = day as unknown[];
  return (
    isText(name) &&
    isCount(rolls) &&
    Array.isArray(stretches) &&
    stretches.every(
      (times) => Array.isArray(times) && times.length === 3 && times.every(Number.isSafeInteger),
    )
  );
}

function parse(text: string, damage: SegmentDamage, message: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SegmentError(damage, message);
  }
}

/** A segment of which some columns have been read. Each column is decoded when it is first needed. */
export class Segment {
  readonly header: Header;
  readonly #rows: ReadonlyMap<string, readonly SegmentRow[]>;
  readonly #columns: Map<string, Column>;
  /** The codes of columns with one value, by the value of each code and by the kind of rows. */
  readonly #constants = new Map<string, Uint16Array | Uint32Array>();

  /**
   * @param rows the rows of the columns that are needed, in any order. The header's own row is ignored.
   * @param columns those that need no decoding.
   */
  constructor(
    header: Header,
    rows: Iterable<SegmentRow>,
    columns: Iterable<readonly [name: string, column: Column]> = [],
  ) {
    this.header = header;
    this.#rows = Map.groupBy(rows, ({ name }) => name);
    this.#columns = new Map(columns);
  }

  /**
   * The values of a column.
   *
   * @throws SegmentError if the column is damaged or has not been read.
   */
  column(name: string): Column {
    const decoded = this.#columns.get(name) ?? this.#decode(name);
    this.#columns.set(name, decoded);
    return decoded;
  }

  #decode(name: string): Column {
    const format = COLUMNS.get(name);
    if (!format) throw new SegmentError('missing', `There is no column ${name}.`);
    const length = format.of === 'visit' ? this.header.visits : this.header.events;
    const column =
      length === 0 || Object.hasOwn(this.header.constants, name)
        ? this.#constant(format, length)
        : decodeColumn(format, length, this.#rows.get(name) ?? []);
    if (name === 'visit:rows') this.#checkRows(column);
    return column;
  }

  #constant({ name, of, kind }: ColumnFormat, length: number): Column {
    const value = this.header.constants[name] ?? null;
    if (length > 0) checkValues(name, kind === 'codes' ? 'numbers' : kind, [value]);
    if (kind !== 'codes')
      return { dictionary: length === 0 ? [] : [value], codes: this.#filled(of, length, 0) };
    const code = length === 0 ? 0 : value;
    if (!isCount(code) || code > MAX_CODE) throw new SegmentError('code', `${value} is no code of ${name}.`);
    return { dictionary: null, codes: this.#filled(of, length, code) };
  }

  #filled(of: ColumnFormat['of'], length: number, code: number): Uint16Array | Uint32Array {
    const key = `${of} ${code}`;
    const codes = this.#constants.get(key) ?? codesFor(code + 1, length).fill(code);
    this.#constants.set(key, codes);
    return codes;
  }

  /** Each event row belongs to one visit. */
  #checkRows({ dictionary, codes }: Column): void {
    let events = 0;
    for (const code of codes) events += (dictionary as number[])[code] ?? 0;
    if (events !== this.header.events)
      throw new SegmentError('length', `The visits have ${events} event rows, not ${this.header.events}.`);
  }
}

function decodeColumn(format: ColumnFormat, length: number, rows: readonly SegmentRow[]): Column {
  const { name, kind } = format;
  const chunks = rows.toSorted((a, b) => a.chunk - b.chunk);
  if (chunks.length === 0) throw new SegmentError('missing', `The column ${name} is not there.`);
  const gap = chunks.findIndex(({ chunk }, index) => chunk !== index);
  if (gap >= 0) throw new SegmentError('missing', `Chunk ${gap} of ${name} is not there.`);
  const dictionary = kind === 'codes' ? null : chunks.flatMap((chunk) => valuesOf(format, chunk));
  // Of numbers that have one UTF-16 unit each, all fit into 16 bits.
  const units = chunks.reduce((sum, { codes }) => sum + codes.length, 0);
  const size = dictionary ? dictionary.length : MAX_CODE + 1;
  const codes = codesFor(dictionary ? size : units === length ? 0 : size, length);
  let at = 0;
  for (const chunk of chunks) {
    at = decodeCodes(chunk.codes, codes, at, size);
    if (at < 0)
      throw new SegmentError('code', `Chunk ${chunk.chunk} of ${name} has a code that is not valid.`);
  }
  if (at !== length) throw new SegmentError('length', `${name} has ${at} codes, not ${length}.`);
  return { dictionary, codes };
}

function valuesOf({ name, kind }: ColumnFormat, { chunk, dictionary }: SegmentRow): Value[] {
  const values = parse(dictionary, 'dictionary', `The dictionary of ${name}, chunk ${chunk}, is not JSON.`);
  return checkValues(name, kind, values);
}

function checkValues(name: string, kind: ColumnKind, values: unknown): Value[] {
  if (!Array.isArray(values) || !values.every(kind === 'texts' ? isText : isNumber))
    throw new SegmentError('dictionary', `The dictionary of ${name} is not a list of ${kind}.`);
  return values;
}
