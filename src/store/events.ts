/**
 * Writes events. A batch is one transaction of a few statements, whatever its size: the rows travel as one JSON
 * parameter. Everything in it may be sent again without doubling anything.
 */
import { EID_WINDOW, EVENT_COLUMNS, type Event } from '../model/event.ts';
import { LEAST_RETENTION_DAYS } from '../model/pixel.ts';
import type { RejectionReason } from '../model/rejection.ts';

/** An event on its way to the store, with the local day that holds it. */
export interface PlacedEvent {
  readonly event: Event;
  readonly day: LocalDay;
}

export interface LocalDay {
  readonly day: string;
  readonly start: number;
  readonly end: number;
}

/** A rejection with where it is counted. `pixel` is `''` when there is none to count it for. */
export interface CountedRejection {
  readonly pixel: string;
  readonly day: string;
  readonly reason: RejectionReason;
  readonly at: number;
  /** What the owner is shown: scrubbed of anything personal. */
  readonly sample: Readonly<Record<string, string>>;
}

/** What became of each event of a batch, by its place in it. */
export type Outcome = 'stored' | 'duplicate' | 'day_closed';

/**
 * D1 takes 2 MB a parameter, counted in bytes of UTF-8. A UTF-16 unit is at most 3 of them, so this many characters
 * fit whatever they are.
 */
const JSON_CHARACTERS = 600_000;

const field = (index: number): string => `j.value ->> ${index}`;
const column = (name: keyof Event): string => field(EVENT_COLUMNS.indexOf(name));
const [PIXEL, TS, EID, NAME] = [column('pixel'), column('ts'), column('eid'), column('name')];
const DAY = field(EVENT_COLUMNS.length);

/** An event is new unless its row, or another report of it by the client's id, is there, or its day is closed. */
const INSERT_EVENTS = `
  INSERT INTO events (${EVENT_COLUMNS.join(', ')})
  SELECT ${EVENT_COLUMNS.map((_, index) => field(index)).join(', ')}
  FROM json_each(?1) j
  WHERE NOT EXISTS (SELECT 1 FROM days d WHERE d.pixel = ${PIXEL} AND d.day = ${DAY} AND d.raw > 0)
    AND (${EID} = '' OR NOT EXISTS (
      SELECT 1 FROM events e
      WHERE e.eid <> '' AND e.pixel = ${PIXEL} AND e.name = ${NAME} AND e.eid = ${EID}
        AND e.ts BETWEEN ${TS} - ${EID_WINDOW} AND ${TS} + ${EID_WINDOW}))
  ON CONFLICT DO NOTHING
  RETURNING pixel, ts, id`;

/** Which events fall on a closed day: asked only of batches that are old enough to hold one. */
const CLOSED_EVENTS = `
  SELECT j.key AS place
  FROM json_each(?1) j
  JOIN days d ON d.pixel = ${PIXEL} AND d.day = ${DAY} AND d.raw > 0`;

/** A day that is already dirty costs no write. */
const MARK_DAYS = `
  INSERT INTO days (pixel, day, starts_at, ends_at, dirty, rolled_at, raw)
  SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, 1, NULL, 0
  FROM json_each(?1) j
  WHERE true
  ON CONFLICT (pixel, day) DO UPDATE SET dirty = 1 WHERE dirty = 0 AND raw = 0`;

const COUNT_REJECTIONS = `
  INSERT INTO rejections (pixel, day, reason, count, sample, last_at)
  SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5
  FROM json_each(?1) j
  WHERE true
  ON CONFLICT (pixel, day, reason) DO UPDATE SET
    count = count + excluded.count, sample = excluded.sample, last_at = excluded.last_at`;

/**
 * Writes events, marks their days dirty and counts rejections, all or nothing.
 *
 * @returns each event's outcome, in the order given. Events of a closed day are not stored and not counted here:
 *   the caller decides whether to answer them or to count them.
 * @throws what D1 throws; then nothing was written and the same call may be made again.
 */
