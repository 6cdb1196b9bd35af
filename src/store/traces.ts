/**
 * Finds the data of someone who asks about themselves: as a visitor of one day, and as a person by one alias. Anyone may ask, so
 * the cost is bounded. It reads an index row per hour of the day, a limited number of events of hours without such a row, and the
 * visitor's own events.
 */
import { EVENT_COLUMNS } from '../model/event.ts';
import {
  type ClickTrace,
  clicksIn,
  clicksSql,
  type DeliveryTrace,
  deliveriesIn,
  deliveriesSql,
} from './relay-traces.ts';
import { HOUR, unindexedRanges, visitorKeyOf } from './visitor-hours.ts';

/** The hash and the alias by which someone is searched in a pixel's events. */
export interface Trace {
  readonly pixel: string;
  /** The hash of a visitor of the day between `start` and `end`, `''` for none. */
  readonly visitor: string;
  readonly start: number;
  readonly end: number;
  /** An alias of a person, `''` for none. */
  readonly alias: string;
}

export interface TraceRows {
  /** The times of the visitor's events of the day, in no order. Incomplete if `isPartial`. */
  readonly times: readonly number[];
  /** Whether some events of the day were not searched. */
  readonly isPartial: boolean;
  /** Whether anything is stored under the alias. */
  readonly hasAlias: boolean;
  /** Whether networks were told of an event of the visitor's, or are to be. */
  readonly hasDelivery: boolean;
}

/** The most events that a search returns for a visitor, and for a person. */
export const MAX_EVENTS = 10_000;

const trace = (index: number): string => `t.value ->> ${index}`;
const [PIXEL, VISITOR, START, END, ALIAS] = [0, 1, 2, 3, 4].map(trace);

/** The index rows of the hours of the traces `?1`, with the times of each trace's visitor. */
const HOURS = `
  SELECT t.key AS place, v.hour, v.visitors IS NOT NULL AS indexed,
    (SELECT json_group_array(v.hour + j.value) FROM json_each(v.visitors -> ('$."' || ${visitorKeyOf(VISITOR as string)} || '"')) j) AS times
  FROM json_each(?1) t
  CROSS JOIN visitor_hours v ON v.pixel = ${PIXEL} AND v.hour > ${START} - ${HOUR} AND v.hour < ${END}
  WHERE ${VISITOR} <> ''`;

const HAS_ALIAS = `
  SELECT EXISTS (SELECT 1 FROM events WHERE pixel = ${PIXEL} AND person = ${ALIAS} AND person <> '')
      OR EXISTS (SELECT 1 FROM person_days WHERE pixel = ${PIXEL} AND person = ${ALIAS} AND devices > 0)
      OR EXISTS (SELECT 1 FROM person_links WHERE pixel = ${PIXEL} AND alias = ${ALIAS})
      OR EXISTS (SELECT 1 FROM clicks WHERE pixel = ${PIXEL} AND person = ${ALIAS})
      OR EXISTS (SELECT 1 FROM deliveries WHERE pixel = ${PIXEL} AND person = ${ALIAS} AND person <> '') AS has_alias,
    EXISTS (SELECT 1 FROM deliveries WHERE pixel = ${PIXEL} AND visitor = ${VISITOR} AND visitor <> '') AS has_delivery
  FROM json_each(?1) t ORDER BY t.key`;

/** Searches the ranges `?1` of events, at most `?2` events of each, the latest first. */
const SCAN = `
  SELECT t.value ->> 4 AS place, (
    SELECT json_array(count(*), json_group_array(ts) FILTER (WHERE visitor = ${VISITOR}))
    FROM (
      SELECT ts, visitor FROM events
      WHERE pixel = ${PIXEL} AND ts >= ${START} AND ts < ${END}
      ORDER BY ts DESC LIMIT ?2)) AS scanned
  FROM json_each(?1) t`;

/**
 * Searches traces.
 *
 * @param most the most events that are searched in hours without an index row, for all traces together.
 * @returns the rows of each trace, in the order of the traces, and the number of rows that D1 has read.
 */
