/** Segments of the events of tests. */

import { COLUMNS } from '../../../src/columns/format.ts';
import { parseHeader, Segment, type SegmentDay, type Value } from '../../../src/columns/segment.ts';
import { segments as segmentsOfDays } from '../../../src/model/time-zone.ts';
import { encodeSegment, type Values } from '../../columns/encode.ts';
import { countsOf, inOrder, type OracleEvent, type Visit, visitsOf } from '../../oracle.ts';

const MINUTE = 60_000;

/** How the days of a history are spread over segments. */
export interface Layout {
  /** The days that a month's segment has, by their place among the days. */
  readonly inMonth: (place: number) => boolean;
  /** Whether the month's segment also has older rows of the days that have a segment of their own. */
  readonly hasStale: boolean;
  /** Whether visitors are in one of two slices. */
  readonly isSliced: boolean;
}

/** The `rolls` of days as they are now, and of their stale rows. */
const ROLLS = 3;
const STALE = 2;
export const isCurrent = (_day: string, rolls: number): boolean => rolls === ROLLS;

/** The segments of all days of events. @param columns the columns that they have; they lack all others. */
export function segmentsOf(
  events: readonly OracleEvent[],
  zone: string,
  { inMonth, hasStale, isSliced }: Layout,
  columns: readonly string[],
): Segment[] {
  const visits = visitsOf(events, zone);
  const days = [...new Set(visits.map(({ day }) => day))].toSorted();
  const slices = isSliced
    ? [(visitor: string) => visitor < 'b', (visitor: string) => visitor >= 'b']
    : [() => true];
  const ofDays = (list: readonly string[], rolls: (day: string) => number): Segment[] =>
    slices.map((has) =>
      segmentOf(
        visits.filter(({ visitor }) => has(visitor)),
        zone,
        list.map((day) => [day, rolls(day)]),
        columns,
      ),
    );
  const ofMonth = days.filter((_, place) => inMonth(place));
  const own = days.filter((day) => !ofMonth.includes(day));
  return [
    ...ofDays(hasStale ? days : ofMonth, (day) => (own.includes(day) ? STALE : ROLLS)),
    ...own.flatMap((day) => ofDays([day], () => ROLLS)),
  ];
}

/** A segment of the visits of some days, each with its `rolls`. */
function segmentOf(
  all: readonly Visit[],
  zone: string,
  days: readonly (readonly [day: string, rolls: number])[],
  names: readonly string[],
): Segment {
  const headerDays = days.map(
    ([day, rolls]): SegmentDay => ({
      day,
      rolls,
      stretches: segmentsOfDays(zone, day, day).map(({ start, end, offset }) => ({ start, end, offset })),
    }),
  );
  const dayNames = days.map(([day]) => day);
  const visits = all
    .filter(({ day }) => dayNames.includes(day))
    .toSorted(
      (a, b) =>
        dayNames.indexOf(a.day) - dayNames.indexOf(b.day) ||
        (a.visitor < b.visitor ? -1 : a.visitor > b.visitor ? 1 : 0),
    );
  const rows = visits.map((visit) => inOrder([...visit.events, ...visit.engagements]));
  const columns = Object.fromEntries(
    names.map((name): [string, Value[]] => [
      name,
      COLUMNS.get(name)?.of === 'visit'
        ? visits.map((visit, index) => ofVisit(name, visit, rows[index] ?? [], visits, headerDays))
        : rows.flatMap((list) => list.map((event, index) => ofEvent(name, event, list[index - 1]))),
    ]),
  );
  return encoded(columns, headerDays, { visits: visits.length, events: rows.flat().length });
}

/** A segment of these values, one for each row of the columns. */
export function encoded(values: Values, days?: readonly SegmentDay[], sizes?: Sizes): Segment {
  const rows = encodeSegment(values, sizes, days);
  return new Segment(parseHeader(rows[0]?.dictionary ?? ''), rows);
}

interface Sizes {
  readonly visits: number;
  readonly events: number;
}

const minuteOf = (ts: number): number => Math.floor(ts / MINUTE);

function ofVisit(
  name: string,
  visit: Visit,
  rows: readonly OracleEvent[],
  visits: readonly Visit[],
  days: readonly SegmentDay[],
): Value {
  const counts = countsOf([{ visit, events: visit.events, engagements: visit.engagements }]);
  const place = days.findIndex(({ day }) => day === visit.day);
  switch (name) {
    case 'visit:day':
      return place;
    case 'visit:visitor': {
      if (visit.visitor === '') return 0;
      const first = visits.find(({ day, visitor }) => day === visit.day && visitor === visit.visitor);
      return first === visit ? 1 : 2;
    }
    case 'visit:minute':
      return minuteOf(rows[0]?.ts ?? 0) - minuteOf(days[place]?.stretches[0]?.start ?? 0);
    case 'visit:rows':
      return rows.length;
    case 'visit:pageviews':
      return counts.pageviews;
    case 'visit:events':
      return counts.events;
    case 'visit:duration':
      return counts.duration;
    default:
      return visit.events[0]?.[name] ?? '';
  }
}

function ofEvent(name: string, event: OracleEvent, before: OracleEvent | undefined): Value {
  const column = name.slice('event:'.length);
  if (column === 'minute') return before ? minuteOf(event.ts) - minuteOf(before.ts) : 0;
  const isNumber = ['value', 'engaged', 'scroll'].includes(column);
  return event[column] ?? (isNumber ? null : '');
}
