/** The needs of a query, from which its SQL is written: rows, counts, columns of events and attributes of visits. */
import { type ColumnDimension, DIMENSIONS, type Dimension } from '../model/dimensions.ts';
import { VISIT_COUNTS } from '../model/metrics.ts';
import type { QueryContext } from './context.ts';
import { type Groupings, groupingsOf } from './groupings.ts';
import { type ParsedQuery, testsIn } from './parsed-query.ts';
import { canUseRollups, isOfPeople, touchColumns } from './sources.ts';

export interface Needs {
  readonly groupings: Groupings;
  /** Whether rollups may answer for days that have one. */
  readonly usesRollups: boolean;
  readonly isOfPeople: boolean;
  /** Columns of the events that brought people. */
  readonly touchColumns: ReadonlySet<string>;
  /** The time by which events are counted: the query's, or that of the cells that a protected answer consists of. */
  readonly time: ParsedQuery['time'];
  /** The counts that the metrics are made of. Each one more takes time: a month has a thousand values. */
  readonly counts: readonly string[];
  readonly eventColumns: readonly string[];
  readonly visitDimensions: readonly ColumnDimension[];
}

/** A query with its context and needs: the input of its SQL. */
export interface QueryPlan {
  readonly query: ParsedQuery;
  readonly context: QueryContext;
  readonly needs: Needs;
}

/** Counts that every query needs: they decide whether a row exists, and are the denominators of shares. */
const ALWAYS_COUNTED: readonly string[] = ['visitors', 'events'];

/** The columns that decide whether an event reaches a goal. */
const GOAL_COLUMNS = ['page', 'props'] as const;

/** @param usesRollups whether rollups may answer; if left out: whether they can answer the query. */
export function planOf(query: ParsedQuery, context: QueryContext, usesRollups?: boolean): QueryPlan {
  return { query, context, needs: needsOf(query, context, usesRollups) };
}

export function needsOf(
  query: ParsedQuery,
  span: Pick<QueryContext, 'moments' | 'trimmed' | 'reportable'>,
  usesRollups = canUseRollups(query, span),
): Needs {
  const { dimensions, filters, metrics, time } = query;
  const grouped = dimensions.filter((dimension) => dimension !== null);
  const read = [...filters.flatMap(testsIn).map(({ dimension }) => dimension), ...grouped];
  const counts = new Set<string>([...ALWAYS_COUNTED, ...metrics.flatMap((metric) => metric.counts)]);
  return {
    groupings: groupingsOf(query),
    usesRollups,
    isOfPeople: isOfPeople(query),
    touchColumns: touchColumns(query),
    time: span.reportable === null || time === 'time:hour' ? time : 'time:day',
    counts: VISIT_COUNTS.filter((count) => counts.has(count)),
    eventColumns: [
      ...(grouped.some(({ kind }) => kind === 'goal') ? GOAL_COLUMNS : []),
      ...read.flatMap(eventColumnsOf),
      ...(metrics.some(({ ofSales }) => ofSales) ? ['value', 'currency'] : []),
    ],
    visitDimensions: [...new Set(read.flatMap(visitDimensionsOf))],
  };
}

/** The columns that decide whether an event reaches a step, and identify its visitor or person. */
const FUNNEL_COLUMNS = [...GOAL_COLUMNS, 'person', 'engaged', 'scroll'];

/** The needs of a funnel that begins with the events which a query's filters let through. */
export function needsOfFunnel(
  query: ParsedQuery,
  span: Pick<QueryContext, 'moments' | 'trimmed' | 'reportable'>,
): Needs {
  const needs = needsOf({ ...query, metrics: [], dimensions: [], time: null }, span, false);
  return { ...needs, time: null, eventColumns: [...FUNNEL_COLUMNS, ...needs.eventColumns] };
}

function eventColumnsOf(dimension: Dimension): readonly string[] {
  switch (dimension.kind) {
    case 'goal':
      return GOAL_COLUMNS;
    case 'property':
      return ['props'];
    case 'person':
      return [];
    case 'column':
      return dimension.scope === 'event' ? [dimension.column] : [];
  }
}

function visitDimensionsOf(dimension: Dimension): readonly ColumnDimension[] {
  if (dimension.kind === 'column') return dimension.scope === 'event' ? [] : [dimension];
  if (dimension.kind !== 'person' || dimension.touch === null) return [];
  // An event without a person, and a person whose first touch is this visit, have the visit's own attribute.
  return [dimension.column, 'channel'].map((column) => DIMENSIONS.get(`visit:${column}`) as ColumnDimension);
}
