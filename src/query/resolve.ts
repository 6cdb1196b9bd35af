/** Replaces the tests that SQL cannot compare by lists of the values that match. */

import type { Dimension } from '../model/dimensions.ts';
import type { Pixel } from '../model/pixel.ts';
import { ok, type Result } from '../model/result.ts';
import { prepare } from '../sql/statement.ts';
import { compareAll, type MatchingValues } from './compare-values.ts';
import type { QueryContext } from './context.ts';
import type { Meter } from './meter.ts';
import { planOf } from './needs.ts';
import { type Filter, type ParsedQuery, type Test, testsIn } from './parsed-query.ts';
import { invalidQuery, type QueryError } from './query-error.ts';
import { matchesOnlyReadable } from './spellings.ts';
import { valuesOf } from './sql/parameters.ts';
import { sqlOf } from './sql/query.ts';

/** The most values of a dimension that are compared, and the most characters of matches, which go into a parameter of D1. */
const MAX_VALUES = 50_000;
const MAX_VALUE_CHARACTERS = 600_000;
/** The most characters of values that are read for one query: some megabytes of the isolate's 128. */
const MAX_CHARACTERS_READ = 2_000_000;

/**
 * The most texts of `contains` that SQL looks for in each event, at a quarter of a microsecond each. More are compared with the
 * existing values, once each.
 */
const MAX_CONTAINED_BY_SQL = 16;

/**
 * The filters of a query, with the tests that SQL cannot compare made lists of values: goals by name, patterns, texts in any
 * case, and many texts that may be contained.
 *
 * @param goals what `matchingGoals` has found.
 * @param meter limits the cost of comparing, together with that of the same filters in another span.
 */
export async function resolveFilters(
  db: D1Database,
  query: ParsedQuery,
  context: QueryContext,
  goals: MatchingValues,
  meter: Meter,
): Promise<Result<readonly Filter[], QueryError>> {
  const values = await matchingValues(db, query, context, meter);
  if (!values.ok) return values;
  const matching = new Map([...goals, ...values.value]);
  return ok(query.filters.map((filter) => withValues(filter, matching)));
}

/** The tests of goals, each with the names that match it. A test that names no goal of the pixel is an error. */
export function matchingGoals(
  { filters }: ParsedQuery,
  { settings }: Pixel,
  meter: Meter,
): Result<MatchingValues, QueryError> {
  const names = settings.goals.map(({ name }) => name);
  const tests = filters.flatMap(testsIn).filter(({ dimension }) => dimension.kind === 'goal');
  const compared = compareAll(
    tests.map((test) => [test, names] as const),
    meter,
  );
  if (!compared.ok) return compared;
  const unknown = compared.value.filter(
    ([{ comparison }, matches]) => comparison === 'is' && matches.length === 0,
  );
  if (unknown.length === 0) return compared;
  const message =
    names.length === 0
      ? 'This pixel has no goals: add some to its settings.'
      : `No goal has this name. Goals: ${names.join(', ')}.`;
  return invalidQuery(unknown.map(([{ path }]) => ({ path: `${path}[2]`, message })));
}

