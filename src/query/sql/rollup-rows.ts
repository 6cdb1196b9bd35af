/** The days of a query that rollups answer, by the day or by the month, and the rows of these. */
import { DIRTY, RAW } from '../../model/day-state.ts';
import { OTHER, PROPERTY_PREFIX } from '../../model/dimensions.ts';
import { SALE_COUNTS } from '../../model/metrics.ts';
import { HOUR, TOTAL } from '../../sql/rollups.ts';
import { columnOf, type Grouping, isHourly } from '../groupings.ts';
import type { QueryPlan } from '../needs.ts';
import { nameOfRollup } from './parameter-names.ts';
import { andInFull, HAS_ROLLUP, hasRollup, lacks, listsProperty } from './rollup-state.ts';

/** `rolled_month` and `rolled_day`: what rollups answer, where they may. `open_day`: the days that events answer. */
export function dayCtes(plan: QueryPlan): string[] {
  const fromDays = 'FROM stretch s CROSS JOIN days d ON d.pixel = :pixel AND d.day = s.day';
  if (!plan.needs.usesRollups) return [`open_day AS (SELECT s.* ${fromDays})`];
  const isRolled = dayHasRollup(plan);
  return [
    `rolled_month AS (${months(plan)})`,
    `rolled_day AS (
    SELECT DISTINCT s.bucket, s.day ${fromDays} AND ${isRolled}
    WHERE substr(s.day, 1, 7) NOT IN (SELECT month FROM rolled_month)
    )`,
    `open_day AS (SELECT s.* ${fromDays} AND NOT (${isRolled}))`,
  ];
}

/** Whether day `d` has a rollup. A day with too many custom properties has no rows of those that were left out. */
export function dayHasRollup({ query, context }: QueryPlan): string {
  if (!query.dimensions.some((dimension) => dimension?.kind === 'property')) {
    return hasRollup(query, context);
  }
  // Rollups are of one dimension.
  const property = `:${nameOfRollup(columnOf(0))}`;
  return `${HAS_ROLLUP}${andInFull(context)} AND NOT ${lacks(query)} AND (d.raw > ${RAW.stored} OR ${listsProperty(property)})`;
}

/**
 * The months of `:months` whose own rollup is right: all of their days have been rolled up as often as it says, by a version that
 * has the query's metrics and dimensions.
 */
function months({ query, needs }: QueryPlan): string {
  const ofMonth = `d.pixel = :pixel AND d.day >= m.month || '-01' AND d.day <= m.month || '-31'`;
  return `
    SELECT m.month, ${needs.time === null ? `''` : `m.month || '-01'`} AS bucket
    FROM months m
    WHERE m.pixel = :pixel AND m.month IN (SELECT value FROM json_each(:months))
      AND m.rolls = (SELECT sum(d.rolls) FROM days d WHERE ${ofMonth})
      AND NOT EXISTS (SELECT 1 FROM days d WHERE ${ofMonth} AND (d.dirty > ${DIRTY.clean} OR ${lacks(query)}))`;
}

/**
 * A row for each group and day or month: of the query's counts, or of the sales in each currency. CROSS JOIN, here as elsewhere,
 * fixes the order of a join: SQLite cannot know how few days and months there are.
 */
export function rollupRows({ needs }: QueryPlan, grouping: Grouping, ofSales: boolean): string {
  const { timed, dimensions } = grouping;
  const columns = (ofSales ? ['currency', ...SALE_COUNTS] : needs.counts).map((column) => `r.${column}`);
  const ofKind = `r.currency ${ofSales ? '<>' : '='} ''`;
  // Rollups are of one dimension.
  const [key, dimension] = [...dimensions][0] ?? [];
  const hourly = isHourly(grouping, needs.time);
  const bucket = `${hourly ? 'r.value' : 'c.bucket'} AS bucket`;
  const name = key ? `:${nameOfRollup(key)}` : `'${hourly ? HOUR : TOTAL}'`;
  const select = (value: string): string =>
    `SELECT ${[...(timed ? [bucket] : []), ...(key ? [`${value} AS ${key}`] : []), ...columns].join(', ')}`;
  const ofDays = (rollup: string): string => `
    FROM rolled_day c
    CROSS JOIN rollups r ON r.pixel = :pixel AND r.day = c.day AND r.dimension = ${rollup} AND ${ofKind}`;
  if (dimension?.kind !== 'property') {
    return `${select('r.value')} ${ofDays(name)}
    UNION ALL ${select('r.value')}
    FROM rolled_month c
    CROSS JOIN month_rollups r ON r.pixel = :pixel AND r.month = c.month AND r.dimension = ${name} AND ${ofKind}`;
  }
  const exists = (rollup: string): string =>
    `EXISTS (SELECT 1 FROM rollups x WHERE x.pixel = :pixel AND x.day = c.day AND x.dimension = ${rollup})`;
  // On a day on which no event has the property, all lack it.
  const absent = `iif(${exists(`'${PROPERTY_PREFIX}'`)}, '${OTHER}', '')`;
  return `${select('r.value')} ${ofDays(name)}
    UNION ALL ${select(absent)} ${ofDays(`'${TOTAL}'`)}
    WHERE NOT ${exists(name)}`;
}
