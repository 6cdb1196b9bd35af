/**
 * Writes events. A batch is one transaction of a few statements, whatever its size: the rows travel as one JSON
 * parameter. Everything in it may be sent again without doubling anything.
 */

import type { Batch, CountedRejection, PlacedEvent } from '../model/batch.ts';
import { Cache } from '../model/cache.ts';
import { DIRTY, RAW } from '../model/day-state.ts';
import { OTHER } from '../model/dimensions.ts';
import { EID_WINDOW, EVENT_COLUMNS, type Event } from '../model/event.ts';
import { LIMITS } from '../model/limits.ts';
import { localDayOf } from '../model/local-day.ts';
import { LEAST_RETENTION_DAYS } from '../model/pixel.ts';
import { linkStatements } from './aliases.ts';
import { isErased } from './erasures.ts';
import { forgetPixel, hasPixel, hasPixelIn } from './pixels.ts';
import { supersede } from './reports.ts';
import { reopenHours } from './visitor-hours.ts';

/** What became of each event of a batch, by its place in it. */
export type Outcome = 'stored' | 'duplicate' | 'day_closed' | 'erased' | 'unknown_pixel';

/**
 * D1 takes 2 MB a parameter, counted in bytes of UTF-8. A UTF-16 unit is at most 3 of them, so this many characters
 * fit whatever they are.
 */
const JSON_CHARACTERS = 600_000;

/**
 * The rows of parameter `?1`. Each is turned into JSONB once: `->>` on a text would parse the row anew for every column.
 * The LIMIT keeps SQLite from merging this into the statement around it, which would undo that.
 */
const ROWS = '(SELECT key AS place, jsonb(value) AS row FROM json_each(?1) LIMIT -1) j';

const field = (index: number): string => `j.row ->> ${index}`;
const column = (name: keyof Event): string => field(EVENT_COLUMNS.indexOf(name));
const [PIXEL, TS, EID, NAME] = [column('pixel'), column('ts'), column('eid'), column('name')];
const DAY = field(EVENT_COLUMNS.length);
const ZONE = field(EVENT_COLUMNS.length + 1);
/** A batch that an older Speck has put into the queue does not say. */
const AUTHENTICATED = `coalesce(${column('authenticated')}, 0)`;
const VALUES = EVENT_COLUMNS.map((name) => (name === 'authenticated' ? AUTHENTICATED : column(name)));

const IS_ERASED = isErased(PIXEL, [column('person'), column('visitor')], TS);

/**
 * An event is new unless its row, or another report of it by the client's id, is there. One that came with a token is new also
 * where all other reports came without: see `supersede`. On a closed day, of who has been erased since, and of a pixel that is
 * gone or in another time zone by now, none is stored.
 */
const INSERT_EVENTS = `
  INSERT INTO events (${EVENT_COLUMNS.join(', ')})
  SELECT ${VALUES.join(', ')}
  FROM ${ROWS}
  WHERE NOT EXISTS (SELECT 1 FROM days d WHERE d.pixel = ${PIXEL} AND d.day = ${DAY} AND d.raw > ${RAW.stored})
    AND (${EID} = '' OR NOT EXISTS (
      SELECT 1 FROM events e
      WHERE e.eid <> '' AND e.pixel = ${PIXEL} AND e.name = ${NAME} AND e.eid = ${EID}
        AND e.ts BETWEEN ${TS} - ${EID_WINDOW} AND ${TS} + ${EID_WINDOW} AND e.authenticated >= ${AUTHENTICATED}))
    AND NOT ${IS_ERASED}
    AND ${hasPixelIn(PIXEL, ZONE)}
  ON CONFLICT DO NOTHING`;

const INSERT_AND_TELL = `${INSERT_EVENTS} RETURNING pixel, ts, id`;

/** Which events fall on a closed day: asked only of batches that are old enough to hold one. */
const CLOSED_EVENTS = `
  SELECT j.place
  FROM ${ROWS}
  JOIN days d ON d.pixel = ${PIXEL} AND d.day = ${DAY} AND d.raw > ${RAW.stored}
  WHERE ${hasPixelIn(PIXEL, ZONE)}`;

/** Which events are of a pixel that is gone, or of who has been erased since: asked only when not all of a batch were stored. */
const REFUSED_EVENTS = `
  SELECT place, why
  FROM (SELECT j.place, CASE WHEN NOT ${hasPixel(PIXEL)} THEN 'unknown_pixel' WHEN ${IS_ERASED} THEN 'erased' END AS why FROM ${ROWS})
  WHERE why IS NOT NULL`;

