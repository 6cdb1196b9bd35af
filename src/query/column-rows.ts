/** Rows that columns have answered, as the JSON parameters that the final statement reads. */
import { type JsonRow, jsonLists } from '../sql/json-lists.ts';
import type { ColumnDay } from './day-states.ts';

/** The rows of the days that columns have answered. */
export interface ColumnRows {
  /** These days, in order. Rollups and events do not answer them. */
  readonly days: readonly ColumnDay[];
  /** The rows, as JSON lists, by the names of their parameters' groups: see `countsOf` and `salesOf`. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

export const NO_COLUMN_ROWS: ColumnRows = { days: [], lists: new Map() };

/** The group of parameters with a grouping's rows of counts, and that with its rows of sales. @param grouping its name. */
export const countsOf = (grouping: string): string => `columns_${grouping}`;
export const salesOf = (grouping: string): string => `columns_${grouping}_sales`;

/** The group of parameters with a funnel's rows: day, step, visitors, visits. */
export const FUNNEL_ROWS = 'columns_funnel';

/** The parameter with a list of a group. */
export const parameterOf = (group: string, index: number): string => `${group}_${index}`;

/** D1 takes up to 100 parameters, and the isolate has to hold them. */
const MAX_LISTS = 10;

/** Rows, by the name of their group of parameters. */
export type ParameterRows = readonly (readonly [group: string, rows: readonly JsonRow[]])[];

/** The rows of each group as lists that fit into parameters; null if they do not fit. */
export function listsOf(groups: ParameterRows): ReadonlyMap<string, readonly string[]> | null {
  const lists = new Map<string, readonly string[]>();
  let count = 0;
  for (const [group, rows] of groups) {
    const texts = jsonLists(rows);
    count += texts.length;
    if (count > MAX_LISTS) return null;
    if (texts.length > 0) lists.set(group, texts);
  }
  return lists;
}
