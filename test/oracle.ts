/**
 * What the numbers should be, computed in the plainest way: loops over arrays, local time from `Intl` event by event,
 * no SQL and no code of src/. Slow, and meant to be read beside docs/metrics.md.
 */

/** An event as tests make it; absent texts are empty, absent numbers null. */
export interface OracleEvent {
  readonly ts: number;
  readonly id: string;
  readonly name: string;
  readonly visitor: string;
  readonly [column: string]: string | number | null;
}

export type OracleGoal = { readonly name: string } & (
  | { readonly event: string }
  | { readonly page: string }
  | { readonly property: string; readonly value: string }
);

export interface OracleCounts {
  visitors: number;
  visits: number;
  pageviews: number;
  events: number;
  bounces: number;
  duration: number;
  engaged: number;
  engaged_visits: number;
  scroll: number;
  scrolled_visits: number;
}

/** Revenue of one currency: its sum in millionths, and how many events have some. */
export interface OracleSales {
  revenue: number;
  sales: number;
}

export interface Visit {
  readonly day: string;
  /** `''` for an event without a visitor, which is by itself and counts for no visit. */
  readonly visitor: string;
  readonly events: readonly OracleEvent[];
  readonly engagements: readonly OracleEvent[];
}

/** What of a visit belongs to a group. */
export interface Part {
  readonly visit: Visit;
  readonly events: readonly OracleEvent[];
  readonly engagements: readonly OracleEvent[];
}

const formats = new Map<string, Intl.DateTimeFormat>();
const cachedParts = new Map<string, { day: string; hour: string }>();

/** Local date and hour of an instant: `2026-03-29` and `2026-03-29 03:00:00`. */
export function local(zone: string, ts: number): { day: string; hour: string } {
  const key = `${zone} ${ts}`;
  const cached = cachedParts.get(key);
  if (cached) return cached;
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
    formats.set(zone, format);
  }
  const text = format.format(ts);
  const answer = { day: text.slice(0, 10), hour: `${text.slice(0, 13)}:00:00` };
  cachedParts.set(key, answer);
  return answer;
}

