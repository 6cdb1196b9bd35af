/**
 * Stores deliveries: each is made in the transaction that stores its event, so that there is one exactly if there is an event. What is sent, and what
 * becomes of it, is in src/relay.
 */
import { PAYLOAD_SEPARATOR, REPORTED } from '../model/delivery.ts';
import { chunksOf, ROWS } from './batch-rows.ts';
import { isErased } from './erasures.ts';
import { hasWithdrawn } from './withdrawals.ts';

/** A delivery that waits, with what decides whether it is made. */
export interface NewDelivery {
  readonly destination: string;
  readonly name: string;
  readonly event_id: string;
  readonly pixel: string;
  readonly ts: number;
  readonly id: string;
  readonly person: string;
  readonly visitor: string;
  readonly sent_as: string;
  /** Whether the client has given the event its id. */
  readonly has_eid: boolean;
  readonly reported: (typeof REPORTED)[keyof typeof REPORTED];
  /** Whether the network's own pixel was on the page. */
  readonly on_page: boolean;
  /** Epoch milliseconds. */
  readonly expires_at: number;
  /** Sealed: see relay/payload.ts. */
  readonly payload: string;
  /** All aliases of the event's person. */
  readonly people: readonly string[];
}

/** The columns that a row brings along, in its order; `people` follows them. */
const COLUMNS = [
  'destination',
  'name',
  'event_id',
  'pixel',
  'ts',
  'id',
  'person',
  'visitor',
  'sent_as',
  'has_eid',
  'reported',
  'on_page',
  'expires_at',
  'payload',
] as const satisfies readonly (keyof NewDelivery)[];

const field = (name: (typeof COLUMNS)[number]): string => `j.row ->> ${COLUMNS.indexOf(name)}`;
const [PIXEL, TS] = [field('pixel'), field('ts')];

/**
 * Makes the deliveries of the rows in `?1` whose own events are stored: not those of duplicates, closed days and deleted pixels. Nor those of
 * people who have withdrawn or been erased since, of destinations that are gone or off, and of events that are too old. A destination gets an
 * event once, however often it is reported or written.
 *
 * Anyone can send an id, and some can be guessed. So the first authenticated report of an event corrects a delivery that only browsers have reported,
 * if the network has not got it, as `supersede` does for events. What the browser has reported stays behind the new payload: see relay/payload.ts. The
 * count of tries keeps whoever has read the former payload from sending it.
 */
const ENQUEUE = `
  INSERT INTO deliveries (${COLUMNS.join(', ')}, state, queued_at, due_at)
  SELECT ${COLUMNS.map(field).join(', ')}, 'waiting', ?2, ?2
  FROM ${ROWS}
  WHERE ${field('expires_at')} > ?2
    AND EXISTS (SELECT 1 FROM events e WHERE e.pixel = ${PIXEL} AND e.ts = ${TS} AND e.id = ${field('id')})
    AND EXISTS (
      SELECT 1 FROM destinations d WHERE d.id = ${field('destination')} AND d.pixel = ${PIXEL} AND d.state <> 'off')
    AND NOT EXISTS (
      SELECT 1 FROM json_each(j.row -> ${COLUMNS.length}) a
      WHERE ${hasWithdrawn(PIXEL, 'a.value', TS)} OR ${isErased(PIXEL, ['a.value'], TS)})
    AND NOT ${isErased(PIXEL, [field('visitor')], TS)}
  ON CONFLICT DO UPDATE SET
    ts = excluded.ts, id = excluded.id, sent_as = excluded.sent_as, state = 'waiting', queued_at = excluded.queued_at,
    person = iif(deliveries.person = '', excluded.person, deliveries.person),
    visitor = iif(deliveries.visitor = '', excluded.visitor, deliveries.visitor),
    due_at = excluded.due_at, expires_at = iif(deliveries.payload IS NULL, excluded.expires_at, min(deliveries.expires_at, excluded.expires_at)),
    tries = tries + 1, sent_at = NULL, fields = NULL, answer = NULL,
    payload = excluded.payload || coalesce('${PAYLOAD_SEPARATOR}' || deliveries.payload, '')
  WHERE excluded.reported = ${REPORTED.server} AND deliveries.reported = ${REPORTED.browser}
    AND (deliveries.state IN ('refused', 'expired') OR (deliveries.state = 'waiting' AND deliveries.sent_at IS NULL))
  RETURNING destination`;

/** Notes in the deliveries of reported events who has reported them. `?1`: the keys, with bits. */
const REPORT = `
  UPDATE deliveries SET reported = reported | j.value ->> 3, on_page = max(on_page, j.value ->> 4)
  FROM json_each(?1) j
  WHERE deliveries.destination = j.value ->> 0 AND deliveries.name = j.value ->> 1 AND deliveries.event_id = j.value ->> 2
    AND (reported & j.value ->> 3 <> j.value ->> 3 OR on_page < j.value ->> 4)`;

/**
 * The most characters of a statement's parameter, which may have 2 MB. Payloads, which are most of it, are ASCII.
 */
const CHARACTERS = 1_400_000;
const MAX_CHUNKS = 4;

/** The statements that make deliveries: each of the first ones returns the destinations that have got some. */
export interface EnqueueStatements {
  readonly enqueue: readonly D1PreparedStatement[];
  readonly report: readonly D1PreparedStatement[];
}

/** Run them after the events of the same transaction. */
export function enqueue(db: D1Database, deliveries: readonly NewDelivery[], now: number): EnqueueStatements {
  const rows = deliveries.map((one) => [
    ...COLUMNS.map((name) => (typeof one[name] === 'boolean' ? Number(one[name]) : one[name])),
    one.people,
  ]);
  return {
    enqueue: chunksOf(rows, 0, CHARACTERS).map(({ json }) => db.prepare(ENQUEUE).bind(json, now)),
    report: reports(deliveries).map((json) => db.prepare(REPORT).bind(json)),
  };
}

/** Who has reported each event with an id of the client's: another report of it may have made the delivery. */
function reports(deliveries: readonly NewDelivery[]): string[] {
  const byKey = new Map<
    string,
    [destination: string, name: string, id: string, reported: number, onPage: number]
  >();
  for (const { destination, name, event_id, has_eid, reported, on_page } of deliveries) {
    if (!has_eid) continue;
    const key = JSON.stringify([destination, name, event_id]);
    const [, , , bits, onPage] = byKey.get(key) ?? ['', '', '', 0, 0];
    byKey.set(key, [destination, name, event_id, bits | reported, Math.max(onPage, Number(on_page))]);
  }
  return byKey.size === 0 ? [] : [JSON.stringify([...byKey.values()])];
}

/** The most deliveries of one transaction: more are not even sealed, since that takes memory and time. */
export const MAX_DELIVERIES = 2000;

/** Whether one transaction can make all of these deliveries, within the statements that it has. */
export function fitTransaction(deliveries: readonly NewDelivery[]): boolean {
  return deliveries.reduce((sum, { payload }) => sum + payload.length, 0) <= MAX_CHUNKS * CHARACTERS;
}
