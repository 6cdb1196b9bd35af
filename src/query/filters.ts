/**
 * Parses the filters of a query: trees of `and`, `or`, `not` and behavior (`has_done`, `has_not_done`), with tests of dimensions
 * as leaves. resolve.ts and SQL decide which values pass a test.
 */
import * as v from 'valibot';
import { DIMENSION_NAMES, type Dimension, dimensionOf, GOAL, isTimeDimension } from '../model/dimensions.ts';
import type { FieldError } from '../model/field-error.ts';
import type { Comparison, Filter } from './parsed-query.ts';
import { compilePattern } from './pattern.ts';
import type { Pattern } from './pattern-machine.ts';
import { type Spellings, spellings } from './spellings.ts';

/** D1 allows expressions 100 levels deep, and each filter of a list is one level. */
export const MAX_FILTERS = 40;
export const MAX_FILTER_DEPTH = 8;
export const MAX_FILTER_VALUES = 1000;
/** Values in all filters of a query. Converting one to its stored spelling takes some microseconds. */
const MAX_VALUES = 10_000;
/** Patterns in all filters of a query, their characters, and the characters of the values of `contains`. */
export const MAX_PATTERNS = 50;
const MAX_PATTERN_CHARACTERS = 10_000;
const MAX_CONTAINED_CHARACTERS = 40_000;

/** The operators of tests: how each compares, and whether it negates the result. */
const OPERATORS: ReadonlyMap<unknown, readonly [Comparison, negated: boolean]> = new Map([
  ['is', ['is', false]],
  ['is_not', ['is', true]],
  ['contains', ['contains', false]],
  ['contains_not', ['contains', true]],
  ['matches', ['matches', false]],
  ['matches_not', ['matches', true]],
]);
const ALL_OPERATORS = [...OPERATORS.keys(), 'and', 'or', 'not', 'has_done', 'has_not_done'];

const Modifiers = v.strictObject({ case_sensitive: v.optional(v.boolean(), true) });

export class FilterParser {
  readonly errors: FieldError[] = [];
  #count = 0;
  #patterns = 0;
  #patternCharacters = 0;
  #containedCharacters = 0;
  #valuesInAll = 0;
  /** Whether the parser is inside has_done or has_not_done. */
  #inDone = false;

  /** The valid filters of a list. The errors of the others are added to `errors`. */
  parse(filters: readonly unknown[], path = 'filters', depth = 1): Filter[] {
    return filters.flatMap((filter, index) => this.#filter(filter, `${path}[${index}]`, depth) ?? []);
  }

  #filter(filter: unknown, path: string, depth: number): Filter | null {
    if (++this.#count > MAX_FILTERS) {
      if (this.#count === MAX_FILTERS + 1) this.#addError(path, `Use at most ${MAX_FILTERS} filters.`);
      return null;
    }
    if (depth > MAX_FILTER_DEPTH)
      return this.#addError(path, `Nest filters at most ${MAX_FILTER_DEPTH} levels deep.`);
    if (!Array.isArray(filter)) {
      return this.#addError(path, 'Send a filter as a list, such as ["is", "visit:country", ["DE"]].');
    }
    const operator: unknown = filter[0];
    switch (operator) {
      case 'and':
      case 'or':
        return this.#list(operator, filter, path, depth);
      case 'not':
      case 'has_done':
      case 'has_not_done':
        return this.#one(operator, filter, path, depth);
      default:
        return this.#test(filter, path);
    }
  }

  #list(kind: 'and' | 'or', filter: readonly unknown[], path: string, depth: number): Filter | null {
    const [, filters] = filter;
    if (!Array.isArray(filters) || filters.length === 0 || filter.length !== 2) {
      return this.#addError(path, `${kind} takes one list of filters.`);
    }
    return { kind, filters: this.parse(filters, `${path}[1]`, depth + 1) };
  }

