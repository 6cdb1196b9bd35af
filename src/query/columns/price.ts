/**
 * The price of answering from columns: the time that the Worker needs for each event and visit of a segment, estimated beforehand. As
 * in ../price.ts, a price need not be exact, but it must grow with everything that a query can have many of.
 */
import { COLUMNS } from '../../columns/format.ts';
import type { Dimension } from '../../model/dimensions.ts';
import type { Goal } from '../../model/goal.ts';
import { type Grouping, isHourly } from '../groupings.ts';
import { type Filter, testsIn } from '../parsed-query.ts';
import { type ColumnQuery, inFull } from './evaluate.ts';
import type { ColumnFunnel } from './funnel.ts';
import { rowsOf } from './grouping.ts';
import { behaviorsIn, rowsOfFilter } from './masks.ts';
import { columnsOf, columnsOfFunnel } from './needed-columns.ts';

/** In microseconds, for each event row and for each visit of a segment. */
export interface ColumnPrice {
  readonly event: number;
  readonly visit: number;
}

/** Microseconds per row, as measured with a factor of two: the first query of an isolate runs before its code is compiled well. */
const DECODE = 0.02;
/** To find the visit and the kind of each event, once for a query. */
const EVENTS = 0.02;
const MINUTES = 0.02;
/** To find whether a row passes. */
const TEST = 0.01;
const TEST_PROPERTY = 0.1;
const GOAL = 0.02;
const BEHAVIOR = 0.01;
/** To find a row's group and to count it. Groups of multiple dimensions are many, and each is looked up. */
const GROUP = 0.03;
const DIMENSION = 0.02;
const PROPERTY = 0.1;
const COMBINATION = 0.2;
const ENGAGEMENT = 0.02;
const SALE = 0.02;
const STEP = 0.02;

/** @param isInFull whether the moments of a query include the rows in full. */
export function priceOfColumns(query: ColumnQuery | ColumnFunnel, isInFull = false): ColumnPrice {
  const prices = { event: 0, visit: 0 };
  const columns =
    'steps' in query ? columnsOfFunnel(query.steps, query.filters, query.goals) : columnsOf(query);
  for (const name of columns) prices[COLUMNS.get(name)?.of ?? 'event'] += DECODE;
  if (columns.includes('visit:rows')) prices.event += EVENTS;
  if (columns.includes('event:minute')) prices.event += MINUTES;
  const filters = 'steps' in query ? query.filters : query.groupings.flatMap((grouping) => grouping.filters);
  for (const filter of new Set(filters)) addFilter(prices, filter, query.goals);
  if ('steps' in query) prices.event += priceOfGoals(query.steps) + STEP * query.steps.length;
  else {
    const counted = isInFull ? inFull(query) : query;
    for (const grouping of query.groupings) addGrouping(prices, grouping, counted);
  }
  return prices;
}

type Sums = { -readonly [Name in keyof ColumnPrice]: number };

function addFilter(prices: Sums, filter: Filter, goals: readonly Goal[]): void {
  prices.event += BEHAVIOR * behaviorsIn(filter).length;
  for (const test of testsIn(filter)) {
    const { kind } = test.dimension;
    const price = kind === 'goal' ? priceOfGoals(goals) : kind === 'property' ? TEST_PROPERTY : TEST;
    prices[rowsOfFilter(test)] += price;
  }
}

function addGrouping(prices: Sums, grouping: Grouping, query: ColumnQuery): void {
  const { counts, goals, time, moments } = query;
  const of = rowsOf(grouping, query);
  const dimensions = [...grouping.dimensions.values()];
  const keys = dimensions.length + Number(isHourly(grouping, time));
  const ofGoals = dimensions.some(({ kind }) => kind === 'goal');
  const each =
    GROUP +
    dimensions.reduce((sum, dimension) => sum + priceOfDimension(dimension), 0) +
    COMBINATION * Math.max(0, keys - 1) +
    (moments ? TEST : 0);
  // An event is looked up for each goal, whether it reaches it or not.
  prices[of] += each * (ofGoals ? Math.max(1, goals.length) : 1) + (ofGoals ? priceOfGoals(goals) : 0);
  prices.event += ENGAGEMENT * ENGAGEMENT_COUNTS.filter((count) => counts.includes(count)).length;
  if (query.sales === 'first' && grouping === query.groupings[0]) prices.event += SALE;
}

const ENGAGEMENT_COUNTS: readonly string[] = ['engaged', 'scroll'];

function priceOfDimension({ kind }: Dimension): number {
  return kind === 'property' ? PROPERTY : DIMENSION;
}

function priceOfGoals(goals: readonly Goal[]): number {
  return goals.reduce((sum, goal) => sum + ('property' in goal ? TEST_PROPERTY : GOAL), 0);
}
