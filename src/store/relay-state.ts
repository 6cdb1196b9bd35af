/** Reads for `/health` how conversions get on. */
import { FIRST_DUE, IN_INDEX } from './due-index.ts';

export interface RelayState {
  /** Conversions that wait to be sent, counted up to a limit. */
  readonly waiting: number;
  /** When the oldest that could be sent now was due, in epoch milliseconds; null if there is none. */
  readonly oldestDue: number | null;
  /** Destinations that have stopped. */
  readonly stopped: number;
}

/** The most rows that are counted: the state is read every few seconds. */
const MAX_COUNTED = 1000;

/** One statement. @throws what D1 throws. */
export async function readRelayState(db: D1Database, now: number): Promise<RelayState> {
  const row = await db
    .prepare(
      `SELECT
         (SELECT count(*) FROM (SELECT 1 FROM deliveries INDEXED BY deliveries_due
           WHERE ${IN_INDEX} AND state = 'waiting' LIMIT ${MAX_COUNTED})) AS waiting,
         (SELECT min(${FIRST_DUE}) FROM destinations d WHERE d.state = 'on' AND d.retry_at <= ?1) AS oldestDue,
         (SELECT count(*) FROM destinations WHERE state = 'stopped') AS stopped`,
    )
    .bind(now)
    .first<RelayState>();
  const { waiting = 0, oldestDue = null, stopped = 0 } = row ?? {};
  return { waiting, oldestDue: oldestDue !== null && oldestDue <= now ? oldestDue : null, stopped };
}
