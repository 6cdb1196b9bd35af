/**
 * The SQL from raw events to visits. The cron rolls days up with it and the query answers open days and filtered questions
 * with it, so that there is one definition of every number.
 *
 * A visit is one visitor's events of one local day with no gap over 30 minutes, in order of time and then of id.
 * Events without a visitor belong to no visit: each stands alone and counts as an event (and page view) only. An
 * engagement is no event that counts: it starts no visit, and belongs to the one that its visitor began last.
 */
import type { ColumnDimension } from '../model/dimensions.ts';
import { ENGAGEMENT, PAGEVIEW } from '../model/event.ts';
import { VISIT_COUNTS } from '../model/metrics.ts';
import { columns as columnsOf } from './statement.ts';

/** Milliseconds between two events of a visitor that begin a new visit when exceeded. */
export const VISIT_GAP = 30 * 60_000;

/** An event's columns that the SQL below always needs. */
const KEYS = ['ts', 'id', 'name', 'visitor'] as const;

interface NumberedOptions {
  /** The CTE that gives the stretches. */
  readonly source: string;
  /** Further columns of `events` to carry along. */
  readonly columns: Iterable<string>;
  /** SQL that limits the events of an alias. */
  readonly where?: (event: string) => string;
  /** Whether the stretches are of one day, which spares comparing days. */
  readonly oneDay?: boolean;
}

/**
 * `numbered_event`: the events of pixel `:pixel` within the stretches, each with the number of its visit and of its visitor and day
 * (`visitor_number`). Engagements that belong to no visit are left out.
 */
export function numberedEvents({
  source,
  columns,
  where = () => 'true',
  oneDay = false,
}: NumberedOptions): string {
  const carried = [...new Set([...KEYS, ...columns])];
  // Of one day, rows need not tell which: all of them are sorted twice, and short ones sort faster.
  const labels = oneDay ? [] : ['bucket', 'day'];
  const day = oneDay ? '' : 'day, ';
  return `
  preceded_event AS (
    SELECT ${[...labels.map((label) => `s.${label}`), columnsOf('e', carried)].join(', ')}, e.name <> '${ENGAGEMENT}' AS counted,
      (e.ts + s.utc_offset) / 3600000 % 24 AS hour,
      count(*) OVER before AS seq,
      max(CASE WHEN e.name <> '${ENGAGEMENT}' THEN e.ts END) OVER before AS last_ts
    FROM ${source} s
    CROSS JOIN events e ON e.pixel = :pixel AND e.ts >= s.starts_at AND e.ts < s.ends_at AND ${where('e')}
    WINDOW before AS (
      PARTITION BY ${oneDay ? '' : 's.day, '}e.visitor ORDER BY e.ts, e.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  ),
  numbered_event AS MATERIALIZED (
    SELECT ${[...labels, ...carried].join(', ')}, counted, name = '${PAGEVIEW}' AS pageview, hour, seq, last_ts, starts,
      sum(starts) OVER so_far AS visit, sum(last_ts IS NULL) OVER so_far AS visitor_number
    FROM (
      SELECT *, counted AND (visitor = '' OR last_ts IS NULL OR ts - last_ts > ${VISIT_GAP}) AS starts
      FROM preceded_event
      WHERE counted OR (visitor <> '' AND last_ts IS NOT NULL)
    )
    WINDOW so_far AS (ORDER BY ${day}visitor, seq ROWS UNBOUNDED PRECEDING)
  )`;
}

/** The columns of `events` that the given visit dimensions are read from while visits are made. */
export function visitColumns(dimensions: Iterable<ColumnDimension>): string[] {
  const ofViews = [...dimensions].some(({ scope }) => scope === 'entry' || scope === 'exit');
  return ['engaged', 'scroll', ...(ofViews ? ['hostname', 'page'] : [])];
}

/** A page view's host and page with its number before them, so that the least text is of the first one. */
const VIEW = `CASE WHEN pageview THEN (1000000000 + seq) || hostname || char(10) || page END`;

/** Further columns of visits: from a group of `numbered_event` rows, and from a visit `v` of which this group is known. */
interface MoreOfVisits {
  readonly ofRows: readonly string[];
  readonly ofVisit: readonly string[];
}