export async function findTraces(
  db: D1Database,
  traces: readonly Trace[],
  most: number,
): Promise<{ readonly rows: readonly TraceRows[]; readonly rowsRead: number }> {
  if (traces.length === 0) return { rows: [], rowsRead: 0 };
  const parameters = traces.map(({ pixel, visitor, start, end, alias }) => [
    pixel,
    visitor,
    start,
    end,
    alias,
  ]);
  const json = JSON.stringify(parameters);
  const [hours, aliases] = await db.batch<Record<string, number | string>>([
    db.prepare(HOURS).bind(json),
    db.prepare(HAS_ALIAS).bind(json),
  ]);
  const times = traces.map((): number[] => []);
  const indexed = traces.map(() => new Set<number>());
  for (const row of hours?.results ?? []) {
    const place = Number(row['place']);
    if (row['indexed'] === 1) indexed[place]?.add(Number(row['hour']));
    times[place]?.push(...(JSON.parse(String(row['times'])) as number[]));
  }
  let rowsRead = (hours?.meta.rows_read ?? 0) + (aliases?.meta.rows_read ?? 0);

  const gaps = traces.flatMap(({ pixel, visitor, start, end }, place) =>
    visitor === ''
      ? []
      : unindexedRanges(start, end, indexed[place] as Set<number>).map(([from, to]) => [
          pixel,
          visitor,
          from,
          to,
          place,
        ]),
  );
  const partial = new Set<number>();
  if (gaps.length > 0) {
    const each = Math.floor(most / gaps.length);
    const { results, meta } = await db
      .prepare(SCAN)
      .bind(JSON.stringify(gaps), each + 1)
      .all<{ place: number; scanned: string }>();
    rowsRead += meta.rows_read;
    for (const { place, scanned } of results) {
      const [count, matches] = JSON.parse(scanned) as [number, number[]];
      if (count > each) partial.add(place);
      times[place]?.push(...matches);
    }
  }
  return {
    rows: traces.map(({ start, end }, place) => ({
      times: within(times[place] as number[], start, end),
      isPartial: partial.has(place),
      hasAlias: aliases?.results[place]?.['has_alias'] === 1,
      hasDelivery: aliases?.results[place]?.['has_delivery'] === 1,
    })),
    rowsRead,
  };
}

/** The distinct times within a day, and of these only the latest `MAX_EVENTS`. */
function within(times: readonly number[], start: number, end: number): number[] {
  const inside = new Set(times.filter((time) => time >= start && time < end));
  return inside.size <= MAX_EVENTS ? [...inside] : [...inside].sort((a, b) => b - a).slice(0, MAX_EVENTS);
}

/** `?1` pixel, `?2` visitor, `?3` the visitor's times, `?4` alias, `?5` the most events to return. */
const EVENTS = `
  SELECT total, ${EVENT_COLUMNS.map((column) => `e.${column}`).join(', ')}
  FROM (
    SELECT ts, id, count(*) OVER () AS total
    FROM (
      SELECT e.ts, e.id FROM json_each(?3) t
      CROSS JOIN events e ON e.pixel = ?1 AND e.ts = t.value AND e.visitor = ?2 AND ?2 <> ''
      UNION
      SELECT ts, id FROM (
        SELECT ts, id FROM events INDEXED BY events_person
        WHERE pixel = ?1 AND person = ?4 AND person <> ''
        ORDER BY ts DESC LIMIT ${MAX_EVENTS}))
    ORDER BY ts DESC, id DESC LIMIT ?5) f
  CROSS JOIN events e ON e.pixel = ?1 AND e.ts = f.ts AND e.id = f.id
  ORDER BY e.ts DESC, e.id DESC`;

const PERSON = `
  SELECT
    (SELECT json_group_array(json_array(day, devices) ORDER BY day DESC)
      FROM person_days WHERE pixel = ?1 AND person = ?2 AND devices > 0) AS days,
    (SELECT target FROM person_links WHERE pixel = ?1 AND alias = ?2) AS target,
    ${clicksSql('?1', 'json_array(?2)')} AS clicks,
    ${deliveriesSql('?1', 'json_array(?2)', '?3')} AS deliveries`;

type Value = string | number | null;

/** The data of a trace. */
export interface TraceData {
  /** The latest events: values in the order of `EVENT_COLUMNS`. */
  readonly events: readonly (readonly Value[])[];
  /** The number of all events. Of a visitor's and of a person's, no more than `MAX_EVENTS` are counted. */
  readonly total: number;
  /** The days on which the person was here, the latest first, with the kinds of device as bits. */
  readonly days: readonly (readonly [day: string, devices: number])[];
  /** The stronger alias that the alias is linked to; null if there is none. */
  readonly target: string | null;
  /** The clicks on advertisements that are kept of the person. */
  readonly clicks: readonly ClickTrace[];
  /** What networks were told of the person or the visitor, or are to be. */
  readonly deliveries: readonly DeliveryTrace[];
}

interface PersonRow {
  readonly days: string;
  readonly target: string | null;
  readonly clicks: string;
  readonly deliveries: string;
}

/**
 * @param times the times of the visitor's events.
 * @param most the most events to return.
 */
export async function readTrace(
  db: D1Database,
  { pixel, visitor, alias }: Pick<Trace, 'pixel' | 'visitor' | 'alias'>,
  times: readonly number[],
  most: number,
): Promise<TraceData> {
  const [events, person] = await Promise.all([
    db.prepare(EVENTS).bind(pixel, visitor, JSON.stringify(times), alias, most).raw<[number, ...Value[]]>(),
    db.prepare(PERSON).bind(pixel, alias, visitor).first<PersonRow>(),
  ]);
  return {
    events: events.map(([, ...values]) => values),
    total: events[0]?.[0] ?? 0,
    days: JSON.parse(person?.days ?? '[]') as [string, number][],
    target: person?.target ?? null,
    clicks: clicksIn(person?.clicks ?? '[]'),
    deliveries: deliveriesIn(person?.deliveries ?? '[]'),
  };
}
