/**
 * Days that are in Analytics Engine and have no columns yet: the day that is not over, and the days before it until the cron has rolled
 * them up. Their events become columns when a query reads them, so a query counts them as it counts stored columns.
 */
import { Segment, type SegmentDay } from '../columns/segment.ts';
import { DayEvents } from '../engine/day-segment.ts';
import type { EngineReader } from '../engine/reader.ts';
import { Cache } from '../model/cache.ts';
import { RAW } from '../model/day-state.ts';
import type { Pixel } from '../model/pixel.ts';
import { ok, type Result } from '../model/result.ts';
import { addDays, localDay, segments } from '../model/time-zone.ts';
import { prepare } from '../sql/statement.ts';
import { type DayEventPage, type EventRange, readDayEvents } from '../store/day-events.ts';
import type { Engine } from '../store/engine.ts';
import type { ColumnDay } from './day-states.ts';
import { invalidQuery, type QueryError } from './query-error.ts';
import type { DayRange } from './range.ts';
import type { Span } from './spans.ts';
import { HAS_ROLLUP } from './sql/rollup-state.ts';

/** A day whose columns have been made for this query. */
export interface OpenDay {
  readonly day: ColumnDay;
  readonly segment: Segment;
}

/** Events of a day that a query reads one by one. A day with more has a snapshot, of an hour ago at most. */
export const MAX_OPEN_EVENTS = 100_000;

/** No rollup has this number, so no stored columns are taken for those that were made. */
const NO_ROLLUP = -1;

/** So long, in milliseconds, the next queries of the same view use the columns of a day that one has read. */
const SHARED_FOR = 10_000;

/** An isolate has 128 MB, and a day's columns take up to 20. */
const shared = new Cache<string, { readonly until: number; readonly made: OpenDay }>(2);

interface DayRow {
  readonly day: string;
  readonly points: number;
  readonly is_rolled: number;
  readonly is_stored: number;
}

/** The open days of a range. */
export interface OpenDaysOfRange {
  readonly open: readonly OpenDay[];
  /** A day that has more events than a query may read, and no snapshot yet; null if there is none. */
  readonly tooLarge: string | null;
}

/** Reads the open days of one request's queries: each day once. */
export class OpenDays {
  readonly #db: D1Database;
  readonly #engine: Engine;
  readonly #reads = new Map<string, Promise<OpenDay | null>>();

  constructor(db: D1Database, engine: Engine) {
    this.#db = db;
    this.#engine = engine;
  }

  /** @throws EngineError if Analytics Engine does not answer. */
  async of(pixel: Pixel, range: DayRange, now: number): Promise<OpenDaysOfRange> {
    const days = await openDaysIn(this.#db, this.#engine.takesEvents, pixel, range, now);
    const made = await Promise.all(days.map((day) => this.#read(pixel, day, now)));
    return {
      open: made.filter((one) => one !== null && one.day.events > 0) as OpenDay[],
      tooLarge: days.find((_, index) => made[index] === null) ?? null,
    };
  }

  /** Whether a pixel may have days with points. */
  async areOf({ id }: Pixel): Promise<boolean> {
    if (this.#engine.takesEvents) return true;
    const sql = 'SELECT 1 FROM days WHERE pixel = ? AND points > 0 LIMIT 1';
    return (await this.#db.prepare(sql).bind(id).first()) !== null;
  }

  /** The events of a range. @throws EngineError */
  pagesOf(range: EventRange): AsyncGenerator<DayEventPage> {
    return readDayEvents(this.#db, this.#engine.reader, range);
  }

  #read(pixel: Pixel, day: string, now: number): Promise<OpenDay | null> {
    const key = `${pixel.id} ${pixel.timezone} ${day}`;
    const known = shared.get(key);
    if (known && known.until > now) return Promise.resolve(known.made);
    const read =
      this.#reads.get(key) ??
      make(this.#db, this.#engine.reader, pixel, day).then((made) => {
        if (made !== null) shared.set(key, { until: now + SHARED_FOR, made });
        return made;
      });
    this.#reads.set(key, read);
    return read;
  }
}

/** The days with points that neither a rollup nor columns answer. */
async function openDaysIn(
  db: D1Database,
  takesEvents: boolean,
  { id, timezone }: Pixel,
  { from, to }: DayRange,
  now: number,
): Promise<string[]> {
  const today = localDay(timezone, now);
  const { results } = await prepare(
    db,
    `SELECT day, points, ${HAS_ROLLUP} AS is_rolled, raw = ${RAW.stored} AS is_stored
     FROM days d WHERE pixel = :pixel AND day BETWEEN :from AND :to AND (points > 0 OR day >= :yesterday)`,
    { pixel: id, from, to, yesterday: addDays(today, -1) },
  ).all<DayRow>();
  const known = new Map(results.map((row) => [row.day, row]));
  // The cron sees points some minutes after they are written.
  const recent = takesEvents ? [addDays(today, -1), today].filter((day) => day >= from && day <= to) : [];
  const candidates = new Set([...recent, ...results.flatMap(({ day, points }) => (points > 0 ? [day] : []))]);
  return [...candidates]
    .filter((day) => {
      const row = known.get(day);
      return row === undefined || (row.is_rolled === 0 && row.is_stored === 1);
    })
    .toSorted();
}

async function make(
  db: D1Database,
  reader: EngineReader,
  { id, timezone }: Pixel,
  day: string,
): Promise<OpenDay | null> {
  const stretches = segments(timezone, day, day);
  const [since, until] = [stretches[0]?.start ?? 0, stretches.at(-1)?.end ?? 0];
  const events = new DayEvents();
  for await (const page of readDayEvents(db, reader, { pixel: id, since, until })) {
    if (events.size + page.events.length > MAX_OPEN_EVENTS) return null;
    for (const event of page.events) events.add(event);
  }
  const ofDay: SegmentDay = { day, rolls: NO_ROLLUP, stretches };
  const { header, columns } = events.segmentOf(ofDay);
  return {
    day: { day, rolls: NO_ROLLUP, events: header.events, as_of: null, is_purged: 0 },
    segment: new Segment(header, [], columns),
  };
}

/**
 * The open days of each span of a query.
 *
 * @param openDays null if no Analytics Engine is read.
 * @param byColumns whether columns can answer the query. If not, the events that D1 has answer it: all events of people are there.
 */
export async function openDaysOfSpans(
  openDays: OpenDays | null,
  pixel: Pixel,
  spans: readonly Span[],
  byColumns: boolean,
  now: number,
): Promise<Result<readonly (readonly OpenDay[])[], QueryError>> {
  if (openDays === null || !byColumns) return ok(spans.map(() => []));
  const all = await Promise.all(spans.map(({ range }) => openDays.of(pixel, range, now)));
  const tooLarge = all.find((one) => one.tooLarge !== null)?.tooLarge;
  if (tooLarge === undefined) return ok(all.map(({ open }) => open));
  const message = `${tooLarge} has more than ${MAX_OPEN_EVENTS} events, and no rollup yet. The next one is made within an hour. Choose a range without this day.`;
  return invalidQuery([{ path: 'date_range', message }]);
}
