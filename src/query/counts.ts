/** What is counted of a grouping: its visitors and events, what was sold, and its people; from rollups and from events. */
import { OTHER } from '../model/dimensions.ts';
import { PEOPLE_METRICS, type Whole } from '../model/metrics.ts';
import { saturatingSum } from '../sql/sums.ts';
import type { Draft } from './draft.ts';
import { eventCounts, eventsOf } from './event-rows.ts';
import { type Grouping, groupBy, keysOf } from './groupings.ts';
import { PEOPLE_COUNTS } from './people.ts';
import { rollupRows } from './rollup-rows.ts';

/** Rows of counts. Without dimensions there is always one, of zeros where nothing happened. */
export function counted(draft: Draft, grouping: Grouping): string {
  const keys = keysOf(grouping);
  const live = eventCounts(draft, grouping);
  const rows = draft.usesRollups
    ? `${rollupRows(draft, grouping, false)}
    UNION ALL
    SELECT ${[...keys, ...draft.counts].join(', ')} FROM (${live})`
    : live;
  const sums = draft.counts.map((count) => `coalesce(sum(${count}), 0) AS ${count}`);
  return `
  ${grouping.name} AS (
    SELECT ${[...keys, ...sums].join(', ')} FROM (${rows})${groupBy(keys)})`;
}

/** What stands in the rows of the answer beside their counts. */
export interface Beside {
  readonly cte: string;
  readonly join: string;
  readonly columns: readonly string[];
}

/** How many currencies rows have. What a rollup has left untold is of several. */
export const CURRENCIES = `(count(DISTINCT currency) + coalesce(max(currency = '${OTHER}'), 0))`;

/** Rows of revenue and sales, by the keys of a grouping and by currency. A key may have several of a currency. */
export function saleRows(draft: Draft, grouping: Grouping): string {
  draft.columns.add('value').add('currency');
  const { from, where, values, named } = eventsOf(draft, grouping);
  const live = `
    SELECT ${[...named, 'n.currency AS currency', `${saturatingSum('n.value')} AS revenue`, 'count(*) AS sales'].join(', ')}
    FROM ${from} WHERE ${where} AND n.counted AND n.value IS NOT NULL AND n.currency <> ''
    ${groupBy([...values, 'n.currency'])}`;
  return draft.usesRollups ? `${rollupRows(draft, grouping, true)} UNION ALL ${live}` : live;
}

/** Revenue by currency, gathered into a row a key: its currency, and how many there are. */
export function sales(draft: Draft, answer: Grouping): Beside {
  const keys = keysOf(answer);
  const sums = [`${saturatingSum('revenue')} AS revenue`, 'sum(sales) AS sales', 'max(currency) AS currency'];
  const cte = `
  sold AS (
    SELECT ${[...keys, ...sums, `${CURRENCIES} AS currencies`].join(', ')}
    FROM (${saleRows(draft, answer)})${groupBy(keys)})`;
  return soldBeside(cte, answer);
}

/** @param cte a CTE `sold`, of a row a key. */
export function soldBeside(cte: string, answer: Grouping): Beside {
  return {
    cte,
    join: joinOn('sold', keysOf(answer)),
    columns: ['sold.revenue', 'coalesce(sold.sales, 0) AS sales', 'sold.currency', 'sold.currencies'],
  };
}

/** Who was there, in the period of the group. */
export function people(draft: Draft, answer: Grouping): Beside {
  const keys = keysOf(answer);
  const groups = draft.usesRollups ? keys : keys.map((key) => `g.${key}`);
  let from = 'attended';
  if (!draft.usesRollups) {
    const events = eventsOf(draft, answer);
    from = `(
        SELECT DISTINCT ${[...events.named, 'n.bucket AS period', 'k.root'].join(', ')}
        FROM ${events.from} WHERE ${events.where} AND n.counted AND n.person <> '') g
      CROSS JOIN attended a ON a.bucket = g.period AND a.root = g.root`;
  }
  return {
    cte: `
  known_people AS (
    SELECT ${[...groups, PEOPLE_COUNTS].join(', ')}
    FROM ${from}${groupBy(groups)})`,
    join: joinOn('known_people', keys),
    columns: PEOPLE_METRICS.map((name) => `coalesce(known_people.${name}, 0) AS ${name}`),
  };
}

/** The visitors that a share is of: those of each group, or one number for all rows. */
export function whole(draft: Draft, grouping: Grouping<Whole>): Beside {
  return wholeBeside(counted(draft, grouping), grouping);
}

/** @param cte a CTE of the grouping's name that counts it. */
export function wholeBeside(cte: string, grouping: Grouping<Whole>): Beside {
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
