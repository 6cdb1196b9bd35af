/** The columns of segments that a query reads. */
import type { Dimension } from '../../model/dimensions.ts';
import type { Goal } from '../../model/goal.ts';
import { type Grouping, isHourly } from '../groupings.ts';
import { type Filter, testsIn } from '../parsed-query.ts';
import { type GroupingContext, rowsOf, type SalesOf } from './grouping.ts';
import { behaviorsIn } from './masks.ts';

/** The columns that say which visits and events there are. */
const OF_VISITS = ['visit:day', 'visit:visitor'];
const OF_EVENTS = ['visit:rows', 'event:name'];
const MINUTES = ['visit:minute', 'event:minute'];

/** The columns of counts of complete visits. `engaged` and `scroll` are read from events. */
const OF_COUNTS: Readonly<Record<string, readonly string[]>> = {
  events: ['visit:events'],
  bounces: ['visit:events'],
  pageviews: ['visit:pageviews'],
  duration: ['visit:duration'],
  engaged: ['visit:rows', 'event:engaged'],
  engaged_visits: ['visit:rows', 'event:engaged'],
  scroll: ['visit:rows', 'event:scroll'],
  scrolled_visits: ['visit:rows', 'event:scroll'],
};

/** Counts that parts of visits make of their events. */
const OF_PARTS: readonly string[] = ['events', 'pageviews'];

export interface NeededColumns extends GroupingContext {
  readonly groupings: readonly Grouping[];
  readonly sales: SalesOf;
  readonly trimmed?: string | null;
}

export function columnsOf(query: NeededColumns): string[] {
  const { groupings, goals, sales } = query;
  const contexts = (query.trimmed ?? null) === null ? [query] : [query, { ...query, moments: null }];
  const names = groupings.flatMap((grouping) =>
    contexts.flatMap((context) => columnsOfGrouping(grouping, context)),
  );
  const ofSales = sales !== 'none' ? [...OF_EVENTS, 'event:value', 'event:currency'] : [];
  const filters = new Set(groupings.flatMap((grouping) => grouping.filters));
  const ofFilters = [...filters].flatMap((filter) => columnsOfFilter(filter, goals));
  return [...new Set([...OF_VISITS, ...names, ...ofSales, ...ofFilters])];
}

export function columnsOfFunnel(
  steps: readonly Goal[],
  filters: readonly Filter[],
  goals: readonly Goal[],
): string[] {
  const ofFilters = filters.flatMap((filter) => columnsOfFilter(filter, goals));
  return [...new Set([...OF_VISITS, ...OF_EVENTS, ...columnsOfGoals(steps), ...ofFilters])];
}

function columnsOfGrouping(grouping: Grouping, context: NeededColumns): string[] {
  const ofEvents = rowsOf(grouping, context) === 'event';
  const counts = context.counts.filter((count) => !ofEvents || !OF_PARTS.includes(count));
  const needsMinutes = context.moments !== null || isHourly(grouping, context.time);
  return [
    ...(ofEvents ? OF_EVENTS : ['visit:events']),
    ...(needsMinutes ? MINUTES : []),
    ...counts.flatMap((count) => OF_COUNTS[count] ?? []),
    ...[...grouping.dimensions.values()].flatMap((dimension) => columnsOfDimension(dimension, context.goals)),
  ];
}

function columnsOfFilter(filter: Filter, goals: readonly Goal[]): string[] {
  return [
    ...(behaviorsIn(filter).length > 0 ? OF_EVENTS : []),
    ...testsIn(filter).flatMap(({ dimension }) => columnsOfDimension(dimension, goals)),
  ];
}

function columnsOfDimension(dimension: Dimension, goals: readonly Goal[]): readonly string[] {
  switch (dimension.kind) {
    case 'goal':
      return columnsOfGoals(goals);
    case 'property':
      return ['event:props'];
    case 'person':
      throw new Error('Columns have no people.');
    case 'column': {
      const { scope, column } = dimension;
      if (scope === 'visit') return [column];
      return scope === 'event' ? [`event:${column}`] : [...OF_EVENTS, `event:${column}`];
    }
  }
}

function columnsOfGoals(goals: readonly Goal[]): string[] {
  return [
    ...OF_EVENTS,
    ...(goals.some((goal) => 'page' in goal) ? ['event:page'] : []),
    ...(goals.some((goal) => 'property' in goal) ? ['event:props'] : []),
  ];
}
