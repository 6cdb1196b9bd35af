/**
 * Keeps when the visitors of an hour of a pixel were there, so that one visitor's events are found without reading the hour. A row
 * is made once its hour is over, and deleted once no local day that is still going on can hold it: an index on events would cost a
 * written row for each of them.
 */

import type { PlacedEvent } from '../model/batch.ts';
import { DIRTY } from '../model/day-state.ts';

export const HOUR = 3_600_000;
/** The longest local day has 25 hours, and may begin within one. */
const HOURS = 26;
/** An hour is indexed this long after its end, when no batch of it can be on its way that does not know so. */
const INDEX_DELAY = 300_000;
/** Events of an hour that are indexed at most; a larger hour is not, since a row takes 2 MB. */
const MAX_EVENTS = 50_000;
/** Rows that one run makes at most. */
const MAX_ROWS = 1000;

/** The part of a hash that tells an hour's visitors apart: 66 bits. It needs no escape in a JSON path. */
const VISITOR_KEY_LENGTH = 11;
export const visitorKeyOf = (visitor: string): string => `substr(${visitor}, 1, ${VISITOR_KEY_LENGTH})`;

/** `?1` the first hour, `?2` the first that is not over, `?3` now. Hours without events get no row, too large ones one of NULL. */
const INDEX = `
  INSERT INTO visitor_hours (pixel, hour, visitors)
  WITH RECURSIVE hour (at) AS (SELECT ?1 UNION ALL SELECT at + ${HOUR} FROM hour WHERE at + ${HOUR} < ?2)
  SELECT d.pixel, h.at, (
    SELECT iif(sum(n) > ${MAX_EVENTS}, NULL, jsonb_group_object(who, times))
    FROM (
      SELECT ${visitorKeyOf('visitor')} AS who, jsonb_group_array(ts - h.at) AS times, count(*) AS n
      FROM (
        SELECT e.visitor, e.ts FROM events e
        WHERE e.pixel = d.pixel AND e.ts >= h.at AND e.ts < h.at + ${HOUR} LIMIT ${MAX_EVENTS + 1})
      GROUP BY who))
  FROM days d CROSS JOIN hour h
  WHERE d.dirty > ${DIRTY.clean} AND d.ends_at > ?3 AND h.at < d.ends_at AND h.at + ${HOUR} > d.starts_at
    AND NOT EXISTS (SELECT 1 FROM visitor_hours v WHERE v.pixel = d.pixel AND v.hour = h.at)
    AND EXISTS (SELECT 1 FROM events e WHERE e.pixel = d.pixel AND e.ts >= h.at AND e.ts < h.at + ${HOUR})
  ORDER BY h.at DESC LIMIT ${MAX_ROWS}
  ON CONFLICT DO NOTHING`;

/** Indexes the hours of open days that are over and have no row, and deletes the rows of days that are over. */
export function indexVisitors(db: D1Database, now: number): D1PreparedStatement[] {
  const first = hourOf(now) - HOURS * HOUR;
  return [
    db.prepare('DELETE FROM visitor_hours WHERE hour < ?').bind(first),
    db.prepare(INDEX).bind(first, hourOf(now - INDEX_DELAY), now),
  ];
}

/**
 * Deletes the rows of those past hours that the events of a batch fall into, so that they are made anew. Most batches have none.
 * It belongs into the transaction that writes the events.
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

/** Stretches of a time that no row covers, each as long as can be. */
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
