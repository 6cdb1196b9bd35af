/** Reads what became of conversions: the deliveries of a destination, their summary, and all deliveries of one event id. */
import type { Answer, DeliveryState, SentField } from '../model/delivery.ts';
import { EID_WINDOW } from '../model/event.ts';

/** The key of a delivery among those of its destination, in the order of the ledger. */
export type DeliveryPosition = readonly [ts: number, name: string, event_id: string];

/** A delivery without what is sealed in it, and without the person and the visitor. Times are in epoch milliseconds. */
export interface LedgerRow {
  readonly destination: string;
  readonly name: string;
  readonly event_id: string;
  readonly ts: number;
  readonly id: string;
  readonly sent_as: string;
  readonly has_eid: number;
  /** Bits: see `REPORTED`. */
  readonly reported: number;
  readonly on_page: number;
  readonly state: DeliveryState;
  readonly queued_at: number;
  readonly due_at: number;
  readonly expires_at: number;
  readonly tries: number;
  readonly sent_at: number | null;
  /** JSON of `SentField[]`, or null. */
  readonly fields: string | null;
  /** JSON of an `Answer`, or null. */
  readonly answer: string | null;
}

const COLUMNS = [
  'destination',
  'name',
  'event_id',
  'ts',
  'id',
  'sent_as',
  'has_eid',
  'reported',
  'on_page',
  'state',
  'queued_at',
  'due_at',
  'expires_at',
  'tries',
  'sent_at',
  'fields',
  'answer',
] as const satisfies readonly (keyof LedgerRow)[];

const LEDGER_ROW = COLUMNS.map((column) => `d.${column}`).join(', ');

/** Deliveries that one request looks through for those in some states. */
const MAX_SCANNED = 20_000;

export interface LedgerPage {
  readonly rows: readonly LedgerRow[];
  /** Where the next page begins; null if this is the last one. */
  readonly next: DeliveryPosition | null;
}

/**
 * The deliveries of a destination, those of the latest events first. With `states`, a page may have fewer rows than `limit`, or none, although others
 * follow: one request looks through a bounded number of deliveries.
 *
 * @param before the page has the deliveries after this one; null for the first page.
 */
export async function readLedger(
  db: D1Database,
  destination: string,
  states: readonly DeliveryState[] | undefined,
  limit: number,
  before: DeliveryPosition | null,
): Promise<LedgerPage> {
  const [ts, name, eventId] = before ?? [Number.MAX_SAFE_INTEGER, '', ''];
  const scanned = `SELECT destination, ts, name, event_id FROM deliveries
    WHERE destination = ?1 AND (ts, name, event_id) < (?2, ?3, ?4)
    ORDER BY ts DESC, name DESC, event_id DESC LIMIT`;
  const most = states === undefined ? limit + 1 : MAX_SCANNED;
  const [page, last] = await db.batch<LedgerRow>([
    db
      .prepare(
        `SELECT ${LEDGER_ROW} FROM (${scanned} ?5) place
         CROSS JOIN deliveries d ON d.destination = place.destination AND d.name = place.name AND d.event_id = place.event_id
         WHERE ?6 IS NULL OR d.state IN (SELECT value FROM json_each(?6))
         ORDER BY place.ts DESC, place.name DESC, place.event_id DESC LIMIT ?7`,
      )
      .bind(destination, ts, name, eventId, most, states ? JSON.stringify(states) : null, limit + 1),
    db.prepare(`${scanned} 1 OFFSET ?5`).bind(destination, ts, name, eventId, most - 1),
  ]);
  const found = page?.results ?? [];
  const rows = found.slice(0, limit);
  const end = found.length > limit ? rows.at(-1) : states === undefined ? undefined : last?.results[0];
  return { rows, next: end ? [end.ts, end.name, end.event_id] : null };
}

/** The latest deliveries that a summary counts; and of those that were handed over, the latest whose fields it counts. */
export const MAX_SUMMARIZED = 50_000;
export const MAX_WITH_FIELDS = 5000;
/** Groups of refusals in a summary. */
const MAX_REFUSALS = 20;

/** Milliseconds of the parts in which deliveries are counted. Days begin with one of them in every time zone. */
const PART = 900_000;

/** Deliveries in one state, of a quarter of an hour. `on_page` and `deduplicable` count some of them. */
interface StateCount {
  /** The beginning of the quarter, in epoch milliseconds. */
  readonly at: number;
  readonly state: DeliveryState;
  readonly count: number;
  readonly on_page: number;
  readonly deduplicable: number;
}

/** Deliveries that were refused for the same reason. */
export interface Refusal extends Pick<Answer, 'status' | 'code' | 'message' | 'advice'> {
  readonly name: string;
  readonly count: number;
  /** The time of the latest of their events, in epoch milliseconds. */
  readonly last_at: number;
}

/** Milliseconds from the event to its delivery, of those that were handed over: half of them took at most the median. */
interface Delays {
  readonly median: number;
  readonly p95: number;
}

export interface LedgerSummary {
  readonly states: readonly StateCount[];
  readonly refusals: readonly Refusal[];
  readonly delays: Delays | null;
  /** The sets of fields that were sent, each with the number of deliveries that had them. */
  readonly fields: readonly { readonly fields: readonly SentField[]; readonly count: number }[];
}

