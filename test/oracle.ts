/**
 * What the numbers should be, computed in the plainest way: loops over arrays, local time from `Intl` event by event,
 * no SQL and no code of src/. Slow, and meant to be read.
 */

/** An event as tests make it; absent texts are empty. */
export interface OracleEvent {
  readonly ts: number;
  readonly id: string;
  readonly name: string;
  readonly visitor: string;
  readonly [column: string]: string | number;
}

export interface OracleCounts {
  visitors: number;
  visits: number;
  pageviews: number;
  events: number;
  bounces: number;
  duration: number;
}

export interface Visit {
  readonly day: string;
  readonly visitor: string;
  readonly events: readonly OracleEvent[];
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Local date and hour of an instant: `2026-03-29` and `2026-03-29 03:00:00`. */
export function local(zone: string, ts: number): { day: string; hour: string } {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
    formats.set(zone, format);
  }
  const text = format.format(ts);
  return { day: text.slice(0, 10), hour: `${text.slice(0, 13)}:00:00` };
}

/** All visits of all local days. An event without a visitor is a visit by itself, which counts for none. */
export function visitsOf(events: readonly OracleEvent[], zone: string): Visit[] {
  const sorted = events.toSorted((a, b) => a.ts - b.ts || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const visits: { day: string; visitor: string; events: OracleEvent[] }[] = [];
  for (const event of sorted) {
    const { day } = local(zone, event.ts);
    const open = visits.findLast((visit) => visit.visitor === event.visitor && visit.day === day);
    const last = open?.events.at(-1);
    if (open && last && event.visitor !== '' && event.ts - last.ts <= 1_800_000) open.events.push(event);
    else visits.push({ day, visitor: event.visitor, events: [event] });
  }
  return visits;
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
  return visitValue(visit, dimension) ?? String(event[dimension.slice('event:'.length)] ?? '');
}

/** The counts of those events that match, grouped by a key of event and visit. Visitors are counted per day. */
export function countBy(
  visits: readonly Visit[],
  keyOf: (event: OracleEvent, visit: Visit) => string,
  matches: (event: OracleEvent, visit: Visit) => boolean = () => true,
): Map<string, OracleCounts> {
  const groups = new Map<string, { counts: OracleCounts; visitors: Set<string> }>();
  for (const visit of visits) {
    const seen = new Set<string>();
    for (const event of visit.events) {
      if (!matches(event, visit)) continue;
      const key = keyOf(event, visit);
      const group = groups.get(key) ?? { counts: zero(), visitors: new Set<string>() };
      groups.set(key, group);
      group.counts.events++;
      if (event.name === 'pageview') group.counts.pageviews++;
      if (visit.visitor === '') continue;
      group.visitors.add(`${visit.day} ${visit.visitor}`);
      group.counts.visitors = group.visitors.size;
      if (seen.has(key)) continue;
      seen.add(key);
      group.counts.visits++;
      if (visit.events.length === 1) group.counts.bounces++;
      group.counts.duration += (visit.events.at(-1)?.ts ?? 0) - (visit.events[0]?.ts ?? 0);
    }
  }
  return new Map([...groups].map(([key, { counts }]) => [key, counts]));
}

export function zero(): OracleCounts {
  return { visitors: 0, visits: 0, pageviews: 0, events: 0, bounces: 0, duration: 0 };
}
