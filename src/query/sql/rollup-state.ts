/** The SQL that decides whether a day's rollup may answer a query. */
import { DIRTY } from '../../model/day-state.ts';
import { LIVE_EVENTS, TOTAL } from '../../sql/rollups.ts';
import type { ParsedQuery } from '../parsed-query.ts';

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

/**
 * SQL for whether day `d` has a rollup that may answer a query.
 * @param peopleSince the first day whose people are stored.
 */
export function hasRollup(query: ParsedQuery, peopleSince: string): string {
  const { dimensions, metrics } = query;
  const hasAll = `NOT ${lacks(query)}`;
  if (metrics.some(({ ofPeople }) => ofPeople)) {
    return `d.day >= '${peopleSince}' AND ${HAS_ROLLUP} AND ${hasAll}`;
  }
  return `${dimensions.some((dimension) => dimension?.kind === 'goal') ? HAS_GOALS : HAS_ROLLUP} AND ${hasAll}`;
}
