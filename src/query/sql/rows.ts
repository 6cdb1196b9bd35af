/** The rows of an answer: their columns, their order, and which are requested. */
import type { Dimension } from '../../model/dimensions.ts';
import type { QueryContext } from '../context.ts';
import type { ParsedQuery } from '../parsed-query.ts';

/** A value as answers and filters have it: absence has a name, and a country's code may stand for its name. */
export function labelOf(dimension: Dimension, sql: string): string {
  const hasNames = dimension.kind === 'column' && dimension.labels === 'country';
  return `iif(${sql} = '', '${dimension.none}', ${hasNames ? `coalesce(:countries ->> ${sql}, ${sql})` : sql})`;
}

/** @param isRounded whether counts are rounded, and null if they may not be reported. */
export function answerColumns({ dimensions, metrics }: ParsedQuery, isRounded: boolean): string {
  let next = 0;
  const keys = dimensions.map((dimension, index) => {
    const sql = dimension === null ? 'bucket' : labelOf(dimension, `d${next++}`);
    return `${sql} AS dimension${index}`;
  });
  return [
    ...keys,
    ...metrics.map(({ name, sql, ofSales, of }) => {
      // Amounts of multiple currencies have no sum.
      const value = ofSales ? `iif(currencies = 1, ${sql}, NULL)` : sql;
      // A rounded numerator may exceed its rounded denominator.
      const share = of && isRounded ? `min(100, ${value})` : value;
      return `${isRounded ? `iif(visitors IS NULL, NULL, ${share})` : value} AS "${name}"`;
    }),
    ...(metrics.some(({ ofSales }) => ofSales) ? ['currency', 'currencies'] : []),
  ].join(', ');
}

/** Limits the answer to the requested rows. */
export function whereRequested({ dimensions }: ParsedQuery, { rows }: QueryContext): string {
  const columns = dimensions.map((_, index) => `dimension${index}`);
  if (rows === null || columns.length === 0) return '';
  return `WHERE (${columns.join(', ')}) IN (
    SELECT ${columns.map((_, index) => `value ->> ${index}`).join(', ')} FROM json_each(:rows))`;
}

/** As requested; else by time, then by the first metric. Ties go by dimension, so that pages do not overlap. */
export function orderBy({ order, dimensions, metrics, time }: ParsedQuery): string {
  const column = (key: string): string => {
    const index = dimensions.findIndex((dimension) => (dimension?.name ?? time) === key);
    return index < 0 ? `"${key}"` : `dimension${index}`;
  };
  const requested = order.map(
    ([key, direction]) => `${column(key)} ${direction === 'asc' ? 'ASC' : 'DESC'} NULLS LAST`,
  );
  const timeIndex = dimensions.indexOf(null);
  const [first] = metrics;
  const byDefault = [
    ...(timeIndex < 0 ? [] : [`dimension${timeIndex} ASC`]),
    ...(first ? [`"${first.name}" DESC NULLS LAST`] : []),
  ];
  const all = [
    ...(requested.length > 0 ? requested : byDefault),
    ...dimensions.map((_, index) => `dimension${index} ASC`),
  ];
  return all.join(', ');
}