  #one(operator: string, filter: readonly unknown[], path: string, depth: number): Filter | null {
    if (filter.length !== 2) return this.#addError(path, `${operator} takes one filter.`);
    const ofBehaviour = operator !== 'not';
    if (ofBehaviour && this.#inDone) {
      return this.#addError(path, 'has_done and has_not_done cannot be nested.');
    }
    const outside = this.#inDone;
    this.#inDone ||= ofBehaviour;
    const inner = this.#filter(filter[1], `${path}[1]`, depth + 1);
    this.#inDone = outside;
    if (inner === null) return null;
    return ofBehaviour
      ? { kind: 'done', negated: operator === 'has_not_done', filter: inner }
      : { kind: 'not', filter: inner };
  }

  #test(filter: readonly unknown[], path: string): Filter | null {
    const operator = OPERATORS.get(filter[0]);
    if (!operator) {
      return this.#addError(`${path}[0]`, `Unknown operator. Known: ${ALL_OPERATORS.join(', ')}.`);
    }
    if (filter.length > 4) return this.#addError(path, 'A filter has at most four parts.');
    const [comparison, negated] = operator;
    const caseSensitive = this.#caseSensitive(filter[3], comparison, `${path}[3]`);
    const dimension = this.#dimension(filter[1], `${path}[1]`);
    const typed = this.#values(filter[2], `${path}[2]`);
    // Limits are checked before the conversion of spellings, which takes time.
    const length = typed ? lengthOf(typed) : 0;
    if (!this.#hasRoomFor(length, comparison, `${path}[2]`)) return null;
    const stored = typed && dimension && spellings(dimension, comparison, typed);
    const patterns = stored && this.#patternsOf(stored, comparison, `${path}[2]`);
    if (dimension === null || !stored || !patterns) return null;
    const more = lengthOf(stored.values) + lengthOf(stored.others) - length;
    if (!this.#hasRoomFor(more, comparison, `${path}[2]`)) return null;
    if (dimension.kind === 'goal' && (negated || comparison === 'matches')) {
      return this.#addError(`${path}[0]`, `${GOAL} takes only is and contains.`);
    }
    return { kind: 'test', comparison, negated, caseSensitive, dimension, ...stored, patterns, path };
  }

  #dimension(name: unknown, path: string): Dimension | null {
    const dimension = typeof name === 'string' ? dimensionOf(name) : null;
    if (dimension) return dimension;
    return this.#addError(
      path,
      isTimeDimension(name)
        ? 'Use date_range to limit the time. Filters cannot.'
        : `Unknown dimension. Known: ${DIMENSION_NAMES.join(', ')}.`,
    );
  }

  #values(values: unknown, path: string): string[] | null {
    const texts = Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
    if (!Array.isArray(values) || texts.length === 0 || texts.length !== values.length) {
      return this.#addError(path, 'Send a list of one or more texts to compare with.');
    }
    if (texts.length > MAX_FILTER_VALUES)
      return this.#addError(path, `Use at most ${MAX_FILTER_VALUES} values.`);
    this.#valuesInAll += texts.length;
    if (this.#valuesInAll <= MAX_VALUES) return texts;
    return this.#addError(path, `Use at most ${MAX_VALUES} values in all filters together.`);
  }

  /** The compiled patterns of a test: none unless it is `matches`; null if a pattern is invalid, or if there are too many. */
  #patternsOf({ values, others }: Spellings, comparison: Comparison, path: string): Pattern[] | null {
    if (comparison !== 'matches') return [];
    const texts = [...values, ...others];
    this.#patterns += texts.length;
    this.#patternCharacters += lengthOf(texts);
    if (this.#patterns > MAX_PATTERNS || this.#patternCharacters > MAX_PATTERN_CHARACTERS) {
      const bounds = `${MAX_PATTERNS} patterns of ${MAX_PATTERN_CHARACTERS} characters`;
      return this.#addError(path, `Use at most ${bounds} in all filters together.`);
    }
    const patterns = texts.flatMap((text, index) => {
      const pattern = compilePattern(text);
      if (pattern.ok) return [pattern.value];
      this.#addError(`${path}[${index}]`, pattern.error);
      return [];
    });
    return patterns.length === texts.length ? patterns : null;
  }

  #hasRoomFor(characters: number, comparison: Comparison, path: string): boolean {
    if (comparison !== 'contains') return true;
    this.#containedCharacters += characters;
    if (this.#containedCharacters <= MAX_CONTAINED_CHARACTERS) return true;
    const most = `${MAX_CONTAINED_CHARACTERS} characters of values`;
    this.#addError(path, `Use at most ${most} in all filters with contains together.`);
    return false;
  }

  #caseSensitive(modifiers: unknown, comparison: Comparison, path: string): boolean {
    if (modifiers === undefined) return true;
    const parsed = v.safeParse(Modifiers, modifiers);
    if (!parsed.success || comparison === 'matches') {
      this.#addError(
        path,
        comparison === 'matches'
          ? 'Patterns have no modifiers. Begin the pattern with (?i) to ignore case.'
          : 'The only modifier is {"case_sensitive": false}.',
      );
      return true;
    }
    return parsed.output.case_sensitive;
  }

  #addError(path: string, message: string): null {
    this.errors.push({ path, message });
    return null;
  }
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}
