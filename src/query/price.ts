/**
 * The price of a query: the time that the database needs for it, estimated before it runs. Prices are in microseconds, as
 * measured in docs/performance.md. A query pays for each event that it reads, by its operations on it, and for each rollup row. A
 * price need not be exact, but it must grow with everything that a query can have many of. A query with a price above the
 * allowance is rejected, since the database also stores events.
 */
import type { Dimension } from '../model/dimensions.ts';
import type { FieldError } from '../model/field-error.ts';
import type { SegmentHead } from '../store/segments.ts';
import type { ColumnPrice } from './columns/price.ts';
import type { Volume } from './day-states.ts';
import type { Filter, ParsedQuery, Test } from './parsed-query.ts';
import { isOfPeople, touchColumns } from './sources.ts';

/** The properties of a pixel that a price depends on. */
interface PricedPixel {
  /** The number of the pixel's goals. */
  readonly goals: number;
  readonly isSafe: boolean;
}

/** The highest allowed price of a query. */
export interface Allowance {
  /** For the complete query, with its comparison. */
  readonly total: number;
  /** For each transaction: D1 ends a statement after 30 seconds, and may be slower than the measured machine. */
  readonly atOnce: number;
  /** Called with the price before the query runs. Throws if the caller has to wait. */
  readonly spend?: Spend;
}

/** @param price in microseconds of the database. */
export type Spend = (price: number) => void;

/** For callers that may change the pixel, and for those that only see its statistics, as by a shared link. */
export const OWNERS: Allowance = { total: 30_000_000, atOnce: 20_000_000 };
export const VIEWERS: Allowance = { total: 12_000_000, atOnce: 12_000_000 };

/** Microseconds per event: to read it and find its visit, and for each group, dimension, filter and step. */
const READ = 6;
const GROUP = 1;
const BY_COLUMN = 2;
const BY_PROPERTY = 2;
const BY_PERSON = 2;
const PEOPLE = 4;
const TOUCH = 6;
const TOUCH_BEFORE = 1;
const TEST = 0.12;
const TEST_LABEL = 1.4;
const TEST_PROPERTY = 0.6;
const TEST_PERSON = 1;
const TEXT_CONTAINED = 0.35;
/** For each goal. Pages with a `*` and properties take the longest. */
const GOAL = 1;
const DONE = 1;
const STEP = 1;
const PICKED = 3;
/** The factor for small-group protection, whose answers are computed from cells. */
const CELLS = 3;
/** For each event, if all of its properties are read. */
const PROPERTIES = 8;
/** Microseconds per rollup row, and to read a segment, however few rows it has. */
const ROW = 1;
const SEGMENT = 200;
/** Microseconds per value of imported totals, which is read out of a list. */
const IMPORTED_VALUE = 2;

/**
 * The prices of a query's transactions. Each span, its own and that of the comparison, has one that reads the values of
 * dimensions, and one that reads the rows.
 *
 * @param resolved the filter tests that are compared with all values of their dimension.
 */
export function pricesOf(
  query: ParsedQuery,
  resolved: readonly Test[],
  ranges: readonly Volume[],
  pixel: PricedPixel,
): number[] {
  return ranges.flatMap((volume, index) => {
    const { include } = query;
    const twice = include.total_rows && index === 0 ? 2 : 1;
    return [
      priceOfValues(query, resolved, volume, pixel),
      priceOfAnswer(query, resolved, volume, pixel) * twice,
    ];
  });
}

function priceOfAnswer(
  query: ParsedQuery,
  resolved: readonly Test[],
  volume: Volume,
  { goals, isSafe }: PricedPixel,
): number {
  const { metrics, dimensions, filters } = query;
  const grouped = dimensions.filter((dimension) => dimension !== null);
  const denominators = new Set(metrics.flatMap(({ of }) => of ?? []));
  // Counts by the groups of the answer, and counts without groups.
  const byGroup =
    1 +
    Number(metrics.some(({ ofSales }) => ofSales)) +
    Number(metrics.some(({ ofPeople }) => ofPeople)) +
    Number(denominators.has('group_without_goal'));
  const ungrouped = [...denominators].filter((name) => name !== 'group_without_goal').length;
  const ofFilters = GROUP + sum(filters.map((filter) => priceOfFilter(filter, resolved, goals)));
  const ofGroups = sum(grouped.map((dimension) => priceOfDimension(dimension, goals)));
  const counted = byGroup * (ofFilters + ofGroups) + ungrouped * ofFilters;
  const ofEvents = READ + counted * (isSafe ? CELLS : 1) + priceOfPeople(query, volume);
  return volume.events * ofEvents + volume.rows * ROW + (volume.imported_values ?? 0) * IMPORTED_VALUE;
}

