/**
 * The SQL of small-group protection: counts of days, combined into cells that are large enough to be reported, and rounded.
 *
 * A group's visitors of one day (or hour) are a cell if they number at least the pixel's `min_group`. The group's smaller days
 * are combined into one cell for each calendar week, if the full week may be reported. A cell that is still too small is in no
 * answer. Cells depend on events alone, not on the query, so any two answers differ by complete cells.
 */
import { OTHER } from '../../model/dimensions.ts';
import { SALE_COUNTS } from '../../model/metrics.ts';
import { type Grouping, type Groupings, groupBy, isHourly, keysOf } from '../groupings.ts';
import type { QueryPlan } from '../needs.ts';
import type { Reportable } from '../spans.ts';
import { CURRENCIES, counted, type JoinedCte, joinedDenominator, joinedSales, saleRows } from './counts.ts';
import { isImported } from './imported-days.ts';

/**
 * `reportable_day`: the days in `:reportable_days` that were rolled up after they ended, each with the week whose cell it may be
 * in. A week has no cell if one of its days may not be reported.
 */
export function reportableDaysCte({ before }: Reportable, hasImported = false): string {
  const mayBe = (day: string): string => `${day}.ends_at <= ${before} AND ${day}.rolled_at >= ${day}.ends_at`;
  return `
  reportable_day AS MATERIALIZED (
    SELECT day, label, iif(is_incomplete, NULL, label_week) AS label_week, iif(is_incomplete, NULL, week) AS week
    FROM (
      SELECT j.value ->> 0 AS day, j.value ->> 1 AS label, j.value ->> 2 AS label_week, j.value ->> 3 AS week,
        EXISTS (
          SELECT 1 FROM days x
          WHERE x.pixel = :pixel AND x.day BETWEEN j.value ->> 3 AND date(j.value ->> 3, '+6 days') AND NOT (x.rolled_at IS NOT NULL AND ${mayBe('x')})) AS is_incomplete
      FROM json_each(:reportable_days) j CROSS JOIN days d ON d.pixel = :pixel AND d.day = j.value ->> 0 AND ${mayBe('d')})${hasImported ? IMPORTED_DAYS : ''})`;
}

/**
 * The days that imported totals answer. Their weeks are cells of their own, so that an answer with imported totals and one without differ by
 * complete cells.
 */
const IMPORTED_DAYS = `
    UNION ALL
    SELECT j.value ->> 0, j.value ->> 1, 'imported ' || (j.value ->> 2), 'imported ' || (j.value ->> 3)
    FROM json_each(:reportable_days) j WHERE ${isImported('(j.value ->> 0)')}`;

/** The CTEs of an answer's groups, and those joined to them, all from cells that may be reported. */
export function groupsOfCells(
  plan: QueryPlan,
  { answer, denominators }: Groupings,
  reportable: Reportable,
): { readonly groups: readonly string[]; readonly joined: readonly JoinedCte[] } {
  const ofSales = plan.query.metrics.some((metric) => metric.ofSales);
  return {
    groups: [reportableDaysCte(reportable, plan.context.imported !== undefined), countsOfCells(plan, answer)],
    joined: [
      ...(ofSales ? [joinedSales(salesOfCells(plan, answer), answer)] : []),
      ...denominators.map((grouping) => joinedDenominator(countsOfCells(plan, grouping), grouping)),
    ],
  };
}

/** A grouping's rows day by day, or hour by hour where the answer is. */
export function inCells(grouping: Grouping): Grouping {
  const name = `${grouping.name}_cells`;
  return grouping.timed ? { ...grouping, name } : { ...grouping, name, timed: true, byDay: true };
}

/**
 * A grouping's counts, as a CTE of its name. Without dimensions and time it has one row, with nulls if nothing may be reported.
 */
function countsOfCells(plan: QueryPlan, grouping: Grouping): string {
  const least = plan.context.pixel.settings.min_group;
  const cells = inCells(grouping);
  const sums = plan.needs.counts.map((count) => `sum(c.${count}) AS ${count}`);
  const rounded = plan.needs.counts.map((count) => `${roundedCount(count, least)} AS ${count}`);
  return `${counted(plan, cells)},
  ${grouping.name} AS (${foldCells(plan, grouping, {
    cells: cells.name,
    more: [],
    size: 'visitors',
    sums,
    rounded,
    totals: plan.needs.counts.map((count) => `sum(${count}) AS ${count}`),
  })})`;
}

/**
 * The number of visits that may be reported, as a query of one number; null for none.
 * @param cells a query of rows of `bucket`, a day, `visitors` and `visits`.
 */
