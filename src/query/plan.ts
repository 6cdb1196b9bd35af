/**
 * Plans a question: which rows can answer it, and the SQL that asks them.
 *
 * Closed days whose rollup is true to their events are read from rollups when the question needs no more than a
 * rollup has: no filter, and at most one dimension beside the time. All else is computed from events by the SQL that
 * made the rollups.
 */
import type { Dimension, TimeDimension } from '../model/dimensions.ts';
import { COUNTS, METRICS } from '../model/metrics.ts';
import { segments } from '../model/time-zone.ts';
import {
  HOUR,
  HOUR_LABEL,
  numberedEvents,
  STRETCHES,
  SUM_COUNTS,
  stretchParameter,
  TOTAL,
  visits,
} from '../rollup/local-day.sql.ts';
import type { Filter, Operator, Question } from './language.ts';
import { bucketOf, type DayRange } from './range.ts';

export interface Plan {
  readonly sql: string;
  /** The same question, asked for the number of its rows only. */
  readonly countSql: string;
  readonly parameters: readonly unknown[];
  /** Whether rollups may answer for closed days. */
  readonly usesRollups: boolean;
}

/** Whether rollups can answer a question at all. */
function canUseRollups(question: Question): boolean {
  const dimensions = question.dimensions.filter((dimension) => dimension !== null);
  if (question.filters.length > 0 || dimensions.length > 1) return false;
  return dimensions.length === 0 || question.time !== 'time:hour';
}

/**
 * @param days the days of the range that may have events.
 * @param names the English names of countries by code, as JSON.
 */
export function planQuestion(question: Question, zone: string, days: DayRange | null, names: string): Plan {
  const stretches = days
    ? segments(zone, days.from, days.to).map((segment) => ({
        ...segment,
        bucket: bucketOf(question.time, segment.day),
      }))
    : [];
  const usesRollups = canUseRollups(question);
  const filters = new FilterSql();
  const where = question.filters.map((filter) => filters.write(filter));
  const dimensions = question.dimensions.filter((dimension) => dimension !== null);
  const keys = dimensions.map((_, index) => `d${index}`);

  const ctes = [STRETCHES, usesRollups ? CLOSED : '', openStretches(usesRollups)].filter((cte) => cte !== '');
  const live = liveRows(question, dimensions, filters.dimensions, where);
  const grouped = `
    SELECT ${['bucket', ...keys, ...COUNTS.map((count) => `sum(${count}) AS ${count}`)].join(', ')}
    FROM (${usesRollups ? `${rollupRows(question, dimensions)} UNION ALL ${live.select}` : live.select})
    GROUP BY ${['bucket', ...keys].join(', ')}`;

  // Without dimensions there is always one row, of zeros where nothing happened.
  const single = question.dimensions.length === 0;
  const counts = single
    ? `SELECT ${COUNTS.map((count) => `coalesce(sum(${count}), 0) AS ${count}`).join(', ')} FROM grouped`
    : 'SELECT * FROM grouped';
  const withClause = `WITH ${[...ctes, ...live.ctes].join(',')}, grouped AS (${grouped}), counts AS (${counts})`;
  return {
    sql: `${withClause}
      SELECT ${selectList(question)} FROM counts
      ORDER BY ${orderBy(question)}
      LIMIT ?5 OFFSET ?6`,
    countSql: `${withClause} SELECT count(*) AS total FROM counts WHERE ${ALL_PARAMETERS}`,
    parameters: [
      question.pixel,
      stretchParameter(stretches),
      JSON.stringify(filters.values),
      names,
      question.pagination.limit,
      question.pagination.offset,
    ],
    usesRollups,
  };
}

/** D1 refuses a value for a parameter that the statement does not name. */
const ALL_PARAMETERS = '?3 IS NOT NULL AND ?4 IS NOT NULL';

/** The days that rollups answer for: closed, and nothing has changed since. */
const TRUE_ROLLUP = 'd.dirty = 0 AND d.rolled_at IS NOT NULL';

const CLOSED = `
  closed AS (
    SELECT DISTINCT s.bucket, s.day
    FROM stretch s JOIN days d ON d.pixel = ?1 AND d.day = s.day AND ${TRUE_ROLLUP}
  )`;

function openStretches(usesRollups: boolean): string {
  return `
  open AS (
    SELECT s.* FROM stretch s
    JOIN days d ON d.pixel = ?1 AND d.day = s.day${usesRollups ? ` AND NOT (${TRUE_ROLLUP})` : ''}
  )`;
}

function rollupRows(question: Question, dimensions: readonly Dimension[]): string {
  const [dimension] = dimensions;
  const hourly = question.time === 'time:hour';
  const rolled = dimension?.rollup ?? (hourly ? HOUR : TOTAL);
  return `
    SELECT ${hourly ? 'r.value' : 'c.bucket'} AS bucket,${dimension ? ' r.value AS d0,' : ''} ${COUNTS.map((count) => `r.${count}`).join(', ')}
    FROM closed c
    JOIN rollups r ON r.pixel = ?1 AND r.day = c.day AND r.dimension = '${rolled}'`;
}

interface LiveRows {
  readonly ctes: readonly string[];
  readonly select: string;
}

