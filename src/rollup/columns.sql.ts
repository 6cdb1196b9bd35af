/**
 * The SQL that stores the events of a finished day, of a slice of a large day, or of a month as columns. docs/storage.md describes the
 * format. All of it runs inside D1: the Worker would have to read every event, and parse and encode it within its own time. It does so for events that D1 does not have (`engine/day-segment.ts`).
 */
import {
  CODES_A_CHUNK,
  COLUMNS,
  COLUMNS_VERSION,
  type ColumnFormat,
  characterOf,
  DICTIONARY_BYTES_A_CHUNK,
  MAX_SEGMENT_ROWS,
} from '../columns/format.ts';
import { RAW } from '../model/day-state.ts';
import { DIMENSIONS } from '../model/dimensions.ts';
import { STRETCHES } from '../sql/stretches.ts';
import { unionAll } from '../sql/union.ts';
import { numberedEvents, visits } from '../sql/visits.ts';
import { isCopy } from '../store/segments.ts';
import { inSlice } from './local-day.sql.ts';
import { isThere } from './stored-rows.sql.ts';

const ATTRIBUTES = [...DIMENSIONS.values()].filter(({ scope, alias }) => scope === 'visit' && !alias);

/** A column, and SQL for its value in a row of `visit` `v` or `numbered_event` `n`. */
interface Source extends ColumnFormat {
  readonly sql: string;
}

/** The SQL of columns that are not simply a column of an event. */
const SQL: Readonly<Record<string, string>> = {
  'visit:visitor': 'iif(v.has_visitor, 1 + v.is_repeat, 0)',
  'visit:rows': 'v.rows',
  'visit:pageviews': 'v.pageviews',
  'visit:events': 'v.events',
  'visit:duration': 'v.duration',
  'event:minute': 'iif(n.starts, 0, n.ts / 60000 - n.ts_before / 60000)',
  ...Object.fromEntries(ATTRIBUTES.map(({ name, column }) => [column, `v."${name}"`])),
};
const EVENT_COLUMNS = ['name', 'page', 'hostname', 'currency', 'value', 'engaged', 'scroll', 'props'];

/** SQL for the number of a month's day, from 0 on: a month's stretches have it as their bucket. */
const NUMBER = 'CAST(bucket AS INTEGER)';

/** The SQL of columns that depend on whether the stretches are of one day. */
const sqlOfTime = (oneDay: boolean): Readonly<Record<string, string>> => {
  const first = 'SELECT min(starts_at) / 60000 FROM stretch';
  return oneDay
    ? { 'visit:day': '0', 'visit:minute': `v.first_ts / 60000 - (${first})` }
    : { 'visit:day': 'v.number', 'visit:minute': 'v.first_ts / 60000 - d.first_minute' };
};

function sourcesOf(of: ColumnFormat['of'], oneDay: boolean): Source[] {
  const sql = { ...SQL, ...sqlOfTime(oneDay) };
  return [...COLUMNS.values()]
    .filter((column) => column.of === of)
    .map((column) => ({ ...column, sql: sql[column.name] ?? `n.${column.name.replace('event:', '')}` }));
}

const ROWS_OF = { visit: 'visit v', event: 'numbered_event n' } as const;

/** The CTE of a column's dictionary: its values, the most frequent one first. */
const dictionaryOf = (index: number, of: ColumnFormat['of']): string => `${of}_value_${index}`;

/**
 * A dictionary of its own for each column. One CTE of the values of all columns takes seven times as long, since it unfolds each row.
 */
const dictionaries = (sources: readonly Source[]): string[] =>
  sources.flatMap(({ kind, of, sql }, index) =>
    kind === 'codes'
      ? []
      : `
  ${dictionaryOf(index, of)} AS MATERIALIZED (
    SELECT value, row_number() OVER (ORDER BY uses DESC, value) - 1 AS code
    FROM (SELECT ${sql} AS value, count(*) AS uses FROM ${ROWS_OF[of]} GROUP BY 1))`,
  );