/** `visit`: one row a visit, with its counts and the given visit dimensions as columns of their names. */
export function visits(
  dimensions: Iterable<ColumnDimension>,
  more: MoreOfVisits = { ofRows: ['min(bucket) AS bucket'], ofVisit: [] },
): string {
  const wanted = [...new Set(dimensions)];
  const ofFirst = wanted.filter(({ scope }) => scope === 'visit');
  const ends = (['entry', 'exit'] as const).filter((end) => wanted.some(({ scope }) => scope === end));
  const views = ends.map((end) => `${end === 'entry' ? 'min' : 'max'}(${VIEW}) AS ${end}_view`);
  const attributes = wanted.map((dimension) => `${attribute(dimension, 'v', 'f')} AS "${dimension.name}"`);
  return `
  bare_visit AS MATERIALIZED (
    SELECT visit, visitor_number, visitor <> '' AS has_visitor,
      max(CASE WHEN starts THEN ts END) AS first_ts, max(CASE WHEN starts THEN id END) AS first_id,
      max(starts AND last_ts IS NOT NULL) AS is_repeat,
      sum(pageview) AS pageviews, sum(counted) AS events, visitor <> '' AND sum(counted) = 1 AS bounces,
      iif(visitor <> '', coalesce(sum(CASE WHEN counted AND NOT starts THEN ts - last_ts END), 0), 0) AS duration,
      coalesce(sum(engaged), 0) AS engaged, count(engaged) > 0 AS engaged_visits,
      coalesce(max(scroll), 0) AS scroll, count(scroll) > 0 AS scrolled_visits${[...views, ...more.ofRows].map((sql) => `,\n      ${sql}`).join('')}
    FROM numbered_event
    GROUP BY visit
  ),
  visit AS MATERIALIZED (
    SELECT v.*, v.has_visitor AND v.visitor_number IN (SELECT visitor_number FROM bare_visit WHERE is_repeat) AS has_repeats${[...attributes, ...more.ofVisit].map((sql) => `,\n      ${sql}`).join('')}
    FROM bare_visit v${ofFirst.length === 0 ? '' : '\n    CROSS JOIN events f ON f.pixel = :pixel AND f.ts = v.first_ts AND f.id = v.first_id'}
  )`;
}

/** An attribute of visit `v`: of its first event `f`, or of its first or last page view. */
export function attribute({ scope, column }: ColumnDimension, v: string, f: string): string {
  if (scope === 'visit') return `${f}.${column}`;
  const end = `${v}.${scope}_view`;
  return column === 'page'
    ? `coalesce(substr(${end}, instr(${end}, char(10)) + 1), '')`
    : `coalesce(substr(${end}, 11, instr(${end}, char(10)) - 11), '')`;
}

/**
 * The sums over rows of visits, or of parts of visits, that make a group's counts. Who has one visit only is one visitor
 * wherever that visit counts; only the others must be told apart.
 */
export const SUM_VISITS = `
  coalesce(sum(has_visitor AND NOT has_repeats), 0) + count(DISTINCT CASE WHEN has_visitor AND has_repeats THEN visitor_number END) AS visitors,
  coalesce(sum(has_visitor), 0) AS visits,
  ${VISIT_COUNTS.slice(2)
    .map((count) => `coalesce(sum(${count}), 0) AS ${count}`)
    .join(', ')}`;

/** The counts of a part of a visit, from rows of `numbered_event`. */
export const partCounts = (event: string): string => `
  sum(${event}.pageview) AS pageviews, sum(${event}.counted) AS events,
  coalesce(sum(${event}.engaged), 0) AS engaged, count(${event}.engaged) > 0 AS engaged_visits,
  coalesce(max(${event}.scroll), 0) AS scroll, count(${event}.scroll) > 0 AS scrolled_visits`;

/** A part of a visit: the visit counts for it if one of its events is in it. */
export const partOfVisit = (part: string, visit: string): string => `
  ${visit}.has_visitor AND ${part}.events > 0 AS has_visitor, ${visit}.has_repeats, ${visit}.visitor_number, ${part}.pageviews, ${part}.events,
  ${visit}.bounces * (${part}.events > 0) AS bounces, ${visit}.duration * (${part}.events > 0) AS duration,
  ${part}.engaged, ${part}.engaged_visits, ${part}.scroll, ${part}.scrolled_visits`;
