/**
 * What happens now: the visitors, events and page views of the last minutes, and the latest events, of a pixel or of what filters let
 * through. Only events are read, since rollups and columns are of finished days or an hour old.
 */
import type { FieldError } from '../model/field-error.ts';
import { peopleSince } from '../model/person.ts';
import type { Pixel } from '../model/pixel.ts';
import { ok, type Result } from '../model/result.ts';
import { dayStart, localDay } from '../model/time-zone.ts';
import { prepare } from '../sql/statement.ts';
import { type LiveEvent, latestEvents, VISIBLE_COLUMNS } from '../store/live.ts';
import { NO_COLUMN_ROWS } from './column-rows.ts';
import type { QueryContext } from './context.ts';
import type { EngineQueries } from './engine-queries.ts';
import type { Latest, LiveMinute, LiveView } from './live-view.ts';
import { Meter } from './meter.ts';
import { planOf } from './needs.ts';
import { type Filter, type Moments, type ParsedQuery, testsIn } from './parsed-query.ts';
import { type Allowance, charge, pricesOf, VIEWERS } from './price.ts';
import { invalidQuery, type QueryError } from './query-error.ts';
import { matchingGoals, resolveFilters, testsToResolve } from './resolve.ts';
import { isProtected } from './small-groups.ts';
import { liveSql, VISITS_BEGIN } from './sql/live.ts';
import { valuesOf } from './sql/parameters.ts';

const MINUTE = 60_000;
export const LIVE_MINUTES = 30;
/** The minutes whose visitors are those of now. */
export const RECENT_MINUTES = 5;
/** How far back the beginning of a visit is looked for, which bounds the work: in milliseconds before the first minute. */
const MOST_BEFORE = 6 * 3_600_000;

/** @param query only its filters are used. @param engine null if no event is in Analytics Engine only. */
export async function readLive(
  db: D1Database,
  query: ParsedQuery,
  pixel: Pixel,
  now: number,
  latest: Latest,
  allowance: Allowance = VIEWERS,
  engine: EngineQueries | null = null,
): Promise<Result<LiveView, QueryError>> {
  const ofPeople = peopleErrors(query.filters);
  if (ofPeople.length > 0) return invalidQuery(ofPeople);
  const meter = new Meter();
  const goals = matchingGoals(query, pixel, meter);
  if (!goals.ok) return goals;

  const first = (Math.floor(now / MINUTE) - LIVE_MINUTES + 1) * MINUTE;
  const moments = { from: first, to: now };
  if (engine !== null && (await engine.areOf(pixel))) {
    const begin = query.filters.length > 0 ? earliestOf(query, pixel, first) : first;
    const recent = now - RECENT_MINUTES * MINUTE;
    return engine.live(query, pixel, { ...moments, begin, recent }, latest, meter);
  }
  const { at, events } = await beginOf(db, query, pixel, moments);
  const priced = { goals: pixel.settings.goals.length, isSafe: isProtected(pixel.settings.min_group) };
  const volume = { events, rows: 0, days: 1 };
  if (query.filters.length > 0) {
    const prices = pricesOf(query, testsToResolve(query), [volume], priced);
    if (charge(prices, allowance).length > 0) return invalidQuery([TOO_EXPENSIVE]);
  }
  const context = contextOf(pixel, moments, { from: at, to: now }, now);
  const filters = await resolveFilters(db, query, context, goals.value, meter);
  if (!filters.ok) return filters;

  const plan = planOf({ ...query, filters: filters.value }, context, false);
  const sql = liveSql(plan, VISIBLE_COLUMNS);
  const values = { ...valuesOf(plan), ...latest, recent: now - RECENT_MINUTES * MINUTE };
  const [counts, found] = await db.batch<Record<string, unknown>>([
    prepare(db, sql.counts, values),
    ...(latest.limit === 0
      ? []
      : [query.filters.length === 0 ? latestEvents(db, pixel.id, latest) : prepare(db, sql.latest, values)]),
  ]);
  const rows = new Map((counts?.results ?? []).map((row) => [row['minute'], row]));
  return ok({
    visitors: Number(rows.get(null)?.['visitors'] ?? 0),
    minutes: Array.from({ length: LIVE_MINUTES }, (_, index): LiveMinute => {
      const minute = first + index * MINUTE;
      const row = rows.get(minute / MINUTE);
      const countOf = (name: string): number => Number(row?.[name] ?? 0);
      return {
        minute,
        visitors: countOf('visitors'),
        events: countOf('events'),
        pageviews: countOf('pageviews'),
      };
    }),
    events: (found?.results ?? []) as unknown as readonly LiveEvent[],
  });
}

const TOO_EXPENSIVE: FieldError = {
  path: 'filters',
  message: 'These filters would take too much time. Use fewer or simpler ones.',
};

/** People are counted over days, and live counts are of minutes. */
function peopleErrors(filters: readonly Filter[]): FieldError[] {
  return filters
    .flatMap(testsIn)
    .filter(({ dimension }) => dimension.kind === 'person')
    .map(({ path, dimension }) => ({
      path: `${path}[1]`,
      message: `Live counts cannot be filtered by ${dimension.name}. Use a dimension of events or visits.`,
    }));
}

interface Begin {
  /** Events are read from here on. */
  readonly at: number;
  /** How many there are; 0 without filters, which need no price. */
  readonly events: number;
}

async function beginOf(
  db: D1Database,
  { filters }: ParsedQuery,
  { id, timezone }: Pixel,
  { from, to }: Moments,
): Promise<Begin> {
  if (filters.length === 0) return { at: from, events: 0 };
  const earliest = earliestOf({ filters }, { timezone }, from);
  const row = await prepare(db, VISITS_BEGIN, { pixel: id, from, to, earliest }).first<Begin>();
  return row ?? { at: from, events: 0 };
}

/** From when on events may be needed for filters. */
function earliestOf(
  { filters }: Pick<ParsedQuery, 'filters'>,
  { timezone }: Pick<Pixel, 'timezone'>,
  from: number,
): number {
  if (!filters.some(isOfVisits)) return from;
  return Math.max(dayStart(timezone, localDay(timezone, from)), from - MOST_BEFORE);
}

/** Whether a filter needs more of a visit than an event. */
function isOfVisits(filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.some(isOfVisits);
    case 'not':
      return isOfVisits(filter.filter);
    case 'done':
      return true;
    case 'test':
      return filter.dimension.kind === 'column' && filter.dimension.scope !== 'event';
  }
}

function contextOf(pixel: Pixel, moments: Moments, reads: Moments, now: number): QueryContext {
  const [first, last] = [localDay(pixel.timezone, reads.from), localDay(pixel.timezone, now)];
  const none = { rolled: 0, live: 0, purged: null, lost: null, never: null, lacking: null, as_of: null };
  return {
    pixel,
    range: { from: first, to: last },
    moments,
    reads,
    trimmed: null,
    peopleSince: peopleSince(now),
    reportable: null,
    days: { first, last, ...none, events: 0, rows: 0, days: 1 },
    source: { days: [], heads: [], made: [] },
    columns: NO_COLUMN_ROWS,
    rows: null,
    chargeEvents: () => [],
  };
}
