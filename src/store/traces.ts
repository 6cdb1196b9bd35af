/**
 * Finds what is kept of who asks about themselves: a visitor of one day, and a person by one alias. Anyone may ask, so
 * each statement reads a bounded number of rows, whatever is stored.
 */
import { EVENT_COLUMNS } from '../model/event.ts';

/** By what somebody may be found in a pixel's events. */
export interface Trace {
  readonly pixel: string;
  /** The hash of a visitor of the day between `start` and `end`, `''` for none. */
  readonly visitor: string;
  readonly start: number;
  readonly end: number;
  /** An alias of a person, `''` for none. */
  readonly alias: string;
}

export interface Found {
  /** The first of the visitor's events among those looked through, null when there is none. */
  readonly since: number | null;
  /** Whether the day has more events than were looked through. */
  readonly partly: boolean;
  /** Whether anything is kept under the alias. */
  readonly known: boolean;
}

const trace = (index: number): string => `t.value ->> ${index}`;
const [PIXEL, VISITOR, START, END, ALIAS] = [0, 1, 2, 3, 4].map(trace);

/** `?1` the traces, `?2` how many of a day's events are looked through, the latest first. */
const FIND = `
  SELECT
    (SELECT json_array(count(*), min(iif(visitor = ${VISITOR}, ts, NULL)))
      FROM (
        SELECT ts, visitor FROM events
        WHERE ${VISITOR} <> '' AND pixel = ${PIXEL} AND ts >= ${START} AND ts < ${END}
        ORDER BY ts DESC LIMIT ?2)) AS day,
    EXISTS (SELECT 1 FROM events WHERE pixel = ${PIXEL} AND person = ${ALIAS} AND person <> '')
      OR EXISTS (SELECT 1 FROM person_days WHERE pixel = ${PIXEL} AND person = ${ALIAS} AND devices > 0)
      OR EXISTS (SELECT 1 FROM person_links WHERE pixel = ${PIXEL} AND alias = ${ALIAS}) AS known
  FROM json_each(?1) t ORDER BY t.key`;

/**
 * What each trace leads to, in the order given.
 *
 * @param most how many events of each pixel's day are looked through.
 */
export async function findTraces(
  db: D1Database,
  traces: readonly Trace[],
  most: number,
): Promise<readonly Found[]> {
  const rows = traces.map(({ pixel, visitor, start, end, alias }) => [pixel, visitor, start, end, alias]);
  const { results } = await db
    .prepare(FIND)
    .bind(JSON.stringify(rows), most + 1)
    .all<{ day: string; known: number }>();
  return results.map(({ day, known }) => {
    const [scanned, since] = JSON.parse(day) as [number, number | null];
    return { since, partly: scanned > most, known: known === 1 };
  });
}

/** Events of a person that are counted at most. */
export const MOST_COUNTED = 10_000;

/** `?1` pixel, `?2` visitor, `?3` and `?4` the bounds of the day, `?5` alias, `?6` how many events are told. */
const EVENTS = `
  SELECT total, ${EVENT_COLUMNS.map((column) => `e.${column}`).join(', ')}
  FROM (
    SELECT ts, id, count(*) OVER () AS total
    FROM (
      SELECT ts, id FROM events WHERE ?2 <> '' AND pixel = ?1 AND ts >= ?3 AND ts < ?4 AND visitor = ?2
      UNION
      SELECT ts, id FROM (
        SELECT ts, id FROM events INDEXED BY events_person
        WHERE pixel = ?1 AND person = ?5 AND person <> ''
        ORDER BY ts DESC LIMIT ${MOST_COUNTED}))
    ORDER BY ts DESC, id DESC LIMIT ?6) f
  CROSS JOIN events e ON e.pixel = ?1 AND e.ts = f.ts AND e.id = f.id
  ORDER BY e.ts DESC, e.id DESC`;

const PERSON = `
  SELECT
    (SELECT json_group_array(json_array(day, devices) ORDER BY day DESC)
      FROM person_days WHERE pixel = ?1 AND person = ?2 AND devices > 0) AS days,
    (SELECT target FROM person_links WHERE pixel = ?1 AND alias = ?2) AS target`;

type Value = string | number | null;

/** All that is kept under a trace. */
export interface Kept {
  /** The latest events: values in the order of `EVENT_COLUMNS`. */
  readonly events: readonly (readonly Value[])[];
  /** How many there are; of a person's, no more than `MOST_COUNTED` are counted. */
  readonly total: number;
  /** The days on which the person was there, the latest first, with the kinds of device as bits. */
  readonly days: readonly (readonly [day: string, devices: number])[];
  /** The stronger alias that the alias is linked to, or null. */
  readonly target: string | null;
}

/** @param most how many events are told. */
export async function readTrace(
  db: D1Database,
  { pixel, visitor, start, end, alias }: Trace,
  most: number,
): Promise<Kept> {
  const [events, person] = await Promise.all([
    db.prepare(EVENTS).bind(pixel, visitor, start, end, alias, most).raw<[number, ...Value[]]>(),
    db.prepare(PERSON).bind(pixel, alias).first<{ days: string; target: string | null }>(),
  ]);
  return {
    events: events.map(([, ...values]) => values),
    total: events[0]?.[0] ?? 0,
    days: JSON.parse(person?.days ?? '[]') as [string, number][],
    target: person?.target ?? null,
  };
}
