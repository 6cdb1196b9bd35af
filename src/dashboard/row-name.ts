import type { Row } from './api.ts';
import { valueName } from './format.ts';

/** The column of the first metric's change. */
export const CHANGE = 'change';

/** What a row is called: its values of some dimensions, each once. */
export function rowName({ dimensions: values }: Row, dimensions: readonly string[]): string {
  const names = dimensions.map((dimension, index) => valueName(dimension, values[index] ?? ''));
  return [...new Set(names)].join(' ');
}

/** The group of those who are not known, which is no value of its dimension. */
export const isUnnamed = (dimension: string, value: string): boolean =>
  dimension.startsWith('person:') && value === '(unknown)';
