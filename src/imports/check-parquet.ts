/**
 * Checks the pages of a column in a Parquet file before they are decoded. The decoder believes every number in them: at a damaged one, it
 * would fill the memory or never end. What is checked are sizes of pages, numbers of values, and lengths of runs.
 */
import type { ColumnChunk, SchemaTree } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from 'hyparquet/src/schema.js';

export type Unpack = (page: Uint8Array, length: number) => Uint8Array;

/** Bytes of one page, of which writers make about 1 MB. */
export const LARGEST_PAGE = 64 * 1024 * 1024;

/** Encodings by which the indexes of a dictionary, or truth values, are written as runs. */
const RUNS: ReadonlySet<string> = new Set(['PLAIN_DICTIONARY', 'RLE_DICTIONARY', 'RLE']);
/** Encodings of values whose number the length of the page limits. */
const PLAIN = 'PLAIN';

/**
 * @param bytes all pages of the column in a group of rows.
 * @param path the column in the tree of the schema, from the root.
 * @throws RangeError at a damaged page, or one that is not encoded in one of the ways above.
 */
export function checkPages(
  bytes: Uint8Array,
  meta: NonNullable<ColumnChunk['meta_data']>,
  path: SchemaTree[],
  unpack: Unpack,
): void {
  const reader = { view: viewOf(bytes), offset: 0 };
  const levels = { repetition: getMaxRepetitionLevel(path), definition: getMaxDefinitionLevel(path) };
  let left = Number(meta.num_values);
  while (left > 0 && reader.offset < bytes.length - 1) {
    const header = parquetHeader(reader);
    const size = header.compressed_page_size;
    require(size >= 0 && reader.offset + size <= bytes.length);
    require(header.uncompressed_page_size >= 0 && header.uncompressed_page_size <= LARGEST_PAGE);
    const page = bytes.subarray(reader.offset, reader.offset + size);
    reader.offset += size;
    if (header.type === 'DICTIONARY_PAGE') {
      require(isCount(header.dictionary_page_header?.num_values, header.uncompressed_page_size));
      continue;
    }
    const v1 = header.data_page_header;
    const v2 = header.data_page_header_v2;
    const values = header.type === 'DATA_PAGE' ? v1?.num_values : v2?.num_values;
    require(isCount(values, left));
    left -= values;
    const isBoolean = meta.type === 'BOOLEAN';
    if (header.type === 'DATA_PAGE' && v1 !== undefined) {
      checkPage(unpack(page, header.uncompressed_page_size), values, v1.encoding, levels, isBoolean);
    } else if (v2 !== undefined) {
      const repetition = v2.repetition_levels_byte_length;
      const definition = v2.definition_levels_byte_length;
      require(isCount(repetition, size) && isCount(definition, size - repetition));
      require(isCount(v2.num_nulls, values) && isCount(v2.num_rows, values));
      if (levels.repetition > 0) checkRuns(page.subarray(0, repetition), widthOf(levels.repetition), values);
      if (levels.definition > 0) {
        checkRuns(page.subarray(repetition, repetition + definition), widthOf(levels.definition), values);
      }
      const packed = page.subarray(repetition + definition);
      const length = header.uncompressed_page_size - repetition - definition;
      const unpacked = v2.is_compressed === false || length === 0 ? packed : unpack(packed, length);
      checkValues(unpacked, values - v2.num_nulls, v2.encoding, isBoolean);
    }
  }
}

interface Levels {
  readonly repetition: number;
  readonly definition: number;
}

function checkPage(
  page: Uint8Array,
  values: number,
  encoding: string,
  levels: Levels,
  isBoolean: boolean,
): void {
  let at = 0;
  const { repetition, definition } = levels;
  for (const level of [repetition, definition].filter((one) => one > 0)) {
    const length = viewOf(page).getUint32(at, true);
    require(at + 4 + length <= page.length);
    checkRuns(page.subarray(at + 4, at + 4 + length), widthOf(level), values);
    at += 4 + length;
  }
  checkValues(page.subarray(at), values, encoding, isBoolean);
}

/** @param values at most so many values. */
function checkValues(page: Uint8Array, values: number, encoding: string, isBoolean: boolean): void {
  require(encoding === PLAIN || RUNS.has(encoding));
  if (encoding === PLAIN || page.length === 0) return;
  if (isBoolean) checkRuns(page.subarray(4), 1, values, true);
  else {
    const [width = 0] = page;
    require(width <= 32);
    checkRuns(page.subarray(1), width, values, true);
  }
}

/** Runs of equal numbers, and runs of packed ones, which have a number of values that eight divides. */
function checkRuns(bytes: Uint8Array, width: number, values: number, isAtMost = false): void {
  let seen = 0;
  let at = 0;
  while (seen < values && width > 0) {
    if (isAtMost && at >= bytes.length) return;
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      require(byte !== undefined && shift < 28);
      header |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const isPacked = header & 1;
    const count = isPacked ? (header >> 1) * 8 : header >> 1;
    at += isPacked ? (header >> 1) * width : (width + 7) >> 3;
    require(count > 0 && count <= values - seen + (isPacked ? 7 : 0));
    seen += count;
    // A writer may leave out the last bytes of packed values that stand for nothing.
    require(at <= bytes.length + (isPacked ? width : 0));
  }
}

const widthOf = (level: number): number => 32 - Math.clz32(level);

function isCount(value: number | undefined, most: number): value is number {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= most;
}

function require(holds: boolean): asserts holds {
  if (!holds) throw new RangeError('a page is damaged');
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
