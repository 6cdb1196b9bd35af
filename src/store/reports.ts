/**
 * Decides between multiple reports of one event, which have the same client's id. Anyone can send an id, and some ids can be guessed. So
 * an authenticated report replaces reports without a token, whichever arrived first.
 */

import type { PlacedEvent } from '../model/batch.ts';
import { DIRTY, RAW } from '../model/day-state.ts';
import { EID_WINDOW } from '../model/event.ts';

const sameEvent = (a: string, b: string): string => `
  ${a}.eid <> '' AND (${a}.pixel, ${a}.name, ${a}.eid) = (${b}.pixel, ${b}.name, ${b}.eid)
  AND ${a}.ts BETWEEN ${b}.ts - ${EID_WINDOW} AND ${b}.ts + ${EID_WINDOW}`;

/** The reports without a token of events that have an authenticated report. `?1` has the keys of the authenticated ones. */
const SUPERSEDED = `
  SELECT claimed.pixel, claimed.ts, claimed.id
  FROM (
    SELECT value ->> 0 AS pixel, value ->> 1 AS name, value ->> 2 AS eid, value ->> 3 AS ts
    FROM json_each(?1) LIMIT -1) report
  CROSS JOIN events trusted INDEXED BY events_eid ON ${sameEvent('trusted', 'report')} AND trusted.authenticated = 1
  CROSS JOIN events claimed INDEXED BY events_eid ON ${sameEvent('claimed', 'trusted')} AND claimed.authenticated = 0`;

/** SQL for the UTC date of a time, so many days later. A local date is at most one day away from the UTC date. */
const date = (ts: string, days: number): string => `date(${ts} / 1000 + ${days * 86_400}, 'unixepoch')`;

const MARK_DAYS = `
  UPDATE days SET dirty = ${DIRTY.eventsChanged}
  WHERE raw = ${RAW.stored} AND dirty <> ${DIRTY.eventsChanged} AND (pixel, day) IN (
    SELECT d.pixel, d.day
    FROM (${SUPERSEDED}) s
    CROSS JOIN days d ON d.pixel = s.pixel AND d.day BETWEEN ${date('s.ts', -1)} AND ${date('s.ts', 1)}
      AND d.starts_at <= s.ts AND d.ends_at > s.ts)`;

const DELETE = `DELETE FROM events WHERE (pixel, ts, id) IN (${SUPERSEDED})`;

/**
 * The statements that delete the reports which a batch's events supersede, and mark their days as dirty. None if no event of the batch is
 * authenticated and has a client's id.
 */
export function supersede(db: D1Database, events: readonly PlacedEvent[]): D1PreparedStatement[] {
  const reports = events.flatMap(({ event: { pixel, name, eid, ts, authenticated } }) =>
    eid !== '' && authenticated === 1 ? [[pixel, name, eid, ts]] : [],
  );
  if (reports.length === 0) return [];
  const parameter = JSON.stringify(reports);
  return [MARK_DAYS, DELETE].map((sql) => db.prepare(sql).bind(parameter));
}
