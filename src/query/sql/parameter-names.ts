/** The names of parameters that a query's SQL has for its dimensions and tests. */
import type { Test } from '../parsed-query.ts';

/** The parameter with a test's values, a JSON list. Its name is the test's position in the request. */
export const valuesOfTest = ({ path }: Test): string => `filter_${path.match(/\d+/g)?.join('_')}`;

/** The parameter with the key of a custom property. @param owner the column or test that the property is of. */
export const keyOfProperty = (owner: string): string => `${owner}_key`;

/** The parameter with the name that a dimension's rollup rows have. @param column the dimension's column in a grouping. */
export const nameOfRollup = (column: string): string => `${column}_rollup`;