/** What became of the conversions of a destination whose events happened at `since` or later, in epoch milliseconds: of the latest of them. */
export async function summarizeLedger(
  db: D1Database,
  destination: string,
  since: number,
): Promise<LedgerSummary> {
  const latest = (columns: string): string => `
    SELECT ${columns} FROM deliveries WHERE destination = ?1 AND ts >= ?2 ORDER BY ts DESC LIMIT ${MAX_SUMMARIZED}`;
  const bind = (sql: string): D1PreparedStatement => db.prepare(sql).bind(destination, since);
  const [states, refusals, delays, fields] = await db.batch([
    bind(`SELECT ts / ${PART} * ${PART} AS at, state, count(*) AS count, sum(on_page) AS on_page,
        sum(on_page AND has_eid) AS deduplicable
      FROM (${latest('ts, state, on_page, has_eid')}) GROUP BY 1, 2`),
    bind(`SELECT name, coalesce(answer ->> 'status', 0) AS status, coalesce(answer ->> 'code', '') AS code,
        coalesce(answer ->> 'message', '') AS message, coalesce(answer ->> 'advice', '') AS advice,
        count(*) AS count, max(ts) AS last_at
      FROM (${latest('state, name, answer, ts')}) WHERE state = 'refused'
      GROUP BY 1, 2, 3, 4, 5 ORDER BY count DESC, last_at DESC, 1, 4 LIMIT ${MAX_REFUSALS}`),
    bind(`WITH delays AS (
        SELECT delay, row_number() OVER (ORDER BY delay) AS place, count(*) OVER () AS count
        FROM (SELECT max(sent_at - ts, 0) AS delay FROM (${latest('state, sent_at, ts')})
          WHERE state IN ('sent', 'delivered') AND sent_at IS NOT NULL))
      SELECT max(delay) FILTER (WHERE place = (count + 1) / 2) AS median,
        max(delay) FILTER (WHERE place = (count * 95 + 99) / 100) AS p95 FROM delays`),
    bind(`SELECT fields, count(*) AS count
      FROM (SELECT fields FROM (${latest('state, fields, ts')}) WHERE state IN ('sent', 'delivered') AND fields IS NOT NULL
        ORDER BY ts DESC LIMIT ${MAX_WITH_FIELDS}) GROUP BY fields`),
  ]);
  const delay = delays?.results[0] as { readonly [Name in keyof Delays]: number | null } | undefined;
  return {
    states: (states?.results ?? []) as StateCount[],
    refusals: (refusals?.results ?? []) as Refusal[],
    delays: delay && delay.median !== null && delay.p95 !== null ? (delay as Delays) : null,
    fields: ((fields?.results ?? []) as { readonly fields: string; readonly count: number }[]).map((set) => ({
      fields: JSON.parse(set.fields) as SentField[],
      count: set.count,
    })),
  };
}

/** Names of events at all destinations of a pixel, in which one request looks for an event id. */
const MAX_NAMES = 5000;
/** Deliveries of one event id. */
const MAX_OF_EVENT = 500;

/**
 * The deliveries of an event id at all destinations of a pixel, by name and destination. Names are found by looking up the one after the last, so the
 * deliveries of other events are not read.
 *
 * @param name only the event of this name; undefined: of any name.
 */
export async function deliveriesOfEvent(
  db: D1Database,
  pixel: string,
  eventId: string,
  name: string | undefined,
): Promise<readonly LedgerRow[]> {
  const next = (condition: string): string =>
    `(SELECT min(x.name) FROM deliveries x WHERE x.destination = n.destination AND ${condition})`;
  const { results } = await db
    .prepare(
      `WITH RECURSIVE names (destination, name) AS (
         SELECT n.destination, iif(?3 IS NULL, ${next('1')}, ?3) FROM (SELECT id AS destination FROM destinations WHERE pixel = ?1) n
         UNION ALL
         SELECT n.destination, ${next('x.name > n.name')} FROM names n WHERE n.name IS NOT NULL AND ?3 IS NULL
         LIMIT ${MAX_NAMES})
       SELECT ${LEDGER_ROW} FROM names CROSS JOIN deliveries d
         ON d.destination = names.destination AND d.name = names.name AND d.event_id = ?2
       ORDER BY d.name, d.destination LIMIT ${MAX_OF_EVENT}`,
    )
    .bind(pixel, eventId, name ?? null)
    .all<LedgerRow>();
  return results;
}

/** What is stored of an event. `value` is in millionths of `currency`. */
export interface ReportedEvent {
  readonly id: string;
  readonly hostname: string;
  readonly page: string;
  readonly value: number | null;
  readonly currency: string;
}

/** The stored event of a delivery, or the other report of it; null if neither is stored. */
export async function eventOfDelivery(
  db: D1Database,
  pixel: string,
  { ts, id, name, event_id }: LedgerRow,
): Promise<ReportedEvent | null> {
  const columns = 'id, hostname, page, value, currency';
  const [own, other] = await db.batch<ReportedEvent>([
    db.prepare(`SELECT ${columns} FROM events WHERE pixel = ? AND ts = ? AND id = ?`).bind(pixel, ts, id),
    db
      .prepare(
        `SELECT ${columns} FROM events WHERE pixel = ? AND name = ? AND eid = ? AND eid <> '' AND ts BETWEEN ? AND ?
         ORDER BY ts LIMIT 1`,
      )
      .bind(pixel, name, event_id, ts - EID_WINDOW, ts + EID_WINDOW),
  ]);
  return own?.results[0] ?? other?.results[0] ?? null;
}