/** The pixels of a list of pixels and time zones that have another zone by now. */
const MOVED_PIXELS = `
  SELECT DISTINCT p.id, p.timezone
  FROM json_each(?1) j
  JOIN pixels p ON p.id = j.value ->> 0 AND p.timezone <> j.value ->> 1`;

/** A day that is already dirty costs no write, unless its bounds have moved with the pixel's time zone. */
const MARK_DAYS = `
  INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw)
  SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, ${DIRTY.eventsChanged}, ${RAW.stored}
  FROM json_each(?1) j
  WHERE ${hasPixelIn('j.value ->> 0', 'j.value ->> 4')}
  ON CONFLICT (pixel, day) DO UPDATE SET dirty = ${DIRTY.eventsChanged}, starts_at = excluded.starts_at, ends_at = excluded.ends_at
  WHERE raw = ${RAW.stored}
    AND (dirty <> ${DIRTY.eventsChanged} OR starts_at <> excluded.starts_at OR ends_at <> excluded.ends_at)`;

/**
 * Days that this isolate has lately marked. An open day stays dirty until it has closed, so its next batches need not
 * mark it again, which is a statement less for each. Not in the last minutes of a day: a batch that is slow to arrive
 * could come after the cron has rolled the day up. And not for long, since an owner may delete the pixel and its days.
 */
const marked = new Cache<string, number>(1000);
const MARKED_FOR = 10_000;
const BEFORE_DAY_ENDS = 120_000;

/** Latest samples kept a row. */
const SAMPLES = 5;
/** Characters of batch ids kept a row: a redelivery is recognised among some thirty batches. */
const BATCH_IDS = 400;

/**
 * A batch is counted once, whether it comes again whole or in parts: D1 may have committed what it did not answer, and was then
 * put into the queue in parts, `id.0`, `id.1`.
 *
 * @param its the parameter of the id that it is counted under, and the one of what the ids of the whole begin with, each with a
 *   space before it.
 */
const onCounted = (its: string, whole: string): string => `
  ON CONFLICT (pixel, day, reason, family) DO UPDATE SET
    count = count + excluded.count,
    samples = (
      SELECT json_group_array(json(value)) FROM (
        SELECT value FROM json_each(excluded.samples) UNION ALL SELECT value FROM json_each(rejections.samples)
        LIMIT ${SAMPLES})),
    last_at = max(last_at, excluded.last_at),
    batches = substr(excluded.batches || ' ' || batches, 1, ${BATCH_IDS})
  WHERE instr(' ' || rejections.batches || ' ', ${its}) = 0 AND instr(' ' || rejections.batches || ' ', ${whole}) = 0`;

const COUNT_REJECTIONS = `
  INSERT INTO rejections (pixel, day, reason, family, count, samples, last_at, batches)
  SELECT pixel, day, reason, iif(is_known OR place + (
      SELECT count(*) FROM rejections r WHERE (r.pixel, r.day, r.reason) = (n.pixel, n.day, n.reason)
    ) <= ${LIMITS.families}, family, '${OTHER}') AS named, sum(count), max(samples), max(last_at), ?2
  FROM (
    SELECT *, row_number() OVER (PARTITION BY pixel, day, reason, is_known ORDER BY count DESC, family) AS place
    FROM (
      SELECT *, family = '' OR EXISTS (
        SELECT 1 FROM rejections r WHERE (r.pixel, r.day, r.reason, r.family) = (j.pixel, j.day, j.reason, j.family)) AS is_known
      FROM (
        SELECT value ->> 0 AS pixel, value ->> 1 AS day, value ->> 2 AS reason, value ->> 3 AS family,
          value ->> 4 AS count, value ->> 5 AS samples, value ->> 6 AS last_at
        FROM json_each(?1)) j
      WHERE j.pixel = '' OR ${hasPixel('j.pixel')})) n
  GROUP BY pixel, day, reason, named
  HAVING true ${onCounted('?3', '?4')}`;

