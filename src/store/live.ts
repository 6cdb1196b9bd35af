/** Reads the latest events, for checking an installation. */
import { EVENT_COLUMNS } from '../model/event.ts';

/** All columns except those that distinguish visitors, people and senders, which are not needed to check an installation. */
export const VISIBLE_COLUMNS = EVENT_COLUMNS.filter(
  (column) => !['visitor', 'person', 'pixel', 'authenticated'].includes(column),
);

export type LiveEvent = Readonly<Record<(typeof VISIBLE_COLUMNS)[number], unknown>>;

/** The statement that reads the latest events, the latest first. @param since epoch milliseconds. */
export function latestEvents(
  db: D1Database,
  pixel: string,
  { since, limit }: { readonly since: number; readonly limit: number },
): D1PreparedStatement {
  return db
    .prepare(
      `SELECT ${VISIBLE_COLUMNS.join(', ')} FROM events WHERE pixel = ? AND ts > ? ORDER BY ts DESC, id DESC LIMIT ?`,
    )
    .bind(pixel, since, limit);
}