export async function writeBatch(
  db: D1Database,
  placed: readonly PlacedEvent[],
  rejections: readonly CountedRejection[],
  now: number,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = placed.map(() => 'duplicate');
  const first = firstReports(placed);
  const chunks = chunk(first.map((place) => rowOf(placed[place] as PlacedEvent)));
  const askClosed = placed.some(({ day }) => day.end + LEAST_RETENTION_DAYS * 86_400_000 < now);
  const statements = chunks.map(({ json }) => db.prepare(INSERT_EVENTS).bind(json));
  if (askClosed) statements.push(...chunks.map(({ json }) => db.prepare(CLOSED_EVENTS).bind(json)));
  if (placed.length > 0) statements.push(db.prepare(MARK_DAYS).bind(JSON.stringify(daysOf(placed))));
  if (rejections.length > 0) {
    statements.push(db.prepare(COUNT_REJECTIONS).bind(JSON.stringify(sum(rejections))));
  }
  if (statements.length === 0) return outcomes;

  const results = await db.batch<Record<string, unknown>>(statements);
  const stored = new Set<string>();
  chunks.forEach(({ start }, index) => {
    for (const row of results[index]?.results ?? []) stored.add(`${row['pixel']} ${row['ts']} ${row['id']}`);
    for (const row of askClosed ? (results[chunks.length + index]?.results ?? []) : []) {
      outcomes[first[start + Number(row['place'])] as number] = 'day_closed';
    }
  });
  for (const place of first) {
    const { event } = placed[place] as PlacedEvent;
    if (stored.delete(`${event.pixel} ${event.ts} ${event.id}`)) outcomes[place] = 'stored';
  }
  return outcomes;
}

/**
 * The places of a batch's events without those that repeat an earlier one's client id: within one statement the table
 * cannot tell them apart.
 */
function firstReports(placed: readonly PlacedEvent[]): number[] {
  const seen = new Map<string, number[]>();
  const places: number[] = [];
  placed.forEach(({ event }, place) => {
    if (event.eid !== '') {
      const key = JSON.stringify([event.pixel, event.name, event.eid]);
      const times = seen.get(key);
      if (times?.some((ts) => Math.abs(ts - event.ts) <= EID_WINDOW)) return;
      if (times) times.push(event.ts);
      else seen.set(key, [event.ts]);
    }
    places.push(place);
  });
  return places;
}

function rowOf({ event, day }: PlacedEvent): unknown[] {
  return [...EVENT_COLUMNS.map((column) => event[column]), day.day];
}

interface Chunk {
  readonly json: string;
  /** The place of its first row among all rows. */
  readonly start: number;
}

function chunk(rows: readonly unknown[][]): Chunk[] {
  const chunks: Chunk[] = [];
  let texts: string[] = [];
  let size = 0;
  let start = 0;
  rows.forEach((row, index) => {
    const text = JSON.stringify(row);
    if (texts.length > 0 && size + text.length > JSON_CHARACTERS) {
      chunks.push({ json: `[${texts.join(',')}]`, start });
      texts = [];
      size = 0;
      start = index;
    }
    texts.push(text);
    size += text.length + 1;
  });
  if (texts.length > 0) chunks.push({ json: `[${texts.join(',')}]`, start });
  return chunks;
}

function daysOf(placed: readonly PlacedEvent[]): unknown[][] {
  const days = new Map<string, unknown[]>();
  for (const { event, day } of placed) {
    days.set(`${event.pixel} ${day.day}`, [event.pixel, day.day, day.start, day.end]);
  }
  return [...days.values()];
}

/** One row per pixel, day and reason, with the latest sample. */
function sum(rejections: readonly CountedRejection[]): unknown[][] {
  const rows = new Map<string, { rejection: CountedRejection; count: number }>();
  for (const rejection of rejections) {
    const key = `${rejection.pixel} ${rejection.day} ${rejection.reason}`;
    const count = (rows.get(key)?.count ?? 0) + 1;
    rows.set(key, { rejection, count });
  }
  return [...rows.values()].map(({ rejection: { pixel, day, reason, sample, at }, count }) => [
    pixel,
    day,
    reason,
    count,
    JSON.stringify(sample),
    at,
  ]);
}
