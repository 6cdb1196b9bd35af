/**
 * Parses a question: the body of `POST /api/v2/query`, in the language of the Plausible Stats API v2. What it lets
 * through makes sense; what it refuses it refuses with the path of each mistake.
 */
import * as v from 'valibot';
import {
  DIMENSION_NAMES,
  type Dimension,
  dimensionOf,
  GOAL,
  TIME_DIMENSIONS,
  type TimeDimension,
} from '../model/dimensions.ts';
import { METRICS, type Metric } from '../model/metrics.ts';
import { pathOf } from '../model/path.ts';
import { err, ok, type Result } from '../model/result.ts';
import { isDay } from '../model/time-zone.ts';
import { compilePattern } from './pattern.ts';

export interface Mistake {
  /** Where in the body, such as `filters[0][1]`. */
  readonly path: string;
  readonly message: string;
}

export type Order = readonly [key: string, direction: 'asc' | 'desc'];

/** How a value is compared; each operator has a form that says the opposite. */
export type Comparison = 'is' | 'contains' | 'matches';

export interface Test {
  readonly kind: 'test';
  readonly comparison: Comparison;
  readonly negated: boolean;
  readonly caseSensitive: boolean;
  readonly dimension: Dimension;
  readonly values: readonly string[];
  /** Where in the body it stands. */
  readonly path: string;
}

export type Filter =
  | Test
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  /** Whether some event of the visit matches. */
  | { readonly kind: 'done'; readonly negated: boolean; readonly filter: Filter };

/** The first and last moment of a range, both included, in epoch milliseconds. */
export interface Moments {
  readonly from: number;
  readonly to: number;
}

/** A named range, a first and last day, both included, or two moments. */
export type Range = RangeName | readonly [string, string] | Moments;

export interface Compared {
  readonly mode: 'previous_period' | 'year_over_year' | 'custom';
  /** Of `custom`; else null. */
  readonly range: readonly [string, string] | null;
}

export interface Question {
  readonly pixel: string;
  readonly metrics: readonly Metric[];
  readonly range: Range;
  readonly time: TimeDimension | null;
  /** In the order asked, with the time dimension, if any, as null. */
  readonly dimensions: readonly (Dimension | null)[];
  readonly filters: readonly Filter[];
  readonly order: readonly Order[];
  readonly include: {
    readonly time_labels: boolean;
    readonly total_rows: boolean;
    readonly imports: boolean;
    readonly comparisons: Compared | null;
    /** How many days before an event its person may have been brought. */
    readonly attribution_days: number;
  };
  readonly pagination: { readonly limit: number; readonly offset: number };
}

export const RANGE_NAMES = ['day', '7d', '28d', '30d', '91d', 'month', '6mo', '12mo', 'year', 'all'] as const;
export type RangeName = (typeof RANGE_NAMES)[number];

/** D1 allows expressions 100 levels deep, and each filter of a list is one level. */
const MAX_FILTERS = 40;
const MAX_FILTER_DEPTH = 8;
const MAX_FILTER_VALUES = 1000;
const MAX_DIMENSIONS = 4;
export const MAX_ROWS = 10_000;

const ATTRIBUTION_DAYS = 30;
const MAX_ATTRIBUTION_DAYS = 90;

const day = v.pipe(v.string(), v.check(isDay, 'This is no date of the calendar in the form YYYY-MM-DD.'));
const days = v.strictTuple([day, day]);

const MOMENT =
  /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const moment = v.pipe(
  v.string(),
  v.check(
    (text) => isDay(MOMENT.exec(text)?.[1] ?? ''),
    'Give a time with its offset, such as 2026-01-31T12:00:00+01:00.',
  ),
);

const Comparisons = v.variant('mode', [
  v.strictObject({ mode: v.picklist(['previous_period', 'year_over_year']) }),
  v.strictObject({ mode: v.literal('custom'), date_range: days }),
]);

