/** Finds and deletes rows of pixels that have been deleted. */
import { hasPixel, LARGE_TABLES } from './pixels.ts';

/** Tables with few rows, some of which belong to a pixel. These are scanned. */
const SMALL_TABLES = ['tokens', 'links', 'sessions', 'pixel_keys', 'destinations'] as const;

export type OrphanTable = (typeof LARGE_TABLES)[number] | (typeof SMALL_TABLES)[number];

export interface Orphans {
  readonly table: OrphanTable;
  readonly pixel: string;
}

/** The most pixels that one search finds, in each table and in all of them. */
const MAX_ORPHANS = 100;

/** `of_TABLE`: the pixels of a table. Each is found by looking up the one after the last, so their rows are not read. */
const pixelsOf = (table: string): string => `
  of_${table} (pixel) AS (
    SELECT min(pixel) FROM ${table}
    UNION ALL
    SELECT (SELECT min(t.pixel) FROM ${table} t WHERE t.pixel > o.pixel) FROM of_${table} o WHERE o.pixel IS NOT NULL)`;

/** D1 takes five terms in a UNION and 32 arguments of a function. So each table is queried by two arguments of one of a few functions. */
const orphansOf = (table: string, source: string): string => `'${table}', (
    SELECT json_group_array(pixel) FROM (
      SELECT DISTINCT pixel FROM ${source} s
      WHERE pixel <> '' AND NOT ${hasPixel('s.pixel')} LIMIT ${MAX_ORPHANS}))`;

/** The large tables, as many as one function takes in each list. */
const LARGE_OBJECTS = [LARGE_TABLES.slice(0, 16), LARGE_TABLES.slice(16)].filter(({ length }) => length > 0);

const FIND = `
  WITH RECURSIVE ${LARGE_TABLES.map(pixelsOf).join(',')}
  SELECT entry.key AS "table", pixel.value AS pixel
  FROM (
    ${LARGE_OBJECTS.map((tables) => `SELECT json_object(${tables.map((table) => orphansOf(table, `of_${table}`)).join(', ')}) AS tables`).join(' UNION ALL ')}
    UNION ALL
    SELECT json_object(${SMALL_TABLES.map((table) => orphansOf(table, table)).join(', ')})) search
  CROSS JOIN json_each(search.tables) entry
  CROSS JOIN json_each(entry.value) pixel
  LIMIT ${MAX_ORPHANS}`;

/** The deleted pixels that still have rows, by table. */
export async function findOrphans(db: D1Database): Promise<Orphans[]> {
  const { results } = await db.prepare(FIND).all<Orphans>();
  return results;
}

/** Deletes up to `limit` rows of a deleted pixel. @returns the number of deleted rows. */
export async function deleteOrphans(
  db: D1Database,
  table: OrphanTable,
  pixel: string,
  limit: number,
): Promise<number> {
  const { meta } = await db
    .prepare(`DELETE FROM ${table} WHERE pixel = ?1 AND NOT ${hasPixel('?1')} LIMIT ?2`)
    .bind(pixel, limit)
    .run();
  return meta.changes;
}
