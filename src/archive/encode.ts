/** Writes events as a Parquet file, one group of rows at a time. Only the group and the packed file are in memory. */
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { VERSION } from '../model/version.ts';
import { ARCHIVED_COLUMNS, type ArchivedColumn, type ArchivedRow, placeOf } from './schema.ts';

const PERSON = placeOf('person');

/** Milliseconds in UTC; counts in 32 bits; millionths in 64 bits; texts in UTF-8, custom data as the text of a JSON object. */
function elementOf({ name, kind, nullable }: ArchivedColumn): SchemaElement {
  const repetition_type = nullable ? 'OPTIONAL' : 'REQUIRED';
  switch (kind) {
    case 'time':
      return { name, repetition_type, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' };
    case 'integer':
      return { name, repetition_type, type: 'INT32' };
    case 'amount':
      return { name, repetition_type, type: 'INT64' };
    case 'text':
    case 'json':
      return { name, repetition_type, type: 'BYTE_ARRAY', converted_type: 'UTF8' };
  }
}

const PARQUET_SCHEMA: readonly SchemaElement[] = [
  { name: 'event', num_children: ARCHIVED_COLUMNS.length },
  ...ARCHIVED_COLUMNS.map(elementOf),
];

export class EventFile {
  readonly #bytes = new ByteWriter(64 * 1024);
  readonly #file: ParquetWriter;
  #events = 0;
  #people = 0;

  constructor() {
    this.#file = new ParquetWriter({
      writer: this.#bytes,
      schema: [...PARQUET_SCHEMA],
      createdBy: `speck version ${VERSION}`,
    });
  }

  /** The bytes of the groups so far. */
  get size(): number {
    return this.#bytes.offset;
  }

  get events(): number {
    return this.#events;
  }

  /** The events that belong to people. */
  get people(): number {
    return this.#people;
  }

  /** Adds a group of rows. */
  add(rows: readonly ArchivedRow[]): void {
    if (rows.length === 0) return;
    this.#events += rows.length;
    this.#people += rows.filter((row) => row[PERSON] !== '').length;
    void this.#file.write({
      columnData: ARCHIVED_COLUMNS.map((column, place) => ({
        name: column.name,
        data: rows.map((row) => storedValue(column, row[place] ?? null)),
      })),
      rowGroupSize: rows.length,
    });
  }

  /** Ends the file. @returns its bytes. */
  finish(): Uint8Array {
    void this.#file.finish();
    return this.#bytes.getBytes();
  }
}

function storedValue(
  { kind }: ArchivedColumn,
  value: string | number | null,
): string | number | bigint | null {
  if (kind === 'amount') return value === null ? null : BigInt(value);
  if (kind === 'json') return value === '' ? null : value;
  return value;
}
