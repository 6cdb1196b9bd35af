/**
 * Writes events. A batch is one transaction of a few statements, whatever its size: the rows travel in one JSON parameter. A
 * batch may be written again: nothing of it is stored or counted twice.
 */
import type { Batch, PlacedEvent } from '../model/batch.ts';
import { RAW } from '../model/day-state.ts';
import { EID_WINDOW, EVENT_COLUMNS, type Event } from '../model/event.ts';
import { localDayOf } from '../model/local-day.ts';
import { LEAST_RETENTION_DAYS } from '../model/pixel.ts';
import { linkStatements } from './aliases.ts';
import { chunksOf, FIELD, ROWS, rowOf, VALUES } from './batch-rows.ts';
import { type ClickRow, keepClicks } from './clicks.ts';
import { enqueue, type NewDelivery } from './deliveries.ts';
import { isErased } from './erasures.ts';
import { holdDates, isOpen } from './import-dates.ts';
import { markDays, rememberMarks, unmarkedDays } from './mark-days.ts';
import { forgetPixel, hasPixel, hasPixelIn } from './pixels.ts';
import { countClosed, countRejections } from './rejection-counts.ts';
import { supersede } from './reports.ts';
import { reopenHours } from './visitor-hours.ts';
import { withdraw } from './withdrawals.ts';

/** The result of writing one event. */
export type Outcome = 'stored' | 'duplicate' | 'day_closed' | 'erased' | 'unknown_pixel';

const { pixel: PIXEL, ts: TS, eid: EID, name: NAME, day: DAY, zone: ZONE } = FIELD;
const IS_ERASED = isErased(PIXEL, [FIELD.person, FIELD.visitor], TS);

/**
 * An event is new unless its row is stored already, or another report of it with the same client's id. An authenticated event is
 * also new if none of the stored reports is authenticated: see `supersede`. Events of closed days, of people and visitors erased
 * since, and of pixels that have been deleted or moved to another time zone are not stored. SQLite would look for another report in
 * all events of these days, by the primary key, unless the index is named.
 */
const insertEvents = (only: string): string => `
  INSERT INTO events (${EVENT_COLUMNS.join(', ')})
  SELECT ${VALUES.join(', ')}
  FROM ${ROWS}
  WHERE NOT EXISTS (SELECT 1 FROM days d WHERE d.pixel = ${PIXEL} AND d.day = ${DAY} AND d.raw > ${RAW.stored})
    AND (${EID} = '' OR NOT EXISTS (
      SELECT 1 FROM events e INDEXED BY events_eid
      WHERE e.eid <> '' AND e.pixel = ${PIXEL} AND e.name = ${NAME} AND e.eid = ${EID}
        AND e.ts BETWEEN ${TS} - ${EID_WINDOW} AND ${TS} + ${EID_WINDOW} AND e.authenticated >= ${FIELD.authenticated}))
    AND NOT ${IS_ERASED}
    AND ${hasPixelIn(PIXEL, ZONE)} AND ${only}
  ON CONFLICT DO NOTHING`;

const INSERT_EVENTS = insertEvents('true');
const REPORT = 'RETURNING pixel, ts, id';
/** `?2` is the import that the events are of. */
const INSERT_IMPORTED = `${insertEvents(isOpen(PIXEL, '?2'))} ${REPORT}`;

/** Which events fall on a closed day. Read only for batches with an event that is old enough for that. */
const CLOSED_EVENTS = `
  SELECT j.place
  FROM ${ROWS}
  JOIN days d ON d.pixel = ${PIXEL} AND d.day = ${DAY} AND d.raw > ${RAW.stored}
  WHERE ${hasPixelIn(PIXEL, ZONE)}`;

/** Which events are of a deleted pixel, or have been erased. Read only if not all events of a batch were stored. */
const REFUSED_EVENTS = `
  SELECT place, outcome
  FROM (SELECT j.place, CASE WHEN NOT ${hasPixel(PIXEL)} THEN 'unknown_pixel' WHEN ${IS_ERASED} THEN 'erased' END AS outcome FROM ${ROWS})
  WHERE outcome IS NOT NULL`;