/** In order of time, and of id within a millisecond. */
export function inOrder(events: readonly OracleEvent[]): OracleEvent[] {
  return events.toSorted((a, b) => a.ts - b.ts || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

export const isEngagement = ({ name }: OracleEvent) => name === 'engagement';

/** All visits of all local days. An event without a visitor is a visit by itself, which counts for none. */
export function visitsOf(events: readonly OracleEvent[], zone: string): Visit[] {
  const visits: {
    day: string;
    visitor: string;
    events: OracleEvent[];
    engagements: OracleEvent[];
  }[] = [];
  for (const event of inOrder(events)) {
    const { visitor } = event;
    const { day } = local(zone, event.ts);
    const latest =
      visitor === '' ? undefined : visits.findLast((v) => v.visitor === visitor && v.day === day);
    if (isEngagement(event)) {
      latest?.engagements.push(event);
      continue;
    }
    const before = latest?.events.at(-1);
    if (latest && before && event.ts - before.ts <= 1_800_000) latest.events.push(event);
    else visits.push({ day, visitor, events: [event], engagements: [] });
  }
  return visits;
}

/** An event's custom properties. */
export function propsOf({ props }: OracleEvent): ReadonlyMap<string, string> {
  return new Map(Object.entries(JSON.parse(String(props || '{}')) as Record<string, string>));
}

/** A visit's value of a dimension, or null when the dimension is one of single events. */
export function visitValue(visit: Visit, dimension: string): string | null {
  const views = visit.events.filter(({ name }) => name === 'pageview');
  switch (dimension) {
    case 'visit:entry_page':
      return String(views[0]?.['page'] ?? '');
    case 'visit:exit_page':
      return String(views.at(-1)?.['page'] ?? '');
    case 'visit:entry_page_hostname':
      return String(views[0]?.['hostname'] ?? '');
    case 'visit:exit_page_hostname':
      return String(views.at(-1)?.['hostname'] ?? '');
    default:
      return dimension.startsWith('visit:')
        ? String(visit.events[0]?.[dimension.slice('visit:'.length)] ?? '')
        : null;
  }
}

/** An event's value of a dimension, its visit's where the dimension is one of visits. */
export function valueIn(event: OracleEvent, visit: Visit, dimension: string, zone: string): string {
  if (dimension === 'time:hour') return local(zone, event.ts).hour;
  if (dimension === 'total') return '';
  if (dimension.startsWith('event:props:'))
    return propsOf(event).get(dimension.slice('event:props:'.length)) ?? '';
  return visitValue(visit, dimension) ?? String(event[dimension.slice('event:'.length)] ?? '');
}

/** Whether an event reaches a goal. An engagement reaches none. */
export function reaches(event: OracleEvent, goal: OracleGoal): boolean {
  if (isEngagement(event)) return false;
  if ('event' in goal) return event.name === goal.event;
  if ('property' in goal) return propsOf(event).get(goal.property) === goal.value;
  return event.name === 'pageview' && fits(String(event['page'] ?? ''), goal.page);
}

/** Whether a text is made as a pattern says, in which `*` stands for anything. */
function fits(text: string, pattern: string): boolean {
  const [first, ...others] = pattern;
  if (first === undefined) return text === '';
  const rest = others.join('');
  if (first !== '*') return text.startsWith(first) && fits(text.slice(first.length), rest);
  for (let start = 0; start <= text.length; start++) if (fits(text.slice(start), rest)) return true;
  return false;
}

/** The parts of visits that share a key. An event may have several keys, or none. */
export function partsBy(
  visits: readonly Visit[],
  keysOf: (event: OracleEvent, visit: Visit) => readonly string[],
  picks: (event: OracleEvent, visit: Visit) => boolean = () => true,
): Map<string, Part[]> {
  const groups = new Map<string, Part[]>();
  for (const visit of visits) {
    const all = [...visit.events, ...visit.engagements]
      .filter((event) => picks(event, visit))
      .map((event) => ({ event, keys: keysOf(event, visit) }));
    for (const key of new Set(all.flatMap(({ keys }) => keys))) {
      const mine = all.filter(({ keys }) => keys.includes(key)).map(({ event }) => event);
      const part = {
        visit,
        events: mine.filter((event) => !isEngagement(event)),
        engagements: mine.filter(isEngagement),
      };
      groups.set(key, [...(groups.get(key) ?? []), part]);
    }
  }
  return groups;
}

/** The counts of a group. Visitors are counted per day. */
export function countsOf(parts: readonly Part[]): OracleCounts {
  const events = parts.flatMap((part) => part.events);
  const counted = parts.filter((part) => part.visit.visitor !== '' && part.events.length > 0);
  const visits = counted.map(({ visit }) => visit);
  const engaged = parts
    .map((part) => numbers(part.engagements, 'engaged'))
    .filter(({ length }) => length > 0);
  const scrolled = parts
    .map((part) => numbers(part.engagements, 'scroll'))
    .filter(({ length }) => length > 0);
  return {
    visitors: new Set(visits.map(({ day, visitor }) => `${day} ${visitor}`)).size,
    visits: visits.length,
    pageviews: events.filter(({ name }) => name === 'pageview').length,
    events: events.length,
    bounces: visits.filter((visit) => visit.events.length === 1).length,
    duration: sum(visits.map((visit) => (visit.events.at(-1)?.ts ?? 0) - (visit.events[0]?.ts ?? 0))),
    engaged: sum(engaged.flat()),
    engaged_visits: engaged.length,
    scroll: sum(scrolled.map((depths) => Math.max(...depths))),
    scrolled_visits: scrolled.length,
  };
}

/** The revenue of a group by currency. A value without a currency is none. */
export function salesOf(parts: readonly Part[]): Map<string, OracleSales> {
  const sales = new Map<string, OracleSales>();
  for (const { value, currency } of parts.flatMap((part) => part.events)) {
    if (typeof value !== 'number' || !currency) continue;
    const before = sales.get(String(currency)) ?? { revenue: 0, sales: 0 };
    // Sums end where 64 bits do.
    const revenue = Math.max(-(2 ** 63), Math.min(2 ** 63, before.revenue + value));
    sales.set(String(currency), { revenue, sales: before.sales + 1 });
  }
  return sales;
}

/** Which alias of a person belongs to which other one. */
export type Links = Readonly<Record<string, string>>;

/** Whose an event is: what its alias leads to, or `''`. */
export function personOf({ person }: { readonly [column: string]: unknown }, links: Links): string {
  const alias = String(person ?? '');
  const target = links[alias];
  return target === undefined ? alias : personOf({ person: target }, links);
}

export function zero(): OracleCounts {
  return countsOf([]);
}

const numbers = (events: readonly OracleEvent[], column: string): number[] =>
  events.map((event) => event[column]).filter((value) => typeof value === 'number');

const sum = (list: readonly number[]): number => list.reduce((total, value) => total + value, 0);

export interface OracleFunnel {
  readonly steps: readonly OracleGoal[];
  readonly within: 'visit' | { readonly hours: number };
}

/**
 * How many visits, or people, came to each step of a funnel in the days `from` to `to`.
 * @param isPicked tells whether an event passes the filters: only who has one that does is looked at.
 */
export function funnelOf(
  events: readonly OracleEvent[],
  zone: string,
  { steps, within }: OracleFunnel,
  [from, to]: readonly [from: string, to: string],
  links: Links = {},
  isPicked: (event: OracleEvent) => boolean = () => true,
): number[] {
  const eventsInRange = events.filter(({ ts }) => local(zone, ts).day >= from && local(zone, ts).day <= to);
  const came =
    within === 'visit'
      ? visitsOf(eventsInRange, zone)
          .filter(({ visitor, events: those }) => visitor !== '' && those.some(isPicked))
          .map((visit) => stepsOf(visit.events, steps))
      : [...Map.groupBy(inOrder(eventsInRange), (event) => personOf(event, links))]
          .filter(([person, those]) => person !== '' && those.some(isPicked))
          .map(([, ofPerson]) => stepsInTime(ofPerson, steps, within.hours * 3_600_000));
  return steps.map((_, index) => came.filter((count) => count > index).length);
}

/** To how many steps some chain of events comes, each later than the one before. Every chain is tried. */
function stepsOf(events: readonly OracleEvent[], [step, ...rest]: readonly OracleGoal[]): number {
  if (!step) return 0;
  const chains = events.map((event, index) =>
    reaches(event, step) ? 1 + stepsOf(events.slice(index + 1), rest) : 0,
  );
  return Math.max(0, ...chains);
}

/** The same when all of a chain must lie within so many milliseconds, the last one included. */
function stepsInTime(events: readonly OracleEvent[], steps: readonly OracleGoal[], time: number): number {
  const [first, ...rest] = steps;
  const chains = events.map((event, index) => {
    if (!first || !reaches(event, first)) return 0;
    const inTime = events.slice(index + 1).filter(({ ts }) => ts <= event.ts + time);
    return 1 + stepsOf(inTime, rest);
  });
  return Math.max(0, ...chains);
}
