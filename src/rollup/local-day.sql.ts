/**
 * The SQL of local days: from raw events to visits, and from visits to counts. The cron rolls days up with it and the
 * query answers open days and filtered questions with it, so that there is one definition of every number.
 *
 * A visit is one visitor's events of one local day with no gap over 30 minutes, in order of time and then of id.
 * Events without a visitor belong to no visit: each stands alone and counts as an event (and page view) only. An
 * engagement is no event that counts: it starts no visit, and belongs to the one that its visitor began last.
 */
import {
  type ColumnDimension,
  GOAL,
  KEPT_KEYS,
  KEPT_VALUES,
  OTHER,
  PROPERTY_PREFIX,
  ROLLED_DIMENSIONS,
  type Scope,
} from '../model/dimensions.ts';
import { ENGAGEMENT, PAGEVIEW } from '../model/event.ts';
import { type Goal, globOf } from '../model/goal.ts';
import { COUNTS, SALE_COUNTS, VISIT_COUNTS } from '../model/metrics.ts';
import type { Segment } from '../model/time-zone.ts';

/** Milliseconds between two events of a visitor that begin a new visit when exceeded. */
export const VISIT_GAP = 30 * 60_000;

/**
 * A day of fewer events is cheap enough to be answered from them while it changes. Of a larger one, an older rollup has to
 * do until the next; while it is open, it has one every hour.
 */
export const LIVE_EVENTS = 50_000;

/** Rollup rows beside the dimensions': the whole day, and each hour of it. */
export const TOTAL = 'total';
export const HOUR = 'time:hour';

/** A segment of a local day and the label under which its events are gathered: its day, week, month, or nothing. */
export interface Stretch extends Segment {
  readonly bucket: string;
}

/** The JSON parameter that `STRETCHES` reads. */
export function stretchParameter(stretches: readonly Stretch[]): string {
  return JSON.stringify(
    stretches.map(({ bucket, day, start, end, offset }) => [bucket, day, start, end, offset]),
  );
}

/** `stretch`: the segments in parameter `?2`. */
export const STRETCHES = `
  stretch AS (
    SELECT value ->> 0 AS bucket, value ->> 1 AS day, value ->> 2 AS starts_at, value ->> 3 AS ends_at,
      value ->> 4 AS utc_offset
    FROM json_each(?2)
  )`;

/** The local hour of a row of `numbered`, such as `2026-11-24 09:00:00`. An hour that clocks repeat is one label. */
export const hourLabel = (row: string): string => `${row}.day || format(' %02d:00:00', ${row}.hour)`;

/** The JSON parameter that `GOALS` reads. */
export function goalParameter(goals: readonly Goal[]): string {
  return JSON.stringify(
    goals.map((goal) => {
      if ('event' in goal) return [goal.name, goal.event];
      if ('property' in goal) return [goal.name, null, null, null, goal.property, goal.value];
      return goal.page.includes('*')
        ? [goal.name, null, null, globOf(goal.page)]
        : [goal.name, null, goal.page];
    }),
  );
}

/** `goal`: the goals in parameter `?3`. */
export const GOALS = `
  goal AS (
    SELECT key AS step, value ->> 0 AS name, value ->> 1 AS event, value ->> 2 AS page, value ->> 3 AS pages,
      value ->> 4 AS property, value ->> 5 AS value
    FROM json_each(?3)
  )`;

/** Whether event `n` reaches goal `g`. */
export const REACHES = `
  n.counted AND CASE
    WHEN g.event IS NOT NULL THEN n.name = g.event
    WHEN g.page IS NOT NULL THEN n.pageview AND n.page = g.page
    WHEN g.pages IS NOT NULL THEN n.pageview AND n.page GLOB g.pages
    ELSE n.props <> '' AND EXISTS (SELECT 1 FROM json_each(n.props) p WHERE p.key = g.property AND p.value = g.value)
  END`;

/** An event's columns that the SQL below always needs. */
const KEYS = ['ts', 'id', 'name', 'visitor'] as const;

interface NumberedOptions {
  /** The CTE that gives the stretches. */
  readonly source: string;
  /** Further columns of `events` to carry along. */
  readonly columns: Iterable<string>;
  /** SQL that limits the events `e`. */
  readonly where?: string;
  /** Whether the stretches are of one day, which spares comparing days. */
  readonly oneDay?: boolean;
}

