/** Which of a question's days are answered from rollups, by the day or by the month, and the rows of these. */
import { DIRTY, RAW } from '../model/day-state.ts';
import { OTHER, PROPERTY_PREFIX } from '../model/dimensions.ts';
import { SALE_COUNTS } from '../model/metrics.ts';
import { HOUR, TOTAL } from '../sql/rollups.ts';
import type { Draft } from './draft.ts';
import { type Grouping, isHourly } from './groupings.ts';
import { wholeMonths } from './range.ts';
import { HAS_ROLLUP, hasRollup, lacks } from './sources.ts';

/** `month` and `rolled`: what rollups answer for, where they may. `open`: the days that events answer for. */
export function dayCtes(draft: Draft): string[] {
  const fromDays = 'FROM stretch s CROSS JOIN days d ON d.pixel = :pixel AND d.day = s.day';
  if (!draft.usesRollups) return [`open AS (SELECT s.* ${fromDays})`];
  const isRolled = dayHasRollup(draft);
  return [
    `month AS (${months(draft)})`,
    `rolled AS (
    SELECT DISTINCT s.bucket, s.day ${fromDays} AND ${isRolled}
    WHERE substr(s.day, 1, 7) NOT IN (SELECT month FROM month)
    )`,
    `open AS (SELECT s.* ${fromDays} AND NOT (${isRolled}))`,
  ];
}

/** Whether day `d` has a rollup. A day whose properties were too many has none of those that were left out. */
export function dayHasRollup(draft: Draft): string {
  const property = draft.dimensions.find(({ kind }) => kind === 'property');
  if (!property) return hasRollup(draft.question, draft.setting.peopleSince);
  const rows = (dimension: string): string =>
    `EXISTS (SELECT 1 FROM rollups r WHERE r.pixel = :pixel AND r.day = d.day AND r.dimension = ${dimension})`;
  return `${HAS_ROLLUP} AND NOT ${lacks(draft.question)} AND (d.raw > ${RAW.stored} OR ${rows(draft.text(property.rollup))} OR NOT ${rows(`'${PROPERTY_PREFIX}'`)})`;
}

/**
 * The whole months of the range whose own rollup holds: all of their days are rolled up, as often as it knows of, and by a
 * version that has what is asked for.
 * None where days are asked for one by one, and for properties, which months do not have.
 */
function months(draft: Draft): string {
  const { range, peopleSince } = draft.setting;
  const { time } = draft.question;
  const fits =
    (time === null || time === 'time:month') &&
    draft.dimensions.every(({ kind }) => kind !== 'property') &&
    // Older days are asked one by one for who was there.
    (!draft.isOfPeople || range.from >= peopleSince);
  const ofMonth = `d.pixel = :pixel AND d.day >= m.month || '-01' AND d.day <= m.month || '-31'`;
  return `
    SELECT m.month, ${time === null ? `''` : `m.month || '-01'`} AS bucket
    FROM months m
    WHERE m.pixel = :pixel AND m.month IN (SELECT value FROM json_each(${draft.list(fits ? wholeMonths(range) : [])}))
      AND m.rolls = (SELECT sum(d.rolls) FROM days d WHERE ${ofMonth})
      AND NOT EXISTS (SELECT 1 FROM days d WHERE ${ofMonth} AND (d.dirty > ${DIRTY.clean} OR ${lacks(draft.question)}))`;
}

/**
 * A row a group and day or month: of the question's counts, or of what was sold in each currency. CROSS JOIN, here as
 * elsewhere, keeps the order: SQLite knows nothing of how few days and months there are.
 */
export function rollupRows(draft: Draft, grouping: Grouping, ofSales: boolean): string {
  const { timed, dimensions } = grouping;
  const columns = (ofSales ? ['currency', ...SALE_COUNTS] : draft.counts).map((column) => `r.${column}`);
  const which = `r.currency ${ofSales ? '<>' : '='} ''`;
  // Rollups are of one dimension.
  const [key, dimension] = [...dimensions][0] ?? [];
  const hourly = isHourly(grouping, draft);
  const bucket = `${hourly ? 'r.value' : 'c.bucket'} AS bucket`;
  const rolled = dimension ? draft.text(dimension.rollup) : `'${hourly ? HOUR : TOTAL}'`;
  const select = (value: string): string =>
    `SELECT ${[...(timed ? [bucket] : []), ...(key ? [`${value} AS ${key}`] : []), ...columns].join(', ')}`;
  const ofDays = (name: string): string => `
    FROM rolled c
    CROSS JOIN rollups r ON r.pixel = :pixel AND r.day = c.day AND r.dimension = ${name} AND ${which}`;
  if (dimension?.kind !== 'property') {
    return `${select('r.value')} ${ofDays(rolled)}
    UNION ALL ${select('r.value')}
    FROM month c
    CROSS JOIN month_rollups r ON r.pixel = :pixel AND r.month = c.month AND r.dimension = ${rolled} AND ${which}`;
  }
  const exists = (name: string): string =>
    `EXISTS (SELECT 1 FROM rollups x WHERE x.pixel = :pixel AND x.day = c.day AND x.dimension = ${name})`;
  // On a day on which no event has the property, all lack it.
  const lacking = `iif(${exists(`'${PROPERTY_PREFIX}'`)}, '${OTHER}', '')`;
  return `${select('r.value')} ${ofDays(rolled)}
    UNION ALL ${select(lacking)} ${ofDays(`'${TOTAL}'`)}
    WHERE NOT ${exists(rolled)}`;
}
