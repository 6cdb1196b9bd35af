/**
 * Counts a slice of a large day from its columns, in the Worker. The SQL that counts events (`local-day.sql.ts`) would sort them a second
 * time: the columns have them grouped into visits.
 */
import type { Segment } from '../columns/segment.ts';
import {
  dimensionOf,
  GOAL,
  MAX_ROLLUP_PROPERTY_KEYS,
  PROPERTY_PREFIX,
  ROLLED_DIMENSIONS,
} from '../model/dimensions.ts';
import type { Goal } from '../model/goal.ts';
import { SALE_COUNTS, VISIT_COUNTS } from '../model/metrics.ts';
import { Evaluator } from '../query/columns/evaluate.ts';
import type { GroupedRows } from '../query/columns/grouping.ts';
import { TooManyGroups } from '../query/columns/groups.ts';
import type { DimensionValue } from '../query/columns/properties.ts';
import { columnOf, type Grouping } from '../query/groupings.ts';
import { Meter } from '../query/meter.ts';
import { type JsonRow, jsonLists } from '../sql/json-lists.ts';
import { HOUR, TOTAL } from '../sql/rollups.ts';

/** Keys of properties that are counted together: their values take memory for each event. */
const KEYS_AT_ONCE = 8;

const NO_VISITS = VISIT_COUNTS.map(() => 0);
const NO_SALES = SALE_COUNTS.map(() => 0);

/** The limits of what the Worker counts. */
interface CountLimits {
  /** The most lists. */
  readonly most: number;
  /** Whether numbers among the values of properties have to be the texts that SQLite writes. */
  readonly hasExactTexts: boolean;
}

/**
 * The rows of a slice as JSON lists: dimension, value, currency and counts, as `STORE_SLICE` stores them.
 *
 * @param keys the day's keys of properties: see `MOST_USED_KEYS`.
 * @returns null if there are too many rows, or values that only SQL writes as text.
 * @throws SegmentError if the columns are damaged.
 */
export function countsOf(
  segment: Segment,
  goals: readonly Goal[],
  keys: readonly string[],
  slice: number,
  { most, hasExactTexts }: CountLimits,
): readonly string[] | null {
  const rows: JsonRow[] = [];
  try {
    for (const groupings of groupingsOf(goals, keys)) {
      const evaluator = evaluatorOf(groupings, goals);
      evaluator.add(segment, () => true);
      for (const [dimension, counted] of evaluator.results()) rows.push(...rowsOf(dimension, counted));
    }
  } catch (error) {
    if (error instanceof TooManyGroups) return null;
    throw error;
  }
  if (slice === 0 && keys.length > MAX_ROLLUP_PROPERTY_KEYS) rows.push(MORE_KEYS);
  // SQLite writes 1.0 where JavaScript writes 1. Events of earlier versions may have such values.
  if (hasExactTexts && rows.some(([, value]) => typeof value === 'number' && !Number.isSafeInteger(value)))
    return null;
  const lists = jsonLists(rows);
  return lists.length > most ? null : lists;
}

/** Marks a day with more keys than a rollup stores. */
const MORE_KEYS: JsonRow = [
  PROPERTY_PREFIX,
  '',
  '',
  ...VISIT_COUNTS.map((count) => Number(count === 'events')),
  ...NO_SALES,
];

/** The groupings of a rollup, named by its dimensions, in lists that are evaluated together. */
function groupingsOf(goals: readonly Goal[], keys: readonly string[]): Grouping[][] {
  const by = (...names: readonly string[]): Grouping[] =>
    names.map((name) => ({
      name,
      timed: false,
      filters: [],
      dimensions: new Map([dimensionOf(name)].flatMap((found) => (found ? [[columnOf(0), found]] : []))),
    }));
  const stored = keys.slice(0, MAX_ROLLUP_PROPERTY_KEYS).map((key) => PROPERTY_PREFIX + key);
  const portions = Array.from({ length: Math.ceil(stored.length / KEYS_AT_ONCE) }, (_, portion) =>
    by(...stored.slice(portion * KEYS_AT_ONCE, (portion + 1) * KEYS_AT_ONCE)),
  );
  return [
    [
      ...by(TOTAL, ...ROLLED_DIMENSIONS.map(({ name }) => name), ...(goals.length > 0 ? [GOAL] : [])),
      { name: HOUR, timed: true, filters: [], dimensions: new Map() },
    ],
    ...portions,
  ];
}

function evaluatorOf(groupings: readonly Grouping[], goals: readonly Goal[]): Evaluator {
  return new Evaluator({
    groupings,
    goals,
    counts: VISIT_COUNTS,
    sales: 'all',
    time: 'time:hour',
    moments: null,
    bucketOf: (day) => day,
    testOf: () => () => true,
    // The number of a slice's events bounds the work.
    meter: new Meter(Number.POSITIVE_INFINITY),
  });
}

function* rowsOf(dimension: string, { counts, sales }: GroupedRows): Generator<JsonRow> {
  const keys = dimension === TOTAL ? 0 : 1;
  const row = (values: readonly DimensionValue[], currency: DimensionValue, all: readonly DimensionValue[]) =>
    [dimension, values[0] ?? '', currency, ...all] as const;
  for (const values of counts) {
    const numbers = values.slice(keys);
    if (numbers.some((count) => count !== 0)) yield row(values.slice(0, keys), '', [...numbers, ...NO_SALES]);
  }
  for (const values of sales) {
    const [currency = '', ...sums] = values.slice(keys);
    yield row(values.slice(0, keys), currency, [...NO_VISITS, ...sums]);
  }
}