/** Of a list of pixels with time zones, those that have another time zone now. */
const MOVED_PIXELS = `
  SELECT DISTINCT p.id, p.timezone
  FROM json_each(?1) j
  JOIN pixels p ON p.id = j.value ->> 0 AND p.timezone <> j.value ->> 1`;

/** What is stored with the events of a batch for advertising networks. */
export interface RelayRows {
  readonly deliveries: readonly NewDelivery[];
  readonly clicks: readonly ClickRow[];
}

const NO_RELAY: RelayRows = { deliveries: [], clicks: [] };

/** What a batch has become. */
export interface Written {
  readonly outcomes: Outcome[];
  /** The destinations that have new deliveries. */
  readonly destinations: ReadonlySet<string>;
}

/** `writeRelayed` for events that nobody is told of. */
export async function writeBatch(
  db: D1Database,
  batch: Batch,
  now: number,
  exact: boolean,
): Promise<Outcome[]> {
  return (await writeRelayed(db, batch, NO_RELAY, now, exact)).outcomes;
}

/**
 * Writes events with their deliveries and clicks, marks their days as dirty, counts rejections and withdraws consents, all or nothing.
 *
 * @param exact whether every outcome must be exact. This takes a third longer. Otherwise the events of a batch of which not all
 *   were stored are reported as duplicates.
 * @returns the outcome of each event, in order. Events of a closed day are counted as rejected, unless they are of an import. Events of a deleted pixel, or of
 *   a visitor or person erased since, are not counted at all.
 * @throws what D1 throws. Then nothing was written, and the same call may be made again.
 */
export async function writeRelayed(
  db: D1Database,
  batch: Batch,
  relay: RelayRows,
  now: number,
  exact: boolean,
): Promise<Written> {
  const { events, importId } = batch;
  const destinations = new Set<string>();
  const outcomes: Outcome[] = events.map(() => 'duplicate');
  const first = firstReports(events);
  const rows = first.map((place) => rowOf(events[place] as PlacedEvent));
  const authenticated = first.filter((place) => isAuthenticated(events[place] as PlacedEvent)).length;
  // Authenticated events have separate statements, before the others, since a statement does not see its own rows.
  const chunks = [
    ...chunksOf(rows.slice(0, authenticated), 0),
    ...chunksOf(rows.slice(authenticated), authenticated),
  ];
  const mayBeClosed = events.some(({ day }) => day.end + LEAST_RETENTION_DAYS * 86_400_000 < now);
  const statements = chunks.map(({ json }) =>
    importId === undefined
      ? db.prepare(exact ? `${INSERT_EVENTS} ${REPORT}` : INSERT_EVENTS).bind(json)
      : db.prepare(INSERT_IMPORTED).bind(json, importId),
  );
  if (mayBeClosed) {
    statements.push(...chunks.map(({ json }) => db.prepare(CLOSED_EVENTS).bind(json)));
    if (importId === undefined) {
      statements.push(...chunks.map(({ json }, index) => countClosed(db, batch, json, index, now)));
    }
  }
  statements.push(...holds(db, batch));
  const days = unmarkedDays(events, now);
  statements.push(
    ...supersede(db, events),
    ...markDays(db, days),
    ...countRejections(db, batch),
    ...linkStatements(db, events),
    ...reopenHours(db, events, now),
  );
  const withdrawn = withdraw(db, batch.withdrawals ?? []);
  const made = enqueue(db, relay.deliveries, now);
  const firstMade = statements.push(...withdrawn.before);
  statements.push(...made.enqueue, ...made.report, ...keepClicks(db, relay.clicks, now), ...withdrawn.after);
  if (statements.length === 0) return { outcomes, destinations };

  const results = await db.batch<Record<string, unknown>>(statements);
  rememberMarks(days, now);
  const stored = new Set<string>();
  chunks.forEach(({ start, rows }, index) => {
    for (const row of results[index]?.results ?? []) stored.add(keyOf(row));
    if (results[index]?.meta.changes === rows) {
      for (const place of first.slice(start, start + rows)) outcomes[place] = 'stored';
    }
    for (const row of mayBeClosed ? (results[chunks.length + index]?.results ?? []) : []) {
      outcomes[first[start + Number(row['place'])] as number] = 'day_closed';
    }
  });
  for (const { results: rows } of results.slice(firstMade, firstMade + made.enqueue.length)) {
    for (const row of rows) destinations.add(String(row['destination']));
  }
  for (const place of first) {
    const { event } = events[place] as PlacedEvent;
    // Each row was stored once, even if the batch has it twice.
    if (stored.delete(keyOf(event))) outcomes[place] = 'stored';
  }
  const areStored = chunks.every(({ rows }, index) => results[index]?.meta.changes === rows);
  const moved = areStored ? [] : await inCurrentZones(db, events);
  if (moved.length > 0) {
    const again = { ...batch, id: `${batch.id}z`, events: moved.map(({ placed }) => placed), rejections: [] };
    const written = await writeRelayed(db, again, relay, now, exact);
    moved.forEach(({ place }, index) => {
      outcomes[place] = written.outcomes[index] ?? 'duplicate';
    });
    return { outcomes, destinations: new Set([...destinations, ...written.destinations]) };
  }
  if (exact && outcomes.includes('duplicate')) {
    for (const { json, start } of chunks) {
      const { results: refused } = await db
        .prepare(REFUSED_EVENTS)
        .bind(json)
        .all<{ place: number; outcome: Outcome }>();
      for (const { place, outcome } of refused) outcomes[first[start + place] as number] = outcome;
    }
  }
  return { outcomes, destinations };
}

