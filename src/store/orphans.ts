/** Finds and deletes rows of pixels that are gone. */
import { hasPixel, LARGE_TABLES } from './pixels.ts';

/** Tables of few rows, some of which are of a pixel. */
const SMALL_TABLES = ['tokens', 'links', 'sessions'] as const;

export type OrphanTable = (typeof LARGE_TABLES)[number] | (typeof SMALL_TABLES)[number];

export interface Orphans {
  readonly table: OrphanTable;
  readonly pixel: string;
}

/** Pixels that one look finds, of each table and of all together. */
const MAX_ORPHANS = 100;

/** `of_TABLE`: the pixels of a table, each found by a look-up of the one that follows the last. */
const pixelsOf = (table: string): string => `
  of_${table} (pixel) AS (
    SELECT min(pixel) FROM ${table}
    UNION ALL
    SELECT (SELECT min(t.pixel) FROM ${table} t WHERE t.pixel > o.pixel) FROM of_${table} o WHERE o.pixel IS NOT NULL)`;

/** D1 takes five terms in a UNION and 32 arguments of a function, so each table is asked by an expression of two of them. */
const orphansOf = (table: string, source: string): string => `'${table}', (
    SELECT json_group_array(pixel) FROM (
      SELECT DISTINCT pixel FROM ${source} s
      WHERE pixel <> '' AND NOT ${hasPixel('s.pixel')} LIMIT ${MAX_ORPHANS}))`;

const FIND = `
  WITH RECURSIVE ${LARGE_TABLES.map(pixelsOf).join(',')}
  SELECT found.key AS "table", pixel.value AS pixel
  FROM (
    SELECT json_object(${LARGE_TABLES.map((table) => orphansOf(table, `of_${table}`)).join(', ')}) AS tables
    UNION ALL
    SELECT json_object(${SMALL_TABLES.map((table) => orphansOf(table, table)).join(', ')})) looked
  CROSS JOIN json_each(looked.tables) found
  CROSS JOIN json_each(found.value) pixel
  LIMIT ${MAX_ORPHANS}`;

/** The pixels that are gone and have rows, by table. */
export async function findOrphans(db: D1Database): Promise<Orphans[]> {
  const { results } = await db.prepare(FIND).all<Orphans>();
  return results;
}

/** Deletes up to `limit` rows of a pixel that is gone. @returns how many. */
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
