/**
 * The state of a pixel's days before a query runs: which days have events, a rollup or columns, and how much there is to read.
 */
import { DIRTY, RAW } from '../model/day-state.ts';
import type { Pixel } from '../model/pixel.ts';
import { prepare, type Values } from '../sql/statement.ts';
import { columnOf } from './groupings.ts';
import { importedDimension, importedRange } from './imports.ts';
import type { ParsedQuery } from './parsed-query.ts';
import { dayCount } from './range.ts';
import { cutDays, type Sources, sourcesOf } from './sources.ts';
import type { Span } from './spans.ts';
import { columnsAnswer } from './sql/column-days.ts';
import { importedTotals } from './sql/imported-days.ts';
import { nameOfRollup } from './sql/parameter-names.ts';
import { hasRollup, lacks } from './sql/rollup-state.ts';

/** The state of the days of a range, without those that columns answer. */
export interface DayStates {
  readonly first: string | null;
  readonly last: string | null;
  readonly rolled: number;
  readonly live: number;
  /** The latest day whose raw events are purged. */
  readonly purged: string | null;
  /** The latest of these days for which rollups cannot answer either. */
  readonly lost: string | null;
  /** The latest day whose raw events were purged before it was rolled up. */
  readonly never: string | null;
  /** The latest purged day with a rollup of an older version that lacks a metric or dimension of the query. */
  readonly lacking: string | null;
  /** When the oldest outdated rollup was made that answers the query. */
  readonly as_of: number | null;
  /** When the latest rollup of a day was made that was open then, has changed since, and answers the query. Read before the query runs. */
  readonly open_as_of?: number | null;
  /** 1 if the events of the span's trimmed day are purged. Read before the query runs. */
  readonly is_trimmed_purged?: number | null;
  /** With small-group protection, if only events and columns may answer: the pixel's first day with columns. */
  readonly first_columns?: string | null;
  /** How many days imported totals answer, and the first and last of them. Read before the query runs, if it asks for them. */
  readonly imported?: { readonly days: number; readonly from: string; readonly to: string };
}

/** How much a query has to read. */
export interface Volume {
  /** Events of the days that neither rollups nor columns answer. */
  readonly events: number;
  /** Rows of rollups, at most. */
  readonly rows: number;
  /** Values of imported totals. Left out: none. */
  readonly imported_values?: number;
  /** Days of the range, with or without events. */
  readonly days: number;
}

/** A day that columns answer. */
export interface ColumnDay {
  readonly day: string;
  /** The day's number of rollups. Its columns are of the same rollup. */
  readonly rolls: number;
  /** The number of its events at that rollup. */
  readonly events: number;
  /** When the rollup was made, if events have changed since. */
  readonly as_of: number | null;
  /** Whether its events are no longer stored. */
  readonly is_purged: number;
}

/** `rolls` of a day that estimates answer. No day has it. */
export const ESTIMATED = -2;

export interface SpanDays {
  readonly days: DayStates & Volume;
  /** The days that columns answer, in order. */
  readonly columnDays: readonly ColumnDay[];
}

/** Events of a day that has changed are counted up to here: more are too many for any query. */
const MOST_COUNTED = 4_000_000;

/** The most rows that a day's rollup has of a dimension, with `(other)`; and without a dimension, of its hours. */
const ROWS_OF_DIMENSION = 1001;
const ROWS_OF_NONE = 24;

/**
 * Reads one row, the states of the days that rollups and events have to answer. Run it in the transaction of the answer: a day must
 * not lose its events between the check and the answer.
 *
 * @param columnDays the days that columns have answered.
 */
export function statesOfOthers(
  db: D1Database,
  query: ParsedQuery,
  span: Span,
  columnDays: readonly ColumnDay[],
  usesRollups: boolean,
): D1PreparedStatement {
  const columns = usesRollups || span.reportable === null ? [] : [FIRST_COLUMNS];
  return dayStatesStatement(db, query, span, columnDays, { columns, values: {} });
}

/** Whether a day's events have changed since its rollup. */
const IS_OUTDATED = `dirty IN (${DIRTY.eventsChanged}, ${DIRTY.inSlices})`;

const FIRST_COLUMNS =
  '(SELECT min(x.day) FROM days x WHERE x.pixel = :pixel AND x.columns > 0) AS first_columns';

/** Reads one row, of `DayStates` and of the further columns. */
function dayStatesStatement(
  db: D1Database,
  query: ParsedQuery,
  span: Span,
  columnDays: readonly ColumnDay[],
  more: { readonly columns: readonly string[]; readonly values: Values },
): D1PreparedStatement {
  const { range } = span;
  const rolled = hasRollup(query, span);
  const isLeft = columnDays.length > 0 ? ' AND day NOT IN (SELECT value FROM json_each(:column_days))' : '';
  return prepare(
    db,
    `SELECT ${[
      'min(day) AS first',
      'max(day) AS last',
      `coalesce(sum(${rolled}), 0) AS rolled`,
      `coalesce(sum(NOT (${rolled})), 0) AS live`,
      `max(iif(raw > ${RAW.stored}, day, NULL)) AS purged`,
      `max(iif(raw > ${RAW.stored} AND NOT (${rolled}), day, NULL)) AS lost`,
      `max(iif(raw > ${RAW.stored} AND rolled_at IS NULL, day, NULL)) AS never`,
      `max(iif(raw > ${RAW.stored} AND ${lacks(query)}, day, NULL)) AS lacking`,
      `min(iif(${IS_OUTDATED} AND ${rolled}, rolled_at, NULL)) AS as_of`,
      ...more.columns,
    ].join(', ')}
       FROM days d WHERE pixel = :pixel AND day BETWEEN :from AND :to${isLeft}`,
    {
      pixel: query.pixel,
      from: range.from,
      to: range.to,
      column_days: JSON.stringify(columnDays.map(({ day }) => day)),
      ...more.values,
    },
  );
}

