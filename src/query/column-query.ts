/** A query and a funnel, as the evaluators of columns take them. */
import type { Goal } from '../model/goal.ts';
import type { Pixel } from '../model/pixel.ts';
import { countsOf, FUNNEL_ROWS, type ParameterRows, salesOf } from './column-rows.ts';
import { type ColumnQuery, Evaluator } from './columns/evaluate.ts';
import { type ColumnFunnel, FunnelEvaluator } from './columns/funnel.ts';
import type { FilterContext } from './columns/masks.ts';
import { TestTakesTooLong, testOf } from './compare-values.ts';
import type { QueryContext } from './context.ts';
import { type Meter, OutOfSteps } from './meter.ts';
import { needsOf } from './needs.ts';
import type { ParsedQuery, Test } from './parsed-query.ts';
import { bucketOf } from './range.ts';
import type { ColumnTask } from './read-columns.ts';
import { testsToResolve } from './resolve.ts';
import { isProtected } from './small-groups.ts';
import type { Sources } from './sources.ts';
import type { Span } from './spans.ts';
import { inCells } from './sql/cells.ts';

/** What a query is answered for, before its days are known. */
type SpanContext = Pick<QueryContext, 'pixel' | keyof Span>;

/**
 * The groupings are those that the final statement reads: with small groups protected, those of cells.
 *
 * @param query its tests are as they were requested: dictionaries are compared value by value.
 */
export function columnQuery(query: ParsedQuery, context: SpanContext, meter: Meter): ColumnQuery {
  const { pixel, range, moments, trimmed, reportable } = context;
  const { counts, groupings, time } = needsOf(query, context);
  const all = [groupings.answer, ...groupings.denominators];
  return {
    groupings: reportable === null ? all : all.map(inCells),
    counts,
    time,
    moments,
    trimmed,
    goals: pixel.settings.goals,
    sales: query.metrics.some(({ ofSales }) => ofSales) ? 'first' : 'none',
    bucketOf: (day) => bucketOf(time, day, range.from),
    testOf: testerOf(query, pixel, meter),
    meter,
  };
}

export function queryTask(query: ColumnQuery, sources: Sources): ColumnTask<Evaluator> {
  return {
    sources,
    begin: () => new Evaluator(query),
    rows: (reader): ParameterRows =>
      [...reader.results()].flatMap(([grouping, { counts, sales }]) => [
        [countsOf(grouping), counts],
        [salesOf(grouping), sales],
      ]),
  };
}

/** @param steps the goals of the funnel. */
export function columnFunnel(
  query: ParsedQuery,
  pixel: Pixel,
  steps: readonly Goal[],
  meter: Meter,
): ColumnFunnel {
  const { goals } = pixel.settings;
  return { steps, filters: query.filters, goals, testOf: testerOf(query, pixel, meter), meter };
}

/** @param sources what may answer the funnel. */
export function funnelTask(funnel: ColumnFunnel, sources: Sources): ColumnTask<FunnelEvaluator> {
  return {
    sources,
    begin: () => new FunnelEvaluator(funnel),
    rows: (reader): ParameterRows => [[FUNNEL_ROWS, reader.results().days]],
  };
}

/** What the filters of a query need to be compared with values of columns. */
export const filterContext = (query: ParsedQuery, pixel: Pixel, meter: Meter): FilterContext => ({
  goals: pixel.settings.goals,
  testOf: testerOf(query, pixel, meter),
  meter,
});

/** Compares the values of a test as they are compared for events, before negation. */
function testerOf(
  query: ParsedQuery,
  { settings }: Pixel,
  meter: Meter,
): (test: Test) => (label: string) => boolean {
  const isSafe = isProtected(settings.min_group);
  const resolved = new Set(testsToResolve(query));
  return (test) => {
    const bySql = test.dimension.kind !== 'goal' && !resolved.has(test);
    const compare = guarded(test, () => testOf(isSafe ? { ...test, others: [] } : test, meter, bySql));
    return (label) => guarded(test, () => compare(label));
  };
}

function guarded<T>(test: Test, compare: () => T): T {
  try {
    return compare();
  } catch (error) {
    throw error instanceof OutOfSteps ? new TestTakesTooLong(test) : error;
  }
}
