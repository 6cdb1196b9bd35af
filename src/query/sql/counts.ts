/** The counts of a grouping, from rollups and from events: its visits and events, its sales, and its people. */
import { OTHER } from '../../model/dimensions.ts';
import { type Denominator, PEOPLE_METRICS } from '../../model/metrics.ts';
import { saturatingSum } from '../../sql/sums.ts';
import { type Grouping, groupBy, keysOf } from '../groupings.ts';
import type { QueryPlan } from '../needs.ts';
import { columnRows } from './column-rows.ts';
import { eventCounts, eventsOf } from './events.ts';
import { importedRows } from './imported-rows.ts';
import { PEOPLE_COUNTS } from './people.ts';
import { rollupRows } from './rollup-rows.ts';

/** Rows of counts. Without dimensions there is always one, with zeros if there are no events. */
export function counted(plan: QueryPlan, grouping: Grouping): string {
  const keys = keysOf(grouping);
  const live = eventCounts(plan, grouping);
  const rollups = plan.needs.usesRollups ? rollupRows(plan, grouping, false) : null;
  const columns = columnRows(plan, grouping, false);
  const imported = importedRows(plan, grouping);
  const rows =
    rollups === null && columns === null && imported === null
      ? live
      : union(
          rollups,
          `SELECT ${[...keys, ...plan.needs.counts].join(', ')} FROM (${live})`,
          columns,
          imported,
        );
  const sums = plan.needs.counts.map((count) => `coalesce(sum(${count}), 0) AS ${count}`);
  return `
  ${grouping.name} AS (
    SELECT ${[...keys, ...sums].join(', ')} FROM (${rows})${groupBy(keys)})`;
}

/** The rows of all sources. D1 allows five terms, of which rollups are two. */
const union = (...sources: readonly (string | null)[]): string =>
  sources
    .filter((sql) => sql !== null)
    .join(`
    UNION ALL
    `);

/** A CTE that is joined to the answer's counts. */
export interface JoinedCte {
  readonly cte: string;
  readonly join: string;
  readonly columns: readonly string[];
}

/** The number of currencies in rows. Sales that a rollup stores without their currency count as multiple currencies. */
export const CURRENCIES = `(count(DISTINCT currency) + coalesce(max(currency = '${OTHER}'), 0))`;

/** Rows of revenue and sales, by the keys of a grouping and by currency. A key may have multiple rows of a currency. */
export function saleRows(plan: QueryPlan, grouping: Grouping): string {
  const { from, where, values, columns } = eventsOf(plan, grouping);
  const live = `
    SELECT ${[...columns, 'n.currency AS currency', `${saturatingSum('n.value')} AS revenue`, 'count(*) AS sales'].join(', ')}
    FROM ${from} WHERE ${where} AND n.counted AND n.value IS NOT NULL AND n.currency <> ''
    ${groupBy([...values, 'n.currency'])}`;
  const rollups = plan.needs.usesRollups ? rollupRows(plan, grouping, true) : null;
  return union(rollups, live, columnRows(plan, grouping, true));
}

/** A row for each key: its revenue, its currency, and the number of its currencies. */
export function sales(plan: QueryPlan, answer: Grouping): JoinedCte {
  const keys = keysOf(answer);
  const sums = [`${saturatingSum('revenue')} AS revenue`, 'sum(sales) AS sales', 'max(currency) AS currency'];
  const cte = `
  revenue_by_key AS (
    SELECT ${[...keys, ...sums, `${CURRENCIES} AS currencies`].join(', ')}
    FROM (${saleRows(plan, answer)})${groupBy(keys)})`;
  return joinedSales(cte, answer);
}

/** @param cte a CTE `revenue_by_key`, with a row for each key. */
export function joinedSales(cte: string, answer: Grouping): JoinedCte {
  return {
    cte,
    join: joinOn('revenue_by_key', keysOf(answer)),
    columns: [
      'revenue_by_key.revenue',
      'coalesce(revenue_by_key.sales, 0) AS sales',
      'revenue_by_key.currency',
      'revenue_by_key.currencies',
    ],
  };
}

/** The people of each group, in the group's period. */
export function people(plan: QueryPlan, answer: Grouping): JoinedCte {
  const keys = keysOf(answer);
  const groups = plan.needs.usesRollups ? keys : keys.map((key) => `g.${key}`);
  let from = 'attendance';
  if (!plan.needs.usesRollups) {
    const events = eventsOf(plan, answer);
    from = `(
        SELECT DISTINCT ${[...events.columns, 'n.bucket AS period', 'k.root'].join(', ')}
        FROM ${events.from} WHERE ${events.where} AND n.counted AND n.person <> '') g
      CROSS JOIN attendance a ON a.bucket = g.period AND a.root = g.root`;
  }
  return {
    cte: `
  people_counts AS (
    SELECT ${[...groups, PEOPLE_COUNTS].join(', ')}
    FROM ${from}${groupBy(groups)})`,
    join: joinOn('people_counts', keys),
    columns: PEOPLE_METRICS.map((name) => `coalesce(people_counts.${name}, 0) AS ${name}`),
  };
}

/** The denominator of a share: the visitors of each group, or one number for all rows. */
export function denominator(plan: QueryPlan, grouping: Grouping<Denominator>): JoinedCte {
  return joinedDenominator(counted(plan, grouping), grouping);
}

/** @param cte a CTE with the name and the counts of the grouping. */
export function joinedDenominator(cte: string, grouping: Grouping<Denominator>): JoinedCte {
  const { name } = grouping;
  const byGroup = name === 'group_without_goal';
  return {
    cte,
    join: byGroup ? joinOn(name, keysOf(grouping)) : '',
    columns: [`${byGroup ? `${name}.visitors` : `(SELECT visitors FROM ${name})`} AS ${name}`],
  };
}

function joinOn(name: string, keys: readonly string[]): string {
  return `LEFT JOIN ${name} ON ${keys.map((key) => `${name}.${key} = answer.${key}`).join(' AND ') || 'true'}`;
}
