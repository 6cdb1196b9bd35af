/**
 * Filters of sampled days. The values of each filtered dimension are read from Analytics Engine and from D1, and compared by the functions
 * that compare values of columns. So a filter becomes lists of values, for points as for events.
 */
import type { Condition, Statement } from '../engine/dialect.ts';
import { ATTRIBUTION_FIELDS, columnOfField, textOfField } from '../engine/fields.ts';
import { inRange } from '../engine/read-points.ts';
import type { TimeRun } from '../engine/time-runs.ts';
import type { ColumnDimension, Dimension } from '../model/dimensions.ts';
import type { Event } from '../model/event.ts';
import type { Pixel } from '../model/pixel.ts';
import { ok, type Result } from '../model/result.ts';
import { filterContext } from './column-query.ts';
import { labels } from './columns/masks.ts';
import { TestTakesTooLong } from './compare-values.ts';
import type { EventPages } from './engine-queries.ts';
import type { Meter } from './meter.ts';
import { type Filter, type ParsedQuery, type Test, testsIn } from './parsed-query.ts';
import { invalidQuery, type QueryError } from './query-error.ts';

/** Whether each point has the value of a dimension. */
export const isPlain = (dimension: Dimension): dimension is ColumnDimension =>
  dimension.kind === 'column' && (dimension.scope === 'event' || dimension.scope === 'visit');

export interface SampledFilters {
  /** What passes, as conditions on points. */
  readonly where: readonly Condition[];
  /** Whether an event passes. */
  readonly passes: (event: Event) => boolean;
}

/** Values of a column that are compared. */
const MAX_VALUES = 10_000;
/** A statement has 10 KiB at most, with everything else that is in it. */
const MAX_LIST_BYTES = 5_000;

const NEVER: Condition = { left: { value: 1 }, is: '=', right: { value: 0 } };

type PlainTest = Test & { readonly dimension: ColumnDimension };

/** @throws EngineError */
export async function sampledFilters(
  pages: EventPages,
  query: ParsedQuery,
  pixel: Pixel,
  runs: readonly TimeRun[],
  meter: Meter,
): Promise<Result<SampledFilters, QueryError>> {
  const { filters } = query;
  if (filters.length === 0) return ok({ where: [], passes: () => true });
  const tests = filters.flatMap(testsIn);
  const other = tests.find(
    ({ dimension }) => !isPlain(dimension) || ATTRIBUTION_FIELDS.has(dimension.column),
  );
  const path = other?.path ?? (filters.some(hasBehavior) ? 'filters' : null);
  if (path !== null) {
    const message =
      'Analytics Engine has kept only a sample of this range, from which this filter cannot be answered. Choose days that are not sampled, or filter by a page, name, place or device.';
    return invalidQuery([{ path, message }]);
  }
  const texts = new Map<string, readonly string[]>();
  for (const { dimension, path: ofTest } of tests as readonly PlainTest[]) {
    const column = columnOfField(dimension.column);
    if (texts.has(column)) continue;
    const read = await textsOf(pages, pixel.id, runs, column);
    if (read.length >= MAX_VALUES) return tooMany(ofTest, dimension.name);
    texts.set(column, read);
  }
  const { testOf } = filterContext(query, pixel, meter);
  const predicates = new Map(
    (tests as readonly PlainTest[]).map((test) => {
      const matches = testOf(test);
      const label = labels(test.dimension);
      const passes = (value: string): boolean => matches(label(value)) !== test.negated;
      return [test as Test, passes];
    }),
  );
  let bytes = 0;
  const conditionOf = (filter: Filter, negated: boolean): Condition => {
    switch (filter.kind) {
      case 'and':
      case 'or': {
        const parts = filter.filters.map((inner) => conditionOf(inner, negated));
        return (filter.kind === 'and') !== negated ? { and: parts } : { or: parts };
      }
      case 'not':
        return conditionOf(filter.filter, !negated);
      case 'done':
        return NEVER;
      case 'test': {
        const { column } = (filter as PlainTest).dimension;
        const passes = predicates.get(filter) as (value: string) => boolean;
        const all = texts.get(columnOfField(column)) ?? [];
        const list = all.filter((text) => passes(textOfField(column, text)) !== negated);
        bytes += list.reduce((sum, text) => sum + text.length + 4, 0);
        return list.length === 0 ? NEVER : { column: columnOfField(column), in: list };
      }
    }
  };
  const passesFilter = (filter: Filter, event: Event): boolean => {
    switch (filter.kind) {
      case 'and':
        return filter.filters.every((inner) => passesFilter(inner, event));
      case 'or':
        return filter.filters.some((inner) => passesFilter(inner, event));
      case 'not':
        return !passesFilter(filter.filter, event);
      case 'done':
        return false;
      case 'test':
        return predicates.get(filter)?.(event[(filter as PlainTest).dimension.column]) ?? false;
    }
  };
  try {
    const where = filters.map((filter) => conditionOf(filter, false));
    if (bytes > MAX_LIST_BYTES) return tooMany('filters', 'A dimension of these filters');
    return ok({ where, passes: (event) => filters.every((filter) => passesFilter(filter, event)) });
  } catch (error) {
    if (error instanceof TestTakesTooLong) return invalidQuery([error.error]);
    throw error;
  }
}

function hasBehavior(filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.some(hasBehavior);
    case 'not':
      return hasBehavior(filter.filter);
    case 'done':
      return true;
    case 'test':
      return false;
  }
}

function tooMany(path: string, name: string): Result<never, QueryError> {
  const message = `${name} has too many matching values for a range of which Analytics Engine has kept a sample. Choose a narrower filter.`;
  return invalidQuery([{ path, message }]);
}

/** The different texts of a column. @throws EngineError */
async function textsOf(
  pages: EventPages,
  pixel: string,
  runs: readonly TimeRun[],
  column: string,
): Promise<string[]> {
  const texts = new Set<string>();
  for (const { start, end } of runs) {
    const statement: Statement = {
      ...inRange({ pixel, since: start, until: end }),
      select: [{ as: column, value: { column } }],
      groupBy: [column],
      limit: MAX_VALUES,
    };
    for (const row of await pages.reader.rows(statement)) texts.add(String(row[column]));
  }
  return [...texts];
}
