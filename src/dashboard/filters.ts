/** Filters: their operators, how an address writes them, and how they change. Everything here is pure. */
import type { Filter } from './api.ts';

export const OPERATORS = {
  is: 'is',
  is_not: 'is not',
  contains: 'contains',
  contains_not: 'does not contain',
  matches: 'matches the pattern',
  matches_not: 'does not match the pattern',
} as const;
export type Operator = keyof typeof OPERATORS;

const isOperator = (name: string): name is Operator => Object.hasOwn(OPERATORS, name);

/** The operators that the API takes for a dimension. */
export function operatorsOf(dimension: string): readonly Operator[] {
  const all = Object.keys(OPERATORS).filter(isOperator);
  return dimension === 'event:goal' ? all.filter((name) => name === 'is' || name === 'contains') : all;
}

/** Whether an operator compares complete values, which can be chosen from a list. */
export const isOfValues = (operator: string): boolean => operator === 'is' || operator === 'is_not';

/** A filter in an address: `is,visit:source,Google`. */
export function filterText([operator, dimension, values]: Filter): string {
  return [operator, dimension, ...values]
    .map((part) => part.replaceAll(/[%,]/g, encodeURIComponent))
    .join(',');
}

/** The filter of an address; null if it is not one. */
export function parseFilter(text: string): Filter | null {
  try {
    const [operator = '', dimension = '', ...values] = text.split(',').map(decodeURIComponent);
    return isOperator(operator) && dimension !== '' && values.length > 0
      ? [operator, dimension, values]
      : null;
  } catch {
    return null;
  }
}

const isSameKind =
  ([operator, dimension]: Filter) =>
  (other: Filter): boolean =>
    other[0] === operator && other[1] === dimension;

/**
 * The filters with one more, or with one replaced. If another filter has the same dimension and operator, it takes the values:
 * values of one filter are alternatives, and two such filters would mostly match nothing.
 *
 * @param index the filter that is replaced; the number of filters to add one.
 */
export function withFilter(filters: readonly Filter[], index: number, filter: Filter): Filter[] {
  const isSame = isSameKind(filter);
  const other = filters.findIndex((one, at) => at !== index && isSame(one));
  if (other < 0) return [...filters.slice(0, index), filter, ...filters.slice(index + 1)];
  const [operator, dimension, values] = filters[other] as Filter;
  const merged: Filter = [operator, dimension, [...new Set([...values, ...filter[2]])]];
  return filters.flatMap((one, at) => (at === index ? [] : [at === other ? merged : one]));
}

/** A row's values, each with its dimension. */
export type Pairs = readonly (readonly [dimension: string, value: string])[];

const valuesOf = (filters: readonly Filter[], dimension: string): readonly string[] =>
  filters.find(isSameKind(['is', dimension, []]))?.[2] ?? [];

/** Whether a click adds a row to others, or removes it from them: with Ctrl, Command or Shift, as in lists of files. */
export const isAmong = (event: MouseEvent): boolean => event.ctrlKey || event.metaKey || event.shiftKey;

/** Whether the filters name all values of a row. */
export function hasRow(filters: readonly Filter[], row: Pairs): boolean {
  return row.every(([dimension, value]) => valuesOf(filters, dimension).includes(value));
}

/**
 * The filters after a click on a row. The row becomes the only value of its dimensions. If it is already, its filters go.
 *
 * @param among the row is added to the other values of its dimensions, or removed from them.
 */
export function withRow(filters: readonly Filter[], row: Pairs, among: boolean): Filter[] {
  const isChosen = hasRow(filters, row);
  const isOnly = isChosen && row.every(([dimension]) => valuesOf(filters, dimension).length === 1);
  let changed = [...filters];
  for (const [dimension, value] of row) {
    const others = among ? valuesOf(changed, dimension).filter((one) => one !== value) : [];
    const values = isOnly || (among && isChosen) ? others : [...others, value];
    const at = changed.findIndex(isSameKind(['is', dimension, []]));
    const filter: Filter[] = values.length > 0 ? [['is', dimension, values]] : [];
    changed = changed.toSpliced(at < 0 ? changed.length : at, 1, ...filter);
  }
  return changed;
}