export function visitsOfCells(plan: QueryPlan, cells: string): string {
  return foldCells(
    plan,
    { name: '', timed: false, dimensions: new Map(), filters: [] },
    {
      cells: `(${cells})`,
      more: [],
      size: 'visitors',
      sums: ['sum(c.visitors) AS visitors', 'sum(c.visits) AS visits'],
      rounded: [`${rounded('visits', plan.context.pixel.settings.min_group)} AS visits`],
      totals: ['sum(visits) AS visits'],
    },
  );
}

/** A row for each key: the revenue of its cells that have enough sales of a currency. */
function salesOfCells(plan: QueryPlan, answer: Grouping): string {
  const least = plan.context.pixel.settings.min_group;
  const cells = inCells(answer);
  const keys = [...keysOf(cells), 'currency'];
  // `sum()` of integers fails if the sum overflows; `total()` does not.
  const sums = SALE_COUNTS.map((count) => `total(${count}) AS ${count}`);
  return `
  sale_cells AS (SELECT ${[...keys, ...sums].join(', ')} FROM (${saleRows(plan, cells)})${groupBy(keys)}),
  revenue_by_key AS (${foldCells(plan, answer, {
    cells: 'sale_cells',
    more: ['currency'],
    size: 'sales',
    sums: SALE_COUNTS.map((count) => `total(c.${count}) AS ${count}`),
    rounded: [
      `${average('revenue', 'sales')} * ${rounded('sales', least)} AS revenue`,
      `${rounded('sales', least)} AS sales`,
    ],
    totals: [...sums, 'max(currency) AS currency', `${CURRENCIES} AS currencies`],
  })})`;
}

interface Fold {
  /** The CTE, or a query in parentheses, with the counts by the grouping's keys and by day or hour. */
  readonly cells: string;
  /** Further keys of cells. */
  readonly more: readonly string[];
  /** The count that has to be large enough. */
  readonly size: string;
  readonly sums: readonly string[];
  readonly rounded: readonly string[];
  readonly totals: readonly string[];
}

/** Combines small days into weeks, leaves out cells that are too small, rounds each cell, and sums the cells of each key. */
function foldCells(plan: QueryPlan, grouping: Grouping, fold: Fold): string {
  const { cells, more, size, sums, rounded: values, totals } = fold;
  const least = plan.context.pixel.settings.min_group;
  const hourly = isHourly(grouping, plan.needs.time);
  const keys = keysOf(grouping);
  const plain = [...grouping.dimensions.keys(), ...more];
  const week = hourly ? 'NULL' : `'week ' || t.${grouping.timed ? 'label_week' : 'week'}`;
  const label = grouping.timed ? [`${hourly ? 'c.bucket' : 't.label'} AS bucket`] : [];
  const places = Array.from({ length: label.length + plain.length + 1 }, (_, index) => String(index + 1));
  // Some of the values in `(other)` may be one visitor's.
  const wanted = [...grouping.dimensions.keys()].map((key) => `c.${key} <> '${OTHER}'`);
  return `
    SELECT ${[...keys, ...totals].join(', ')}
    FROM (
      SELECT ${[...keys, ...more, ...values].join(', ')}
      FROM (
        SELECT ${[...label, ...plain.map((key) => `c.${key}`), `iif(c.${size} >= ${least}, c.bucket, ${week}) AS cell`, ...sums].join(', ')}
        FROM ${cells} c CROSS JOIN reportable_day t ON t.day = substr(c.bucket, 1, 10)
        ${wanted.length > 0 ? `WHERE ${wanted.join(' AND ')}` : ''}
        ${groupBy(places)})
      WHERE cell IS NOT NULL AND ${size} >= ${least})${groupBy(keys)}`;
}

/** To the nearest multiple of `least`, upwards from the middle. */
export const rounded = (count: string, least: number): string =>
  `((CAST(${count} AS INTEGER) + ${Math.floor(least / 2)}) / ${least} * ${least})`;

/** To two significant digits. */
const average = (sum: string, count: string): string =>
  `CAST(format('%.1e', 1.0 * ${sum} / ${count}) AS REAL)`;

/** The denominators of averages. Their sums are reported as the rounded average times the rounded count. */
const COUNT_OF: Readonly<Record<string, string>> = {
  duration: 'visits',
  engaged: 'engaged_visits',
  scroll: 'scrolled_visits',
};

function roundedCount(count: string, least: number): string {
  const of = COUNT_OF[count];
  const isEnough = (one: string): string => `${one} >= ${least}`;
  if (of !== undefined) {
    return `iif(${isEnough(of)}, ${average(count, of)} * ${rounded(of, least)}, 0)`;
  }
  if (Object.values(COUNT_OF).includes(count)) return `iif(${isEnough(count)}, ${rounded(count, least)}, 0)`;
  return rounded(count, least);
}
