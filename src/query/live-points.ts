/** The live view of a pixel with events in Analytics Engine: they become columns, and are counted as finished days are. */
import { Segment } from '../columns/segment.ts';
import { DayEvents } from '../engine/day-segment.ts';
import { ENGAGEMENT, type Event, PAGEVIEW } from '../model/event.ts';
import type { FieldError } from '../model/field-error.ts';
import type { Pixel } from '../model/pixel.ts';
import { ok, type Result } from '../model/result.ts';
import { localDay, segments } from '../model/time-zone.ts';
import { type LiveEvent, VISIBLE_COLUMNS } from '../store/live.ts';
import { filterContext } from './column-query.ts';
import { propertiesOfGoals } from './columns/evaluate.ts';
import { FilterMasks, propertiesIn } from './columns/masks.ts';
import { SegmentView } from './columns/view.ts';
import type { EventPages } from './engine-queries.ts';
import type { Latest, LiveMoments, LiveView } from './live-view.ts';
import type { Meter } from './meter.ts';
import type { ParsedQuery } from './parsed-query.ts';
import { invalidQuery, type QueryError } from './query-error.ts';
import { refusalOf } from './read-columns.ts';

const MINUTE = 60_000;

/** Events of the view at most: an isolate has to hold them. */
const MAX_EVENTS = 50_000;

const TOO_MANY: FieldError = {
  path: 'filters',
  message: `The last minutes have more than ${MAX_EVENTS} events, which is too many for the live view.`,
};

/**
 * Counts the last minutes.
 *
 * @throws EngineError, and what D1 throws.
 */
export async function countLivePoints(
  pages: EventPages,
  query: ParsedQuery,
  pixel: Pixel,
  moments: LiveMoments,
  latest: Latest,
  meter: Meter,
): Promise<Result<LiveView, QueryError>> {
  try {
    return ok(await count(pages, query, pixel, moments, latest, meter));
  } catch (error) {
    const refusal = error instanceof TooManyEvents ? invalidQuery([TOO_MANY]) : refusalOf(error);
    if (refusal === null) throw error;
    return refusal;
  }
}

class TooManyEvents extends Error {}

async function count(
  pages: EventPages,
  query: ParsedQuery,
  pixel: Pixel,
  { begin, from, to, recent }: LiveMoments,
  latest: Latest,
  meter: Meter,
): Promise<LiveView> {
  const all: Event[] = [];
  for await (const { events } of pages.pagesOf({ pixel: pixel.id, since: begin, until: to + 1 })) {
    if (all.length + events.length > MAX_EVENTS) throw new TooManyEvents();
    for (const event of events) all.push(event);
  }
  const first = Math.floor(from / MINUTE);
  const minutes = Array.from({ length: Math.floor(to / MINUTE) - first + 1 }, (_, index) => ({
    minute: (first + index) * MINUTE,
    visitors: new Set<string>(),
    events: 0,
    pageviews: 0,
  }));
  const visitorsOfNow = new Set<string>();
  const picked: Event[] = [];
  for (const [day, events] of Map.groupBy(all, ({ ts }) => localDay(pixel.timezone, ts))) {
    const passed = query.filters.length === 0 ? events : passing(query, pixel, day, events, meter);
    for (const event of passed) {
      const minute = minutes[Math.floor(event.ts / MINUTE) - first];
      if (!minute) continue;
      picked.push(event);
      if (event.name === ENGAGEMENT) continue;
      minute.events++;
      if (event.name === PAGEVIEW) minute.pageviews++;
      if (event.visitor === '') continue;
      // A visitor of yesterday has another hash today.
      minute.visitors.add(event.visitor);
      if (event.ts > recent) visitorsOfNow.add(event.visitor);
    }
  }
  return {
    visitors: visitorsOfNow.size,
    minutes: minutes.map((minute) => ({ ...minute, visitors: minute.visitors.size })),
    events: picked
      .filter(({ ts }) => ts > latest.since)
      .sort((a, b) => b.ts - a.ts || (a.id < b.id ? 1 : -1))
      .slice(0, latest.limit)
      .map(visible),
  };
}

/** The events of a day that pass the filters of a query. Engagements that belong to no visit pass none. */
function* passing(
  query: ParsedQuery,
  pixel: Pixel,
  day: string,
  events: readonly Event[],
  meter: Meter,
): Generator<Event> {
  const ofDay = new DayEvents();
  for (const event of events) ofDay.add(event);
  const stretches = segments(pixel.timezone, day, day);
  const { header, columns, order } = ofDay.segmentOf({ day, rolls: 0, stretches });
  const view = new SegmentView(new Segment(header, [], columns), 0, keysOf(query, pixel), meter);
  const mask = new FilterMasks(filterContext(query, pixel, meter)).ofAll(view, query.filters);
  for (let row = 0; row < view.events; row++) {
    const place = mask?.of === 'visit' ? (view.visitOf[row] as number) : row;
    if (mask && mask.bits[place] !== 1) continue;
    yield events[order[row] as number] as Event;
  }
}

/** The custom properties that the filters read. */
const keysOf = ({ filters }: ParsedQuery, { settings }: Pixel): string[] => [
  ...new Set([...propertiesIn(filters), ...propertiesOfGoals(settings.goals)]),
];

const visible = (event: Event): LiveEvent =>
  Object.fromEntries(VISIBLE_COLUMNS.map((column) => [column, event[column]])) as LiveEvent;
