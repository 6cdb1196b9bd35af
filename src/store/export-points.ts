/** Exports the events that only Analytics Engine has, in the order of their time and id. */
import type { EngineReader } from '../engine/reader.ts';
import type { ExportedTable } from '../model/exported.ts';
import { readKeptPoints } from './day-events.ts';
import type { Key, KeyRange, Row } from './export.ts';

/** What one answer has: as many rows as one page of Analytics Engine. */
export const MAX_EXPORTED_POINTS = 10_000;

export interface ExportedPoints {
  readonly rows: readonly Row[];
  /** The key of the last row if there are more; else null. */
  readonly next: Key | null;
}

/** @throws EngineError, and what D1 throws. */
export async function readExportedPoints(
  db: D1Database,
  reader: EngineReader,
  { columns }: ExportedTable,
  pixel: string,
  { after, before }: KeyRange,
  limit: number,
): Promise<ExportedPoints> {
  const [since, id] = [Number(after[0]), String(after[1])];
  const rows: Row[] = [];
  const range = { pixel, since, until: Math.min(Number(before[0]), LAST) };
  for await (const { events } of readKeptPoints(db, reader, range)) {
    for (const event of events) {
      if (event.ts === since && event.id <= id) continue;
      if (rows.length === limit) return { rows, next: keyOf(rows.at(-1) as Row, columns) };
      rows.push(columns.map(({ name }) => event[name as keyof typeof event]));
    }
  }
  return { rows, next: null };
}

/** The last moment that a time of Analytics Engine can be compared with: the end of 2099, in epoch milliseconds. */
const LAST = 4_102_444_799_999;

function keyOf(row: Row, columns: ExportedTable['columns']): Key {
  return ['ts', 'id'].map(
    (name) => row[columns.findIndex((column) => column.name === name)] as string | number,
  );
}
