/** Finds the group of each visit or event of a run from its values. */
import type { Groups } from './groups.ts';
import type { DimensionValue } from './properties.ts';
import type { Codes, RowsOf, SegmentView } from './view.ts';

/** A key of groups: one value for all rows, or a value for each. */
export type Key =
  | { readonly value: DimensionValue }
  | {
      readonly values: readonly DimensionValue[];
      readonly codes: Codes;
      /** The place in `codes` of each row. Null if rows have the codes themselves. */
      readonly places: Int32Array | null;
    };

type CodedKey = Exclude<Key, { value: DimensionValue }>;

/** Rows from `from` on, before `to`. With a mask, only those that pass it. */
export interface Rows {
  readonly of: RowsOf;
  readonly from: number;
  readonly to: number;
  readonly mask: Uint8Array | null;
}

/** The group of a row that does not pass, and of a place of a table that has not been looked up. */
const NONE = -1;

/**
 * The most places of a table of groups, for each row. Larger tables cost more to make than the rows to look up.
 */
const PLACES_A_ROW = 4;
const LEAST_PLACES = 4096;

/** The group of each row; `NONE` for rows that do not pass. Index 0 is row `from`. */
export function groupsOf(groups: Groups, keys: readonly Key[], rows: Rows): Int32Array {
  const coded = keys.filter((key): key is CodedKey => !('value' in key));
  const ids = new Int32Array(rows.to - rows.from);
  if (rows.mask) excludeRows(ids, rows.mask, rows.from);
  const most = Math.max(LEAST_PLACES, ids.length * PLACES_A_ROW);
  let size = 1;
  for (const key of coded) size = combine(ids, key, rows.from, size, most);
  const valuesAt = (row: number): DimensionValue[] =>
    keys.map((key) => ('value' in key ? key.value : (key.values[codeAt(key, row)] as DimensionValue)));
  const table = new Int32Array(size).fill(NONE);
  for (let at = 0; at < ids.length; at++) {
    const id = ids[at] as number;
    if (id === NONE) continue;
    let group = table[id] as number;
    if (group === NONE) {
      group = groups.of(valuesAt(rows.from + at));
      table[id] = group;
    }
    ids[at] = group;
  }
  return ids;
}

function codeAt({ codes, places }: CodedKey, row: number): number {
  return codes[places ? (places[row] as number) : row] as number;
}

function excludeRows(ids: Int32Array, mask: Uint8Array, from: number): void {
  for (let at = 0; at < ids.length; at++) ids[at] = (mask[from + at] as number) - 1;
}

/**
 * Extends the rows' ids, all below `size`, by a key.
 * @returns the bound of the new ids.
 */
function combine(ids: Int32Array, key: CodedKey, from: number, size: number, most: number): number {
  const { codes, places } = key;
  const count = key.values.length;
  if (size * count > most && size > 1) return combineInMap(ids, key, from);
  if (places) {
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at] as number;
      if (id !== NONE) ids[at] = id * count + (codes[places[from + at] as number] as number);
    }
  } else {
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at] as number;
      if (id !== NONE) ids[at] = id * count + (codes[from + at] as number);
    }
  }
  return size * count;
}

/** The same where a table of all combinations would be too large: only those that occur get ids. */
function combineInMap(ids: Int32Array, key: CodedKey, from: number): number {
  const count = key.values.length;
  const numbers = new Map<number, number>();
  for (let at = 0; at < ids.length; at++) {
    const id = ids[at] as number;
    if (id === NONE) continue;
    const combination = id * count + codeAt(key, from + at);
    let number = numbers.get(combination);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(combination, number);
    }
    ids[at] = number;
  }
  return numbers.size;
}

/** A key with the codes of a column or dimension, for rows of visits or events. */
export function codedKey(
  view: SegmentView,
  rows: RowsOf,
  {
    of,
    values,
    codes,
  }: { readonly of: RowsOf; readonly values: readonly DimensionValue[]; readonly codes: Codes },
): Key {
  return { values, codes, places: of === rows ? null : view.visitOf };
}
