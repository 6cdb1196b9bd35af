/** The rows of imported totals: those of the days that have no events of their own. */
import { OTHER } from '../../model/dimensions.ts';
import { IMPORTED_COLUMNS } from '../../sql/imported-columns.ts';
import type { Grouping } from '../groupings.ts';
import type { QueryPlan } from '../needs.ts';
import { type Filter, type ParsedQuery, testsIn } from '../parsed-query.ts';
import { comparison } from './conditions.ts';
import { importedTotals } from './imported-days.ts';

/** A row for each group and day, of the query's counts; null if the query has none of imported totals. */
export function importedRows({ context, needs }: QueryPlan, grouping: Grouping): string | null {
  if (!context.imported) return null;
  const { dimensions, filters, timed } = grouping;
  const [key] = dimensions.keys();
  const columns = [
    ...(timed ? [`${bucketOf(needs.time)} AS bucket`] : []),
    ...(key ? [`${IMPORTED_COLUMNS.value} AS ${key}`] : []),
    ...needs.counts.map((count) => `${IMPORTED_COLUMNS[count]} AS ${count}`),
  ];
  // What is in `(other)` passes no filter: nothing is known of it.
  const conditions = [
    ...(filters.length > 0 ? [`${IMPORTED_COLUMNS.value} <> '${OTHER}'`] : []),
    ...filters.map(condition),
  ];
  const where = conditions.map((one) => ` AND ${one}`).join('');
  return `SELECT ${columns.join(', ')} FROM (SELECT * FROM ${importedTotals(dimensionOf(grouping))}) i
    CROSS JOIN json_each(i.counts) e WHERE true${where}`;
}

/** A grouping of a query that imported totals can answer has one dimension at most, which is also that of its filters. */
function dimensionOf({ dimensions, filters }: Grouping): string {
  const [first] = [...dimensions.values(), ...filters.flatMap(testsIn).map(({ dimension }) => dimension)];
  return first?.rollup ?? '';
}

function condition(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return `(${filter.filters.map(condition).join(filter.kind === 'and' ? ' AND ' : ' OR ')})`;
    case 'not':
      return `NOT ${condition(filter.filter)}`;
    case 'done':
      throw new Error('Imported totals have no visits.');
    case 'test':
      return comparison(filter, IMPORTED_COLUMNS.value);
  }
}

/** SQL of the label of a day, as `bucketOf` in range.ts has it. */
function bucketOf(time: ParsedQuery['time']): string {
  switch (time) {
    case 'time:day':
      return 'i.day';
    case 'time:week':
      return `max(date(i.day, 'weekday 0', '-6 days'), :first_day)`;
    case 'time:month':
      return `substr(i.day, 1, 7) || '-01'`;
    default:
      return `''`;
  }
}
