/**
 * The SQL of local days: from raw events to visits, and from visits to counts. The cron rolls days up with it and the
 * query answers open days and filtered questions with it, so that there is one definition of every number.
 *
 * A visit is one visitor's events of one local day with no gap over 30 minutes, in order of time and then of id.
 * Events without a visitor belong to no visit: each stands alone and counts as an event (and page view) only.
 */
import { DIMENSIONS, type Dimension, KEPT_VALUES, OTHER, ROLLED_DIMENSIONS } from '../model/dimensions.ts';
import { PAGEVIEW } from '../model/event.ts';
import { COUNTS } from '../model/metrics.ts';
import type { Segment } from '../model/time-zone.ts';

/** Milliseconds between two events of a visitor that begin a new visit when exceeded. */
export const VISIT_GAP = 30 * 60_000;

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

/** An event's local hour, such as `2026-11-24 09:00:00`. An hour that clocks repeat is one label. */
export const HOUR_LABEL = `s.day || format(' %02d:00:00', (e.ts + s.utc_offset) / 3600000 % 24)`;

/**
 * `hit` and `numbered`: the events of pixel `?1` within the stretches, each with the number of its visit.
 *
 * @param source the CTE that gives the stretches.
 * @param columns the columns of `events` to carry along.
 * @param bucket SQL for the label, over stretch `s` and event `e`.
 */
export function numberedEvents(source: string, columns: Iterable<string>, bucket: string): string {
  const carried = [...new Set(['name', ...columns])].map((column) => `e.${column}`).join(', ');
  return `
  hit AS (
    SELECT ${bucket} AS bucket, s.day, e.visitor, e.ts, e.name = '${PAGEVIEW}' AS pageview, ${carried},
      row_number() OVER visitor_day AS seq,
      e.visitor = '' OR e.ts - lag(e.ts, 1, -9000000000000) OVER visitor_day > ${VISIT_GAP} AS starts
    FROM ${source} s
    CROSS JOIN events e ON e.pixel = ?1 AND e.ts >= s.starts_at AND e.ts < s.ends_at
    WINDOW visitor_day AS (PARTITION BY s.day, e.visitor ORDER BY e.ts, e.id)
  ),
  numbered AS (
    SELECT *, sum(starts) OVER (PARTITION BY day, visitor ORDER BY seq ROWS UNBOUNDED PRECEDING) AS visit
    FROM hit
  )`;
}

/** `visit`: one row a visit, with its counts and the given visit dimensions as columns of their names. */
export function visits(dimensions: Iterable<Dimension>): string {
  const attributes = [...new Set(dimensions)].map(
    (dimension) => `,\n      ${attribute(dimension)} AS "${dimension.name}"`,
  );
  return `
  visit AS (
    SELECT day, visitor, visit, visitor <> '' AS counted, min(bucket) AS bucket,
      sum(pageview) AS pageviews, count(*) AS events,
      visitor <> '' AND count(*) = 1 AS bounces,
      iif(visitor <> '', max(ts) - min(ts), 0) AS duration${attributes.join('')}
    FROM numbered
    GROUP BY day, visitor, visit
  )`;
}

/** A visit's attribute: of its first event, or of its first or last page view. */
function attribute({ scope, column }: Dimension): string {
  switch (scope) {
    case 'visit':
      return `max(CASE WHEN starts THEN ${column} END)`;
    // The event's number, padded so that text sorts as the number does, picks the row whose value is wanted.
    case 'entry':
      return `coalesce(substr(min(CASE WHEN pageview THEN format('%010d', seq) || ${column} END), 11), '')`;
    case 'exit':
      return `coalesce(substr(max(CASE WHEN pageview THEN format('%010d', seq) || ${column} END), 11), '')`;
    case 'event':
      throw new Error('an event dimension is no attribute of a visit');
  }
}

/** The sums over rows of visits, or of parts of visits, that make a group's counts. */
export const SUM_COUNTS = `
  count(DISTINCT CASE WHEN counted THEN day || visitor END) AS visitors, coalesce(sum(counted), 0) AS visits,
  coalesce(sum(pageviews), 0) AS pageviews, coalesce(sum(events), 0) AS events,
  coalesce(sum(bounces), 0) AS bounces, coalesce(sum(duration), 0) AS duration`;