/** The shape of a question; what its words may be is checked after it. */
export const QueryBody = v.strictObject({
  site_id: v.pipe(v.string('Say which pixel: site_id is its id.'), v.minLength(1)),
  metrics: v.pipe(v.array(v.string()), v.minLength(1, 'Ask for at least one metric.')),
  date_range: v.union(
    [v.picklist(RANGE_NAMES), days, v.strictTuple([moment, moment])],
    `Use one of ${RANGE_NAMES.join(', ')}, or two dates such as ["2026-01-01", "2026-01-31"], or two times with their offsets.`,
  ),
  dimensions: v.optional(v.pipe(v.array(v.string()), v.maxLength(MAX_DIMENSIONS)), []),
  filters: v.optional(v.array(v.unknown()), []),
  order_by: v.optional(v.array(v.strictTuple([v.string(), v.picklist(['asc', 'desc'])])), []),
  include: v.optional(
    v.strictObject({
      imports: v.optional(v.boolean(), false),
      time_labels: v.optional(v.boolean(), false),
      total_rows: v.optional(v.boolean(), false),
      comparisons: v.optional(v.nullable(Comparisons), null),
      attribution_days: v.optional(
        v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_ATTRIBUTION_DAYS)),
        ATTRIBUTION_DAYS,
      ),
    }),
    {},
  ),
  pagination: v.optional(
    v.strictObject({
      limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_ROWS)), MAX_ROWS),
      offset: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e9)), 0),
    }),
    {},
  ),
});

export function parseQuestion(body: unknown): Result<Question, readonly Mistake[]> {
  const parsed = v.safeParse(QueryBody, body);
  if (!parsed.success) return err(parsed.issues.flatMap(mistakesOf));
  const { output } = parsed;
  const mistakes: Mistake[] = [];

  const metrics = output.metrics.flatMap((name, index) => {
    const metric = METRICS.get(name);
    if (metric) return [metric];
    mistakes.push({
      path: `metrics[${index}]`,
      message: `Unknown metric. Known: ${[...METRICS.keys()].join(', ')}.`,
    });
    return [];
  });
  findRepeats(output.metrics, 'metrics', mistakes);
  findRepeats(output.dimensions, 'dimensions', mistakes);

  let time: TimeDimension | null = null;
  const dimensions = output.dimensions.flatMap((name, index) => {
    const path = `dimensions[${index}]`;
    if (isTimeDimension(name)) {
      if (time !== null) mistakes.push({ path, message: 'Ask for one time dimension at a time.' });
      time = name;
      return [null];
    }
    const dimension = dimensionOf(name);
    if (dimension) return [dimension];
    mistakes.push({ path, message: unknownDimension([...TIME_DIMENSIONS, ...DIMENSION_NAMES]) });
    return [];
  });
  const ofEvents = dimensions.find((dimension) => dimension?.scope === 'event');
  output.metrics.forEach((name, index) => {
    if (!ofEvents || !METRICS.get(name)?.ofVisit) return;
    mistakes.push({
      path: `metrics[${index}]`,
      message: `${name} describes whole visits and cannot be split by ${ofEvents.name}. Use a visit dimension, such as visit:entry_page.`,
    });
  });

  const filters = new FilterParser(mistakes).parseAll(output.filters);
  const asksForGoals = output.dimensions.includes(GOAL) || filters.some((filter) => isGoalTest(filter));
  output.metrics.forEach((name, index) => {
    const of = METRICS.get(name)?.of;
    const path = `metrics[${index}]`;
    if (of === 'whole' && output.dimensions.length === 0) {
      mistakes.push({
        path,
        message: `${name} is a share of the whole: ask for a dimension to split it by.`,
      });
    }
    if (of !== undefined && of !== 'whole' && !asksForGoals) {
      mistakes.push({
        path,
        message: `${name} needs a goal: filter by ${GOAL} (not within and, or, not), or ask for it as a dimension.`,
      });
    }
  });
  output.order_by.forEach(([key], index) => {
    if (output.metrics.includes(key) || output.dimensions.includes(key)) return;
    mistakes.push({
      path: `order_by[${index}][0]`,
      message: 'Order by a metric or dimension that is asked for.',
    });
  });
  if (output.include.time_labels && time === null) {
    mistakes.push({ path: 'include.time_labels', message: 'Ask for a time dimension to get its labels.' });
  }
  const range = rangeOf(output.date_range);
  if (isBackward(range)) {
    mistakes.push({ path: 'date_range', message: 'The range ends before it begins.' });
  }
  const { comparisons } = output.include;
  const compared = comparisons?.mode === 'custom' ? comparisons.date_range : null;
  if (compared && isBackward(compared)) {
    mistakes.push({ path: 'include.comparisons.date_range', message: 'The range ends before it begins.' });
  }
  if (mistakes.length > 0) return err(mistakes);

  return ok({
    pixel: output.site_id,
    metrics,
    range,
    time,
    dimensions,
    filters,
    order: output.order_by,
    include: { ...output.include, comparisons: comparisons && { mode: comparisons.mode, range: compared } },
    pagination: output.pagination,
  });
}

