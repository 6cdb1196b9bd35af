/** Reads the custom properties of a pixel's events. */

export interface Properties {
  readonly properties: readonly { readonly key: string; readonly events: number }[];
  /** False if a day had more keys than are rolled up. */
  readonly complete: boolean;
}

export const MAX_KEYS = 200;

/**
 * The custom properties of a range of days, the most used first: from rollups, and from events for days without a rollup. Each day is
 * looked up by itself, so the rows between two days' properties are not read. A day with more keys than are rolled up has a row with an
 * empty key.
 */
export async function readPropertyKeys(
  db: D1Database,
  pixel: string,
  from: string,
  to: string,
): Promise<Properties> {
  const { results } = await db
    .prepare(
      `SELECT key, sum(events) AS events FROM (
         SELECT substr(r.dimension, 13) AS key, r.events
         FROM days d CROSS JOIN rollups r
           ON r.pixel = d.pixel AND r.day = d.day
             AND r.dimension >= 'event:props:' AND r.dimension < 'event:props;' AND r.currency = ''
             AND (r.value <> '' OR r.dimension = 'event:props:')
         WHERE d.pixel = ?1 AND d.day BETWEEN ?2 AND ?3 AND d.rolled_at IS NOT NULL
         UNION ALL
         SELECT p.key, 1
         FROM days d CROSS JOIN events e
           ON e.pixel = d.pixel AND e.ts >= d.starts_at AND e.ts < d.ends_at AND e.props <> ''
         CROSS JOIN json_each(e.props) p ON p.key <> ''
         WHERE d.pixel = ?1 AND d.day BETWEEN ?2 AND ?3 AND d.rolled_at IS NULL)
       GROUP BY key ORDER BY key <> '', events DESC, key LIMIT ${MAX_KEYS + 1}`,
    )
    .bind(pixel, from, to)
    .all<{ key: string; events: number }>();
  return {
    properties: results.filter(({ key }) => key !== '').slice(0, MAX_KEYS),
    complete: results.every(({ key }) => key !== ''),
  };
}

/** The rows of a day's rollup that are read, per event and at most: all values, and per key the events without it. */
const ROWS_OF_EVENT = 30;
const MAX_ROWS = 5300;

/** How much a read of a range of days costs at most: events of days without a rollup, and rows of rollups. */
export async function sizeOfProperties(
  db: D1Database,
  pixel: string,
  from: string,
  to: string,
): Promise<{ readonly events: number; readonly rows: number }> {
  const row = await db
    .prepare(
      `SELECT
         coalesce(sum(CASE WHEN rolled_at IS NULL THEN (
           SELECT count(*) FROM events e WHERE e.pixel = d.pixel AND e.ts >= d.starts_at AND e.ts < d.ends_at) END), 0) AS events,
         coalesce(sum(CASE WHEN rolled_at IS NOT NULL THEN min(${ROWS_OF_EVENT} * events, ${MAX_ROWS}) END), 0) AS rows
       FROM days d WHERE pixel = ? AND day BETWEEN ? AND ?`,
    )
    .bind(pixel, from, to)
    .first<{ events: number; rows: number }>();
  return row ?? { events: 0, rows: 0 };
}