/**
 * Reads the days of each span, which of them columns answer, and how much a query has to read, in one transaction.
 *
 * @param sources what may answer; if left out: what can answer the query.
 */
export async function readDays(
  db: D1Database,
  query: ParsedQuery,
  pixel: Pick<Pixel, 'timezone' | 'imported'>,
  spans: readonly Span[],
  sources?: Sources,
): Promise<readonly SpanDays[]> {
  const statements = spans.map((span) => statementsOf(db, query, pixel, span, sources));
  const answers = await db.batch(statements.flat());
  let next = 0;
  return spans.map(({ range }, index) => {
    const [states, columnDays] = (statements[index] ?? []).map(() => answers[next++]?.results);
    return {
      days: volumeOf(states?.[0] as StatesRow, dayCount(range)),
      columnDays: (columnDays ?? []) as ColumnDay[],
    };
  });
}

/** `imported`: as JSON, the number of days that imported totals answer, the first and the last, and their values. */
type StatesRow = Omit<DayStates, 'imported'> & Omit<Volume, 'days'> & { readonly imported?: string };

function volumeOf({ imported, ...row }: StatesRow, days: number): DayStates & Volume {
  if (imported === undefined) return { ...row, days };
  const [count, from, to, values] = JSON.parse(imported) as [number, string, string, number];
  return {
    ...row,
    days,
    ...(count > 0 ? { imported_values: values, imported: { days: count, from, to } } : {}),
  };
}

function statementsOf(
  db: D1Database,
  query: ParsedQuery,
  pixel: Pick<Pixel, 'timezone' | 'imported'>,
  span: Span,
  sources = sourcesOf(query, span),
): D1PreparedStatement[] {
  const { range, moments } = span;
  const byRollup = sources.rollups ? hasRollup(query, span) : 'false';
  const byColumns = columnsAnswer(query, span, sources);
  const imported = importedRange(query, span, pixel);
  const values = {
    cut_days: JSON.stringify(cutDays(moments, pixel.timezone)),
    imported_from: imported?.from,
    imported_to: imported?.to,
    [nameOfRollup(columnOf(0))]: query.dimensions.find((dimension) => dimension !== null)?.rollup ?? '',
  };
  const columns = [
    ...volumeColumns(query, byRollup, byColumns),
    ...trimColumns(span, byRollup),
    ...(imported ? [importedColumn(query)] : []),
  ];
  const states = dayStatesStatement(db, query, span, [], { columns, values });
  return byColumns === null
    ? [states]
    : [
        states,
        prepare(
          db,
          `SELECT day, rolls, events, iif(${IS_OUTDATED}, rolled_at, NULL) AS as_of, raw > ${RAW.stored} AS is_purged
           FROM days d WHERE pixel = :pixel AND day BETWEEN :from AND :to AND ${byColumns} ORDER BY day`,
          { pixel: query.pixel, ...range, ...values },
        ),
      ];
}

/** The columns that decide where a comparison's last day ends: see trim.ts. */
function trimColumns({ trimmed }: Span, byRollup: string): string[] {
  return [
    `max(iif(${IS_OUTDATED} AND ends_at > rolled_at AND ${byRollup}, rolled_at, NULL)) AS open_as_of`,
    ...(trimmed === null ? [] : [`max(raw > ${RAW.stored} AND day = '${trimmed}') AS is_trimmed_purged`]),
  ];
}

const importedColumn = (query: ParsedQuery): string =>
  `(SELECT json_array(count(*), min(i.day), max(i.day), coalesce(sum(i.size), 0)) FROM ${importedTotals(importedDimension(query) ?? '')}) AS imported`;

/** The columns of `Volume`. A day stores its number of events at the last rollup. If it has changed since, they are counted. */
function volumeColumns({ dimensions }: ParsedQuery, byRollup: string, byColumns: string | null): string[] {
  const counted = `(SELECT count(*) FROM (
    SELECT 1 FROM events e WHERE e.pixel = d.pixel AND e.ts >= d.starts_at AND e.ts < d.ends_at LIMIT ${MOST_COUNTED}))`;
  const size = `iif(d.rolled_at IS NOT NULL AND d.dirty IN (${DIRTY.clean}, ${DIRTY.goalsChanged}), d.events, ${counted})`;
  const ofRollup = dimensions.some((dimension) => dimension !== null) ? ROWS_OF_DIMENSION : ROWS_OF_NONE;
  const byEvents = `raw = ${RAW.stored} AND NOT (${byRollup})${byColumns === null ? '' : ` AND NOT ${byColumns}`}`;
  return [
    `coalesce(sum(CASE WHEN ${byEvents} THEN ${size} END), 0) AS events`,
    `coalesce(sum(CASE WHEN (${byRollup}) THEN min(d.events, ${ofRollup}) END), 0) AS rows`,
  ];
}