/**
 * `numbered`: the events of pixel `?1` within the stretches, each with the number of its visit and of its visitor and day
 * (`who`). Engagements that belong to no visit are left out.
 */
export function numberedEvents({ source, columns, where = 'true', oneDay = false }: NumberedOptions): string {
  const carried = [...new Set([...KEYS, ...columns])].join(', ');
  // Of one day, rows need not tell which: all of them are sorted twice, and short ones sort faster.
  const labels = oneDay ? '' : 'bucket, day, ';
  const day = oneDay ? '' : 'day, ';
  return `
  past AS (
    SELECT ${labels.replaceAll(/\w+/g, 's.$&')}${carried.replaceAll(/\w+/g, 'e.$&')}, e.name <> '${ENGAGEMENT}' AS counted,
      (e.ts + s.utc_offset) / 3600000 % 24 AS hour,
      count(*) OVER before AS seq,
      max(CASE WHEN e.name <> '${ENGAGEMENT}' THEN e.ts END) OVER before AS last_ts
    FROM ${source} s
    CROSS JOIN events e ON e.pixel = ?1 AND e.ts >= s.starts_at AND e.ts < s.ends_at AND ${where}
    WINDOW before AS (
      PARTITION BY ${oneDay ? '' : 's.day, '}e.visitor ORDER BY e.ts, e.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  ),
  numbered AS MATERIALIZED (
    SELECT ${labels}${carried}, counted, name = '${PAGEVIEW}' AS pageview, hour, seq, last_ts, starts,
      sum(starts) OVER so_far AS visit, sum(last_ts IS NULL) OVER so_far AS who
    FROM (
      SELECT *, counted AND (visitor = '' OR last_ts IS NULL OR ts - last_ts > ${VISIT_GAP}) AS starts
      FROM past
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

/** Further columns of visits: from a group of `numbered` rows, and from a visit `v` of which this group is known. */
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
    SELECT visit, who, visitor <> '' AS known,
      max(CASE WHEN starts THEN ts END) AS first_ts, max(CASE WHEN starts THEN id END) AS first_id,
      max(starts AND last_ts IS NOT NULL) AS again,
      sum(pageview) AS pageviews, sum(counted) AS events, visitor <> '' AND sum(counted) = 1 AS bounces,
      iif(visitor <> '', coalesce(sum(CASE WHEN counted AND NOT starts THEN ts - last_ts END), 0), 0) AS duration,
      coalesce(sum(engaged), 0) AS engaged, count(engaged) > 0 AS engaged_visits,
      coalesce(max(scroll), 0) AS scroll, count(scroll) > 0 AS scrolled_visits${[...views, ...more.ofRows].map((sql) => `,\n      ${sql}`).join('')}
    FROM numbered
    GROUP BY visit
  ),
  visit AS MATERIALIZED (
    SELECT v.*, v.known AND v.who IN (SELECT who FROM bare_visit WHERE again) AS several${[...attributes, ...more.ofVisit].map((sql) => `,\n      ${sql}`).join('')}
    FROM bare_visit v${ofFirst.length === 0 ? '' : '\n    CROSS JOIN events f ON f.pixel = ?1 AND f.ts = v.first_ts AND f.id = v.first_id'}
  )`;
}

