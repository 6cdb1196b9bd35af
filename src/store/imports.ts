/** Stores imports, and how far each has come. `undo-imports.ts` takes them back. */
import { type Import, type ImportCounts, MAX_IMPORTS, NO_COUNTS, UNDO_TIME } from '../model/import.ts';
import { hasPixel } from './pixels.ts';

const DAY = 86_400_000;

type ImportRow = Omit<Import, 'counts'> & { readonly counts: string };

const importOf = ({ counts, ...row }: ImportRow): Import => ({
  ...row,
  counts: { ...NO_COUNTS, ...(JSON.parse(counts) as Partial<ImportCounts>) },
});

/** The imports of a pixel, the newest first. */
export async function listImports(db: D1Database, pixel: string): Promise<Import[]> {
  const { results } = await db
    .prepare('SELECT * FROM imports WHERE pixel = ? ORDER BY created_at DESC, id')
    .bind(pixel)
    .all<ImportRow>();
  return results.map(importOf);
}

export async function readImport(db: D1Database, pixel: string, id: string): Promise<Import | null> {
  const row = await db
    .prepare('SELECT * FROM imports WHERE pixel = ? AND id = ?')
    .bind(pixel, id)
    .first<ImportRow>();
  return row ? importOf(row) : null;
}

/**
 * Stores a new import, unless the pixel has one of the same file that can still be undone.
 *
 * @returns the stored import, or the one of the same file; null if the pixel has as many as it may have, or does not exist.
 */
export async function beginImport(db: D1Database, one: Import): Promise<Import | null> {
  const { pixel, id, source, file, fingerprint, state, since, until, position, counts, created_at } = one;
  const [, stored] = await db.batch<ImportRow>([
    db
      .prepare(
        `INSERT INTO imports (pixel, id, source, file, fingerprint, state, since, until, position, counts, created_at, updated_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11
         WHERE ${hasPixel('?1')}
           AND NOT EXISTS (SELECT 1 FROM imports WHERE pixel = ?1 AND source = ?3 AND fingerprint = ?5 AND state <> 'kept')
           AND (SELECT count(*) FROM imports WHERE pixel = ?1) < ${MAX_IMPORTS}`,
      )
      .bind(
        ...[pixel, id, source, file, fingerprint, state, since, until, position],
        JSON.stringify(counts),
        created_at,
      ),
    db
      .prepare(`SELECT * FROM imports WHERE pixel = ? AND source = ? AND fingerprint = ? AND state <> 'kept'`)
      .bind(pixel, source, fingerprint),
  ]);
  const [row] = stored?.results ?? [];
  return row ? importOf(row) : null;
}

/**
 * The statement that moves an import to a position and state, with its counts.
 *
 * @param from the position before. The import is changed only if it is still there, and open.
 */
export function moveImport(
  db: D1Database,
  { pixel, id, position, state, counts, updated_at }: Import,
  from: number,
): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE imports SET position = ?4, state = ?5, counts = ?6, updated_at = ?7
       WHERE pixel = ?1 AND id = ?2 AND position = ?3 AND state = 'open'`,
    )
    .bind(pixel, id, from, position, state, JSON.stringify(counts), updated_at);
}

/** Of some events, given by time and id, the ids of those that are stored. */
export async function storedEvents(
  db: D1Database,
  pixel: string,
  events: readonly (readonly [ts: number, id: string])[],
): Promise<ReadonlySet<string>> {
  const { results } = await db
    .prepare(
      `SELECT e.id FROM json_each(?2) j
       CROSS JOIN events e ON e.pixel = ?1 AND e.ts = j.value ->> 0 AND e.id = j.value ->> 1`,
    )
    .bind(pixel, JSON.stringify(events))
    .all<{ id: string }>();
  return new Set(results.map(({ id }) => id));
}

/**
 * The time of a pixel's first event that Speck itself has counted: of no import, and not older than the pixel, as an older event
 * was sent by a server that had counted it before. Null if there is none.
 */
export async function firstOwnEvent(
  db: D1Database,
  pixel: string,
  createdAt: number,
): Promise<number | null> {
  return db
    .prepare(
      `SELECT ts FROM events WHERE pixel = ? AND ts >= ? AND id NOT LIKE 'imp\\_%' ESCAPE '\\' ORDER BY ts LIMIT 1`,
    )
    .bind(pixel, createdAt)
    .first<number>('ts');
}

/** Ends the time in which an import can be undone: its days are purged as any others. @returns whether it was not being undone. */
export async function keepImport(db: D1Database, pixel: string, id: string, now: number): Promise<boolean> {
  const [kept] = await db.batch([
    db
      .prepare(
        `UPDATE imports SET state = 'kept', updated_at = ?3 WHERE pixel = ?1 AND id = ?2 AND state IN ('open', 'complete', 'kept')`,
      )
      .bind(pixel, id, now),
    db
      .prepare(
        `DELETE FROM import_dates WHERE pixel = ?1 AND import = ?2
           AND EXISTS (SELECT 1 FROM imports WHERE pixel = ?1 AND id = ?2 AND state = 'kept')`,
      )
      .bind(pixel, id),
  ]);
  return (kept?.meta.changes ?? 0) > 0;
}

/** An import that has taken nothing for this time is abandoned. */
const ABANDONED_AFTER = DAY;

/** Imports for the cron: those whose undo has begun, those that can be undone no longer, and empty ones that were abandoned. */
export async function importsDue(db: D1Database, now: number, limit: number): Promise<Import[]> {
  const { results } = await db
    .prepare(
      `SELECT * FROM imports
       WHERE state = 'undoing' OR state IN ('open', 'complete') AND updated_at <= ?1
         OR state = 'open' AND position = 0 AND updated_at <= ?2
       ORDER BY updated_at LIMIT ?3`,
    )
    .bind(now - UNDO_TIME, now - ABANDONED_AFTER, limit)
    .all<ImportRow>();
  return results.map(importOf);
}
