/** The dates on which an import that can be undone has events: they are not purged. Dates of UTC outlast a change of the time zone. */

const DAY = 86_400_000;

/**
 * The statement that holds the purge of the dates on which an import has events. Run it in the transaction that stores them.
 *
 * @param events the time and id of each event, whether or not it is stored.
 */
export function holdDates(
  db: D1Database,
  pixel: string,
  id: string,
  events: readonly (readonly [ts: number, id: string])[],
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO import_dates (pixel, date, import)
       SELECT DISTINCT e.pixel, e.ts / ${DAY}, ?2 FROM json_each(?3) j
       CROSS JOIN events e ON e.pixel = ?1 AND e.ts = j.value ->> 0 AND e.id = j.value ->> 1
       WHERE true
       ON CONFLICT DO NOTHING`,
    )
    .bind(pixel, id, JSON.stringify(events));
}

/** SQL for whether an import takes events. The parameters are SQL. */
export const isOpen = (pixel: string, id: string): string =>
  `EXISTS (SELECT 1 FROM imports i WHERE i.pixel = ${pixel} AND i.id = ${id} AND i.state = 'open')`;

/** SQL for whether a row `day` of `days` has events of an import that can be undone, or is next to a day that has. */
export const isHeld = (day: string): string =>
  `EXISTS (
    SELECT 1 FROM import_dates h
    WHERE h.pixel = ${day}.pixel AND h.date BETWEEN ${day}.starts_at / ${DAY} AND (${day}.ends_at - 1) / ${DAY})`;