/** An attribute of visit `v`: of its first event `f`, or of its first or last page view. */
function attribute({ scope, column }: ColumnDimension, v: string, f: string): string {
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
  coalesce(sum(known AND NOT several), 0) + count(DISTINCT CASE WHEN known AND several THEN who END) AS visitors,
  coalesce(sum(known), 0) AS visits,
  ${VISIT_COUNTS.slice(2)
    .map((count) => `coalesce(sum(${count}), 0) AS ${count}`)
    .join(', ')}`;

const NO_SALES = SALE_COUNTS.map((count) => `0 AS ${count}`).join(', ');
const NO_VISITS = VISIT_COUNTS.map((count) => `0 AS ${count}`).join(', ');

/** The counts of a part of a visit, from rows of `numbered`. */
export const PART_COUNTS = `
  sum(n.pageview) AS pageviews, sum(n.counted) AS events,
  coalesce(sum(n.engaged), 0) AS engaged, count(n.engaged) > 0 AS engaged_visits,
  coalesce(max(n.scroll), 0) AS scroll, count(n.scroll) > 0 AS scrolled_visits`;

/** A part `p` of visit `v`: the visit counts for it if one of its events is in it. */
export const PART_OF_VISIT = `
  v.known AND p.events > 0 AS known, v.several, v.who, p.pageviews, p.events,
  v.bounces * (p.events > 0) AS bounces, v.duration * (p.events > 0) AS duration,
  p.engaged, p.engaged_visits, p.scroll, p.scrolled_visits`;

const VISIT_DIMENSIONS = ROLLED_DIMENSIONS.filter(({ scope }) => scope !== 'event');
const EVENT_DIMENSIONS = ROLLED_DIMENSIONS.filter(({ scope }) => scope === 'event');
const PARTED: readonly Rolled[] = [{ name: HOUR, column: 'hour', scope: 'event' }, ...EVENT_DIMENSIONS];
const EVENT_COLUMNS = PARTED.map(({ column }) => column);

/** A statement may have five terms in a UNION, but each may be a UNION again. */
export function unionAll(terms: readonly string[]): string {
  if (terms.length <= 5) return terms.join('\n  UNION ALL\n  ');
  const size = Math.max(5, Math.ceil(terms.length / 5));
  const groups: string[] = [];
  for (let at = 0; at < terms.length; at += size) {
    groups.push(`SELECT * FROM (\n  ${unionAll(terms.slice(at, at + size))})`);
  }
  return unionAll(groups);
}

/**
 * Columns that go together: browsers have few versions, and cities one country. Their combinations are few, so that visits
 * are summed to these once, and values are summed from them. A dimension that is not named here stands alone.
 */
const TOGETHER: readonly (readonly string[])[] = [
  ['device', 'browser', 'browser_version', 'os', 'os_version'],
  ['country', 'region', 'region_name', 'city'],
  ['source', 'referrer', 'channel'],
  ['utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term'],
  ['name', 'hostname', 'currency', 'hour'],
];

interface Rolled {
  readonly name: string;
  readonly column: string;
  readonly scope: Scope;
}

function together<T extends Rolled>(dimensions: readonly T[]): T[][] {
  const keyOf = ({ scope, column }: T): string | number => {
    if (scope === 'entry' || scope === 'exit') return scope;
    const place = TOGETHER.findIndex((columns) => columns.includes(column));
    return place < 0 ? column : place;
  };
  return [...Map.groupBy(dimensions, keyOf).values()];
}

/** A row for each of some dimensions from each row `c`, by the number of the dimension. */
const unfold = (
  dimensions: readonly Rolled[],
  sqlOf: (dimension: Rolled, index: number) => string,
): string =>
  dimensions.length === 1
    ? sqlOf(dimensions[0] as Rolled, 0)
    : `CASE d.key ${dimensions.map((dimension, index) => `WHEN ${index} THEN ${sqlOf(dimension, index)}`).join(' ')} END`;
const namesOf = (dimensions: readonly Rolled[]): string =>
  `json_each('${JSON.stringify(dimensions.map(({ name }) => name))}') d`;

const PLAIN_COUNTS = VISIT_COUNTS.slice(2);
const PLAIN_SUMS = PLAIN_COUNTS.map((count) => `sum(${count}) AS ${count}`).join(', ');

/** Whether an earlier visit of the same visitor had the value, too: a bit for each dimension. */
const REPEATS = `
  iif(v.known AND v.again, (
    SELECT ${VISIT_DIMENSIONS.map((dimension, bit) => `(max(${attribute(dimension, 'u', 'g')} = ${attribute(dimension, 'v', 'f')}) << ${bit})`).join(' | ')}
    FROM bare_visit u CROSS JOIN events g ON g.pixel = ?1 AND g.ts = u.first_ts AND g.id = u.first_id
    WHERE u.who = v.who AND u.visit < v.visit), 0) AS repeats`;

const TOTAL_TERM = `SELECT '${TOTAL}' AS dimension, '' AS value, '' AS currency, ${SUM_VISITS}, ${NO_SALES} FROM visit`;

/** Visit dimensions that go together. A visitor counts for a value with the first visit that has it. */
function visitTerm(dimensions: readonly ColumnDimension[]): string {
  const bit = (dimension: Rolled): number => VISIT_DIMENSIONS.indexOf(dimension as ColumnDimension);
  return `SELECT d.value AS dimension, ${unfold(dimensions, ({ name }) => `"${name}"`)} AS value, '' AS currency,
    visits - ${unfold(dimensions, (_, index) => `repeats${index}`)} AS visitors, visits, ${PLAIN_COUNTS.join(', ')}, ${NO_SALES}
  FROM (
    SELECT ${dimensions.map(({ name }) => `"${name}"`).join(', ')}, sum(known) AS visits, ${PLAIN_SUMS},
      ${dimensions.map((dimension, index) => `sum((repeats >> ${bit(dimension)}) & 1) AS repeats${index}`).join(', ')}
    FROM visit GROUP BY ${dimensions.map((_, index) => index + 1).join(', ')}) c
  CROSS JOIN ${namesOf(dimensions)}`;
}

const hourOr = (column: string, value: string): string =>
  column === 'hour' ? `?6 || format(' %02d:00:00', ${value})` : value;

/**
 * Dimensions of single events. Most visits have one value in all of their events: these are taken whole, and only the
 * others are taken apart. Of the whole ones, only visitors with several visits must be told apart.
 */
function wholeTerm(dimensions: readonly Rolled[]): string {
  return `SELECT d.value AS dimension, ${unfold(dimensions, ({ column }) => hourOr(column, `only_${column}`))} AS value, '' AS currency,
    visits AS visitors, visits, ${PLAIN_COUNTS.join(', ')}, ${NO_SALES}
  FROM (
    SELECT ${dimensions.map(({ column }) => `only_${column}`).join(', ')}, sum(known) AS visits, ${PLAIN_SUMS}
    FROM visit WHERE NOT several
    GROUP BY ${dimensions.map((_, index) => index + 1).join(', ')}) c
  CROSS JOIN ${namesOf(dimensions)}
  WHERE ${unfold(dimensions, ({ column }) => `only_${column}`)} IS NOT NULL`;
}

/** `mixed`: the events of visits whose events have several values of a dimension. */
const MIXED = `
  mixed AS MATERIALIZED (
    SELECT n.visit, n.pageview, n.counted, n.engaged, n.scroll, v.known, v.several, v.who, v.bounces, v.duration,
      ${EVENT_COLUMNS.map((column) => `n.${column}, v.only_${column}`).join(', ')}
    FROM numbered n CROSS JOIN visit v ON v.visit = n.visit
    WHERE ${EVENT_COLUMNS.map((column) => `v.only_${column} IS NULL`).join(' OR ')}
  )`;

function partTerm({ name, column }: Rolled): string {
  return `SELECT '${name}' AS dimension, ${hourOr(column, 'value')} AS value, '' AS currency, ${SUM_VISITS}, ${NO_SALES}
  FROM (
    SELECT only_${column} AS value, known, several, who, ${PLAIN_COUNTS.join(', ')}
    FROM visit WHERE several AND only_${column} IS NOT NULL
    UNION ALL
    SELECT value, ${PART_OF_VISIT.replaceAll(/\bv\./g, 'p.')}
    FROM (
      SELECT n.${column} AS value, n.known, n.several, n.who, n.bounces, n.duration, ${PART_COUNTS}
      FROM mixed n
      WHERE n.only_${column} IS NULL
      GROUP BY n.visit, n.${column}) p)
  GROUP BY 2`;
}

/** The value that all rows of a visit share, or null. */
const only = (column: string): string =>
  `iif(min(${column}) = max(${column}), max(${column}), NULL) AS only_${column}`;

const SALE_DIMENSIONS = [
  [TOTAL, `''`] as const,
  [HOUR, hourOr('hour', 'n.hour')] as const,
  ...EVENT_DIMENSIONS.map(({ name, column }) => [name, `n.${column}`] as const),
  ...VISIT_DIMENSIONS.map(({ name }) => [name, `n."${name}"`] as const),
];

/** `sale`: the events that have revenue, with the attributes of their visits. They are few. */
const SALES = `
  sold AS MATERIALIZED (SELECT * FROM numbered WHERE counted AND value IS NOT NULL AND currency <> ''),
  sale AS MATERIALIZED (
    SELECT n.*, ${VISIT_DIMENSIONS.map(({ name }) => `v."${name}"`).join(', ')}
    FROM visit v CROSS JOIN sold n ON n.visit = v.visit
  )`;

const SALE_TERM = `
  SELECT d.value AS dimension,
    CASE d.value ${SALE_DIMENSIONS.map(([name, sql]) => `WHEN '${name}' THEN ${sql}`).join(' ')} END AS value,
    n.currency AS currency, ${NO_VISITS}, sum(n.value) AS revenue, count(*) AS sales
  FROM sale n CROSS JOIN json_each('${JSON.stringify(SALE_DIMENSIONS.map(([name]) => name))}') d
  GROUP BY 1, 2, 3`;

const GOAL_TERMS = [
  `SELECT '${GOAL}' AS dimension, value, '' AS currency, ${SUM_VISITS}, ${NO_SALES}
  FROM (
    SELECT p.value, ${PART_OF_VISIT}
    FROM (
      SELECT g.name AS value, n.visit, ${PART_COUNTS}
      FROM goal g CROSS JOIN numbered n ON ${REACHES}
      GROUP BY g.name, n.visit) p
    CROSS JOIN visit v ON v.visit = p.visit)
  GROUP BY value`,
  `SELECT '${GOAL}' AS dimension, g.name AS value, n.currency AS currency, ${NO_VISITS}, sum(n.value) AS revenue, count(*) AS sales
  FROM goal g CROSS JOIN sale n ON ${REACHES}
  GROUP BY 2, 3`,
];

/**
 * Custom properties: `kept_key` is the day's most used keys, `property` the values that events have, `touched` the
 * visits of who has one. An empty text is no value. In joins the few are looked up for the many, not the other way round:
 * SQLite makes an index of what is looked up.
 */
const PROPERTIES = `
  used_key AS MATERIALIZED (
    SELECT p.key AS key, count(*) AS uses
    FROM stretch s
    CROSS JOIN events e ON e.pixel = ?1 AND e.ts >= s.starts_at AND e.ts < s.ends_at AND e.props <> ''
      AND e.name <> '${ENGAGEMENT}'
    CROSS JOIN json_each(e.props) p ON p.value <> ''
    GROUP BY p.key
  ),
  kept_key AS MATERIALIZED (SELECT key FROM used_key ORDER BY uses DESC, key LIMIT ${KEPT_KEYS}),
  property AS MATERIALIZED (
    SELECT p.key AS key, p.value AS held, n.*
    FROM numbered n CROSS JOIN json_each(n.props) p ON p.value <> ''
    WHERE n.props <> '' AND p.key IN (SELECT key FROM kept_key)
  ),
  touched AS MATERIALIZED (
    SELECT t.key, v.visit, v.known, v.several, v.who, ${PLAIN_COUNTS.map((count) => `v.${count}`).join(', ')}
    FROM visit v CROSS JOIN (SELECT DISTINCT key, who FROM property) t ON t.who = v.who
  )`;

const PROPERTY = `'${PROPERTY_PREFIX}' || key`;
/** Whether an event lacks the key of row `t`. */
const LACKS_KEY = `
  (n.props = '' OR NOT EXISTS (SELECT 1 FROM json_each(n.props) p WHERE p.key = t.key AND p.value <> ''))`;

/**
 * Events without a key are far more than those with it, so their counts are not made from them: they are the whole day's,
 * without all that the visitors did who have the key in some event, and with what of this lacks the key.
 */
const PROPERTY_TERMS = [
  `SELECT ${PROPERTY} AS dimension, value, '' AS currency, ${SUM_VISITS}, ${NO_SALES}
  FROM (
    SELECT p.key, p.value, ${PART_OF_VISIT}
    FROM (
      SELECT n.key, n.held AS value, n.visit, ${PART_COUNTS}
      FROM property n
      GROUP BY 1, 2, 3) p
    CROSS JOIN touched v ON v.key = p.key AND v.visit = p.visit)
  GROUP BY key, value`,
  `SELECT ${PROPERTY} AS dimension, '' AS value, '' AS currency, ${VISIT_COUNTS.join(', ')}, ${NO_SALES}
  FROM kept_key CROSS JOIN (SELECT ${SUM_VISITS} FROM visit)`,
  `SELECT ${PROPERTY} AS dimension, '' AS value, '' AS currency, ${VISIT_COUNTS.map((count) => `-${count}`).join(', ')}, ${NO_SALES}
  FROM (
    SELECT key, ${SUM_VISITS} FROM touched GROUP BY key)`,
  `SELECT ${PROPERTY} AS dimension, '' AS value, '' AS currency, ${SUM_VISITS}, ${NO_SALES}
  FROM (
    SELECT p.key, ${PART_OF_VISIT}
    FROM (
      SELECT t.key, n.visit, ${PART_COUNTS}
      FROM numbered n CROSS JOIN touched t ON t.visit = n.visit AND ${LACKS_KEY}
      GROUP BY t.key, n.visit) p
    CROSS JOIN touched v ON v.key = p.key AND v.visit = p.visit)
  GROUP BY key`,
  // A day with more keys than are kept says so, under a dimension without a key.
  `SELECT '${PROPERTY_PREFIX}' AS dimension, '' AS value, '' AS currency, ${VISIT_COUNTS.map((count) => (count === 'events' ? '1' : '0')).join(', ')}, ${NO_SALES}
  FROM (SELECT count(*) AS keys FROM used_key) WHERE keys > ${KEPT_KEYS} AND ?4 = ''`,
  `SELECT ${PROPERTY} AS dimension,
    coalesce((SELECT p.value FROM json_each(iif(n.props = '', '{}', n.props)) p WHERE p.key = t.key), '') AS value,
    n.currency AS currency, ${NO_VISITS}, sum(n.value) AS revenue, count(*) AS sales
  FROM kept_key t CROSS JOIN sale n
  GROUP BY t.key, 2, 3`,
];

const ROLLUP_COLUMNS = ['page', 'hostname', 'currency', 'value', 'props', 'engaged', 'scroll'];

/** A slice's rows, before they are summed. The visitors of a slice are those from `?4` on and before `?5`. */
const TERMS = [
  TOTAL_TERM,
  ...together(VISIT_DIMENSIONS).map(visitTerm),
  ...together(PARTED).map(wholeTerm),
  ...PARTED.map(partTerm),
  SALE_TERM,
  ...GOAL_TERMS,
  ...PROPERTY_TERMS,
];

const sums = COUNTS.map((count) => `sum(${count}) AS ${count}`).join(', ');
const isAnything = `HAVING ${COUNTS.map((count) => `sum(${count}) <> 0`).join(' OR ')}`;

/**
 * The rollup of a slice of one local day `?6`: pixel `?1`, its segments `?2`, the pixel's goals `?3`. Visitors lie in one slice
 * only, so the counts of slices add up to the day's.
 */
const SLICE = `
  WITH ${STRETCHES},
  ${GOALS},
  ${numberedEvents({ source: 'stretch', columns: ROLLUP_COLUMNS, where: 'e.visitor >= ?4 AND e.visitor < ?5', oneDay: true })},
  ${visits(VISIT_DIMENSIONS, { ofRows: EVENT_COLUMNS.map(only), ofVisit: [REPEATS] })},
  ${MIXED},
  ${SALES},
  ${PROPERTIES},
  summed AS MATERIALIZED (
    SELECT dimension, value, currency, ${sums}
    FROM (${unionAll(TERMS)})
    GROUP BY dimension, value, currency
    ${isAnything})`;

/**
 * `folded`: the rows of `summed`, with values past the most visited of each dimension as one. A value's rows of revenue
 * have its place. Each of these names `summed` once: SQLite copies what a name stands for wherever it is used.
 */
const FOLDED = `
  ranked AS (
    SELECT *, dense_rank() OVER (PARTITION BY dimension ORDER BY most_visitors DESC, most_events DESC, value) AS place
    FROM (
      SELECT *, max(visitors) OVER value_rows AS most_visitors, max(events) OVER value_rows AS most_events
      FROM summed
      WINDOW value_rows AS (PARTITION BY dimension, value))
  ),
  folded AS (
    SELECT dimension, iif(place > ${KEPT_VALUES}, '${OTHER}', value) AS value, currency, ${sums}
    FROM ranked
    GROUP BY 1, 2, 3
  )`;

/** Where rollups are kept, by the length of what they are of. */
const KEPT_IN = { day: 'rollups', month: 'month_rollups' } as const;
type Length = keyof typeof KEPT_IN;

/**
 * Writes the rows of a day or month that are new or have changed, and no others. Rows that are no more are set to zero,
 * for `deleteVanished` to delete.
 */
const upsert = (length: Length, label: string): string => `
  INSERT INTO ${KEPT_IN[length]} (pixel, ${length}, dimension, value, currency, ${COUNTS.join(', ')})
  SELECT ?1, ${label}, dimension, value, currency, ${sums}
  FROM (
    SELECT dimension, value, currency, ${COUNTS.join(', ')} FROM folded
    UNION ALL
    SELECT dimension, value, currency, ${COUNTS.map(() => '0').join(', ')} FROM ${KEPT_IN[length]}
    WHERE pixel = ?1 AND ${length} = ${label})
  WHERE true
  GROUP BY dimension, value, currency
  ON CONFLICT (pixel, ${length}, dimension, value, currency) DO UPDATE SET
    ${COUNTS.map((count) => `${count} = excluded.${count}`).join(', ')}
  WHERE (${COUNTS.map((count) => `${KEPT_IN[length]}.${count}`).join(', ')})
    IS NOT (${COUNTS.map((count) => `excluded.${count}`).join(', ')})`;

const deleteVanished = (length: Length): string => `
  DELETE FROM ${KEPT_IN[length]}
  WHERE pixel = ?1 AND ${length} = ?2 AND ${COUNTS.map((count) => `${count} = 0`).join(' AND ')}`;

/** Rolls up a day of one slice: parameters as of `SLICE`. */
export const ROLL_UP_DAY = `${SLICE}, ${FOLDED} ${upsert('day', '?6')}`;

/** Rows that are kept together: with the longest values there are, they stay within the 2 MB that D1 takes. */
const ROWS_A_PART = 400;

/** Keeps the rows of slice `?7` of day `?6` until all are there. */
export const KEEP_SLICE = `${SLICE}
  INSERT OR REPLACE INTO rollup_slices (pixel, day, slice, part, counts)
  SELECT ?1, ?6, ?7, part, jsonb_group_array(jsonb_array(dimension, value, currency, ${COUNTS.join(', ')}))
  FROM (SELECT *, (row_number() OVER () - 1) / ${ROWS_A_PART} AS part FROM summed)
  GROUP BY part`;

/** Rolls up day `?2` of pixel `?1` from its slices. */
export const ROLL_UP_SLICES = `
  WITH summed AS MATERIALIZED (
    SELECT row ->> 0 AS dimension, row ->> 1 AS value, row ->> 2 AS currency,
      ${COUNTS.map((count, index) => `sum(row ->> ${index + 3}) AS ${count}`).join(', ')}
    FROM (
      SELECT jsonb(j.value) AS row
      FROM rollup_slices s CROSS JOIN json_each(s.counts) j
      WHERE s.pixel = ?1 AND s.day = ?2
      LIMIT -1)
    GROUP BY 1, 2, 3),
  ${FOLDED} ${upsert('day', '?2')}`;

export const DELETE_SLICES = 'DELETE FROM rollup_slices WHERE pixel = ?1 AND day = ?2';

export const DELETE_VANISHED = deleteVanished('day');

/** The days of month `?2`. */
const IN_MONTH = `pixel = ?1 AND day >= ?2 || '-01' AND day <= ?2 || '-31'`;

/** Rolls up month `?2` from its days. Hours are asked for by the day, and properties have days without any. */
export const ROLL_UP_MONTH = `
  WITH summed AS MATERIALIZED (
    SELECT dimension, value, currency, ${sums}
    FROM rollups
    WHERE ${IN_MONTH} AND dimension <> '${HOUR}' AND substr(dimension, 1, ${PROPERTY_PREFIX.length}) <> '${PROPERTY_PREFIX}'
    GROUP BY dimension, value, currency),
  ${FOLDED} ${upsert('month', '?2')}`;

export const DELETE_VANISHED_OF_MONTH = deleteVanished('month');

/** Tells how often the month's days have been rolled up. */
export const MARK_MONTH = `
  INSERT INTO months (pixel, month, rolls)
  SELECT ?1, ?2, sum(rolls) FROM days WHERE ${IN_MONTH}
  ON CONFLICT (pixel, month) DO UPDATE SET rolls = excluded.rolls`;

/** The characters that a visitor hash begins with, in order. */
const HASH_CHARACTERS = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

/** From which visitor on, and before which, a slice of so many goes. */
export function sliceBounds(slice: number, slices: number): readonly [from: string, before: string] {
  const bound = (at: number): string =>
    HASH_CHARACTERS[Math.floor((HASH_CHARACTERS.length * at) / slices)] ?? '\u{10ffff}';
  return [slice === 0 ? '' : bound(slice), bound(slice + 1)];
}