/** `packed_visit` and `packed_event`: the codes of each column, and the bounds of numbers, by chunk. */
function packed(of: ColumnFormat['of'], sources: readonly Source[], oneDay: boolean): string {
  const position = of === 'visit' ? 'v.visit - 1' : 'n.position';
  const codes = sources.map(({ kind, sql }, index) =>
    kind === 'codes' ? `${sql} AS code_${index}` : `value_${index}.code AS code_${index}`,
  );
  const lookUps = sources.flatMap(({ kind, sql }, index) =>
    kind === 'codes'
      ? []
      : `CROSS JOIN ${dictionaryOf(index, of)} value_${index} ON value_${index}.value IS ${sql}`,
  );
  const days = of === 'visit' && !oneDay ? 'CROSS JOIN numbered_day d ON d.number = v.number' : '';
  const columns = sources.map(
    ({ kind }, index) =>
      `group_concat(${characterOf(`code_${index}`)}, '') AS codes_${index}` +
      (kind === 'codes' ? `, min(code_${index}) AS low_${index}, max(code_${index}) AS high_${index}` : ''),
  );
  return `
  packed_${of} AS MATERIALIZED (
    SELECT position / ${CODES_A_CHUNK} AS chunk,
      ${columns.join(',\n      ')}
    FROM (
      SELECT ${position} AS position, ${codes.join(', ')}
      FROM ${ROWS_OF[of]} ${days}
      ${lookUps.join('\n      ')}
      ORDER BY 1)
    GROUP BY 1)`;
}

/** One row for each column and chunk of its codes. */
function codesTerm(of: ColumnFormat['of'], sources: readonly Source[]): string {
  const names = JSON.stringify(sources.map(({ name }) => name));
  const caseOf = (expressions: readonly (string | null)[]): string =>
    `CASE d.key ${expressions.map((sql, index) => (sql === null ? '' : `WHEN ${index} THEN ${sql}`)).join(' ')} END`;
  const bound = (which: string): string =>
    caseOf(sources.map(({ kind }, index) => (kind === 'codes' ? `${which}_${index}` : null)));
  return `SELECT d.value AS name, p.chunk AS chunk, NULL AS dictionary, 0 AS size,
      ${caseOf(sources.map((_, index) => `codes_${index}`))} AS codes, ${bound('low')} AS low, ${bound('high')} AS high
    FROM packed_${of} p CROSS JOIN json_each('${names}') d`;
}

/** One row for each piece of a column's dictionary. */
const dictionaryTerm = (
  { name, of }: Source,
  index: number,
): string => `SELECT '${name}', bytes / ${DICTIONARY_BYTES_A_CHUNK}, json_group_array(value), count(*), NULL, NULL, NULL
    FROM (
      SELECT value, coalesce(sum(octet_length(json_quote(value)) + 1) OVER (
        ORDER BY code ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes
      FROM ${dictionaryOf(index, of)} ORDER BY code)
    GROUP BY 2`;

export interface Period {
  /** Whether it is a day, and not a month. */
  readonly oneDay: boolean;
  /** SQL for the period, its generation, and the `rolls` of a day of stretches `s`. */
  readonly period: string;
  readonly generation: string;
  readonly rolls: string;
  /** An SQL condition. If it is false, nothing is stored. */
  readonly condition: string;
}

/**
 * Stores the columns of pixel `:pixel` within `:stretches`, of the visitors from `:from` on and before `:before`, as slice `:slice`. More than
 * `MAX_SEGMENT_ROWS` events are not stored.
 */
export function storeColumns({ oneDay, period, generation, rolls, condition }: Period): string {
  const ofVisits = sourcesOf('visit', oneDay);
  const ofEvents = sourcesOf('event', oneDay);
  const terms = [
    codesTerm('visit', ofVisits),
    codesTerm('event', ofEvents),
    ...[ofVisits, ofEvents].flatMap((sources) =>
      sources.flatMap((source, index) => (source.kind === 'codes' ? [] : dictionaryTerm(source, index))),
    ),
  ];
  const numbers = [...COLUMNS.values()].filter(({ kind }) => kind === 'codes').map(({ name }) => `'${name}'`);
  return `
  WITH ${STRETCHES},
  numbered_day AS MATERIALIZED (
    SELECT ${NUMBER} AS number, day, min(starts_at) / 60000 AS first_minute,
      json_group_array(json_array(starts_at, ends_at, utc_offset)) AS stretches
    FROM stretch GROUP BY 1, 2),
  ${numberedEvents({
    source: 'stretch',
    columns: EVENT_COLUMNS,
    where: inSlice,
    oneDay,
    inOrder: ['row_number() OVER so_far - 1 AS position', 'lag(ts) OVER so_far AS ts_before'],
  })},
  ${visits(ATTRIBUTES, {
    ofRows: ['count(*) AS rows', ...(oneDay ? [] : [`min(${NUMBER}) AS number`])],
    ofVisit: [],
  })},
  ${[...dictionaries(ofVisits), ...dictionaries(ofEvents)].join(',')},
  ${packed('visit', ofVisits, oneDay)},
  ${packed('event', ofEvents, oneDay)},
  piece AS MATERIALIZED (
    ${unionAll(terms)}),
  constant AS MATERIALIZED (
    SELECT name, coalesce(max(dictionary) -> 0, min(low)) AS value
    FROM piece GROUP BY name HAVING sum(size) = 1 OR min(low) = max(high)),
  header AS (
    SELECT json_object('version', ${COLUMNS_VERSION}, 'events', (SELECT count(*) FROM numbered_event), 'visits', (SELECT count(*) FROM visit),
      'constants', (SELECT json_group_object(name, json(value)) FROM constant),
      'days', (SELECT json_group_array(json_array(s.day, ${rolls}, json(s.stretches))) FROM (SELECT * FROM numbered_day ORDER BY number) s)) AS header)
  INSERT OR REPLACE INTO segments (pixel, period, generation, slice, name, chunk, size, dictionary, codes)
  SELECT :pixel, ${period}, ${generation}, :slice, name, chunk, octet_length(dictionary) + octet_length(codes), dictionary, codes
  FROM (
    SELECT '' AS name, 0 AS chunk, header AS dictionary, '' AS codes FROM header
    UNION ALL
    SELECT name, chunk, coalesce(max(dictionary), iif(name IN (${numbers.join(', ')}), '', '[]')), coalesce(max(codes), '')
    FROM piece WHERE name NOT IN (SELECT name FROM constant) GROUP BY 1, 2)
  WHERE (SELECT count(*) FROM numbered_event) <= ${MAX_SEGMENT_ROWS} AND ${condition}`;
}

