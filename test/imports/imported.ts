/** Imports of tests, as the API begins them and moves them on. */
import { newImportId } from '../../src/model/import.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { db } from '../fixtures.ts';

export async function beginImport({ id }: Pixel): Promise<string> {
  const one = newImportId();
  await db
    .prepare(`INSERT INTO imports VALUES (?, ?, 'plausible', 'a.zip', ?, 'open', NULL, NULL, 0, '{}', 0, 0)`)
    .bind(id, one, one)
    .run();
  return one;
}

/** Moves an import from a position to another, unless it is elsewhere. */
export const moveImport = ({ id }: Pixel, one: string, from: number, to: number): D1PreparedStatement =>
  db
    .prepare('UPDATE imports SET position = ? WHERE pixel = ? AND id = ? AND position = ?')
    .bind(to, id, one, from);
