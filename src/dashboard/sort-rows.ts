/** The order of the rows of a table. */
import { amount } from './amount.ts';
import type { Row } from './api.ts';
import { CHANGE, rowName } from './row-name.ts';

export interface Sort {
  /** `name`, `part`, `change` or a metric. */
  readonly column: string;
  readonly isDescending: boolean;
}

/** A sort as the address writes it: a minus stands before a column in descending order. */
export function parseSort(text: string): Sort {
  return { column: text.replace(/^-/, ''), isDescending: text.startsWith('-') };
}

/** The sort after a click on a column's heading. Numbers begin with the largest, names with the first. */
export function nextSort({ column, isDescending }: Sort, clicked: string): string {
  if (column === clicked) return isDescending ? clicked : `-${clicked}`;
  return clicked === 'name' || clicked === 'part' ? clicked : `-${clicked}`;
}

interface Columns {
  /** The dimensions of a row's name. */
  readonly named: readonly string[];
  readonly split: string | null;
  readonly metrics: readonly string[];
}

/** The rows in an order. Rows without a value in its column come last. */
export function sortRows(rows: readonly Row[], { column, isDescending }: Sort, columns: Columns): Row[] {
  const { named, split, metrics } = columns;
  const index = metrics.indexOf(column);
  const keyOf = (row: Row): string | number | null => {
    if (column === 'name') return rowName(row, named);
    if (column === 'part')
      return split === null ? null : rowName({ ...row, dimensions: row.dimensions.slice(-1) }, [split]);
    // What was not there before has no change in per cent.
    if (column === CHANGE)
      return amount(row.comparison?.metrics[0]) ? (row.comparison?.change[0] ?? null) : null;
    return amount(row.metrics[index]);
  };
  const sign = isDescending ? -1 : 1;
  return rows
    .map((row) => ({ row, value: keyOf(row) }))
    .toSorted(({ value: one }, { value: other }) => {
      if (one === null || other === null) return Number(one === null) - Number(other === null);
      if (typeof one === 'number' && typeof other === 'number') return sign * (one - other);
      return sign * String(one).localeCompare(String(other), undefined, { numeric: true });
    })
    .map(({ row }) => row);
}
