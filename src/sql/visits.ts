/**
 * The SQL that groups raw events into visits. The cron uses it to roll up days, and the API uses it to answer queries from
 * events. So each number has one definition. `engine/visits.ts` groups the events that D1 does not have in the same way.
 *
 * A visit is a sequence of one visitor's events of one local day without a gap of more than 30 minutes, ordered by time and id.
 * An event without a visitor belongs to no visit and counts only as an event (and page view). An engagement does not count as an
 * event: it starts no visit, and belongs to the latest visit of its visitor.
 */
import type { ColumnDimension } from '../model/dimensions.ts';
import { ENGAGEMENT, PAGEVIEW, VISIT_GAP } from '../model/event.ts';
import { VISIT_COUNTS } from '../model/metrics.ts';
import { columns as columnsOf } from './statement.ts';

/** An event's columns that the SQL below always needs. */
const KEYS = ['ts', 'id', 'name', 'visitor'] as const;

interface NumberedOptions {
  /** The name of the CTE of stretches. */
  readonly source: string;
  /** Further columns of `events` to select. */
  readonly columns: Iterable<string>;
  /** An SQL condition on events; `event` is the alias of the table. */
  readonly where?: (event: string) => string;
  /** Whether the stretches are of one day. Then the SQL need not compare days. */
  readonly oneDay?: boolean;
  /** Further columns: window functions over `so_far`, the events in the order of their visits. */
  readonly inOrder?: readonly string[];
}

/**
 * `numbered_event`: the events of pixel `:pixel` within the stretches, each with the number of its visit and of its visitor and
 * day (`visitor_number`). Engagements that belong to no visit are left out.
 */
export function numberedEvents({
  source,
  columns,
  where = () => 'true',
  oneDay = false,
  inOrder = [],
}: NumberedOptions): string {
  const carried = [...new Set([...KEYS, ...columns])];
  // Rows of one day need no label of the day. All rows are sorted twice, and narrow rows sort faster.
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
      sum(starts) OVER so_far AS visit, sum(last_ts IS NULL) OVER so_far AS visitor_number${inOrder.map((sql) => `,\n      ${sql}`).join('')}
    FROM (
      SELECT *, counted AND (visitor = '' OR last_ts IS NULL OR ts - last_ts > ${VISIT_GAP}) AS starts
      FROM preceded_event
      WHERE counted OR (visitor <> '' AND last_ts IS NOT NULL)
    )
    WINDOW so_far AS (ORDER BY ${day}visitor, seq ROWS UNBOUNDED PRECEDING)
  )`;
}

/** The columns of `events` that `visits` needs for the given visit dimensions. */
export function visitColumns(dimensions: Iterable<ColumnDimension>): string[] {
  const ofViews = [...dimensions].some(({ scope }) => scope === 'entry' || scope === 'exit');
  return ['engaged', 'scroll', ...(ofViews ? ['hostname', 'page'] : [])];
}

/** A page view's host and page after its sequence number, so that `min` selects the first page view and `max` the last one. */
const VIEW = `CASE WHEN pageview THEN (1000000000 + seq) || hostname || char(10) || page END`;

/** Further columns of visits: aggregates over a visit's rows of `numbered_event`, and expressions over a visit `v`. */
interface MoreOfVisits {
  readonly ofRows: readonly string[];
  readonly ofVisit: readonly string[];
}

/** `visit`: one row per visit, with its counts and a column for each given visit dimension. */
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

/** SQL for an attribute of visit `v`, read from its first event `f` or from its first or last page view. */
export function attribute({ scope, column }: ColumnDimension, v: string, f: string): string {
  if (scope === 'visit') return `${f}.${column}`;
  const end = `${v}.${scope}_view`;
  return column === 'page'
    ? `coalesce(substr(${end}, instr(${end}, char(10)) + 1), '')`
    : `coalesce(substr(${end}, 11, instr(${end}, char(10)) - 11), '')`;
}

/**
 * A group's counts, summed over visits or parts of visits. A visitor with a single visit is one visitor in each group of that
 * visit. Only visitors with multiple visits need a distinct count, which is slow.
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

/** The columns of a part of a visit. The visit counts for the part if one of its counted events is in it. */
export const partOfVisit = (part: string, visit: string): string => `
  ${visit}.has_visitor AND ${part}.events > 0 AS has_visitor, ${visit}.has_repeats, ${visit}.visitor_number, ${part}.pageviews, ${part}.events,
  ${visit}.bounces * (${part}.events > 0) AS bounces, ${visit}.duration * (${part}.events > 0) AS duration,
  ${part}.engaged, ${part}.engaged_visits, ${part}.scroll, ${part}.scrolled_visits`;