/** Events of a closed day are counted under that day, and one of them is the sample. */
const COUNT_CLOSED = `
  INSERT INTO rejections (pixel, day, reason, family, count, samples, last_at, batches)
  SELECT ${PIXEL}, ${DAY}, 'day_closed', '', count(*),
    json_array(json_object('name', min(${NAME}))), ?3, ?2
  FROM ${ROWS}
  JOIN days d ON d.pixel = ${PIXEL} AND d.day = ${DAY} AND d.raw > ${RAW.stored}
  WHERE ${hasPixelIn(PIXEL, ZONE)}
  GROUP BY ${PIXEL}, ${DAY}
  HAVING true ${onCounted('?4', '?5')}`;

/**
 * Writes events, marks their days dirty and counts rejections, all or nothing.
 *
 * @param tell whether every outcome must be right. To know it costs a third of the write; without it, the events of a
 *   batch of which not all were stored are told as duplicates.
 * @returns each event's outcome, in the order given. Events of a closed day are not stored but counted as rejected; of
 *   who has been erased since, or of a pixel that is gone, not even counted.
 * @throws what D1 throws; then nothing was written and the same call may be made again.
 */
export async function writeBatch(
  db: D1Database,
  batch: Batch,
  now: number,
  tell: boolean,
): Promise<Outcome[]> {
  const { events, rejections } = batch;
  const [wholeId = ''] = batch.id.split('.');
  const isPart = wholeId !== batch.id;
  const outcomes: Outcome[] = events.map(() => 'duplicate');
  const first = firstReports(events);
  const rows = first.map((place) => rowOf(events[place] as PlacedEvent));
  const proven = first.filter((place) => isAuthenticated(events[place] as PlacedEvent)).length;
  // Apart, since a statement does not see its own rows: those with a token are there when the others are written.
  const chunks = [...chunk(rows.slice(0, proven), 0), ...chunk(rows.slice(proven), proven)];
  const askClosed = events.some(({ day }) => day.end + LEAST_RETENTION_DAYS * 86_400_000 < now);
  const statements = chunks.map(({ json }) => db.prepare(tell ? INSERT_AND_TELL : INSERT_EVENTS).bind(json));
  if (askClosed) {
    statements.push(...chunks.map(({ json }) => db.prepare(CLOSED_EVENTS).bind(json)));
    // Chunks of one batch may fall on the same day: each needs an id of its own to be counted.
    statements.push(
      ...chunks.map(({ json }, index) => {
        const id = `${batch.id}/${index}`;
        const whole = isPart ? ` ${wholeId}/` : ` ${id} `;
        return db.prepare(COUNT_CLOSED).bind(json, id, now, ` ${id} `, whole);
      }),
    );
  }
  statements.push(...supersede(db, events));
  const days = unmarkedDays(events, now);
  if (days.size > 0) statements.push(db.prepare(MARK_DAYS).bind(JSON.stringify([...days.values()])));
  if (rejections.length > 0) {
    const rows = JSON.stringify(sum(rejections));
    statements.push(db.prepare(COUNT_REJECTIONS).bind(rows, batch.id, ` ${batch.id} `, ` ${wholeId} `));
  }
  statements.push(...linkStatements(db, events), ...reopenHours(db, events, now));
  if (statements.length === 0) return outcomes;

  const results = await db.batch<Record<string, unknown>>(statements);
  for (const key of days.keys()) marked.set(key, now + MARKED_FOR);
  const stored = new Set<string>();
  chunks.forEach(({ start, rows }, index) => {
    for (const row of results[index]?.results ?? []) stored.add(keyOf(row));
    if (results[index]?.meta.changes === rows) {
      for (const place of first.slice(start, start + rows)) outcomes[place] = 'stored';
    }
    for (const row of askClosed ? (results[chunks.length + index]?.results ?? []) : []) {
      outcomes[first[start + Number(row['place'])] as number] = 'day_closed';
    }
  });
  for (const place of first) {
    const { event } = events[place] as PlacedEvent;
    // Each row was stored once, even if the batch holds it twice.
    if (stored.delete(keyOf(event))) outcomes[place] = 'stored';
  }
  const areStored = chunks.every(({ rows }, index) => results[index]?.meta.changes === rows);
  const moved = areStored ? [] : await placeAnew(db, events);
  if (moved.length > 0) {
    const again = moved.map(({ placed }) => placed);
    const anew = await writeBatch(db, { id: `${batch.id}z`, events: again, rejections: [] }, now, tell);
    moved.forEach(({ place }, index) => {
      outcomes[place] = anew[index] ?? 'duplicate';
    });
    return outcomes;
  }
  if (tell && outcomes.includes('duplicate')) {
    for (const { json, start } of chunks) {
      const { results: refused } = await db
        .prepare(REFUSED_EVENTS)
        .bind(json)
        .all<{ place: number; why: Outcome }>();
      for (const { place, why } of refused) outcomes[first[start + place] as number] = why;
    }
  }
  return outcomes;
}

