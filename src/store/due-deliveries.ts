/**
 * Finds deliveries that are due, claims them just before they are sent, and marks what became of them. A claim counts a row's `tries`, and
 * whoever marks the row names that count: a row that was withdrawn, erased or claimed by another in the meantime is not changed.
 */
import type { DeliveryState } from '../model/delivery.ts';
import { FIRST_DUE, IN_INDEX } from './due-index.ts';

/** A delivery that is due: it waits to be sent, or it was sent and the network may know by now what became of it. */
export interface DueDelivery {
  readonly destination: string;
  readonly name: string;
  readonly event_id: string;
  readonly pixel: string;
  /** The event's person, or `''`. */
  readonly person: string;
  /** Epoch milliseconds, as all times. */
  readonly ts: number;
  readonly sent_as: string;
  /** 1 if the network's own pixel was on the page, by any report of the event. */
  readonly on_page: number;
  readonly state: 'waiting' | 'sent';
  readonly expires_at: number;
  readonly tries: number;
  /** Of a row that waits: when it was claimed to be sent, if nobody knows whether the network has it. */
  readonly sent_at: number | null;
  readonly payload: string | null;
  /** The JSON of the last answer. */
  readonly answer: string | null;
}

const COLUMNS = [
  'destination',
  'name',
  'event_id',
  'pixel',
  'person',
  'ts',
  'sent_as',
  'on_page',
  'state',
  'expires_at',
  'tries',
  'sent_at',
  'payload',
  'answer',
] as const satisfies readonly (keyof DueDelivery)[];

/** Which delivery is meant, and how often it had been claimed. */
export type ClaimKey = Pick<DueDelivery, 'name' | 'event_id' | 'tries'>;

/** What is stored of a delivery. */
export interface Mark extends ClaimKey {
  /** The state that the row must be in. */
  readonly from: DueDelivery['state'];
  readonly state: DeliveryState;
  readonly due_at: number;
  readonly sent_at: number | null;
  /** JSON; null leaves what is stored. */
  readonly fields: string | null;
  readonly answer: string | null;
}

/** When a delivery is due that is never looked at again. */
export const NEVER = Number.MAX_SAFE_INTEGER;

/**
 * The destinations that have something due and need not wait: first those for which that has been so for the longest time. One that was served and
 * has more begins to wait anew, so any number of conversions of others delays nobody for long.
 */
export async function dueDestinations(db: D1Database, now: number, limit: number): Promise<string[]> {
  const { results } = await db
    .prepare(
      `SELECT d.id, ${FIRST_DUE} AS due
       FROM destinations d WHERE d.state = 'on' AND d.retry_at <= ?1 AND due <= ?1
       ORDER BY max(due, d.retry_at), d.id LIMIT ?2`,
    )
    .bind(now, limit)
    .all<{ id: string }>();
  return results.map(({ id }) => id);
}

/** What is due of a destination, the longest due first. */
export async function readDue(
  db: D1Database,
  destination: string,
  now: number,
  limit: number,
): Promise<DueDelivery[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS.join(', ')} FROM deliveries INDEXED BY deliveries_due
       WHERE destination = ?1 AND ${IN_INDEX} AND due_at <= ?2 ORDER BY due_at LIMIT ?3`,
    )
    .bind(destination, now, limit)
    .all<DueDelivery>();
  return results;
}

/**
 * SQL for the delivery that a row of a JSON list names. The destination is in each row of the list: were it a parameter, SQLite would read all
 * deliveries of the destination instead of looking up those that are named.
 */
const IS_NAMED = `destination = j.value ->> 0 AND name = j.value ->> 1 AND event_id = j.value ->> 2 AND tries = j.value ->> 3`;

const keyOf = (
  destination: string,
  { name, event_id, tries }: ClaimKey,
): readonly [string, string, string, number] => [destination, name, event_id, tries];

/**
 * Claims deliveries for sending: nobody else sends them until `until`. Claims nothing if the owner has changed the destination since it was read.
 *
 * @param updatedAt the destination's, as it was read.
 * @returns the keys of those that were claimed, as `claimedAs` makes them. Their `tries` are one more.
 */
export async function claim(
  db: D1Database,
  destination: string,
  updatedAt: number,
  keys: readonly ClaimKey[],
  now: number,
  until: number,
): Promise<ReadonlySet<string>> {
  const { results } = await db
    .prepare(
      `UPDATE deliveries SET tries = tries + 1, sent_at = ?3, due_at = ?4
       FROM json_each(?2) j
       WHERE ${IS_NAMED} AND state = 'waiting' AND due_at <= ?3
         AND EXISTS (SELECT 1 FROM destinations d WHERE d.id = ?1 AND d.state = 'on' AND d.updated_at = ?5)
       RETURNING name, event_id`,
    )
    .bind(destination, JSON.stringify(keys.map((key) => keyOf(destination, key))), now, until, updatedAt)
    .all<Omit<ClaimKey, 'tries'>>();
  return new Set(results.map(claimedAs));
}

export const claimedAs = ({ name, event_id }: Omit<ClaimKey, 'tries'>): string => `${name}\n${event_id}`;

/** The statement that stores what became of deliveries. What has been withdrawn, erased or claimed again stays as it is. */
export function markDeliveries(
  db: D1Database,
  destination: string,
  marks: readonly Mark[],
): D1PreparedStatement {
  const rows = marks.map((mark) => [
    ...keyOf(destination, mark),
    mark.from,
    mark.state,
    mark.due_at,
    mark.sent_at,
    mark.fields,
    mark.answer,
  ]);
  return db
    .prepare(
      `UPDATE deliveries SET state = j.value ->> 5, due_at = j.value ->> 6, sent_at = j.value ->> 7,
         fields = iif(j.value ->> 5 = 'withdrawn', NULL, coalesce(j.value ->> 8, fields)),
         answer = iif(j.value ->> 5 = 'withdrawn', NULL, coalesce(j.value ->> 9, answer)),
         payload = CASE WHEN j.value ->> 5 = 'waiting' THEN payload END
       FROM json_each(?) j WHERE ${IS_NAMED} AND state = j.value ->> 4`,
    )
    .bind(JSON.stringify(rows));
}