/**
 * Rows from events. When nothing is asked of single events, a visit is the smallest part; else it is a visit's events
 * that match the filters and share a label and the values of the event dimensions.
 */
function liveRows(
  question: Question,
  dimensions: readonly Dimension[],
  filtered: readonly Dimension[],
  where: readonly string[],
): LiveRows {
  const hourly = question.time === 'time:hour';
  const used = [...new Set([...dimensions, ...filtered])];
  const ofVisits = used.filter(({ scope }) => scope !== 'event');
  const ctes = [
    numberedEvents(
      'open',
      used.map(({ column }) => column),
      hourly ? HOUR_LABEL : 's.bucket',
    ),
    visits(ofVisits),
  ];
  const keys = dimensions.map((_, index) => `d${index}`);
  const group = (from: string): string =>
    `SELECT ${['bucket', ...keys].join(', ')}, ${SUM_COUNTS} FROM ${from} GROUP BY ${['bucket', ...keys].join(', ')}`;

  if (!hourly && where.length === 0 && used.length === ofVisits.length) {
    const named = dimensions.map(({ name }, index) => `"${name}" AS d${index}, `).join('');
    return { ctes, select: group(`(SELECT ${named}* FROM visit)`) };
  }
  const values = dimensions.map((dimension, index) => `${rawValue(dimension)} AS d${index}, `).join('');
  const matched = `
  matched AS (
    SELECT n.bucket AS bucket, ${values}n.day AS day, n.visitor AS visitor, v.counted AS counted,
      sum(n.pageview) AS pageviews, count(*) AS events, v.bounces AS bounces, v.duration AS duration
    FROM numbered n
    JOIN visit v ON v.day = n.day AND v.visitor = n.visitor AND v.visit = n.visit
    ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
    GROUP BY ${['n.bucket', ...dimensions.map(rawValue), 'n.day', 'n.visitor', 'n.visit'].join(', ')}
  )`;
  return { ctes: [...ctes, matched], select: group('matched') };
}

/** A dimension's value in a row of event `n` and visit `v`. */
function rawValue({ scope, name, column }: Dimension): string {
  return scope === 'event' ? `n.${column}` : `v."${name}"`;
}

/** A value as answers and filters have it: absence has a name, and a country's code may stand for its name. */
function shown(dimension: Dimension, sql: string): string {
  const value = dimension.labels === 'country' ? `coalesce(?4 ->> ${sql}, ${sql})` : sql;
  return `iif(${sql} = '', '${dimension.none}', ${value})`;
}

function selectList({ dimensions, metrics }: Question): string {
  let next = 0;
  const columns = dimensions.map((dimension, index) => {
    const sql = dimension === null ? 'bucket' : shown(dimension, `d${next++}`);
    return `${sql} AS dimension${index}`;
  });
  return [...columns, ...metrics.map((name) => `${METRICS.get(name)?.sql} AS "${name}"`)].join(', ');
}

/** As asked; else by time, then by the first metric. Ties go by dimension, so that pages do not overlap. */
function orderBy({ order, dimensions, metrics, time }: Question): string {
  const column = (key: string): string => {
    const index = dimensions.findIndex((dimension) => (dimension?.name ?? time) === key);
    return index < 0 ? `"${key}"` : `dimension${index}`;
  };
  const asked = order.map(([key, direction]) => `${column(key)} ${direction === 'asc' ? 'ASC' : 'DESC'}`);
  const timeIndex = dimensions.indexOf(null);
  const byDefault = [...(timeIndex < 0 ? [] : [`dimension${timeIndex} ASC`]), `"${metrics[0]}" DESC`];
  return [
    ...(asked.length > 0 ? asked : byDefault),
    ...dimensions.map((_, index) => `dimension${index} ASC`),
  ].join(', ');
}

/** Writes filters as SQL. The values of all of them travel as one parameter, a list of lists. */
class FilterSql {
  readonly values: (readonly string[])[] = [];
  readonly dimensions: Dimension[] = [];

  write(filter: Filter): string {
    switch (filter.kind) {
      case 'and':
      case 'or':
        return `(${filter.filters.map((inner) => this.write(inner)).join(filter.kind === 'and' ? ' AND ' : ' OR ')})`;
      case 'not':
        return `NOT ${this.write(filter.filter)}`;
      case 'test':
        return this.#test(filter.operator, filter.dimension, filter.values);
    }
  }

  #test(operator: Operator, dimension: Dimension, values: readonly string[]): string {
    const place = this.values.push(values) - 1;
    this.dimensions.push(dimension);
    const value = shown(dimension, rawValue(dimension));
    const list = `json_each(?3, '$[${place}]')`;
    const found = operator.startsWith('is')
      ? `${value} IN (SELECT value FROM ${list})`
      : `EXISTS (SELECT 1 FROM ${list} j WHERE instr(${value}, j.value) > 0)`;
    return operator.endsWith('_not') ? `NOT (${found})` : `(${found})`;
  }
}

/** What is left of a question that names the time it resolved to. */
export function withTime(question: Question, time: TimeDimension | null): Question {
  return {
    ...question,
    time,
    order: question.order.map(
      ([key, direction]) => [key === 'time' && time ? time : key, direction] as const,
    ),
  };
}
