/** Which rows may answer a question: rollups of days and months, or events. */
import { DIRTY } from '../model/day-state.ts';
import { LIVE_EVENTS, TOTAL } from '../sql/rollups.ts';
import { type Moments, type Question, testsIn } from './question.ts';

/** The rollup is older than the last change to a day's events, but the day is so large that it has to do. */
const OLDER_WILL_DO = `(d.dirty IN (${DIRTY.eventsChanged}, ${DIRTY.inSlices}) AND d.events >= ${LIVE_EVENTS})`;
const HAS_GOALS = `(d.rolled_at IS NOT NULL AND (d.dirty = ${DIRTY.clean} OR ${OLDER_WILL_DO}))`;

/** A day's rollup is true to its events, or has to do. When goals have changed since, it still is for all else. */
export const HAS_ROLLUP = `(d.rolled_at IS NOT NULL AND (d.dirty IN (${DIRTY.clean}, ${DIRTY.goalsChanged}) OR ${OLDER_WILL_DO}))`;

/**
 * SQL for whether the rollup of day `d` is of an older version, which lacks what a question asks for. One of before there
 * were versions has a dimension if it has rows of it: each visit has some value, if only that of none.
 */
export function lacks({ dimensions, metrics }: Question): string {
  const rows = (name: string): string =>
    `EXISTS (SELECT 1 FROM rollups r WHERE r.pixel = d.pixel AND r.day = d.day AND r.dimension = '${name}')`;
  const lacking = [
    ...dimensions.map((dimension) =>
      dimension?.kind === 'column'
        ? `d.rollup_version < ${dimension.since} AND NOT ${rows(dimension.rollup)} AND ${rows(TOTAL)}`
        : null,
    ),
    ...metrics.map(({ since }) => (since === undefined ? null : `d.rollup_version < ${since}`)),
  ].filter((sql) => sql !== null);
  return lacking.length === 0 ? 'false' : `(${lacking.join(' OR ')})`;
}

/**
 * SQL for whether day `d` has a rollup that may answer a question.
 * @param peopleSince the first day of which it is known who was there.
 */
export function hasRollup(question: Question, peopleSince: string): string {
  const { dimensions, metrics } = question;
  const hasAll = `NOT ${lacks(question)}`;
  if (metrics.some(({ ofPeople }) => ofPeople)) {
    return `d.day >= '${peopleSince}' AND ${HAS_ROLLUP} AND ${hasAll}`;
  }
  return `${dimensions.some((dimension) => dimension?.kind === 'goal') ? HAS_GOALS : HAS_ROLLUP} AND ${hasAll}`;
}

/** Whether rollups can answer a question at all. */
export function canUseRollups(
  { dimensions, filters, metrics, time }: Question,
  moments: Moments | null,
): boolean {
  const others = dimensions.filter((dimension) => dimension !== null);
  if (filters.length > 0 || moments !== null || others.length > 1) return false;
  if (others.some(({ kind }) => kind === 'person')) return false;
  const byTheDay = time !== 'time:hour';
  if (metrics.some(({ ofPeople }) => ofPeople)) return others.length === 0 && byTheDay;
  return others.length === 0 || byTheDay;
}

/** Whether a question is of people, so that it has to be known whose events are whose. */
export function isOfPeople({ dimensions, filters, metrics }: Question): boolean {
  return (
    metrics.some(({ ofPeople }) => ofPeople) ||
    dimensions.some((dimension) => dimension?.kind === 'person') ||
    filters.flatMap(testsIn).some(({ dimension }) => dimension.kind === 'person')
  );
}

/** The columns of what brought a person, that a question is of: none for most. */
export function touchColumns({ dimensions, filters }: Question): ReadonlySet<string> {
  const all = [...dimensions, ...filters.flatMap(testsIn).map(({ dimension }) => dimension)];
  return new Set(
    all.flatMap((dimension) =>
      dimension?.kind === 'person' && dimension.touch !== null ? [dimension.column] : [],
    ),
  );
}