/**
 * The events that were placed on days of a time zone that their pixel has no more, on its days of today. An isolate may know a
 * pixel as it was for half a minute; a batch may have waited for hours.
 */
async function placeAnew(
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

function keyOf({ pixel, ts, id }: Partial<Event>): string {
  return `${pixel} ${ts} ${id}`;
}

const isAuthenticated = ({ event }: PlacedEvent): boolean => event.authenticated === 1;

/**
 * The places of a batch's events, first of those that came with a token, without those that repeat the client id of an earlier
 * one of their like: within one statement the table cannot tell them apart.
 */
function firstReports(placed: readonly PlacedEvent[]): number[] {
  const seen = new Map<string, number[]>();
  const places: number[] = [];
  const all = [...placed.keys()];
  const isProven = (place: number): boolean => isAuthenticated(placed[place] as PlacedEvent);
  for (const place of [...all.filter(isProven), ...all.filter((one) => !isProven(one))]) {
    const { event } = placed[place] as PlacedEvent;
    if (event.eid !== '') {
      const key = JSON.stringify([event.pixel, event.name, event.eid, isProven(place)]);
      const times = seen.get(key);
      if (times?.some((ts) => Math.abs(ts - event.ts) <= EID_WINDOW)) continue;
      if (times) times.push(event.ts);
      else seen.set(key, [event.ts]);
    }
    places.push(place);
  }
  return places;
}

function rowOf({ event, day }: PlacedEvent): unknown[] {
  return [...EVENT_COLUMNS.map((column) => event[column]), day.day, day.zone ?? null];
}

interface Chunk {
  readonly json: string;
  /** The place of its first row among all rows. */
  readonly start: number;
  readonly rows: number;
}

/** @param offset the place of the first of these rows among all rows. */
function chunk(rows: readonly unknown[][], offset: number): Chunk[] {
  const chunks: Chunk[] = [];
  let texts: string[] = [];
  let size = 0;
  let start = offset;
  rows.forEach((row, index) => {
    const text = JSON.stringify(row);
    if (texts.length > 0 && size + text.length > JSON_CHARACTERS) {
      chunks.push({ json: `[${texts.join(',')}]`, start, rows: texts.length });
      texts = [];
      size = 0;
      start = offset + index;
    }
    texts.push(text);
    size += text.length + 1;
  });
  if (texts.length > 0) chunks.push({ json: `[${texts.join(',')}]`, start, rows: texts.length });
  return chunks;
}

/** The rows that mark the days of some events, without those that are known to be marked. */
function unmarkedDays(placed: readonly PlacedEvent[], now: number): Map<string, unknown[]> {
  const days = new Map<string, unknown[]>();
  for (const { event, day } of placed) {
    // The same date may be another day when the time zone has changed.
    const key = `${event.pixel} ${day.day} ${day.start}`;
    if (days.has(key)) continue;
    if (day.end > now + BEFORE_DAY_ENDS && (marked.get(key) ?? 0) > now) continue;
    days.set(key, [event.pixel, day.day, day.start, day.end, day.zone ?? null]);
  }
  return days;
}

/** One row per pixel, day, reason and family, with the latest samples. */
function sum(rejections: readonly CountedRejection[]): unknown[][] {
  const rows = new Map<string, { first: CountedRejection; count: number; samples: unknown[] }>();
  for (const rejection of rejections) {
    const key = JSON.stringify([rejection.pixel, rejection.day, rejection.reason, rejection.family]);
    const row = rows.get(key) ?? { first: rejection, count: 0, samples: [] };
    rows.set(key, row);
    row.count++;
    if (rejection.sample) row.samples = [rejection.sample, ...row.samples].slice(0, SAMPLES);
  }
  return [...rows.values()].map(({ first: { pixel, day, reason, family, at }, count, samples }) => [
    pixel,
    day,
    reason,
    family,
    count,
    JSON.stringify(samples),
    at,
  ]);
}
