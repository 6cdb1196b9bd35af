/** The SQL that decides whether a day's rollup, or its columns, may answer a query. */
import { COLUMNS_VERSION } from '../../columns/format.ts';
import { DIRTY } from '../../model/day-state.ts';
import { PROPERTY_PREFIX } from '../../model/dimensions.ts';
import { LIVE_EVENTS, TOTAL } from '../../sql/rollups.ts';
import { type ParsedQuery, testsIn } from '../parsed-query.ts';
import type { Span } from '../spans.ts';

/** The rollup is older than the last change to a day's events, but the day is so large that queries still read it. */
const IS_OLD_BUT_LARGE = `(d.dirty IN (${DIRTY.eventsChanged}, ${DIRTY.inSlices}) AND d.events >= ${LIVE_EVENTS})`;
const HAS_GOALS = `(d.rolled_at IS NOT NULL AND (d.dirty = ${DIRTY.clean} OR ${IS_OLD_BUT_LARGE}))`;

/**
 * A day's rollup agrees with its events, or queries still read it. If only goals have changed since, it is right for all else.
 */
export const HAS_ROLLUP = `(d.rolled_at IS NOT NULL AND (d.dirty IN (${DIRTY.clean}, ${DIRTY.goalsChanged}) OR ${IS_OLD_BUT_LARGE}))`;

/**
 * SQL for whether the rollup of day `d` is of an older version that lacks a metric or dimension of a query. A rollup from before
 * there were versions has a dimension if it has rows of it: each visit has some value, even if that is none.
 */
export function lacks({ dimensions, metrics }: ParsedQuery): string {
  const rows = (name: string): string =>
    `EXISTS (SELECT 1 FROM rollups r WHERE r.pixel = d.pixel AND r.day = d.day AND r.dimension = '${name}')`;
  const conditions = [
    ...dimensions.map((dimension) =>
      dimension?.kind === 'column'
        ? `d.rollup_version < ${dimension.since} AND NOT ${rows(dimension.rollup)} AND ${rows(TOTAL)}`
        : null,
    ),
    ...metrics.map(({ since }) => (since === undefined ? null : `d.rollup_version < ${since}`)),
  ].filter((sql) => sql !== null);
  return conditions.length === 0 ? 'false' : `(${conditions.join(' OR ')})`;
}

/** A further condition for a rollup of day `d`: all of the day is in the span. A rollup cannot answer a part of a day. */
export const andInFull = ({ trimmed }: Pick<Span, 'trimmed'>): string =>
  trimmed === null ? '' : ` AND d.day <> '${trimmed}'`;

/** SQL for whether day `d` of a span has a rollup that may answer a query. */
export function hasRollup(query: ParsedQuery, span: Pick<Span, 'peopleSince' | 'trimmed'>): string {
  const { dimensions, metrics } = query;
  const { peopleSince } = span;
  const hasAll = `NOT ${lacks(query)}${andInFull(span)}`;
  if (metrics.some(({ ofPeople }) => ofPeople)) {
    return `d.day >= '${peopleSince}' AND ${HAS_ROLLUP} AND ${hasAll}`;
  }
  return `${dimensions.some((dimension) => dimension?.kind === 'goal') ? HAS_GOALS : HAS_ROLLUP} AND ${hasAll}`;
}

/**
 * SQL for whether the rollup of day `d` has all values of a custom property. If a day has too many properties, its rollup leaves
 * some out.
 *
 * @param rollup SQL for the name that the property's rollup rows have.
 */
export function listsProperty(rollup: string): string {
  const rows = (dimension: string): string =>
    `EXISTS (SELECT 1 FROM rollups r WHERE r.pixel = :pixel AND r.day = d.day AND r.dimension = ${dimension})`;
  return `${rows(rollup)} OR NOT ${rows(`'${PROPERTY_PREFIX}'`)}`;
}

/**
 * SQL for whether day `d` has columns that may answer a query. They are made with the day's rollup, and agree with the same events. If
 * only goals have changed since, they are right for goals too, since they are compared with today's goals.
 */
export function hasColumns({ dimensions, filters }: ParsedQuery): string {
  const read = [...dimensions, ...filters.flatMap(testsIn).map(({ dimension }) => dimension)];
  const since = Math.max(1, ...read.map((dimension) => (dimension?.kind === 'column' ? dimension.since : 1)));
  const hasAll = since > 1 ? ` AND d.rollup_version >= ${since}` : '';
  return `d.columns = ${COLUMNS_VERSION} AND ${HAS_ROLLUP}${hasAll}`;
}
