/** Resolves the tests of filters that SQL has no operator for into lists of values. */

import type { Pixel } from '../model/pixel.ts';
import { err, ok, type Result } from '../model/result.ts';
import { prepare } from '../sql/statement.ts';
import { type KnownSpan, type Refusal, settingOf } from './ask.ts';
import { compareAll, type Passing } from './compare-values.ts';
import type { Meter } from './meter.ts';
import { planValues } from './plan.ts';
import { type Filter, type Question, type Test, testsIn } from './question.ts';
import { isFoundInReadable } from './spellings.ts';

/** Values of a dimension that are looked at one by one, and what of them fits into a parameter of D1. */
const MAX_VALUES = 50_000;
const MAX_VALUE_CHARACTERS = 600_000;
/** Characters of values that are read for one question: some megabytes of the isolate's 128. */
const MAX_CHARACTERS_READ = 2_000_000;

/**
 * Texts to be contained that SQL looks for in each event, a quarter of a microsecond each. More are looked for in the values
 * that there are, once each.
 */
const MAX_CONTAINED_BY_SQL = 16;

/**
 * Goals by name, and what SQL cannot compare: patterns, texts whatever their case, and many texts that may be contained.
 *
 * @param meter what the comparing may cost, also that of the same tests in another range.
 */
export async function resolveTests(
  db: D1Database,
  question: Question,
  pixel: Pixel,
  span: KnownSpan,
  meter: Meter,
): Promise<Result<readonly Filter[], Refusal>> {
  const goals = passingGoals(question, pixel, meter);
  if (!goals.ok) return goals;
  const values = await passingValues(db, question, pixel, span, meter);
  if (!values.ok) return values;
  const passing = new Map([...goals.value, ...values.value]);
  return ok(question.filters.map((filter) => withValues(filter, passing)));
}

function passingGoals({ filters }: Question, { settings }: Pixel, meter: Meter): Result<Passing, Refusal> {
  const names = settings.goals.map(({ name }) => name);
  const tests = filters.flatMap(testsIn).filter(({ dimension }) => dimension.kind === 'goal');
  const compared = compareAll(
    tests.map((test) => [test, names] as const),
    meter,
  );
  if (!compared.ok) return compared;
  const passing = compared.value;
  const unknown = passing.filter(([{ comparison }, found]) => comparison === 'is' && found.length === 0);
  if (unknown.length === 0) return ok(passing);
  const message =
    names.length === 0
      ? 'This pixel has no goals: add some to its settings.'
      : `No goal has this name. Goals: ${names.join(', ')}.`;
  const errors = unknown.map(([{ path }]) => ({ path: `${path}[2]`, message }));
  return err({ reason: 'invalid_query', errors });
}

async function passingValues(
  db: D1Database,
  question: Question,
  pixel: Pixel,
  span: KnownSpan,
  meter: Meter,
): Promise<Result<Passing, Refusal>> {
  const tests = testsToResolve(question);
  if (tests.length === 0) return ok([]);
  // Of whole days: what was done in a visit may have been done before the range begins.
  const setting = settingOf(pixel, { ...span, moments: null }, span.known, null);
  const groups = [...Map.groupBy(tests, ({ dimension }) => dimension.name).values()];
  const mostCharacters = Math.floor(MAX_CHARACTERS_READ / groups.length);
  const answers = await db.batch<ValueRow>(
    groups.map(([first]) => {
      const plan = planValues(question, (first as Test).dimension, MAX_VALUES + 1, setting);
      return prepare(db, upTo(mostCharacters, plan.sql), plan.values);
    }),
  );
  const tooMany = groups.flatMap(([first], index) => {
    const rows = answers[index]?.results ?? [];
    const characters = rows.reduce((sum, { dimension0 }) => sum + dimension0.length, 0);
    const { dimension, path } = first as Test;
    const message = `${dimension.name} has too many values. Ask for a shorter range or a narrower filter.`;
    return rows.length > MAX_VALUES || characters > mostCharacters ? [{ path, message }] : [];
  });
  if (tooMany.length > 0) return err({ reason: 'invalid_query', errors: tooMany });
  const pairs = groups.flatMap((group, index) => {
    const values = [...new Set((answers[index]?.results ?? []).map(({ dimension0 }) => dimension0))];
    return group.map((test) => [test, values] as const);
  });
  const compared = compareAll(pairs, meter);
  if (!compared.ok) return compared;
  let characters = 0;
  const errors = compared.value.flatMap(([{ dimension, path }, found]) => {
    characters += found.reduce((sum, value) => sum + value.length + 3, 0);
    if (characters <= MAX_VALUE_CHARACTERS) return [];
    const message = `Too many values of ${dimension.name} match. Ask for a shorter range or a narrower filter.`;
    return [{ path, message }];
  });
  return errors.length > 0 ? err({ reason: 'invalid_query', errors }) : compared;
}

/** The tests that are compared with all values there are. */
export function testsToResolve({ filters }: Question): Test[] {
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
        (comparison === 'contains' && (isLong || isFoundInReadable(dimension, [...values, ...others])))),
  );
}

interface ValueRow {
  readonly dimension0: string;
}

/** A query for values, ended by the first that makes them more characters than that. */
function upTo(characters: number, sql: string): string {
  return `
    SELECT * FROM (
      SELECT *, sum(length(dimension0)) OVER (ROWS UNBOUNDED PRECEDING) - length(dimension0) AS before
      FROM (${sql}))
    WHERE before <= ${characters}`;
}

/** A filter whose resolved tests are of the values found. */
function withValues(filter: Filter, found: ReadonlyMap<Test, readonly string[]>): Filter {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { ...filter, filters: filter.filters.map((inner) => withValues(inner, found)) };
    case 'not':
    case 'done':
      return { ...filter, filter: withValues(filter.filter, found) };
    case 'test': {
      const values = found.get(filter);
      return values === undefined ? filter : { ...filter, comparison: 'is', values, others: [] };
    }
  }
}