function rangeOf(range: v.InferOutput<typeof QueryBody>['date_range']): Range {
  if (typeof range === 'string' || isDay(range[0])) return range as RangeName | [string, string];
  return { from: Date.parse(range[0]), to: Date.parse(range[1]) };
}

function isBackward(range: Range): boolean {
  if (typeof range === 'string') return false;
  return 'from' in range ? range.from > range.to : range[0] > range[1];
}

/** Whether a filter asks for goals, which a conversion rate then leaves out to find its whole. */
export function isGoalTest(filter: Filter): boolean {
  return filter.kind === 'test' && filter.dimension.kind === 'goal';
}

/** The tests of a filter, however deep. */
export function testsIn(filter: Filter): Test[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.flatMap(testsIn);
    case 'not':
    case 'done':
      return testsIn(filter.filter);
    case 'test':
      return [filter];
  }
}

/** A union's own message says what is allowed; where one of its forms nearly fits, that form's complaint says more. */
function mistakesOf(issue: v.BaseIssue<unknown>): Mistake[] {
  const nested = issue.issues?.filter((inner) => inner.path !== undefined) ?? [];
  return (nested.length > 0 ? nested : [issue]).map((inner) => ({
    path: pathOf([...(issue.path ?? []), ...(inner === issue ? [] : (inner.path ?? []))]),
    message: inner.message,
  }));
}

function findRepeats(names: readonly string[], path: string, mistakes: Mistake[]): void {
  names.forEach((name, index) => {
    if (names.indexOf(name) < index)
      mistakes.push({ path: `${path}[${index}]`, message: 'Asked for twice.' });
  });
}

function isTimeDimension(name: string): name is TimeDimension {
  return (TIME_DIMENSIONS as readonly string[]).includes(name);
}

function unknownDimension(known: readonly string[]): string {
  return `Unknown dimension. Known: ${known.join(', ')}.`;
}

/** The operators, with how each compares, and whether it says the opposite. */
const OPERATORS: ReadonlyMap<string, readonly [Comparison, negated: boolean]> = new Map([
  ['is', ['is', false]],
  ['is_not', ['is', true]],
  ['contains', ['contains', false]],
  ['contains_not', ['contains', true]],
  ['matches', ['matches', false]],
  ['matches_not', ['matches', true]],
]);
const ALL_OPERATORS = [...OPERATORS.keys(), 'and', 'or', 'not', 'has_done', 'has_not_done'];

const Modifiers = v.strictObject({ case_sensitive: v.optional(v.boolean(), true) });

class FilterParser {
  readonly #mistakes: Mistake[];
  #count = 0;

  constructor(mistakes: Mistake[]) {
    this.#mistakes = mistakes;
  }

  parseAll(filters: readonly unknown[]): Filter[] {
    return this.#list(filters, 'filters', 1);
  }

  #list(filters: readonly unknown[], path: string, depth: number): Filter[] {
    return filters.flatMap((filter, index) => this.#filter(filter, `${path}[${index}]`, depth) ?? []);
  }

  /** Whether what is being parsed is inside of has_done or has_not_done. */
  #inDone = false;

