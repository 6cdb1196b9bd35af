/**
 * The SQL that counts visits: for the complete day, for each hour, and for each value of each dimension except custom properties.
 * Each term selects rows of dimension, value, currency and counts, as rollups store them.
 */
import { type ColumnDimension, GOAL, ROLLED_DIMENSIONS, type Scope } from '../model/dimensions.ts';
import { SALE_COUNTS, VISIT_COUNTS } from '../model/metrics.ts';
import { reaches } from '../sql/goals.ts';
import { HOUR, TOTAL } from '../sql/rollups.ts';
import { saturatingSum } from '../sql/sums.ts';
import { attribute, partCounts, partOfVisit, SUM_VISITS } from '../sql/visits.ts';

export const NO_SALES = SALE_COUNTS.map((count) => `0 AS ${count}`).join(', ');
export const NO_VISITS = VISIT_COUNTS.map((count) => `0 AS ${count}`).join(', ');

export const VISIT_DIMENSIONS = ROLLED_DIMENSIONS.filter(({ scope }) => scope !== 'event');
export const EVENT_DIMENSIONS = ROLLED_DIMENSIONS.filter(({ scope }) => scope === 'event');
const PARTED: readonly Rolled[] = [{ name: HOUR, column: 'hour', scope: 'event' }, ...EVENT_DIMENSIONS];
const EVENT_COLUMNS = PARTED.map(({ column }) => column);

/**
 * Groups of correlated columns: a browser has few versions, and a city has one country. A group has few combinations of values.
 * So the SQL sums visits by combination once, and then sums the values from these sums. A column that is not listed is a group by
 * itself.
 */
const CORRELATED: readonly (readonly string[])[] = [
  ['device', 'browser', 'browser_version', 'os', 'os_version'],
  ['country', 'region', 'region_name', 'city'],
  ['source', 'referrer', 'channel'],
  ['utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term'],
  ['name', 'hostname', 'currency', 'hour'],
];

interface Rolled {
  readonly name: string;
  readonly column: string;
  readonly scope: Scope;
}

function correlatedGroups<T extends Rolled>(dimensions: readonly T[]): T[][] {
  const keyOf = ({ scope, column }: T): string | number => {
    if (scope === 'entry' || scope === 'exit') return scope;
    const group = CORRELATED.findIndex((columns) => columns.includes(column));
    return group < 0 ? column : group;
  };
  return [...Map.groupBy(dimensions, keyOf).values()];
}

/** SQL that selects the expression of the current row's dimension, by its index in `namesOf`. */
const unfold = (
  dimensions: readonly Rolled[],
  sqlOf: (dimension: Rolled, index: number) => string,
): string =>
  dimensions.length === 1
    ? sqlOf(dimensions[0] as Rolled, 0)
    : `CASE d.key ${dimensions.map((dimension, index) => `WHEN ${index} THEN ${sqlOf(dimension, index)}`).join(' ')} END`;
const namesOf = (dimensions: readonly Rolled[]): string =>
  `json_each('${JSON.stringify(dimensions.map(({ name }) => name))}') d`;

export const PLAIN_COUNTS = VISIT_COUNTS.slice(2);
const PLAIN_SUMS = PLAIN_COUNTS.map((count) => `sum(${count}) AS ${count}`).join(', ');

/** The bitwise OR of terms, as a balanced tree: D1 allows expressions a hundred levels deep. */
function anyBit(terms: readonly string[]): string {
  if (terms.length === 1) return `(${terms[0]})`;
  const middle = Math.ceil(terms.length / 2);
  return `(${anyBit(terms.slice(0, middle))} | ${anyBit(terms.slice(middle))})`;
}

/** A bit for each dimension: whether an earlier visit of the same visitor had the same value. */
const REPEATS = `
  iif(v.has_visitor AND v.is_repeat, (
    SELECT ${anyBit(VISIT_DIMENSIONS.map((_, bit) => `same${bit} << ${bit}`))}
    FROM (
    SELECT ${VISIT_DIMENSIONS.map((dimension, bit) => `max(${attribute(dimension, 'u', 'g')} = ${attribute(dimension, 'v', 'f')}) AS same${bit}`).join(', ')}
    FROM bare_visit u CROSS JOIN events g ON g.pixel = :pixel AND g.ts = u.first_ts AND g.id = u.first_id
    WHERE u.visitor_number = v.visitor_number AND u.visit < v.visit)), 0) AS repeats`;

const TOTAL_TERM = `SELECT '${TOTAL}' AS dimension, '' AS value, '' AS currency, ${SUM_VISITS}, ${NO_SALES} FROM visit`;

/** Visit dimensions of correlated columns. A visitor counts for a value with the first visit that has it. */
function visitTerm(dimensions: readonly ColumnDimension[]): string {
  const bit = (dimension: Rolled): number => VISIT_DIMENSIONS.indexOf(dimension as ColumnDimension);
  return `SELECT d.value AS dimension, ${unfold(dimensions, ({ name }) => `"${name}"`)} AS value, '' AS currency,
    visits - ${unfold(dimensions, (_, index) => `repeats${index}`)} AS visitors, visits, ${PLAIN_COUNTS.join(', ')}, ${NO_SALES}
  FROM (
    SELECT ${dimensions.map(({ name }) => `"${name}"`).join(', ')}, sum(has_visitor) AS visits, ${PLAIN_SUMS},
      ${dimensions.map((dimension, index) => `sum((repeats >> ${bit(dimension)}) & 1) AS repeats${index}`).join(', ')}
    FROM visit GROUP BY ${dimensions.map((_, index) => index + 1).join(', ')}) c
  CROSS JOIN ${namesOf(dimensions)}`;
}

