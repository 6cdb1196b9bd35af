/** What tests of real clients share: names of sites, and the events that are stored. */
import { expect } from 'vitest';
import type { Speck } from '../e2e/harness.ts';
import { eventually } from '../eventually.ts';

/** An event as its row has it. */
export type Row = Readonly<Record<string, unknown>>;

/** Lets a tool's name for its site lead to a pixel. */
export async function nameSite(speck: Speck, tool: string, name: string, pixel: string): Promise<void> {
  await speck.db
    .prepare('INSERT INTO pixel_keys (tool, name, pixel, created_at) VALUES (?, ?, ?, 0)')
    .bind(tool, name, pixel)
    .run();
}

/** The events of a pixel, once there are so many, in the order of their names and arrival. */
export async function storedEvents(speck: Speck, pixel: string, count: number): Promise<readonly Row[]> {
  const read = async (): Promise<Row[]> => {
    const sql = 'SELECT * FROM events WHERE pixel = ? ORDER BY name, id';
    return (await speck.db.prepare(sql).bind(pixel).all<Row>()).results;
  };
  await eventually(async () => (await read()).length >= count, `${count} events of ${pixel}`);
  const rows = await read();
  expect(rows.map(({ name }) => name)).toHaveLength(count);
  return rows;
}

/** Some columns of a row, and its properties as an object. */
export function fieldsOf(row: Row, ...columns: readonly string[]): Row {
  const fields = Object.fromEntries(columns.map((column) => [column, row[column]]));
  return { ...fields, props: row['props'] === '' ? {} : JSON.parse(String(row['props'])) };
}

/** The reasons for which anything of a pixel, or of no pixel, was rejected. */
export async function rejectionsOf(speck: Speck, ...pixels: readonly string[]): Promise<readonly unknown[]> {
  const sql = 'SELECT reason FROM rejections WHERE pixel IN (SELECT value FROM json_each(?)) ORDER BY reason';
  const { results } = await speck.db.prepare(sql).bind(JSON.stringify(pixels)).all<Row>();
  return results.map(({ reason }) => reason);
}