  #filter(filter: unknown, path: string, depth: number): Filter | null {
    if (++this.#count > MAX_FILTERS) {
      if (this.#count === MAX_FILTERS + 1) this.#complain(path, `At most ${MAX_FILTERS} filters.`);
      return null;
    }
    if (depth > MAX_FILTER_DEPTH)
      return this.#complain(path, `Filters nest at most ${MAX_FILTER_DEPTH} deep.`);
    if (!Array.isArray(filter)) {
      return this.#complain(path, 'A filter is a list such as ["is", "visit:country", ["DE"]].');
    }
    const [operator, second, third] = filter as unknown[];
    if (operator === 'and' || operator === 'or') {
      if (!Array.isArray(second) || second.length === 0 || filter.length !== 2) {
        return this.#complain(path, `${operator} takes one list of filters.`);
      }
      return { kind: operator, filters: this.#list(second, `${path}[1]`, depth + 1) };
    }
    if (operator === 'not') {
      if (filter.length !== 2) return this.#complain(path, 'not takes one filter.');
      const inner = this.#filter(second, `${path}[1]`, depth + 1);
      return inner && { kind: 'not', filter: inner };
    }
    if (operator === 'has_done' || operator === 'has_not_done') {
      if (filter.length !== 2) return this.#complain(path, `${operator} takes one filter.`);
      if (this.#inDone) return this.#complain(path, 'Behaviour cannot be asked for within behaviour.');
      this.#inDone = true;
      const inner = this.#filter(second, `${path}[1]`, depth + 1);
      this.#inDone = false;
      return inner && { kind: 'done', negated: operator === 'has_not_done', filter: inner };
    }
    const known = typeof operator === 'string' ? OPERATORS.get(operator) : undefined;
    if (!known) {
      return this.#complain(`${path}[0]`, `Unknown operator. Known: ${ALL_OPERATORS.join(', ')}.`);
    }
    if (filter.length > 4) return this.#complain(path, 'A filter has at most four parts.');
    const [comparison, negated] = known;
    const caseSensitive = this.#caseSensitive(filter[3], comparison, `${path}[3]`);
    const dimension = this.#dimension(second, `${path}[1]`);
    const values = this.#values(third, comparison, `${path}[2]`);
    if (dimension === null || values === null) return null;
    if (dimension.kind === 'goal' && (negated || comparison === 'matches')) {
      return this.#complain(`${path}[0]`, `${GOAL} takes only is and contains.`);
    }
    // An empty text is as good a name of absence as the one that answers give it.
    const named =
      comparison === 'is' ? values.map((value) => (value === '' ? dimension.none : value)) : values;
    return { kind: 'test', comparison, negated, caseSensitive, dimension, values: named, path };
  }

  #dimension(name: unknown, path: string): Dimension | null {
    const dimension = typeof name === 'string' ? dimensionOf(name) : null;
    if (dimension) return dimension;
    const time = typeof name === 'string' && isTimeDimension(name);
    return this.#complain(
      path,
      time ? 'Time is limited by date_range, not by a filter.' : unknownDimension(DIMENSION_NAMES),
    );
  }

  #values(values: unknown, comparison: Comparison, path: string): string[] | null {
    const texts = Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
    if (!Array.isArray(values) || texts.length === 0 || texts.length !== values.length) {
      return this.#complain(path, 'Give a list of at least one text to compare with.');
    }
    if (texts.length > MAX_FILTER_VALUES) return this.#complain(path, `At most ${MAX_FILTER_VALUES} values.`);
    if (comparison === 'matches') {
      texts.forEach((text, index) => {
        const pattern = compilePattern(text);
        if (!pattern.ok) this.#complain(`${path}[${index}]`, pattern.error);
      });
    }
    return texts;
  }

  #caseSensitive(modifiers: unknown, comparison: Comparison, path: string): boolean {
    if (modifiers === undefined) return true;
    const parsed = v.safeParse(Modifiers, modifiers);
    if (!parsed.success || comparison === 'matches') {
      this.#complain(
        path,
        comparison === 'matches'
          ? 'A pattern ignores case when it begins with (?i).'
          : 'The only modifier is {"case_sensitive": false}.',
      );
      return true;
    }
    return parsed.output.case_sensitive;
  }

  #complain(path: string, message: string): null {
    this.#mistakes.push({ path, message });
    return null;
  }
}
