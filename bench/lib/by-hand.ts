/**
 * A day's rollup as one would write it for this one day with temporary tables, which D1 does not have: visits are
 * numbered once, and each dimension is one INSERT. The bench compares the cron's time and numbers with it. Every event of a
 * generated day has a visitor and none is an engagement, so this file does not handle these cases.
 */
import { DatabaseSync } from 'node:sqlite';
import { MAX_ROLLUP_VALUES, OTHER, ROLLED_DIMENSIONS } from '../../src/model/dimensions.ts';
import { dayStart, offsetAt } from '../../src/model/time-zone.ts';
import { PIXEL, ZONE } from './history.ts';

/** What is counted, from rows of visits or of parts of visits. */
const COUNTS = {
  visitors: 'count(DISTINCT who)',
  visits: 'count(*)',
  pageviews: 'sum(pageviews)',
  events: 'sum(events)',
  bounces: 'sum(bounces)',
  duration: 'sum(duration)',
  engaged: 'sum(engaged)',
  engaged_visits: 'sum(engaged_visits)',
  scroll: 'sum(scroll)',
  scrolled_visits: 'sum(scrolled_visits)',
} as const;
const NAMES = Object.keys(COUNTS);
const ALL = [...NAMES, 'revenue', 'sales'];

const VISIT_GAP_MS = 30 * 60_000;
const OF_EVENT = ROLLED_DIMENSIONS.filter(({ scope }) => scope === 'event');
const OF_FIRST = ROLLED_DIMENSIONS.filter(({ scope }) => scope === 'visit');
const OF_VIEW = ROLLED_DIMENSIONS.filter(({ scope }) => scope === 'entry' || scope === 'exit');

export interface ByHand {
  readonly seconds: number;
  /** The rows of a dimension, each the value and the requested counts. */
  rows(dimension: string, counts: readonly string[]): [value: string, ...counts: number[]][];
  readonly dimensions: readonly string[];
  close(): void;
}

/** Rolls up a day of the database in a file, which it changes. */
export function rollUpByHand(file: string, day: string): ByHand {
  const db = new DatabaseSync(file);
  const began = performance.now();
  db.exec('BEGIN');
  db.exec(VISITS(day));
  const keys = db.prepare(`SELECT DISTINCT key FROM event, json_each(props) WHERE props <> ''`).all() as {
    key: string;
  }[];
  const eventDimensions = [
    ['time:hour', `'${day}' || format(' %02d:00:00', hour)`] as const,
    ...OF_EVENT.map(({ name, column }) => [name, column] as const),
    ...keys.map(
      ({ key }) => [`event:props:${key}`, `coalesce(iif(props = '', '{}', props) ->> '${key}', '')`] as const,
    ),
  ];
  const visitDimensions = [
    ['total', `''`] as const,
    ...[...OF_FIRST, ...OF_VIEW].map(({ name }) => [name, `"${name}"`] as const),
  ];
  for (const [name, sql] of visitDimensions) db.exec(ofVisits(name, sql));
  for (const [name, sql] of eventDimensions) db.exec(ofEvents(name, sql));
  for (const [name, sql] of [...visitDimensions, ...eventDimensions]) db.exec(sales(name, sql));
  db.exec(FOLD);
  db.exec('COMMIT');
  const seconds = (performance.now() - began) / 1000;
  return {
    seconds,
    dimensions: [...visitDimensions, ...eventDimensions].map(([name]) => name),
    rows: (dimension, counts) =>
      db
        .prepare(`SELECT value, ${counts.join(', ')} FROM by_hand WHERE dimension = ? AND currency = ''`)
        .all(dimension)
        .map((row) => Object.values(row) as [string, ...number[]]),
    close: () => db.close(),
  };
}

