/** Reads the events in a Parquet file that `EventFile` has written. */
import { type FileMetaData, parquetMetadata, parquetReadObjects } from 'hyparquet';
import { ARCHIVED_COLUMNS, type ArchivedColumn, type ArchivedRow } from './schema.ts';

/** Texts are returned as they were written: a byte order mark at their beginning is part of them. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const PARSERS = {
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && decoder.decode(bytes),
  timestampFromMilliseconds: (millis: bigint) => Number(millis),
};

export class ArchivedEvents {
  readonly #file: ArrayBuffer;
  readonly #metadata: FileMetaData;

  /** @throws Error if this is no Parquet file. */
  constructor(file: ArrayBuffer) {
    this.#file = file;
    this.#metadata = parquetMetadata(file);
  }

  get events(): number {
    return Number(this.#metadata.num_rows);
  }

  /** The groups of rows, in order: the positions of the first row and of the one after the last. */
  get groups(): { readonly start: number; readonly end: number }[] {
    let end = 0;
    return this.#metadata.row_groups.map(({ num_rows }) => {
      const start = end;
      end += Number(num_rows);
      return { start, end };
    });
  }

  /** The rows from a position on and before another one. */
  async rows(start: number, end: number): Promise<ArchivedRow[]> {
    const objects = await this.#read(
      ARCHIVED_COLUMNS.map(({ name }) => name),
      start,
      end,
    );
    return objects.map((row) => ARCHIVED_COLUMNS.map((column) => eventValue(column, row[column.name])));
  }

  /** How often each value of a column of texts occurs. The empty one is not counted. */
  async countsOf(name: string): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const { start, end } of this.groups) {
      for (const row of await this.#read([name], start, end)) {
        const value = String(row[name]);
        counts.set(value, (counts.get(value) ?? 0) + 1);
      }
    }
    counts.delete('');
    return counts;
  }

  #read(columns: string[], rowStart: number, rowEnd: number): Promise<Record<string, unknown>[]> {
    return parquetReadObjects({
      file: this.#file,
      metadata: this.#metadata,
      columns,
      rowStart,
      rowEnd,
      parsers: PARSERS,
      geoparquet: false,
    });
  }
}

function eventValue({ kind }: ArchivedColumn, value: unknown): string | number | null {
  if (value === null || value === undefined) return kind === 'json' ? '' : null;
  return typeof value === 'bigint' ? Number(value) : (value as string | number);
}
