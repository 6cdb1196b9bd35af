/** The rows of a query that come from its events. The SQL of local days makes visits and their counts. */
import { reaches } from '../../sql/goals.ts';
import { hourLabel } from '../../sql/stretches.ts';
import {
  numberedEvents,
  partCounts,
  partOfVisit,
  SUM_VISITS,
  visitColumns,
  visits,
} from '../../sql/visits.ts';
import { type Grouping, groupBy, isHourly, keysOf } from '../groupings.ts';
import type { QueryPlan } from '../needs.ts';
import { condition, dimensionValue, joinedEvents } from './conditions.ts';
import { attendanceCtes, PERSON_COLUMNS, presenceInEvents, presenceInRollups, touches } from './people.ts';
import { dayHasRollup } from './rollup-rows.ts';

/** The CTEs that all groupings share. */
export function eventCtes(plan: QueryPlan): string[] {
  const { query, context, needs } = plan;
  const { visitDimensions, usesRollups, touchColumns } = needs;
  const columns = [...needs.eventColumns, ...visitColumns(visitDimensions)];
  if (!needs.isOfPeople) return [numberedEvents({ source: 'open_day', columns }), visits(visitDimensions)];
  return [
    numberedEvents({ source: 'open_day', columns: [...columns, ...PERSON_COLUMNS] }),
    visits(visitDimensions),
    usesRollups ? presenceInRollups(dayHasRollup(plan), context.moments) : presenceInEvents(context.moments),
    attendanceCtes(usesRollups ? 'presence' : 'numbered_event', context.moments),
    ...(touchColumns.size > 0 ? [touches(touchColumns, query.include.attribution_days)] : []),
  ];
}

/** A row for each group, of all counts. If a query needs no single events, visits are the smallest parts. */
export function eventCounts(plan: QueryPlan, grouping: Grouping): string {
  const { dimensions, filters } = grouping;
  const keys = keysOf(grouping);
  const ofFullVisits =
    !isHourly(grouping, plan.needs.time) &&
    filters.length === 0 &&
    plan.context.moments === null &&
    [...dimensions.values()].every(({ scope }) => scope !== 'event');
  const select = `SELECT ${[...keys, SUM_VISITS].join(', ')} FROM (`;
  if (ofFullVisits) {
    const columns = [...dimensions].map(([key, one]) => `${dimensionValue(plan, one, key)} AS ${key}`);
    return `${select}SELECT ${[...columns, 'v.*'].join(', ')} FROM visit v)${groupBy(keys)}`;
  }
  const { from, where, values, columns } = eventsOf(plan, grouping);
  return `
    ${select}
      SELECT ${[...keys.map((key) => `p.${key}`), partOfVisit('p', 'v')].join(', ')}
      FROM (
        SELECT ${[...columns, 'n.visit', partCounts('n')].join(', ')}
        FROM ${from} WHERE ${where}
        ${groupBy([...values, 'n.visit'])}) p
      CROSS JOIN visit v ON v.visit = p.visit)${groupBy(keys)}`;
}

/** The events of a grouping. */
interface Events {
  readonly from: string;
  readonly where: string;
  /** The SQL of each key, and the same as a column of the key's name. */
  readonly values: readonly string[];
  readonly columns: readonly string[];
}

export function eventsOf(plan: QueryPlan, grouping: Grouping): Events {
  const { moments } = plan.context;
  const ofGoals = [...grouping.dimensions.values()].some(({ kind }) => kind === 'goal');
  const conditions = [
    ...(moments ? [`n.ts BETWEEN ${moments.from} AND ${moments.to}`] : []),
    ...grouping.filters.map((filter) => condition(plan, filter)),
  ];
  const bucket = isHourly(grouping, plan.needs.time) ? hourLabel('n') : 'n.bucket';
  const values = [
    ...(grouping.timed ? [bucket] : []),
    ...[...grouping.dimensions].map(([key, dimension]) => dimensionValue(plan, dimension, key)),
  ];
  return {
    from: ofGoals
      ? `goal g CROSS JOIN ${joinedEvents(plan, ` ON ${reaches('n', 'g')}`)}`
      : joinedEvents(plan),
    where: conditions.join(' AND ') || 'true',
    values,
    columns: keysOf(grouping).map((key, index) => `${values[index]} AS ${key}`),
  };
}