const VISIT_DIMENSIONS = ROLLED_DIMENSIONS.filter(({ scope }) => scope !== 'event');
const EVENT_DIMENSIONS = ROLLED_DIMENSIONS.filter(({ scope }) => scope === 'event');
const COLUMNS = [...DIMENSIONS.values()].map(({ column }) => column);

function choose(pairs: readonly (readonly [name: string, sql: string])[]): string {
  return `CASE d.value ${pairs.map(([name, sql]) => `WHEN '${name}' THEN ${sql}`).join(' ')} END`;
}

/**
 * The rollup of one local day as a query: pixel `?1`, its segments `?2`, the names of the visit dimensions `?3` and of
 * the event dimensions `?4`. `json_each` multiplies the rows by the dimensions, so that one pass serves all.
 */
const ROLLUP = `
  WITH ${STRETCHES},
  ${numberedEvents('stretch', COLUMNS, HOUR_LABEL)},
  ${visits(VISIT_DIMENSIONS)},
  tagged AS (
    SELECT d.value AS dimension, ${choose([[TOTAL, "''"], ...VISIT_DIMENSIONS.map(({ name }) => [name, `"${name}"`] as const)])} AS value,
      day, visitor, counted, pageviews, events, bounces, duration
    FROM visit CROSS JOIN json_each(?3) d
    UNION ALL
    SELECT d.value, ${choose([[HOUR, 'n.bucket'], ...EVENT_DIMENSIONS.map(({ name, column }) => [name, `n.${column}`] as const)])} AS value,
      n.day, n.visitor, v.counted, sum(n.pageview), count(*), v.bounces, v.duration
    FROM numbered n
    JOIN visit v ON v.day = n.day AND v.visitor = n.visitor AND v.visit = n.visit
    CROSS JOIN json_each(?4) d
    GROUP BY 1, 2, n.day, n.visitor, n.visit
  ),
  counts AS (SELECT dimension, value, ${SUM_COUNTS} FROM tagged GROUP BY dimension, value),
  ranked AS (
    SELECT *, row_number() OVER (PARTITION BY dimension ORDER BY visitors DESC, events DESC, value) AS rank
    FROM counts
  ),
  rollup AS (
    SELECT dimension, iif(rank <= ${KEPT_VALUES}, value, '${OTHER}') AS value,
      ${COUNTS.map((count) => `sum(${count}) AS ${count}`).join(', ')}
    FROM ranked
    GROUP BY 1, 2
  )`;

/** The parameters `?3` and `?4` of the statements below. */
export const ROLLUP_VISIT_DIMENSIONS = JSON.stringify([TOTAL, ...VISIT_DIMENSIONS.map(({ name }) => name)]);
export const ROLLUP_EVENT_DIMENSIONS = JSON.stringify([HOUR, ...EVENT_DIMENSIONS.map(({ name }) => name)]);

/** Deletes the rows of day `?5` that its rollup no longer has. */
export const DELETE_VANISHED = `${ROLLUP}
  DELETE FROM rollups
  WHERE pixel = ?1 AND day = ?5 AND (dimension, value) NOT IN (SELECT dimension, value FROM rollup)`;

/** Writes the rows of day `?5` that are new or have changed, and no others. */
export const UPSERT_CHANGED = `${ROLLUP}
  INSERT INTO rollups (pixel, day, dimension, value, ${COUNTS.join(', ')})
  SELECT ?1, ?5, dimension, value, ${COUNTS.join(', ')} FROM rollup WHERE true
  ON CONFLICT (pixel, day, dimension, value) DO UPDATE SET
    ${COUNTS.map((count) => `${count} = excluded.${count}`).join(', ')}
  WHERE (${COUNTS.map((count) => `rollups.${count}`).join(', ')})
    IS NOT (${COUNTS.map((count) => `excluded.${count}`).join(', ')})`;
