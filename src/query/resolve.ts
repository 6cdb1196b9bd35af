/** Resolves the tests of filters that SQL has no operator for into lists of values. */

import type { Pixel } from '../model/pixel.ts';
import { err, ok, type Result } from '../model/result.ts';
import { daysIn, type Refusal, type Span, settingOf } from './ask.ts';
import { compilePattern } from './pattern.ts';
import { planValues } from './plan.ts';
import { type Filter, type Mistake, type Question, type Test, testsIn } from './question.ts';

/** Values of a dimension that are looked at one by one, and what of them fits into a parameter of D1. */
const MAX_VALUES = 50_000;
const MAX_VALUE_CHARACTERS = 600_000;

/** Tests with the values that pass them. */
type Passing = readonly (readonly [Test, readonly string[]])[];

/** Goals by name, and what SQL cannot compare: patterns, and texts whatever their case. */
export async function resolveTests(
  db: D1Database,
  question: Question,
  pixel: Pixel,
  span: Span,
): Promise<Result<readonly Filter[], Refusal>> {
  const goals = passingGoals(question, pixel);
  if (!goals.ok) return goals;
  const values = await passingValues(db, question, pixel, span);
  if (!values.ok) return values;
  const passing = new Map([...goals.value, ...values.value]);
  return ok(question.filters.map((filter) => withValues(filter, passing)));
}

function passingGoals({ filters }: Question, { settings }: Pixel): Result<Passing, Refusal> {
  const names = settings.goals.map(({ name }) => name);
  const tests = filters.flatMap(testsIn).filter(({ dimension }) => dimension.kind === 'goal');
  const passing = tests.map((test) => [test, names.filter(passes(test))] as const);
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
  span: Span,
): Promise<Result<Passing, Refusal>> {
  // Of a pixel that protects small groups no filter may name one.
  const least = pixel.settings.min_group;
  const tests = question.filters
    .flatMap(testsIn)
    .filter(
      ({ dimension, comparison, caseSensitive }) =>
        least > 1 || (dimension.kind !== 'goal' && (comparison === 'matches' || !caseSensitive)),
    );
  if (tests.length === 0) return ok([]);
  const known = await daysIn(db, question, span);
  // Of whole days: what was done in a visit may have been done before the range begins.
  const setting = settingOf(pixel, { ...span, moments: null }, known, null);
  const groups = [...Map.groupBy(tests, ({ dimension }) => dimension.name).values()];
  const answers = await db.batch<{ dimension0: string; visitors?: number }>(
    groups.map(([first]) => {
      const plan = planValues(question, (first as Test).dimension, MAX_VALUES + 1, setting);
      return db.prepare(plan.sql).bind(...plan.parameters);
    }),
  );
  const errors: Mistake[] = [];
  const passing = groups.flatMap((group, index) => {
    const rows = answers[index]?.results ?? [];
    const visitorsOf = new Map<string, number>();
    for (const { dimension0, visitors = 0 } of rows) {
      visitorsOf.set(dimension0, (visitorsOf.get(dimension0) ?? 0) + visitors);
    }
    const values = [...visitorsOf.keys()].filter(
      (value) => least <= 1 || (visitorsOf.get(value) ?? 0) >= least,
    );
    return group.map((test) => {
      const found = values.filter(passes(test));
      const characters = found.reduce((sum, value) => sum + value.length + 3, 0);
      if (rows.length > MAX_VALUES || characters > MAX_VALUE_CHARACTERS) {
        const message = `Too many values of ${test.dimension.name} match. Ask for a shorter range or a narrower filter.`;
        errors.push({ path: test.path, message });
      }
      return [test, found] as const;
    });
  });
  return errors.length > 0 ? err({ reason: 'invalid_query', errors }) : ok(passing);
}

/** Tells whether a value passes a test, were it not negated. */
function passes({ comparison, caseSensitive, values }: Test): (value: string) => boolean {
  const fold = (text: string): string => (caseSensitive ? text : text.toLowerCase());
  const folded = values.map(fold);
  switch (comparison) {
    case 'is': {
      const wanted = new Set(folded);
      return (value) => wanted.has(fold(value));
    }
    case 'contains':
      return (value) => folded.some((part) => fold(value).includes(part));
    case 'matches': {
      const patterns = values.flatMap((text) => {
        const pattern = compilePattern(text);
        return pattern.ok ? [pattern.value] : [];
      });
      return (value) => patterns.some((pattern) => pattern.matches(value));
    }
  }
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
      return values === undefined ? filter : { ...filter, comparison: 'is', values };
    }
  }
}
