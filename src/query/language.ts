/**
 * Parses a question: the body of `POST /api/v2/query`, in the language of the Plausible Stats API v2. What it lets
 * through makes sense; what it refuses it refuses with the path of each mistake.
 */
import * as v from 'valibot';
import { DIMENSIONS, type Dimension, TIME_DIMENSIONS, type TimeDimension } from '../model/dimensions.ts';
import { METRICS, type MetricName } from '../model/metrics.ts';
import { pathOf } from '../model/path.ts';
import { err, ok, type Result } from '../model/result.ts';
import { isDay } from '../model/time-zone.ts';

export interface Mistake {
  /** Where in the body, such as `filters[0][1]`. */
  readonly path: string;
  readonly message: string;
}

export type Order = readonly [key: string, direction: 'asc' | 'desc'];

export type Operator = 'is' | 'is_not' | 'contains' | 'contains_not';

export type Filter =
  | {
      readonly kind: 'test';
      readonly operator: Operator;
      readonly dimension: Dimension;
      readonly values: readonly string[];
    }
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter };

export interface Question {
  readonly pixel: string;
  readonly metrics: readonly MetricName[];
  /** A named range, or a first and last day, both included. */
  readonly range: RangeName | readonly [string, string];
  readonly time: TimeDimension | null;
  /** In the order asked, with the time dimension, if any, as null. */
  readonly dimensions: readonly (Dimension | null)[];
  readonly filters: readonly Filter[];
  readonly order: readonly Order[];
  readonly include: {
    readonly time_labels: boolean;
    readonly total_rows: boolean;
    readonly imports: boolean;
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

const day = v.pipe(v.string(), v.check(isDay, 'This is no date of the calendar in the form YYYY-MM-DD.'));

/** The shape of a question; what its words may be is checked after it. */
const Body = v.strictObject({
  site_id: v.pipe(v.string('Say which pixel: site_id is its id.'), v.minLength(1)),
  metrics: v.pipe(v.array(v.string()), v.minLength(1, 'Ask for at least one metric.')),
  date_range: v.union(
    [v.picklist(RANGE_NAMES), v.strictTuple([day, day])],
    `Use one of ${RANGE_NAMES.join(', ')}, or two dates such as ["2026-01-01", "2026-01-31"].`,
  ),
  dimensions: v.optional(v.pipe(v.array(v.string()), v.maxLength(MAX_DIMENSIONS)), []),
  filters: v.optional(v.array(v.unknown()), []),
  order_by: v.optional(v.array(v.strictTuple([v.string(), v.picklist(['asc', 'desc'])])), []),
  include: v.optional(
    v.strictObject({
      imports: v.optional(v.boolean(), false),
      time_labels: v.optional(v.boolean(), false),
      total_rows: v.optional(v.boolean(), false),
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
  const parsed = v.safeParse(Body, body);
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
    const dimension = DIMENSIONS.get(name);
    if (dimension) return [dimension];
    mistakes.push({ path, message: unknownDimension([...TIME_DIMENSIONS, ...DIMENSIONS.keys()]) });
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
  const range = output.date_range;
  if (typeof range !== 'string' && range[0] > range[1]) {
    mistakes.push({ path: 'date_range', message: 'The first day comes after the last.' });
  }
  if (mistakes.length > 0) return err(mistakes);

  return ok({
    pixel: output.site_id,
    metrics: metrics.map(({ name }) => name),
    range,
    time,
    dimensions,
    filters,
    order: output.order_by,
    include: output.include,
    pagination: output.pagination,
  });
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

const OPERATORS: readonly string[] = ['is', 'is_not', 'contains', 'contains_not'];

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
    if (typeof operator !== 'string' || !OPERATORS.includes(operator)) {
      return this.#complain(`${path}[0]`, `Unknown operator. Known: ${OPERATORS.join(', ')}, and, or, not.`);
    }
    return this.#test(operator as Operator, second, third, path, filter.length);
  }

  #test(operator: Operator, name: unknown, values: unknown, path: string, length: number): Filter | null {
    const dimension = DIMENSIONS.get(String(name));
    if (!dimension) {
      const time = typeof name === 'string' && isTimeDimension(name);
      return this.#complain(
        `${path}[1]`,
        time ? 'Time is limited by date_range, not by a filter.' : unknownDimension([...DIMENSIONS.keys()]),
      );
    }
    if (length > 3) return this.#complain(`${path}[3]`, 'Modifiers are not supported.');
    const texts = Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
    if (!Array.isArray(values) || texts.length === 0 || texts.length !== values.length) {
      return this.#complain(`${path}[2]`, 'Give a list of at least one text to compare with.');
    }
    if (texts.length > MAX_FILTER_VALUES) {
      return this.#complain(`${path}[2]`, `At most ${MAX_FILTER_VALUES} values.`);
    }
    return { kind: 'test', operator, dimension, values: texts };
  }

  #complain(path: string, message: string): null {
    this.#mistakes.push({ path, message });
    return null;
  }
}
