/** Reads the events of a local day that Analytics Engine and D1 have together. */

import { readPoints } from '../engine/read-points.ts';
import type { EngineReader } from '../engine/reader.ts';
import { EVENT_COLUMNS, type Event } from '../model/event.ts';

/** A time of a pixel, in epoch milliseconds: `since` is included, `until` is not. And visitors: `from` is included, `before` is not. */
export interface EventRange {
  readonly pixel: string;
  readonly since: number;
  readonly until: number;
  /** Left out: all visitors. */
  readonly from?: string;
  readonly before?: string;
}

/** Rows of `events` that are read at once: some 400 bytes each. */
const PAGE_ROWS = 10_000;

export interface DayEventPage {
  readonly events: readonly Event[];
  /** For each event, how many it stands for: more than 1 if Analytics Engine has sampled. */
  readonly intervals: readonly number[];
}

/**
 * The events of a range, in pages: those of D1, then those that only Analytics Engine has, each in the order of their time and id.
 * Points of visitors who have been erased since are left out.
 *
 * @throws EngineError, and what D1 throws.
 */
export async function* readDayEvents(
  db: D1Database,
  reader: EngineReader,
  range: EventRange,
): AsyncGenerator<DayEventPage> {
  yield* readStoredEvents(db, range);
  yield* readKeptPoints(db, reader, range);
}

/**
 * The events of a range that only Analytics Engine has, without those of visitors who have been erased since.
 *
 * @throws EngineError, and what D1 throws.
 */
export async function* readKeptPoints(
  db: D1Database,
  reader: EngineReader,
  range: EventRange,
): AsyncGenerator<DayEventPage> {
  const erased = await erasedVisitors(db, range.pixel, range.since);
  for await (const { events, intervals } of readPoints(reader, range)) {
    if (erased.size === 0) yield { events, intervals };
    else {
      const isKept = ({ visitor, ts }: Event): boolean => !((erased.get(visitor) ?? -1) >= ts);
      yield {
        events: events.filter(isKept),
        intervals: intervals.filter((_, index) => isKept(events[index] as Event)),
      };
    }
  }
}

/** The events of a range that D1 has. @throws what D1 throws. */
export async function* readStoredEvents(
  db: D1Database,
  { pixel, since, until, from = '', before = '\u{10ffff}' }: EventRange,
): AsyncGenerator<DayEventPage> {
  let [ts, id] = [since, ''];
  for (;;) {
    const { results } = await db
      .prepare(
        `SELECT ${EVENT_COLUMNS.join(', ')} FROM events
         WHERE pixel = ?1 AND (ts, id) > (?2, ?3) AND ts < ?4 AND visitor >= ?5 AND visitor < ?6
         ORDER BY ts, id LIMIT ${PAGE_ROWS}`,
      )
      .bind(pixel, ts, id, until, from, before)
      .all<Event>();
    if (results.length > 0) yield { events: results, intervals: results.map(() => 1) };
    const last = results.at(-1);
    if (last === undefined || results.length < PAGE_ROWS) return;
    [ts, id] = [last.ts, last.id];
  }
}

/** The visitors of a pixel that have been erased since a time, and when. Those who were erased before have no events after it. */
async function erasedVisitors(
  db: D1Database,
  pixel: string,
  since: number,
): Promise<ReadonlyMap<string, number>> {
  const { results } = await db
    .prepare('SELECT who, at FROM erasures WHERE pixel = ?1 AND at >= ?2')
    .bind(pixel, since)
    .all<{ who: string; at: number }>();
  return new Map(results.map(({ who, at }) => [who, at]));
}