function priceOfValues(
  query: ParsedQuery,
  resolved: readonly Test[],
  volume: Volume,
  { goals }: PricedPixel,
): number {
  const dimensions = new Map(resolved.map(({ dimension }) => [dimension.name, dimension]));
  return sum(
    [...dimensions.values()].map((dimension) => {
      const ofValues = { ...query, metrics: [], dimensions: [dimension], filters: [] };
      return (
        volume.events * (READ + GROUP + priceOfDimension(dimension, goals) + priceOfPeople(ofValues, volume))
      );
    }),
  );
}

/** The prices of a funnel. Each step reads all events, and those that reached the previous step. */
export function pricesOfFunnel(
  query: ParsedQuery,
  resolved: readonly Test[],
  steps: number,
  volume: Volume,
  pixel: PricedPixel,
): number[] {
  const { filters } = query;
  const ofFilters = sum(filters.map((filter) => priceOfFilter(filter, resolved, pixel.goals)));
  const picked = filters.length > 0 ? PICKED + ofFilters : 0;
  const ofEvents = READ + picked + steps * STEP + priceOfPeople(query, volume);
  return [priceOfValues(query, resolved, volume, pixel), volume.events * ofEvents];
}

function priceOfPeople(query: ParsedQuery, { days }: Volume): number {
  if (!isOfPeople(query)) return 0;
  if (touchColumns(query).size === 0) return PEOPLE;
  // A touch may be older than the range. The price assumes as many events per day before the range as in it.
  return PEOPLE + TOUCH + TOUCH_BEFORE * (1 + query.include.attribution_days / Math.max(1, days));
}

function priceOfDimension(dimension: Dimension, goals: number): number {
  switch (dimension.kind) {
    case 'goal':
      return goals * GOAL;
    case 'property':
      return BY_PROPERTY;
    case 'person':
      return BY_PERSON;
    case 'column':
      return BY_COLUMN;
  }
}

function priceOfFilter(filter: Filter, resolved: readonly Test[], goals: number): number {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return sum(filter.filters.map((inner) => priceOfFilter(inner, resolved, goals)));
    case 'not':
      return priceOfFilter(filter.filter, resolved, goals);
    case 'done':
      return DONE + priceOfFilter(filter.filter, resolved, goals);
    case 'test': {
      const { comparison, dimension, values, others } = filter;
      const isGoal = dimension.kind === 'goal';
      const texts =
        comparison === 'contains' && !isGoal && !resolved.includes(filter)
          ? values.length + others.length
          : 0;
      return priceOfTest(dimension, goals) * (1 + texts) + texts * TEXT_CONTAINED;
    }
  }
}

function priceOfTest(dimension: Dimension, goals: number): number {
  switch (dimension.kind) {
    case 'goal':
      return goals * GOAL;
    case 'property':
      return TEST_PROPERTY;
    case 'person':
      return TEST_PERSON;
    case 'column':
      return dimension.labels === undefined ? TEST : TEST_LABEL;
  }
}

/**
 * Charges the prices of a query that is about to run, or returns an error and charges nothing if they exceed the allowance.
 *
 * @param prices one for each transaction, in microseconds.
 */
export function charge(prices: readonly number[], allowance: Allowance): FieldError[] {
  const total = sum(prices);
  if (total <= allowance.total && prices.every((price) => price <= allowance.atOnce)) {
    allowance.spend?.(total);
    return [];
  }
  const message =
    'This query would take too much time. Choose a shorter range, or fewer filters, dimensions, metrics or comparisons.';
  return [{ path: 'date_range', message }];
}

/**
 * The price of counting the rows of segments, in microseconds of the Worker. A month's segment is read in full, even if only some of
 * its days are needed.
 */
export function priceOfSegments(
  heads: readonly Pick<SegmentHead, 'header'>[],
  priceOf: (head: Pick<SegmentHead, 'header'>) => ColumnPrice,
): number {
  return sum(
    heads.map((head) => {
      const { event, visit } = priceOf(head);
      return SEGMENT + head.header.events * event + head.header.visits * visit;
    }),
  );
}

/** The price of a list of properties. */
export function priceOfProperties({ events, rows }: Pick<Volume, 'events' | 'rows'>): number {
  return events * PROPERTIES + rows * ROW;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
