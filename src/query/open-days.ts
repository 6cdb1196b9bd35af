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
import type { Result } from '../model/result.ts';
import { addDays, localDay, segments } from '../model/time-zone.ts';
import { prepare } from '../sql/statement.ts';
import { type DayEventPage, type EventRange, readDayEvents, readStoredEvents } from '../store/day-events.ts';
import { POINTS_KEPT } from '../store/due-days.ts';
import type { Engine } from '../store/engine.ts';
import {
  type EngineQueries,
  type EventPages,
  MAX_OPEN_EVENTS,
  type OpenDay,
  type OpenDaysOfRange,
  type SpanContext,
} from './engine-queries.ts';
import { countLivePoints } from './live-points.ts';
import type { Latest, LiveMoments, LiveView } from './live-view.ts';
import type { Meter } from './meter.ts';
import type { ParsedQuery } from './parsed-query.ts';
import type { QueryError } from './query-error.ts';
import type { DayRange } from './range.ts';
import { readSampled } from './sampled.ts';
import type { Sampled } from './sampled-answer.ts';
import { HAS_ROLLUP } from './sql/rollup-state.ts';

/** The columns of a day; or why a query cannot make them. */
type Made = OpenDay | 'sampled' | 'too large';

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
  readonly is_sampled: number;
}

/** Reads the open days of one request's queries: each day once. */
export class OpenDays implements EngineQueries, EventPages {
  readonly #db: D1Database;
  readonly #engine: Engine;
  readonly #reads = new Map<string, Promise<Made>>();
  readonly #ranges = new Map<string, ReturnType<typeof openDaysIn>>();
  readonly #pixels = new Map<string, Promise<boolean>>();

  constructor(db: D1Database, engine: Engine) {
    this.#db = db;
    this.#engine = engine;
  }

  /** @throws EngineError if Analytics Engine does not answer. */
  async of(pixel: Pixel, range: DayRange, now: number): Promise<OpenDaysOfRange> {
    const key = `${pixel.id} ${pixel.timezone} ${range.from} ${range.to}`;
    const found = this.#ranges.get(key) ?? openDaysIn(this.#db, this.#engine.takesEvents, pixel, range, now);
    this.#ranges.set(key, found);
    const { open: days, sampled } = await found;
    const made = await Promise.all(days.map((day) => this.#read(pixel, day, now)));
    const isSampled = (index: number): boolean => made[index] === 'sampled';
    return {
      open: made.filter((one): one is OpenDay => typeof one === 'object' && one.day.events > 0),
      sampled: [...sampled, ...days.filter((_, index) => isSampled(index))].toSorted(),
      tooLarge: days.find((_, index) => made[index] === 'too large') ?? null,
    };
  }

  /** Whether a pixel may have days with points. */
  async areOf({ id }: Pixel): Promise<boolean> {
    if (this.#engine.takesEvents) return true;
    const sql = 'SELECT 1 FROM days WHERE pixel = ? AND points > 0 LIMIT 1';
    const asked =
      this.#pixels.get(id) ??
      this.#db
        .prepare(sql)
        .bind(id)
        .first()
        .then((row) => row !== null);
    this.#pixels.set(id, asked);
    return asked;
  }

  /** @throws EngineError */
  estimated(
    query: ParsedQuery,
    context: SpanContext,
    days: readonly string[],
    meter: Meter,
  ): Promise<Result<Sampled, QueryError>> {
    return readSampled(this, query, context, days, meter);
  }

  /** @throws EngineError */
  live(
    query: ParsedQuery,
    pixel: Pixel,
    moments: LiveMoments,
    latest: Latest,
    meter: Meter,
  ): Promise<Result<LiveView, QueryError>> {
    return countLivePoints(this, query, pixel, moments, latest, meter);
  }

  get reader(): EngineReader {
    return this.#engine.reader;
  }

  /** The events of a range that D1 has. */
  storedPagesOf(range: EventRange): AsyncGenerator<DayEventPage> {
    return readStoredEvents(this.#db, range);
  }

  /** The events of a range. @throws EngineError */
  pagesOf(range: EventRange): AsyncGenerator<DayEventPage> {
    return readDayEvents(this.#db, this.#engine.reader, range);
  }

  #read(pixel: Pixel, day: string, now: number): Promise<Made> {
    const key = `${pixel.id} ${pixel.timezone} ${day}`;
    const known = shared.get(key);
    if (known && known.until > now) return Promise.resolve(known.made);
    const read =
      this.#reads.get(key) ??
      make(this.#db, this.#engine.reader, pixel, day).then((made) => {
        if (typeof made === 'object') shared.set(key, { until: now + SHARED_FOR, made });
        return made;
      });
    this.#reads.set(key, read);
    return read;
  }
}

/** `open`: the days with points that neither a rollup nor columns answer. */
async function openDaysIn(
  db: D1Database,
  takesEvents: boolean,
  { id, timezone }: Pixel,
  { from, to }: DayRange,
  now: number,
): Promise<{ readonly open: readonly string[]; readonly sampled: readonly string[] }> {
  const today = localDay(timezone, now);
  const { results } = await prepare(
    db,
    `SELECT day, points, ${HAS_ROLLUP} AS is_rolled, raw = ${RAW.stored} AS is_stored,
       sample_interval > 1 AND day >= :oldest AS is_sampled
     FROM days d WHERE pixel = :pixel AND day BETWEEN :from AND :to AND (points > 0 OR day >= :yesterday)`,
    { pixel: id, from, to, yesterday: addDays(today, -1), oldest: localDay(timezone, now - POINTS_KEPT) },
  ).all<DayRow>();
  const known = new Map(results.map((row) => [row.day, row]));
  // The cron sees points some minutes after they are written.
  const recent = takesEvents ? [addDays(today, -1), today].filter((day) => day >= from && day <= to) : [];
  const candidates = new Set([...recent, ...results.flatMap(({ day, points }) => (points > 0 ? [day] : []))]);
  const isOpen = (row: DayRow | undefined): boolean =>
    row === undefined || (row.is_rolled === 0 && row.is_stored === 1 && row.is_sampled === 0);
  return {
    open: [...candidates].filter((day) => isOpen(known.get(day))).toSorted(),
    sampled: results.flatMap(({ day, points, is_sampled }) => (points > 0 && is_sampled === 1 ? [day] : [])),
  };
}

async function make(
  db: D1Database,
  reader: EngineReader,
  { id, timezone }: Pixel,
  day: string,
): Promise<Made> {
  const stretches = segments(timezone, day, day);
  const [since, until] = [stretches[0]?.start ?? 0, stretches.at(-1)?.end ?? 0];
  const events = new DayEvents();
  for await (const page of readDayEvents(db, reader, { pixel: id, since, until })) {
    if (events.size + page.events.length > MAX_OPEN_EVENTS) return 'too large';
    if (page.intervals.some((interval) => interval > 1)) return 'sampled';
    for (const event of page.events) events.add(event);
  }
  const ofDay: SegmentDay = { day, rolls: NO_ROLLUP, stretches };
  const { header, columns } = events.segmentOf(ofDay);
  return {
    day: { day, rolls: NO_ROLLUP, events: header.events, as_of: null, is_purged: 0 },
    segment: new Segment(header, [], columns),
  };
}