async function matchingValues(
  db: D1Database,
  query: ParsedQuery,
  context: QueryContext,
  meter: Meter,
): Promise<Result<MatchingValues, QueryError>> {
  const tests = testsToResolve(query);
  if (tests.length === 0) return ok([]);
  // Columns compare their own values.
  if (context.columns.days.length > 0 && context.days.events === 0 && !context.imported)
    return ok(tests.map((test) => [test, []]));
  const groups = [...Map.groupBy(tests, ({ dimension }) => dimension.name).values()];
  const mostCharacters = Math.floor(MAX_CHARACTERS_READ / groups.length);
  const results = await db.batch<ValueRow>(
    groups.map(([first]) => valuesStatement(db, query, (first as Test).dimension, context, mostCharacters)),
  );
  const tooMany = groups.flatMap(([first], index) => {
    const rows = results[index]?.results ?? [];
    const characters = rows.reduce((sum, { dimension0 }) => sum + dimension0.length, 0);
    const { dimension, path } = first as Test;
    const message = `${dimension.name} has too many values. Choose a shorter range or a narrower filter.`;
    return rows.length > MAX_VALUES || characters > mostCharacters ? [{ path, message }] : [];
  });
  if (tooMany.length > 0) return invalidQuery(tooMany);
  const pairs = groups.flatMap((group, index) => {
    const values = [...new Set((results[index]?.results ?? []).map(({ dimension0 }) => dimension0))];
    return group.map((test) => [test, values] as const);
  });
  const compared = compareAll(pairs, meter);
  if (!compared.ok) return compared;
  let characters = 0;
  const errors = compared.value.flatMap(([{ dimension, path }, matches]) => {
    characters += matches.reduce((sum, value) => sum + value.length + 3, 0);
    if (characters <= MAX_VALUE_CHARACTERS) return [];
    const message = `Too many values of ${dimension.name} match. Choose a shorter range or a narrower filter.`;
    return [{ path, message }];
  });
  return errors.length > 0 ? invalidQuery(errors) : compared;
}

/**
 * Reads all values that a dimension has in the days of a span that columns have not answered. A value that depends on the period is read for each period, so it
 * may be in multiple rows. Days are read in full: an event of a visit may have happened before the span's first moment.
 *
 * @param characters the limit of all rows' characters. The rows end with the first one that exceeds it.
 */
function valuesStatement(
  db: D1Database,
  query: ParsedQuery,
  dimension: Dimension,
  context: QueryContext,
  characters: number,
): D1PreparedStatement {
  const ofPeriods = dimension.kind === 'person' && dimension.touch === null;
  const ofValues: ParsedQuery = {
    ...query,
    metrics: [],
    // Within a day, a person has the same devices.
    time: !ofPeriods ? null : query.time === 'time:hour' ? 'time:day' : query.time,
    dimensions: [dimension],
    filters: [],
    order: [],
    pagination: { limit: MAX_VALUES + 1, offset: 0 },
  };
  const columns = { ...context.columns, lists: new Map() };
  const plan = planOf(ofValues, { ...context, moments: null, rows: null, columns }, false);
  return prepare(
    db,
    `
    SELECT * FROM (
      SELECT *, sum(length(dimension0)) OVER (ROWS UNBOUNDED PRECEDING) - length(dimension0) AS before
      FROM (${sqlOf(plan).rows}))
    WHERE before <= ${characters}`,
    valuesOf(plan),
  );
}

/** The tests that are compared with all existing values. */
export function testsToResolve({ filters }: ParsedQuery): Test[] {
  const tests = filters.flatMap(testsIn);
  const contained = tests.filter(({ comparison }) => comparison === 'contains');
  const isLong =
    contained.reduce((sum, { values, others }) => sum + values.length + others.length, 0) >
    MAX_CONTAINED_BY_SQL;
  return tests.filter(
    ({ dimension, comparison, caseSensitive, values, others }) =>
      dimension.kind !== 'goal' &&
      (comparison === 'matches' ||
        !caseSensitive ||
        (comparison === 'contains' && (isLong || matchesOnlyReadable(dimension, [...values, ...others])))),
  );
}

interface ValueRow {
  readonly dimension0: string;
}

/** A filter whose resolved tests are lists of the values that match. */
function withValues(filter: Filter, matching: ReadonlyMap<Test, readonly string[]>): Filter {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { ...filter, filters: filter.filters.map((inner) => withValues(inner, matching)) };
    case 'not':
    case 'done':
      return { ...filter, filter: withValues(filter.filter, matching) };
    case 'test': {
      const values = matching.get(filter);
      return values === undefined ? filter : { ...filter, comparison: 'is', values, others: [] };
    }
  }
}
