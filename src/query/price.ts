/**
 * What a question costs the database, told before it runs: in microseconds as measured (docs/performance.md) for each event,
 * by what is done with it, and for each row of a rollup. It need not be exact. It has to grow with all that a question can
 * have much of, so that a question that would hold the database, which also stores events, is refused instead.
 */
import type { Dimension } from '../model/dimensions.ts';
import type { FieldError } from '../model/field-error.ts';
import type { Volume } from './day-states.ts';
import type { Filter, Question, Test } from './question.ts';
import { isOfPeople, touchColumns } from './sources.ts';

/** The pixel that is asked of. */
interface PricedPixel {
  /** How many goals it has. */
  readonly goals: number;
  readonly isSafe: boolean;
}

/** What a question may cost. */
export interface Allowance {
  /** Microseconds of the database for all that it asks, comparisons included. */
  readonly question: number;
  /** For each of its transactions: D1 ends a statement after 30 seconds, and is not always as fast as where it was measured. */
  readonly atOnce: number;
  /** Is told the price of what is about to be asked; it throws when that is too much for now. */
  readonly spend?: Spend;
}

/** @param price in microseconds of the database. */
export type Spend = (price: number) => void;

/** Of who may change the pixel; of who only sees its statistics, such as by a shared link. */
export const OWNERS: Allowance = { question: 30_000_000, atOnce: 20_000_000 };
export const VIEWERS: Allowance = { question: 12_000_000, atOnce: 12_000_000 };

/** Microseconds an event: to read it and find its visit, and for each group, dimension, filter and step. */
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
/** For each goal: a page with a `*`, or a property, has to be looked into. */
const GOAL = 1;
const DONE = 1;
const STEP = 1;
const PICKED = 3;
/** Of a pixel that protects small groups: the cells that answers are put together from. */
const CELLS = 3;
/** For each event, of which all properties are read. */
const PROPERTIES = 8;
/** Microseconds a row of a rollup. */
const ROW = 1;

/**
 * What a question costs: of each range, its own and that which it is compared with, the transaction that reads the values of
 * dimensions, and the one that answers.
 *
 * @param resolved the tests of filters that are compared with all values that their dimension has.
 */
export function pricesOf(
  question: Question,
  resolved: readonly Test[],
  ranges: readonly Volume[],
  setting: PricedPixel,
): number[] {
  return ranges.flatMap((volume, index) => {
    const { include } = question;
    const twice = include.total_rows && index === 0 ? 2 : 1;
    return [
      priceOfValues(question, resolved, volume, setting),
      priceOfAnswer(question, resolved, volume, setting) * twice,
    ];
  });
}

function priceOfAnswer(
  question: Question,
  resolved: readonly Test[],
  volume: Volume,
  { goals, isSafe }: PricedPixel,
): number {
  const { metrics, dimensions, filters } = question;
  const known = dimensions.filter((dimension) => dimension !== null);
  const wholes = new Set(metrics.flatMap(({ of }) => of ?? []));
  // Rows of the same groups beside those of the answer, and what has no groups.
  const byGroup =
    1 +
    Number(metrics.some(({ ofSales }) => ofSales)) +
    Number(metrics.some(({ ofPeople }) => ofPeople)) +
    Number(wholes.has('group_without_goal'));
  const inAll = [...wholes].filter((whole) => whole !== 'group_without_goal').length;
  const ofFilters = GROUP + sum(filters.map((filter) => priceOfFilter(filter, resolved, goals)));
  const ofGroups = sum(known.map((dimension) => priceOfDimension(dimension, goals)));
  const counted = byGroup * (ofFilters + ofGroups) + inAll * ofFilters;
  const ofEvents = READ + counted * (isSafe ? CELLS : 1) + priceOfPeople(question, volume);
  return volume.events * ofEvents + volume.rows * ROW;
}

function priceOfValues(
  question: Question,
  resolved: readonly Test[],
  volume: Volume,
  { goals }: PricedPixel,
): number {
  const dimensions = new Map(resolved.map(({ dimension }) => [dimension.name, dimension]));
  return sum(
    [...dimensions.values()].map((dimension) => {
      const asked = { ...question, metrics: [], dimensions: [dimension], filters: [] };
      return (
        volume.events * (READ + GROUP + priceOfDimension(dimension, goals) + priceOfPeople(asked, volume))
      );
    }),
  );
}

/** What a funnel costs: each step looks at each event, and at those that came to the step before. */
export function pricesOfFunnel(
  question: Question,
  resolved: readonly Test[],
  steps: number,
  volume: Volume,
  setting: PricedPixel,
): number[] {
  const { filters } = question;
  const ofFilters = sum(filters.map((filter) => priceOfFilter(filter, resolved, setting.goals)));
  const picked = filters.length > 0 ? PICKED + ofFilters : 0;
  const ofEvents = READ + picked + steps * STEP + priceOfPeople(question, volume);
  return [priceOfValues(question, resolved, volume, setting), volume.events * ofEvents];
}

function priceOfPeople(question: Question, { days }: Volume): number {
  if (!isOfPeople(question)) return 0;
  if (touchColumns(question).size === 0) return PEOPLE;
  // What brought people may have happened before the range, where there are as many events as in it.
  return PEOPLE + TOUCH + TOUCH_BEFORE * (1 + question.include.attribution_days / Math.max(1, days));
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

/** What is wrong with a question of these prices: of each of its transactions, in microseconds. */
export function priceErrors(prices: readonly number[], allowance: Allowance): FieldError[] {
  if (sum(prices) <= allowance.question && prices.every((price) => price <= allowance.atOnce)) return [];
  const message =
    'This asks more of the database than one question may. Ask for a shorter range, or with fewer filters, dimensions, metrics or comparisons.';
  return [{ path: 'date_range', message }];
}

/** Takes the prices of a question that is about to be asked out of what may be spent. */
export function pay(prices: readonly number[], { spend }: Allowance): void {
  spend?.(sum(prices));
}

/** What it costs to tell which properties there are. */
export function priceOfProperties({ events, rows }: Pick<Volume, 'events' | 'rows'>): number {
  return events * PROPERTIES + rows * ROW;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