const VISITS = (day: string): string => {
  const start = dayStart(ZONE, day);
  return `
  CREATE TEMP TABLE event AS
  SELECT *, sum(starts) OVER so_far AS visit, sum(last_ts IS NULL) OVER so_far AS who
  FROM (
    SELECT *, last_ts IS NULL OR ts - last_ts > ${VISIT_GAP_MS} AS starts
    FROM (
      SELECT ts, id, visitor, name = 'pageview' AS pageview, engaged, scroll, props, value,
        (ts + ${offsetAt(ZONE, start)}) / 3600000 % 24 AS hour, ${[...new Set(['page', 'hostname', ...OF_EVENT.map(({ column }) => column)])].join(', ')},
        lag(ts) OVER (PARTITION BY visitor ORDER BY ts, id) AS last_ts
      FROM events
      WHERE pixel = '${PIXEL}' AND ts >= ${start} AND ts < (SELECT ends_at FROM days WHERE day = '${day}')))
  WINDOW so_far AS (ORDER BY visitor, ts, id ROWS UNBOUNDED PRECEDING);

  CREATE TEMP TABLE visit AS
  SELECT v.*, ${[
    ...OF_FIRST.map(({ name, column }) => `f.${column} AS "${name}"`),
    ...OF_VIEW.map(({ name, column, scope }) => `coalesce(${scope}.${column}, '') AS "${name}"`),
  ].join(', ')}
  FROM (
    SELECT visit, who, min(rowid) AS first, sum(pageview) AS pageviews, count(*) AS events, count(*) = 1 AS bounces,
      max(ts) - min(ts) AS duration, min(iif(pageview, rowid, NULL)) AS entry, max(iif(pageview, rowid, NULL)) AS exit,
      coalesce(sum(engaged), 0) AS engaged, count(engaged) > 0 AS engaged_visits,
      coalesce(max(scroll), 0) AS scroll, count(scroll) > 0 AS scrolled_visits
    FROM event GROUP BY visit) v
  JOIN event e ON e.rowid = v.first
  JOIN events f ON f.pixel = '${PIXEL}' AND f.ts = e.ts AND f.id = e.id
  LEFT JOIN event entry ON entry.rowid = v.entry
  LEFT JOIN event exit ON exit.rowid = v.exit;

  CREATE TEMP TABLE sale AS
  SELECT * FROM event JOIN visit USING (visit) WHERE event.value IS NOT NULL AND currency <> '';

  CREATE TEMP TABLE counted (dimension, value, currency, ${ALL.join(', ')});

  CREATE TABLE by_hand (
    dimension TEXT NOT NULL, value TEXT NOT NULL, currency TEXT NOT NULL, ${ALL.map((name) => `${name} INTEGER NOT NULL`).join(', ')},
    PRIMARY KEY (dimension, value, currency)
  ) STRICT, WITHOUT ROWID;`;
};

function ofVisits(dimension: string, sql: string): string {
  return `
  INSERT INTO counted
  SELECT '${dimension}', ${sql} AS held, '', ${Object.values(COUNTS).join(', ')}, 0, 0
  FROM visit GROUP BY held`;
}

/** A visit counts for each value that one of its events has. */
function ofEvents(dimension: string, sql: string): string {
  return `
  INSERT INTO counted
  SELECT '${dimension}', held, '', ${Object.values(COUNTS).join(', ')}, 0, 0
  FROM (
    SELECT p.held, v.who, v.bounces, v.duration, p.pageviews, p.events, p.engaged, p.engaged_visits, p.scroll, p.scrolled_visits
    FROM (
      SELECT visit, ${sql} AS held, sum(pageview) AS pageviews, count(*) AS events,
        coalesce(sum(engaged), 0) AS engaged, count(engaged) > 0 AS engaged_visits,
        coalesce(max(scroll), 0) AS scroll, count(scroll) > 0 AS scrolled_visits
      FROM event GROUP BY visit, held) p
    JOIN visit v ON v.visit = p.visit)
  GROUP BY held`;
}

function sales(dimension: string, sql: string): string {
  return `
  INSERT INTO counted
  SELECT '${dimension}', ${sql} AS held, currency, ${NAMES.map(() => 0).join(', ')}, sum(value), count(*)
  FROM sale GROUP BY held, currency`;
}

const FOLD = `
  CREATE TEMP TABLE rare AS
  SELECT dimension, value FROM (
    SELECT dimension, value, row_number() OVER (PARTITION BY dimension ORDER BY visitors DESC, events DESC, value) AS place
    FROM counted WHERE currency = '')
  WHERE place > ${MAX_ROLLUP_VALUES};
  INSERT INTO by_hand
  SELECT dimension, iif((dimension, value) IN (SELECT dimension, value FROM rare), '${OTHER}', value) AS folded, currency,
    ${ALL.map((name) => `sum(${name})`).join(', ')}
  FROM counted GROUP BY dimension, folded, currency;`;
