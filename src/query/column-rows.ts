/** Rows that columns have answered, as the JSON parameters that the final statement reads. */
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

/** D1 takes up to 100 parameters of up to 2 MB each, and the isolate has to hold them. */
const MAX_BYTES = 1_900_000;
const MAX_LISTS = 10;

type JsonRow = readonly (string | number)[];

/** Rows, by the name of their group of parameters. */
export type ParameterRows = readonly (readonly [group: string, rows: readonly JsonRow[]])[];

/** The rows of each group as lists that fit into parameters; null if they do not fit. */
export function listsOf(groups: ParameterRows): ReadonlyMap<string, readonly string[]> | null {
  const lists = new Map<string, readonly string[]>();
  let count = 0;
  for (const [group, rows] of groups) {
    const texts = chunks(rows);
    count += texts.length;
    if (count > MAX_LISTS) return null;
    if (texts.length > 0) lists.set(group, texts);
  }
  return lists;
}

function chunks(rows: readonly JsonRow[]): string[] {
  const texts: string[] = [];
  let list: string[] = [];
  let bytes = 0;
  const close = (): void => {
    if (list.length > 0) texts.push(`[${list.join()}]`);
    list = [];
    bytes = 0;
  };
  for (const row of rows) {
    const text = JSON.stringify(row);
    const size = byteLength(text) + 1;
    if (bytes + size > MAX_BYTES) close();
    list.push(text);
    bytes += size;
  }
  close();
  return texts;
}

/** The length of a text in UTF-8. Each half of a surrogate pair has two bytes of four. */
function byteLength(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
