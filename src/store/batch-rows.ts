/** The events of a batch as a JSON parameter, and the SQL that reads it. */
import type { PlacedEvent } from '../model/batch.ts';
import { EVENT_COLUMNS, type Event } from '../model/event.ts';

/**
 * The rows of parameter `?1`. Each is turned into JSONB once: `->>` on text would parse the row again for every column. The LIMIT keeps
 * SQLite from merging this query into the statement around it, which would undo that.
 */
export const ROWS = '(SELECT key AS place, jsonb(value) AS row FROM json_each(?1) LIMIT -1) j';

const field = (index: number): string => `j.row ->> ${index}`;
const column = (name: keyof Event): string => field(EVENT_COLUMNS.indexOf(name));

/** SQL for the fields of a row of `ROWS`. A batch that an older version has put into the queue has no `authenticated`. */
export const FIELD = {
  pixel: column('pixel'),
  ts: column('ts'),
  eid: column('eid'),
  name: column('name'),
  visitor: column('visitor'),
  person: column('person'),
  authenticated: `coalesce(${column('authenticated')}, 0)`,
  day: field(EVENT_COLUMNS.length),
  zone: field(EVENT_COLUMNS.length + 1),
};

/** SQL for the values of a row, in the order of `EVENT_COLUMNS`. */
export const VALUES = EVENT_COLUMNS.map((name) =>
  name === 'authenticated' ? FIELD.authenticated : column(name),
);

export function rowOf({ event, day }: PlacedEvent): unknown[] {
  return [...EVENT_COLUMNS.map((name) => event[name]), day.day, day.zone ?? null];
}

/**
 * D1 takes parameters of 2 MB, in bytes of UTF-8. A UTF-16 unit has at most three of them, so a text of this many characters always
 * fits.
 */
const JSON_CHARACTERS = 600_000;

/** Rows that go into one statement. */
export interface Chunk {
  readonly json: string;
  /** The index of its first row among all rows of the batch. */
  readonly start: number;
  readonly rows: number;
}

/**
 * @param offset the index of the first of these rows among all rows of the batch.
 * @param most the most characters of a chunk with more than one row.
 */
export function chunksOf(rows: readonly unknown[][], offset: number, most = JSON_CHARACTERS): Chunk[] {
  const chunks: Chunk[] = [];
  let texts: string[] = [];
  let size = 0;
  let start = offset;
  rows.forEach((row, index) => {
    const text = JSON.stringify(row);
    if (texts.length > 0 && size + text.length > most) {
      chunks.push({ json: `[${texts.join(',')}]`, start, rows: texts.length });
      texts = [];
      size = 0;
      start = offset + index;
    }
    texts.push(text);
    size += text.length + 1;
  });
  if (texts.length > 0) chunks.push({ json: `[${texts.join(',')}]`, start, rows: texts.length });
  return chunks;
}
