/** Ends what conversions must not outlive: those that wait too long, the record of what was sent, and clicks and withdrawals that are not needed any more. */
import { CLICK_DAYS } from '../model/conversion.ts';
import { ANSWER_LOST, EXPIRED, LEDGER_DAYS } from '../model/delivery.ts';
import { IN_INDEX } from './due-index.ts';

const DAY = 86_400_000;

const KEY = 'destination, name, event_id';

/** The steps, in order. */
export const LEDGER_STEPS = ['expired', 'ledger', 'orphans', 'clicks', 'withdrawals'] as const;
export type LedgerStep = (typeof LEDGER_STEPS)[number];

interface Step {
  readonly sql: string;
  /** @param limit the most rows that the statement changes. */
  readonly values: (now: number, limit: number) => readonly unknown[];
}

const STEPS: Readonly<Record<LedgerStep, Step>> = {
  /** It reads all that waits. What is being sent right now has its own end. */
  expired: {
    sql: `UPDATE deliveries SET state = iif(sent_at IS NULL, 'expired', 'unknown'), payload = NULL,
        answer = coalesce(answer, iif(sent_at IS NULL, ?3, ?4))
      WHERE (${KEY}) IN (
        SELECT ${KEY} FROM deliveries INDEXED BY deliveries_due
        WHERE ${IN_INDEX} AND state = 'waiting' AND expires_at <= ?1 AND due_at <= ?1 LIMIT ?2)`,
    values: (now, limit) => [now, limit, JSON.stringify(EXPIRED), JSON.stringify(ANSWER_LOST)],
  },
  /** The record of a delivery, after its time. The index has the time of the event, and a delivery is queued after its event. */
  ledger: {
    sql: `DELETE FROM deliveries WHERE (${KEY}) IN (
        SELECT x.destination, x.name, x.event_id FROM destinations d
        CROSS JOIN deliveries x INDEXED BY deliveries_ts ON x.destination = d.id AND x.ts < ?1
        WHERE x.queued_at < ?1 AND x.state <> 'waiting' LIMIT ?2)`,
    values: (now, limit) => [now - LEDGER_DAYS * DAY, limit],
  },
  /** Deliveries of destinations that are gone. Each destination is found by looking up the one after the last, so their rows are not read. */
  orphans: {
    sql: `DELETE FROM deliveries WHERE (${KEY}) IN (
        WITH RECURSIVE known (id) AS (
          SELECT min(destination) FROM deliveries
          UNION ALL
          SELECT (SELECT min(x.destination) FROM deliveries x WHERE x.destination > k.id) FROM known k WHERE k.id IS NOT NULL)
        SELECT x.destination, x.name, x.event_id FROM known k CROSS JOIN deliveries x ON x.destination = k.id
        WHERE k.id NOT IN (SELECT id FROM destinations) LIMIT ?1)`,
    values: (_, limit) => [limit],
  },
  /** It reads all clicks. Older ones are not used in any case, and none is of a pixel without destinations. */
  clicks: {
    sql: `DELETE FROM clicks WHERE (pixel, person, parameter) IN (
        SELECT pixel, person, parameter FROM clicks WHERE at < ?1 OR pixel NOT IN (SELECT pixel FROM destinations) LIMIT ?2)`,
    values: (now, limit) => [now - CLICK_DAYS * DAY, limit],
  },
  /** Nothing from before them waits any more. */
  withdrawals: {
    sql: `DELETE FROM withdrawals WHERE (pixel, person) IN (SELECT pixel, person FROM withdrawals WHERE at < ?1 LIMIT ?2)`,
    values: (now, limit) => [now - LEDGER_DAYS * DAY, limit],
  },
};

/** Does a step with one statement. @returns whether more rows may be left. */
export async function cleanLedger(
  db: D1Database,
  step: LedgerStep,
  now: number,
  limit: number,
): Promise<boolean> {
  const { sql, values } = STEPS[step];
  const { meta } = await db
    .prepare(sql)
    .bind(...values(now, limit))
    .run();
  return meta.changes >= limit;
}
