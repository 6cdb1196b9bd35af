/** What columns should be, computed from events in the plainest way: by the oracle's visits, and none of the SQL. */
import type { Value } from '../../src/columns/segment.ts';
import { inOrder, local, type OracleEvent, type Visit, visitsOf } from '../oracle.ts';
import { type Decoded, NAMES } from './stored.ts';

const minuteOf = (ts: number): number => Math.floor(ts / 60_000);
const rowsOf = ({ events, engagements }: Visit): OracleEvent[] => inOrder([...events, ...engagements]);

const firstMinutes = new Map<string, number>();

/** The first minute of an event's local day, found minute by minute. */
function firstMinute(zone: string, ts: number): number {
  const { day } = local(zone, ts);
  const known = firstMinutes.get(`${zone} ${day}`);
  if (known !== undefined) return known;
  let minute = minuteOf(ts);
  // A day begins at a full minute, and where clocks were set back over midnight its date appears twice.
  for (let back = 1; back <= 25 * 60; back++) {
    if (local(zone, (minuteOf(ts) - back) * 60_000).day === day) minute = minuteOf(ts) - back;
  }
  firstMinutes.set(`${zone} ${day}`, minute);
  return minute;
}

const first = ({ events: [event] }: Visit): OracleEvent => event as OracleEvent;
const NUMBERS = ['value', 'engaged', 'scroll'];

/** The columns of the events of one local day, whose number in the segment is `number`. */
export function expectedColumns(events: readonly OracleEvent[], zone: string, number = 0): Decoded {
  const visits = visitsOf(events, zone).toSorted((a, b) =>
    a.visitor === b.visitor ? 0 : a.visitor < b.visitor ? -1 : 1,
  );
  const rows = visits.map(rowsOf);
  const views = ({ events: counted }: Visit): number =>
    counted.filter(({ name }) => name === 'pageview').length;
  const duration = ({ visitor, events: counted }: Visit): number =>
    visitor === '' ? 0 : (counted.at(-1) as OracleEvent).ts - (counted[0] as OracleEvent).ts;
  const ofVisits: Record<string, (visit: Visit, index: number) => Value> = {
    'visit:day': () => number,
    'visit:visitor': ({ visitor }, index) =>
      visitor === '' ? 0 : visits[index - 1]?.visitor === visitor ? 2 : 1,
    'visit:minute': (visit) => minuteOf(first(visit).ts) - firstMinute(zone, first(visit).ts),
    'visit:rows': (_, index) => rows[index]?.length ?? 0,
    'visit:pageviews': views,
    'visit:events': ({ events: counted }) => counted.length,
    'visit:duration': duration,
  };
  const ofEvent = (name: string, row: OracleEvent, before: OracleEvent | undefined): Value => {
    if (name === 'minute') return before ? minuteOf(row.ts) - minuteOf(before.ts) : 0;
    return NUMBERS.includes(name) ? (row[name] ?? null) : String(row[name] ?? '');
  };
  return Object.fromEntries(
    NAMES.map((name): [string, Value[]] => {
      if (name.startsWith('event:')) {
        const column = name.slice('event:'.length);
        return [name, rows.flatMap((one) => one.map((row, at) => ofEvent(column, row, one[at - 1])))];
      }
      const of = ofVisits[name] ?? ((visit: Visit) => String(first(visit)[name] ?? ''));
      return [name, visits.map(of)];
    }),
  );
}

/** Events by their local day. */
export function byDay(events: readonly OracleEvent[], zone: string): ReadonlyMap<string, OracleEvent[]> {
  return Map.groupBy(events, ({ ts }) => local(zone, ts).day);
}
