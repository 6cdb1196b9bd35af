/**
 * The state of a pixel's days before a query runs: which days have events, which have a rollup, and how much there is to read.
 */
import { DIRTY, RAW } from '../model/day-state.ts';
import { prepare } from '../sql/statement.ts';
import type { ParsedQuery } from './parsed-query.ts';
import { dayCount } from './range.ts';
import { canUseRollups } from './sources.ts';
import type { Span } from './spans.ts';
import { hasRollup, lacks } from './sql/rollup-state.ts';

/** The state of the days of a range. */
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
}

/** How much a query has to read. */
export interface Volume {
  /** Events of the days that no rollup answers; if rollups may not answer, of all days with events. */
  readonly events: number;
  /** Rows of rollups, at most. */
  readonly rows: number;
  /** Days of the range, with or without events. */
  readonly days: number;
}

/** Events of a day that has changed are counted up to here: more are too many for any query. */
const MOST_COUNTED = 4_000_000;

/** The most rows that a day's rollup has of a dimension, with `(other)`; and without a dimension, of its hours. */
const ROWS_OF_DIMENSION = 1001;
const ROWS_OF_NONE = 24;

/** Reads one row, of `DayStates` and of the further columns. */
export function dayStatesStatement(
  db: D1Database,
  query: ParsedQuery,
  { range, peopleSince }: Span,
  more: readonly string[] = [],
): D1PreparedStatement {
  const rolled = hasRollup(query, peopleSince);
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
      `min(iif(dirty IN (${DIRTY.eventsChanged}, ${DIRTY.inSlices}) AND ${rolled}, rolled_at, NULL)) AS as_of`,
      ...more,
    ].join(', ')}
       FROM days d WHERE pixel = :pixel AND day BETWEEN :from AND :to`,
    { pixel: query.pixel, from: range.from, to: range.to },
  );
}

/**
 * Reads the states of each span's days and how much a query has to read, in one transaction.
 *
 * @param usesRollups whether rollups may answer; if left out: whether they can answer the query.
 */
export async function readDayStates(
  db: D1Database,
  query: ParsedQuery,
  spans: readonly Span[],
  usesRollups?: boolean,
): Promise<readonly (DayStates & Volume)[]> {
  const answers = await db.batch<DayStates & Omit<Volume, 'days'>>(
    spans.map((span) => dayStatesStatement(db, query, span, volumeColumns(query, span, usesRollups))),
  );
  return spans.map(({ range }, index) => {
    const row = answers[index]?.results[0] as DayStates & Omit<Volume, 'days'>;
    return { ...row, days: dayCount(range) };
  });
}

/** The columns of `Volume`. A day stores its number of events at the last rollup. If it has changed since, they are counted. */
function volumeColumns(
  query: ParsedQuery,
  { moments, peopleSince }: Span,
  usesRollups = canUseRollups(query, moments),
): string[] {
  const rolled = usesRollups ? hasRollup(query, peopleSince) : 'false';
  const counted = `(SELECT count(*) FROM (
    SELECT 1 FROM events e WHERE e.pixel = d.pixel AND e.ts >= d.starts_at AND e.ts < d.ends_at LIMIT ${MOST_COUNTED}))`;
  const size = `iif(d.rolled_at IS NOT NULL AND d.dirty IN (${DIRTY.clean}, ${DIRTY.goalsChanged}), d.events, ${counted})`;
  const ofRollup = query.dimensions.some((dimension) => dimension !== null)
    ? ROWS_OF_DIMENSION
    : ROWS_OF_NONE;
  return [
    `coalesce(sum(CASE WHEN raw = ${RAW.stored} AND NOT (${rolled}) THEN ${size} END), 0) AS events`,
    `coalesce(sum(CASE WHEN (${rolled}) THEN min(d.events, ${ofRollup}) END), 0) AS rows`,
  ];
}
