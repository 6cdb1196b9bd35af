/** Which rows may answer a question: rollups of days and months, or events. */
import { LIVE_EVENTS } from '../rollup/local-day.sql.ts';
import { type Moments, type Question, testsIn } from './question.ts';

/** The rollup is older than the last change to a day's events, but the day is so large that it has to do. */
const OLDER_WILL_DO = `(d.dirty IN (1, 2) AND d.events >= ${LIVE_EVENTS})`;
const HAS_GOALS = `(d.rolled_at IS NOT NULL AND (d.dirty = 0 OR ${OLDER_WILL_DO}))`;

/** A day's rollup is true to its events, or has to do. When goals have changed since, it still is for all else. */
export const HAS_ROLLUP = `(d.rolled_at IS NOT NULL AND (d.dirty IN (0, 3) OR ${OLDER_WILL_DO}))`;

/**
 * SQL for whether day `d` has a rollup that may answer a question.
 * @param peopleSince the first day of which it is known who was there.
 */
export function hasRollup({ dimensions, metrics }: Question, peopleSince: string): string {
  if (metrics.some(({ ofPeople }) => ofPeople)) return `d.day >= '${peopleSince}' AND ${HAS_ROLLUP}`;
  return dimensions.some((dimension) => dimension?.kind === 'goal') ? HAS_GOALS : HAS_ROLLUP;
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
