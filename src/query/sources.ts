/** Which rows can answer a query: rollups of days and months, columns of days, or events and the people behind them. */
import { localDay } from '../model/time-zone.ts';
import { type Moments, type ParsedQuery, testsIn } from './parsed-query.ts';
import type { Span } from './spans.ts';

/** Whether rollups can answer a query at all. */
export function canUseRollups(
  { dimensions, filters, metrics, time }: ParsedQuery,
  { moments, trimmed }: Pick<Span, 'moments' | 'trimmed'>,
): boolean {
  const others = dimensions.filter((dimension) => dimension !== null);
  const hasTimes = moments !== null && trimmed === null;
  if (filters.length > 0 || hasTimes || others.length > 1) return false;
  if (others.some(({ kind }) => kind === 'person')) return false;
  const byTheDay = time !== 'time:hour';
  if (metrics.some(({ ofPeople }) => ofPeople)) return others.length === 0 && byTheDay;
  return others.length === 0 || byTheDay;
}

/** Whether columns of finished days can answer a query. They have neither people nor what identifies them. */
export const canUseColumns = (query: ParsedQuery): boolean => !isOfPeople(query);

/** What may answer for a day, besides its events. */
export interface Sources {
  readonly rollups: boolean;
  readonly columns: boolean;
}

export const sourcesOf = (query: ParsedQuery, span: Pick<Span, 'moments' | 'trimmed'>): Sources => ({
  rollups: canUseRollups(query, span),
  columns: canUseColumns(query),
});

/** Columns store times in minutes. */
const MINUTE = 60_000;

/** The days of moments that columns cannot answer, since the range begins or ends within a minute. */
export function cutDays(moments: Moments | null, zone: string): string[] {
  if (moments === null) return [];
  const { from, to } = moments;
  const isWhole = (moment: number): boolean => moment % MINUTE === 0;
  return [...(isWhole(from) ? [] : [localDay(zone, from)]), ...(isWhole(to + 1) ? [] : [localDay(zone, to)])];
}

/** Whether a query is about people, so that each event's person has to be looked up. */
export function isOfPeople({ dimensions, filters, metrics }: ParsedQuery): boolean {
  return (
    metrics.some(({ ofPeople }) => ofPeople) ||
    dimensions.some((dimension) => dimension?.kind === 'person') ||
    filters.flatMap(testsIn).some(({ dimension }) => dimension.kind === 'person')
  );
}

/** The columns that dimensions of a person's first and last touch read. Most queries need none. */
export function touchColumns({ dimensions, filters }: ParsedQuery): ReadonlySet<string> {
  const all = [...dimensions, ...filters.flatMap(testsIn).map(({ dimension }) => dimension)];
  return new Set(
    all.flatMap((dimension) =>
      dimension?.kind === 'person' && dimension.touch !== null ? [dimension.column] : [],
    ),
  );
}
