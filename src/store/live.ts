/** Reads the latest events, for checking an installation. */
import { EVENT_COLUMNS } from '../model/event.ts';

/** All columns except those that distinguish visitors, people and senders, which are not needed to check an installation. */
const VISIBLE_COLUMNS = EVENT_COLUMNS.filter(
  (column) => !['visitor', 'person', 'pixel', 'authenticated'].includes(column),
);

export type LiveEvent = Readonly<Record<(typeof VISIBLE_COLUMNS)[number], unknown>>;

export interface LiveView {
  /** Distinct visitors since the given time. */
  readonly visitors: number;
  /** The latest events, the latest first. */
  readonly events: readonly LiveEvent[];
}

/** @param since epoch milliseconds. */
export async function readLive(
  db: D1Database,
  pixel: string,
  since: number,
  limit: number,
): Promise<LiveView> {
  const [counted, latest] = await db.batch<Record<string, unknown>>([
    db
      .prepare(
        `SELECT count(DISTINCT nullif(visitor, '')) AS visitors FROM events WHERE pixel = ? AND ts > ?`,
      )
      .bind(pixel, since),
    db
      .prepare(
        `SELECT ${VISIBLE_COLUMNS.join(', ')} FROM events WHERE pixel = ? AND ts > ? ORDER BY ts DESC, id DESC LIMIT ?`,
      )
      .bind(pixel, since, limit),
  ]);
  return {
    visitors: Number(counted?.results[0]?.['visitors'] ?? 0),
    events: (latest?.results ?? []) as LiveEvent[],
  };
}