const hourOr = (column: string, value: string): string =>
  column === 'hour' ? `:day || format(' %02d:00:00', ${value})` : value;

/**
 * Event dimensions, for visits with one value in all of their events. Most visits are such visits, and they need not be split
 * into parts. Visitors with multiple visits are left out, since they must be counted distinctly.
 */
function singleValueTerm(dimensions: readonly Rolled[]): string {
  return `SELECT d.value AS dimension, ${unfold(dimensions, ({ column }) => hourOr(column, `only_${column}`))} AS value, '' AS currency,
    visits AS visitors, visits, ${PLAIN_COUNTS.join(', ')}, ${NO_SALES}
  FROM (
    SELECT ${dimensions.map(({ column }) => `only_${column}`).join(', ')}, sum(has_visitor) AS visits, ${PLAIN_SUMS}
    FROM visit WHERE NOT has_repeats
    GROUP BY ${dimensions.map((_, index) => index + 1).join(', ')}) c
  CROSS JOIN ${namesOf(dimensions)}
  WHERE ${unfold(dimensions, ({ column }) => `only_${column}`)} IS NOT NULL`;
}

/** `mixed_event`: the events of visits whose events have multiple values of a dimension. */
export const MIXED = `
  mixed_event AS MATERIALIZED (
    SELECT n.visit, n.pageview, n.counted, n.engaged, n.scroll, v.has_visitor, v.has_repeats, v.visitor_number, v.bounces, v.duration,
      ${EVENT_COLUMNS.map((column) => `n.${column}, v.only_${column}`).join(', ')}
    FROM numbered_event n CROSS JOIN visit v ON v.visit = n.visit
    WHERE ${EVENT_COLUMNS.map((column) => `v.only_${column} IS NULL`).join(' OR ')}
  )`;

/** The visits that `singleValueTerm` leaves out, for one dimension. */
function multipleValuesTerm({ name, column }: Rolled): string {
  return `SELECT '${name}' AS dimension, ${hourOr(column, 'value')} AS value, '' AS currency, ${SUM_VISITS}, ${NO_SALES}
  FROM (
    SELECT only_${column} AS value, has_visitor, has_repeats, visitor_number, ${PLAIN_COUNTS.join(', ')}
    FROM visit WHERE has_repeats AND only_${column} IS NOT NULL
    UNION ALL
    SELECT value, ${partOfVisit('p', 'p')}
    FROM (
      SELECT n.${column} AS value, n.has_visitor, n.has_repeats, n.visitor_number, n.bounces, n.duration, ${partCounts('n')}
      FROM mixed_event n
      WHERE n.only_${column} IS NULL
      GROUP BY n.visit, n.${column}) p)
  GROUP BY 2`;
}

/** The value that all events of a visit have; null if they differ. */
const only = (column: string): string =>
  `iif(min(${column}) = max(${column}), max(${column}), NULL) AS only_${column}`;

const SALE_DIMENSIONS = [
  [TOTAL, `''`] as const,
  [HOUR, hourOr('hour', 'n.hour')] as const,
  ...EVENT_DIMENSIONS.map(({ name, column }) => [name, `n.${column}`] as const),
  ...VISIT_DIMENSIONS.map(({ name }) => [name, `n."${name}"`] as const),
];

/** `sale`: the events with revenue, with the attributes of their visits. There are few. */
export const SALES = `
  sale_event AS MATERIALIZED (SELECT * FROM numbered_event WHERE counted AND value IS NOT NULL AND currency <> ''),
  sale AS MATERIALIZED (
    SELECT n.*, ${VISIT_DIMENSIONS.map(({ name }) => `v."${name}"`).join(', ')}
    FROM visit v CROSS JOIN sale_event n ON n.visit = v.visit
  )`;

const SALE_TERM = `
  SELECT d.value AS dimension,
    CASE d.value ${SALE_DIMENSIONS.map(([name, sql]) => `WHEN '${name}' THEN ${sql}`).join(' ')} END AS value,
    n.currency AS currency, ${NO_VISITS}, ${saturatingSum('n.value')} AS revenue, count(*) AS sales
  FROM sale n CROSS JOIN json_each('${JSON.stringify(SALE_DIMENSIONS.map(([name]) => name))}') d
  GROUP BY 1, 2, 3`;

const GOAL_TERMS = [
  `SELECT '${GOAL}' AS dimension, value, '' AS currency, ${SUM_VISITS}, ${NO_SALES}
  FROM (
    SELECT p.value, ${partOfVisit('p', 'v')}
    FROM (
      SELECT g.name AS value, n.visit, ${partCounts('n')}
      FROM goal g CROSS JOIN numbered_event n ON ${reaches('n', 'g')}
      GROUP BY g.name, n.visit) p
    CROSS JOIN visit v ON v.visit = p.visit)
  GROUP BY value`,
  `SELECT '${GOAL}' AS dimension, g.name AS value, n.currency AS currency, ${NO_VISITS}, ${saturatingSum('n.value')} AS revenue, count(*) AS sales
  FROM goal g CROSS JOIN sale n ON ${reaches('n', 'g')}
  GROUP BY 2, 3`,
];

/** Columns of a visit besides its dimensions. */
export const MORE_OF_VISITS = { ofRows: EVENT_COLUMNS.map(only), ofVisit: [REPEATS] };

export const VALUE_TERMS = [
  TOTAL_TERM,
  ...correlatedGroups(VISIT_DIMENSIONS).map(visitTerm),
  ...correlatedGroups(PARTED).map(singleValueTerm),
  ...PARTED.map(multipleValuesTerm),
  SALE_TERM,
  ...GOAL_TERMS,
];