/** Whether day `:day` still exists as it was read: with all of its events, and in time zone `:timezone`. */
const isSame = (more: string): string =>
  `${isThere(more)} AND (SELECT timezone FROM pixels WHERE id = :pixel) = :timezone`;

const DAY: Omit<Period, 'condition'> = {
  oneDay: true,
  period: ':day',
  generation: '(SELECT rolls + 1 FROM days WHERE pixel = :pixel AND day = :day)',
  rolls: '(SELECT rolls + 1 FROM days WHERE pixel = :pixel AND day = s.day)',
};

/** Stores the columns of a day of one slice, as of its next rollup. Run it before the day is marked as rolled up. */
export const STORE_COLUMNS = storeColumns({ ...DAY, condition: isSame('true') });

/** Stores the columns of slice `:slice` of `:slices`, if it is the next slice of the day. */
export const STORE_COLUMNS_OF_SLICE = storeColumns({
  ...DAY,
  condition: isSame('slice = :slice AND slices = :slices'),
});

/** Deletes what is stored of the columns of slice `:slice`, as of the rollup after `:rolls`. */
export const DELETE_COLUMNS_OF_SLICE =
  'DELETE FROM segments WHERE pixel = :pixel AND period = :day AND generation = :rolls + 1 AND slice = :slice';

/**
 * Stores rows of columns that the Worker has made of slice `:slice` of `:slices`, if it is the next slice of the day: lists of name, chunk,
 * dictionary and codes in `:rows`.
 */
export const STORE_COLUMN_ROWS = `
  INSERT INTO segments (pixel, period, generation, slice, name, chunk, size, dictionary, codes)
  SELECT :pixel, :day, :rolls + 1, :slice, value ->> 0, value ->> 1, octet_length(value ->> 2) + octet_length(value ->> 3), value ->> 2, value ->> 3
  FROM json_each(:rows)
  WHERE ${isSame('slice = :slice AND slices = :slices AND rolls = :rolls')}`;

const OF_DAY = 'DELETE FROM segments WHERE pixel = :pixel AND period = :day';

/** The day, and its month if all other days of that month have segments of their own: its segment has the day's rows as they were. */
const DAY_AND_MONTH = `(:day, iif(${isCopy(':pixel', 'substr(:day, 1, 7)', `d.day <> :day AND d.raw > ${RAW.stored}`)}, substr(:day, 1, 7), :day))`;

/** Deletes all columns of a day, to be replaced in the same transaction, and those of its month. */
export const DELETE_COLUMNS = `
  DELETE FROM segments
  WHERE pixel = :pixel AND period IN ${DAY_AND_MONTH} AND ${isSame('true')}`;

/** Deletes the columns of slices of a rollup that was not finished. */
export const DELETE_UNFINISHED_COLUMNS = `${OF_DAY}
  AND generation > (SELECT rolls FROM days WHERE pixel = :pixel AND day = :day AND raw = ${RAW.stored})`;

/** Deletes the columns of a day that are not of its last rollup, and those of its month. */
export const DELETE_OLD_COLUMNS = `
  DELETE FROM segments
  WHERE pixel = :pixel AND period IN ${DAY_AND_MONTH} AND (
    period <> :day OR generation IS NOT (SELECT iif(columns > 0, rolls, NULL) FROM days WHERE pixel = :pixel AND day = :day))`;
