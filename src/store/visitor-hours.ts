/**
 * An index of visitors: a row per pixel and hour has the times of each visitor's events, so that one visitor's events are found
 * without reading the hour. The row is made when the hour is over, and deleted when no open day can contain the hour. An index on
 * events would cost a written row per event.
 */

import type { PlacedEvent } from '../model/batch.ts';
import { DIRTY } from '../model/day-state.ts';

export const HOUR = 3_600_000;
/** The longest local day has 25 hours, and may begin within an hour. */
const HOURS = 26;
/** How long after its end an hour is indexed, in milliseconds. By then every batch that began before has been written. */
const INDEX_DELAY = 300_000;
/** An hour with more events is not indexed, since a row has at most 2 MB. */
const MAX_EVENTS = 50_000;
/** The most rows that one run makes. */
const MAX_ROWS = 1000;

/** The part of a hash that distinguishes the visitors of an hour: 66 bits. It needs no escape in a JSON path. */
const VISITOR_KEY_LENGTH = 11;
export const visitorKeyOf = (visitor: string): string => `substr(${visitor}, 1, ${VISITOR_KEY_LENGTH})`;

/**
 * `?1` the first hour, `?2` the first hour not to index, `?3` now. Hours without events get no row, hours with too many get NULL.
 */
const INDEX = `
  INSERT INTO visitor_hours (pixel, hour, visitors)
  WITH RECURSIVE hour (at) AS (SELECT ?1 UNION ALL SELECT at + ${HOUR} FROM hour WHERE at + ${HOUR} < ?2)
  SELECT d.pixel, h.at, (
    SELECT iif(sum(n) > ${MAX_EVENTS}, NULL, jsonb_group_object(visitor_key, times))
    FROM (
      SELECT ${visitorKeyOf('visitor')} AS visitor_key, jsonb_group_array(ts - h.at) AS times, count(*) AS n
      FROM (
        SELECT e.visitor, e.ts FROM events e
        WHERE e.pixel = d.pixel AND e.ts >= h.at AND e.ts < h.at + ${HOUR} LIMIT ${MAX_EVENTS + 1})
      GROUP BY visitor_key))
  FROM days d CROSS JOIN hour h
  WHERE d.dirty > ${DIRTY.clean} AND d.ends_at > ?3 AND h.at < d.ends_at AND h.at + ${HOUR} > d.starts_at
    AND NOT EXISTS (SELECT 1 FROM visitor_hours v WHERE v.pixel = d.pixel AND v.hour = h.at)
    AND EXISTS (SELECT 1 FROM events e WHERE e.pixel = d.pixel AND e.ts >= h.at AND e.ts < h.at + ${HOUR})
  ORDER BY h.at DESC LIMIT ${MAX_ROWS}
  ON CONFLICT DO NOTHING`;

/** The statements that index the finished hours of open days and delete the rows of finished days. */
export function indexVisitors(db: D1Database, now: number): D1PreparedStatement[] {
  const first = hourOf(now) - HOURS * HOUR;
  return [
    db.prepare('DELETE FROM visitor_hours WHERE hour < ?').bind(first),
    db.prepare(INDEX).bind(first, hourOf(now - INDEX_DELAY), now),
  ];
}

/**
 * The statement that deletes the rows of past hours in which a batch has events, so that they are made again; none for most
 * batches. Run it in the transaction that writes the events.
 */
export function reopenHours(
  db: D1Database,
  events: readonly PlacedEvent[],
  now: number,
): D1PreparedStatement[] {
  const [first, current] = [hourOf(now) - HOURS * HOUR, hourOf(now)];
  const hours = new Map<string, readonly [pixel: string, hour: number]>();
  for (const { event } of events) {
    const hour = hourOf(event.ts);
    if (hour >= first && hour < current) hours.set(`${event.pixel} ${hour}`, [event.pixel, hour]);
  }
  if (hours.size === 0) return [];
  return [
    db
      .prepare(
        'DELETE FROM visitor_hours WHERE (pixel, hour) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))',
      )
      .bind(JSON.stringify([...hours.values()])),
  ];
}

function hourOf(ts: number): number {
  return Math.floor(ts / HOUR) * HOUR;
}

/** The ranges of time without an index row, each as long as possible. */
export function unindexedRanges(
  start: number,
  end: number,
  indexed: ReadonlySet<number>,
): readonly (readonly [from: number, to: number])[] {
  const gaps: [number, number][] = [];
  for (let hour = hourOf(start); hour < end; hour += HOUR) {
    if (indexed.has(hour)) continue;
    const [from, to] = [Math.max(hour, start), Math.min(hour + HOUR, end)];
    const last = gaps.at(-1);
    if (last?.[1] === from) last[1] = to;
    else gaps.push([from, to]);
  }
  return gaps;
}
