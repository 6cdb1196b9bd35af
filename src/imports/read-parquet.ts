/**
 * Reads the rows of a Parquet file, one group of rows after the other, without holding the file. Pages may be compressed with Snappy or
 * gzip, or not at all.
 */
import { gunzipSync } from 'fflate';
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  snappyUncompress,
} from 'hyparquet';
import { getTreePath } from 'hyparquet/src/schema.js';
import { checkPages, LARGEST_PAGE } from './check-parquet.ts';
import { type Fields, isFields } from './values.ts';

/** A file that cannot be read. The message is a sentence for people. */
export class ParquetError extends Error {}

export interface ParquetRow {
  /** From 1. */
  readonly row: number;
  readonly fields: Fields;
}

/** Bytes of the columns of one group of rows, unpacked, and its rows and values of a column. */
const LARGEST_GROUP = 1024 * 1024 * 1024;
const MOST_ROWS = 2_000_000;
const MOST_VALUES = 100_000_000;
/** Bytes of the directory at the end of the file. */
const LARGEST_METADATA = 64 * 1024 * 1024;
/** Rows that are objects at a time. */
const ROWS = 100_000;

/** The encodings that the check of pages knows. */
const ENCODINGS: ReadonlySet<string> = new Set(['PLAIN', 'PLAIN_DICTIONARY', 'RLE', 'RLE_DICTIONARY']);

const MAGIC = [0x50, 0x41, 0x52, 0x31];

/** Whether a file begins as a Parquet file does. */
export function isParquet(start: Uint8Array): boolean {
  return MAGIC.every((byte, place) => start[place] === byte);
}

/**
 * @param columns the columns to read, as far as the file has them. It must have the first one.
 * @throws ParquetError if the file is damaged or of a kind that cannot be read. Rows before the damage have been read by then.
 */
export async function* readParquet(blob: Blob, columns: readonly string[]): AsyncGenerator<ParquetRow> {
  const file: AsyncBuffer = {
    byteLength: blob.size,
    slice: (start, end) => blob.slice(start, end).arrayBuffer(),
  };
  const metadata = await attempt(() => metadataOf(file));
  const present = new Set(metadata.row_groups.flatMap((group) => group.columns.map(rootOf)));
  const wanted = columns.filter((name) => present.has(name));
  const [first = ''] = columns;
  if (metadata.row_groups.length > 0 && !wanted.includes(first)) {
    throw new ParquetError(`has no column '${first}'.`);
  }
  let start = 0;
  for (const group of metadata.row_groups) {
    const count = Number(group.num_rows);
    checkGroup(group, wanted);
    await attempt(() => checkColumns(blob, metadata, group, wanted));
    for (let from = start; from < start + count; from += ROWS) {
      const rowEnd = Math.min(from + ROWS, start + count);
      const rows = await attempt(() =>
        parquetReadObjects({
          file,
          metadata,
          columns: wanted,
          rowStart: from,
          rowEnd,
          compressors: COMPRESSORS,
          geoparquet: false,
        }),
      );
      let row = from;
      for (const fields of rows) {
        row += 1;
        yield { row, fields: isFields(fields) ? fields : {} };
      }
    }
    start += count;
  }
}

type Group = FileMetaData['row_groups'][number];

const rootOf = ({ meta_data }: Group['columns'][number]): string => meta_data?.path_in_schema[0] ?? '';

async function metadataOf(file: AsyncBuffer): Promise<FileMetaData> {
  const end = new DataView(await file.slice(Math.max(0, file.byteLength - 8), file.byteLength));
  if (end.byteLength < 8 || end.getUint32(0, true) > LARGEST_METADATA) throw damaged();
  return parquetMetadataAsync(file, { geoparquet: false });
}

/** Refuses a group that would not fit into memory, or whose compression is not known. */
function checkGroup({ columns, num_rows }: Group, wanted: readonly string[]): void {
  const read = columns.filter((column) => wanted.includes(rootOf(column)));
  const bytes = read.reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0), 0);
  const isPossible = read.every(({ meta_data }) => {
    const values = Number(meta_data?.num_values ?? -1);
    return values >= num_rows && values <= MOST_VALUES;
  });
  if (!(num_rows >= 0n && num_rows <= MOST_ROWS) || !(bytes >= 0) || !isPossible) throw damaged();
  if (bytes > LARGEST_GROUP) {
    throw new ParquetError('has a group of rows of more than 1 GB. Export the table as JSON instead.');
  }
  for (const { meta_data } of read) {
    const codec = meta_data?.codec ?? 'UNCOMPRESSED';
    if (!['UNCOMPRESSED', ...Object.keys(COMPRESSORS)].includes(codec)) {
      throw new ParquetError(`is compressed with ${codec}. Export the table with Snappy or gzip.`);
    }
    const encoding = meta_data?.encodings.find((one) => !ENCODINGS.has(one));
    if (encoding !== undefined) {
      throw new ParquetError(`has values that are encoded as ${encoding}. Export the table as JSON instead.`);
    }
  }
}

async function checkColumns(
  blob: Blob,
  metadata: FileMetaData,
  group: Group,
  wanted: readonly string[],
): Promise<void> {
  const tree = parquetSchema(metadata);
  for (const { meta_data: meta } of group.columns.filter((column) => wanted.includes(rootOf(column)))) {
    if (meta === undefined) throw damaged();
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    const size = Number(meta.total_compressed_size);
    if (!(start >= 0 && size >= 0 && start + size <= blob.size)) throw damaged();
    const bytes = new Uint8Array(await blob.slice(start, start + size).arrayBuffer());
    const path = getTreePath(tree, meta.path_in_schema);
    checkPages(bytes, meta, path, COMPRESSORS[meta.codec] ?? ((page) => page));
  }
}

const COMPRESSORS: Compressors = {
  SNAPPY: (input, length) => {
    const output = pageOf(length);
    snappyUncompress(input, output);
    return output;
  },
  GZIP: (input, length) => gunzipSync(input, { out: pageOf(length) }),
};

function pageOf(length: number): Uint8Array {
  if (!(length >= 0 && length <= LARGEST_PAGE)) throw damaged();
  return new Uint8Array(length);
}

/** What the decoder throws at damaged bytes is of many kinds. */
async function attempt<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof ParquetError ? error : damaged();
  }
}

const damaged = (): ParquetError => new ParquetError('is damaged: it is no complete Parquet file.');
