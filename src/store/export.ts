/**
 * Reads a pixel's rows of a table in the order of its key, page by page. One statement determines the ends of the pages before
 * the first page is read. So the response can announce its end before its first row, and each page fits into memory.
 */
import type { ExportedTable } from '../model/exported.ts';
import { withRetries } from './failure.ts';

/** The values of a table's key, in its order. */
export type Key = readonly (string | number)[];
/** The values of a table's columns, in their order. */
export type Row = readonly (string | number | null)[];

/** The rows between two keys, without the rows of these keys. */
export interface KeyRange {
  readonly after: Key;
  readonly before: Key;
}

export interface PagePlan {
  readonly after: Key;
  /** The last key of each page. If no rows follow the last page, its end is the end of the range. */
  readonly ends: readonly Key[];
  /** Whether rows follow the last page. */
  readonly more: boolean;
}

/**
 * The approximate size of a page. A row counts with its texts and 300 bytes that it takes in memory besides. A typical event has
 * 300 bytes of text, so a page has about 1,700 events.
 */
const PAGE_BYTES = 1024 * 1024;
const ROW_BYTES = 300;

/** The most pages of an answer. Each page is a statement, and an invocation has 50 on the free plan. */
const MAX_PAGES = 40;

/** More rows than any planned page has. A page that has grown since then is read in multiple parts. */
const MAX_ROWS = 4000;

/**
 * Plans to read the first `limit` rows of a range, or fewer if they are large.
 *
 * @throws what D1 throws.
 */
export async function planPages(
  db: D1Database,
  table: ExportedTable,
  pixel: string,
  { after, before }: KeyRange,
  limit: number,
): Promise<PagePlan> {
  const statement = db
    .prepare(planSql(table))
    .bind(pixel, ...after, ...before, limit + 1, limit, MAX_PAGES + 2);
  const rows = await withRetries(() => statement.raw<[...key: (string | number)[], place: number]>());
  const pages = rows.filter((row) => Number(row.at(-1)) <= limit);
  const more = pages.length < rows.length || pages.length > MAX_PAGES;
  const ends = pages.slice(0, MAX_PAGES).map((row) => row.slice(0, -1));
  return { after, ends: more ? ends : [...ends, before], more };
}

/** Reads the pages of a plan one by one. @throws what D1 throws. */
export async function* readPages(
  db: D1Database,
  table: ExportedTable,
  pixel: string,
  { after, ends }: PagePlan,
): AsyncGenerator<readonly Row[], void> {
  const sql = pageSql(table);
  const places = table.key.map((name) => table.columns.findIndex((column) => column.name === name));
  let last = after;
  for (const end of ends) {
    let isFull = true;
    while (isFull) {
      const statement = db.prepare(sql).bind(pixel, ...last, ...end, MAX_ROWS);
      const rows = await withRetries(() => statement.raw<[...Row]>());
      isFull = rows.length === MAX_ROWS;
      const lastRow = rows.at(-1);
      if (isFull && lastRow) last = places.map((place) => lastRow[place] as string | number);
      if (rows.length > 0) yield rows;
    }
    last = end;
  }
}

/**
 * SQL for the last key of each full page, and its place among all rows. A page ends with the row whose bytes pass a multiple of
 * `PAGE_BYTES`, and with the row at the limit. The row after that one shows that more rows follow.
 */
function planSql({ name, key, columns }: ExportedTable): string {
  const keys = key.join(', ');
  const texts = columns.filter(({ kind }) => kind === 'text' || kind === 'json');
  const bytes = [ROW_BYTES, ...texts.map((column) => `octet_length(${column.name})`)].join(' + ');
  return `
    SELECT ${keys}, place
    FROM (
      SELECT ${keys}, bytes, row_number() OVER so_far AS place, sum(bytes) OVER so_far AS total
      FROM (SELECT ${keys}, ${bytes} AS bytes FROM ${name} WHERE ${within(key, '<')} ORDER BY ${keys} LIMIT ?)
      WINDOW so_far AS (ORDER BY ${keys} ROWS UNBOUNDED PRECEDING))
    WHERE total / ${PAGE_BYTES} > (total - bytes) / ${PAGE_BYTES} OR place >= ?
    ORDER BY place
    LIMIT ?`;
}

function pageSql({ name, key, columns }: ExportedTable): string {
  const names = columns.map((column) => column.name).join(', ');
  return `SELECT ${names} FROM ${name} WHERE ${within(key, '<=')} ORDER BY ${key.join(', ')} LIMIT ?`;
}

function within(key: readonly string[], upTo: '<' | '<='): string {
  const names = `(${key.join(', ')})`;
  const marks = `(${key.map(() => '?').join(', ')})`;
  return `pixel = ? AND ${names} > ${marks} AND ${names} ${upTo} ${marks}`;
}
