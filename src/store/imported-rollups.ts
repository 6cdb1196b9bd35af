/**
 * Stores totals that other tools have exported. A day's values of a dimension are one row, so that years of history cost some ten thousand
 * written rows. A day of a dimension belongs to the import that stored it first, so that overlapping exports count nothing twice.
 */
import { MAX_ROLLUP_VALUES, OTHER } from '../model/dimensions.ts';
import type { ImportedTotals } from '../model/imported-totals.ts';
import { VISIT_COUNTS } from '../model/metrics.ts';
import { IMPORTED_COLUMNS } from '../sql/imported-columns.ts';
import { jsonLists } from '../sql/json-lists.ts';
import { prepare } from '../sql/statement.ts';

/**
 * SQL of the list of a day's values, with the counts of equal values added. The most visited values are listed, as in rollups. All others
 * are combined.
 *
 * @param elements SQL of rows `e` with the elements of lists.
 */
const listOf = (elements: string): string => {
  const sums = VISIT_COUNTS.map((count) => `sum(${count}) AS ${count}`).join(', ');
  const added = VISIT_COUNTS.map((count) => `sum(${IMPORTED_COLUMNS[count]}) AS ${count}`).join(', ');
  return `(
    SELECT jsonb_group_array(jsonb_array(value, ${VISIT_COUNTS.join(', ')}))
    FROM (
      SELECT iif(place <= ${MAX_ROLLUP_VALUES}, value, '${OTHER}') AS value, ${sums}
      FROM (
        SELECT *, row_number() OVER (ORDER BY value = '${OTHER}', visitors DESC, value) AS place
        FROM (SELECT ${IMPORTED_COLUMNS.value} AS value, ${added} FROM ${elements} GROUP BY 1))
      GROUP BY 1))`;
};

/** Both lists of a conflict: the stored one and the new one. */
const BOTH_LISTS = `(
  SELECT value FROM json_each(imported_rollups.counts)
  UNION ALL SELECT value FROM json_each(excluded.counts)) e`;

/** Stores groups, each a dimension, a day and a list of values. Returns a row for each that was stored. */
const STORE = `
  INSERT INTO imported_rollups (pixel, dimension, day, import, size, counts)
  SELECT :pixel, dimension, day, :import, json_array_length(counts), counts
  FROM (
    SELECT g.value ->> 0 AS dimension, g.value ->> 1 AS day, ${listOf("json_each(g.value, '$[2]') e")} AS counts
    FROM json_each(:groups) g)
  WHERE EXISTS (SELECT 1 FROM imports i WHERE i.pixel = :pixel AND i.id = :import AND i.position = :position AND i.state = 'open')
  ON CONFLICT (pixel, dimension, day) DO UPDATE SET (size, counts) = (
    SELECT json_array_length(counts), counts FROM (SELECT ${listOf(BOTH_LISTS)} AS counts))
  WHERE import = excluded.import
  RETURNING dimension, day`;

/** Extends the days that a pixel has imported totals of. */
const EXTEND = `
  UPDATE pixels SET
    imported_from = min(coalesce(imported_from, :from), :from),
    imported_until = max(coalesce(imported_until, :until), :until)
  WHERE id = :pixel AND EXISTS (SELECT 1 FROM imported_rollups r WHERE r.pixel = :pixel)`;

/** The rows of a batch by dimension and day, in the order in which the days came. */
function groupsOf(
  rows: readonly ImportedTotals[],
): (readonly [dimension: string, day: string, list: unknown[][]])[] {
  const groups = Map.groupBy(rows, ({ dimension, day }) => `${dimension} ${day}`);
  return [...groups.values()].map((group) => {
    const { dimension, day } = group[0] as ImportedTotals;
    return [dimension, day, group.map((row) => [row.value, ...VISIT_COUNTS.map((count) => row[count] ?? 0)])];
  });
}

/**
 * Adds rows of an import to its totals, if the import is at `position` and open. The import's position must be moved in the same
 * transaction, or the same rows would be added again when they are sent again.
 *
 * @param moves the statements that move it.
 * @returns how many of the rows were left out, since another import has totals of their day and dimension.
 */
export async function storeTotals(
  db: D1Database,
  id: string,
  pixel: string,
  position: number,
  rows: readonly ImportedTotals[],
  moves: readonly D1PreparedStatement[] = [],
): Promise<number> {
  const days = rows.map(({ day }) => day).toSorted();
  const values = { pixel, import: id, position, from: days[0], until: days.at(-1) };
  const lists = jsonLists(groupsOf(rows));
  const statements = [
    ...lists.map((groups) => prepare(db, STORE, { ...values, groups })),
    ...(rows.length > 0 ? [prepare(db, EXTEND, values)] : []),
    ...moves,
  ];
  if (statements.length === 0) return 0;
  const results = await db.batch<{ dimension: string; day: string }>(statements);
  const stored = new Set(
    results
      .slice(0, lists.length)
      .flatMap((result) => result.results.map(({ dimension, day }) => `${dimension} ${day}`)),
  );
  return rows.filter(({ dimension, day }) => !stored.has(`${dimension} ${day}`)).length;
}

/**
 * Deletes up to `limit` rows of an import's totals.
 *
 * @returns the number of deleted rows. If it is less than `limit`, nothing is left.
 */
export async function deleteTotals(
  db: D1Database,
  id: string,
  pixel: string,
  limit: number,
): Promise<number> {
  const [deleted] = await db.batch([
    db.prepare('DELETE FROM imported_rollups WHERE pixel = ? AND import = ? LIMIT ?').bind(pixel, id, limit),
    db
      .prepare(
        `UPDATE pixels SET (imported_from, imported_until) = (SELECT min(day), max(day) FROM imported_rollups WHERE pixel = ?1)
         WHERE id = ?1 AND imported_from IS NOT NULL`,
      )
      .bind(pixel),
  ]);
  return deleted?.meta.changes ?? 0;
}

/** The days of an import's totals. */
export interface DaysOfTotals {
  readonly days: number;
  readonly from: string | null;
  readonly to: string | null;
  /** Days on which Speck has counted events itself. Their totals are in no answer. */
  readonly hidden: number;
}

export async function readDaysOfTotals(db: D1Database, id: string, pixel: string): Promise<DaysOfTotals> {
  const row = await db
    .prepare(
      `SELECT count(*) AS days, min(day) AS "from", max(day) AS "to",
         coalesce(sum(EXISTS (SELECT 1 FROM days d WHERE d.pixel = ?1 AND d.day = t.day)), 0) AS hidden
       FROM (SELECT DISTINCT day FROM imported_rollups WHERE pixel = ?1 AND import = ?2) t`,
    )
    .bind(pixel, id)
    .first<DaysOfTotals>();
  return row as DaysOfTotals;
}
