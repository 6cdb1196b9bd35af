/** The rows of a query that columns have answered. They are parameters of its SQL. */
import { SALE_COUNTS } from '../../model/metrics.ts';
import { countsOf, parameterOf, salesOf } from '../column-rows.ts';
import { type Grouping, keysOf } from '../groupings.ts';
import type { QueryPlan } from '../needs.ts';

/** A row for each group: of the query's counts, or of the sales in each currency. Null if columns have none. */
export function columnRows(
  { needs, context }: QueryPlan,
  grouping: Grouping,
  ofSales: boolean,
): string | null {
  const group = (ofSales ? salesOf : countsOf)(grouping.name);
  const columns = [...keysOf(grouping), ...(ofSales ? ['currency', ...SALE_COUNTS] : needs.counts)];
  const from = listedRows(group, context.columns.lists.get(group) ?? []);
  // Revenue beyond 2^53 is a text, which sums take for the integer that it is.
  const selected = columns.map((column, index) => `r.value ->> ${index} AS ${column}`);
  return from && `SELECT ${selected.join(', ')} FROM ${from}`;
}

/** Rows `r` of all lists of a group; null if it has none. */
export function listedRows(group: string, lists: readonly string[]): string | null {
  if (lists.length === 0) return null;
  const parameters = lists.map((_, index) => `(:${parameterOf(group, index)})`);
  return `(VALUES ${parameters.join(', ')}) list CROSS JOIN json_each(list.column1) r`;
}
