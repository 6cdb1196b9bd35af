/** Finds the values that match a test. A meter limits the cost. */
import type { FieldError } from '../model/field-error.ts';
import { ok, type Result } from '../model/result.ts';
import { Finder } from './finder.ts';
import { type Meter, OutOfSteps } from './meter.ts';
import type { Test } from './parsed-query.ts';
import { invalidQuery, type QueryError } from './query-error.ts';
import { readableOf } from './spellings.ts';

/** Tests, each with the values that match it before negation. */
export type MatchingValues = readonly (readonly [Test, readonly string[]])[];

/** Steps to change a character's case, and to look a value up. */
const CASE = 0.5;
const LOOK_UP = 5;

/** Compares tests with the values of their dimensions. One meter limits all comparisons together. */
export function compareAll(pairs: MatchingValues, meter: Meter): Result<MatchingValues, QueryError> {
  const matching: (readonly [Test, readonly string[]])[] = [];
  for (const [test, values] of pairs) {
    try {
      matching.push([test, values.filter(testOf(test, meter))]);
    } catch (error) {
      if (!(error instanceof OutOfSteps)) throw error;
      return invalidQuery([takesTooLong(test, `${values.length} values`)]);
    }
  }
  return ok(matching);
}

/** Thrown when comparing one value after another with a test has used the steps up. */
export class TestTakesTooLong extends OutOfSteps {
  readonly error: FieldError;

  constructor(test: Test) {
    super();
    this.error = takesTooLong(test, 'the values');
  }
}

/** The error of a test that uses the steps up. @param values what it is compared with. */
function takesTooLong({ comparison, dimension, path }: Test, values: string): FieldError {
  const texts = comparison === 'matches' ? 'these patterns' : 'these texts';
  const message = `Comparing ${values} of ${dimension.name} with ${texts} takes too long. Use fewer or simpler ones, or choose a shorter range.`;
  return { path: `${path}[2]`, message };
}

/**
 * Whether a value matches a test, before negation.
 *
 * @param asStored whether values are compared only as they are stored, as SQL does.
 */
export function testOf(
  { comparison, caseSensitive, dimension, values, others, patterns }: Test,
  meter: Meter,
  asStored = false,
): (value: string) => boolean {
  const fold = (text: string): string => {
    meter.spend(LOOK_UP + CASE * text.length);
    return caseSensitive ? text : text.toLowerCase();
  };
  const readable = asStored ? (text: string) => text : readableOf(dimension);
  /** A value is compared as stored and, if that differs, as people read it. */
  const either = (finds: (text: string) => boolean) => (value: string) => {
    const read = readable(value);
    return finds(value) || (read !== value && finds(read));
  };
  switch (comparison) {
    case 'is': {
      const wanted = new Set([...values, ...others].map(fold));
      return (value) => wanted.has(fold(value));
    }
    case 'contains': {
      const finder = new Finder([...values, ...others].map(fold), meter);
      return either((value) => finder.isIn(fold(value), meter));
    }
    case 'matches':
      return either((value) => patterns.some((pattern) => pattern.matches(value, meter)));
  }
}