/**
 * The events whose pixel has another time zone now, on the local days of that time zone. An isolate uses a cached pixel for half
 * a minute, and a batch may have waited in the queue for hours.
 */
async function inCurrentZones(
  db: D1Database,
  events: readonly PlacedEvent[],
): Promise<{ readonly place: number; readonly placed: PlacedEvent }[]> {
  const pairs = new Map(
    events.map(({ event, day }) => [`${event.pixel} ${day.zone}`, [event.pixel, day.zone ?? null]]),
  );
  const { results } = await db
    .prepare(MOVED_PIXELS)
    .bind(JSON.stringify([...pairs.values()]))
    .all<{ id: string; timezone: string }>();
  for (const { id } of results) forgetPixel(id);
  const zones = new Map(results.map(({ id, timezone }) => [id, timezone]));
  return events.flatMap((placed, place) => {
    const zone = zones.get(placed.event.pixel);
    if (zone === undefined || placed.day.zone === undefined || placed.day.zone === zone) return [];
    return [{ place, placed: { ...placed, day: localDayOf(zone, placed.event.ts) } }];
  });
}

/** The statement that holds the purge of the dates of an import's events. None if the events are of no import. */
function holds(db: D1Database, { events, importId }: Batch): D1PreparedStatement[] {
  const [first] = events;
  if (importId === undefined || first === undefined) return [];
  return [
    holdDates(
      db,
      first.event.pixel,
      importId,
      events.map(({ event: { ts, id } }) => [ts, id]),
    ),
  ];
}

function keyOf({ pixel, ts, id }: Partial<Event>): string {
  return `${pixel} ${ts} ${id}`;
}

const isAuthenticated = ({ event }: PlacedEvent): boolean => event.authenticated === 1;

/**
 * The places of a batch's events, those of authenticated ones first. Of reports of one event that are equally authenticated only
 * the first has a place: within one statement the table cannot tell them apart.
 */
function firstReports(placed: readonly PlacedEvent[]): number[] {
  const seen = new Map<string, number[]>();
  const places: number[] = [];
  const all = [...placed.keys()];
  const hasToken = (place: number): boolean => isAuthenticated(placed[place] as PlacedEvent);
  for (const place of [...all.filter(hasToken), ...all.filter((one) => !hasToken(one))]) {
    const { event } = placed[place] as PlacedEvent;
    if (event.eid !== '') {
      const key = JSON.stringify([event.pixel, event.name, event.eid, hasToken(place)]);
      const times = seen.get(key);
      if (times?.some((ts) => Math.abs(ts - event.ts) <= EID_WINDOW)) continue;
      if (times) times.push(event.ts);
      else seen.set(key, [event.ts]);
    }
    places.push(place);
  }
  return places;
}
