/**
 * The rollup of a day of which Analytics Engine has kept a sample: estimates, for the time after the sample is gone. It has what each event
 * says by itself: events, page views, sales and visitors. Visits, and all that is computed from them, are 0.
 */
import { estimate } from '../engine/estimate.ts';
import { ATTRIBUTION_FIELDS } from '../engine/fields.ts';
import type { EngineReader } from '../engine/reader.ts';
import { timeRuns } from '../engine/time-runs.ts';
import type { ColumnDimension } from '../model/dimensions.ts';
import { ENGAGEMENT } from '../model/event.ts';
import { SALE_COUNTS, VISIT_COUNTS } from '../model/metrics.ts';
import { segments } from '../model/time-zone.ts';
import { type CountedGroup, countIn, EstimatedGroups } from '../query/estimated-groups.ts';
import { type JsonRow, jsonLists } from '../sql/json-lists.ts';
import { HOUR, TOTAL } from '../sql/rollups.ts';
import { readStoredEvents } from '../store/day-events.ts';
import type { DayToRollUp } from '../store/due-days.ts';
import { SAMPLED_DIMENSIONS } from './sampled-dimensions.ts';

const NO_VISITS = VISIT_COUNTS.map(() => 0);
const NO_SALES = SALE_COUNTS.map(() => 0);

/**
 * The rows of the rollup as JSON lists: dimension, value, currency and counts.
 *
 * @throws EngineError, and what D1 throws.
 */
export async function estimatedCounts(
  db: D1Database,
  reader: EngineReader,
  { pixel, day, timezone, starts_at, ends_at }: DayToRollUp,
): Promise<readonly string[]> {
  const stretches = segments(timezone, day, day);
  const groupings: readonly { readonly name: string; readonly dimension: ColumnDimension | null }[] = [
    { name: TOTAL, dimension: null },
    { name: HOUR, dimension: null },
    ...SAMPLED_DIMENSIONS.map((dimension) => ({ name: dimension.rollup, dimension })),
  ];
  const all = groupings.map(({ name, dimension }) => ({
    name,
    dimension,
    groups: new EstimatedGroups(name === HOUR ? 'hour' : null, dimension ? [dimension.column] : []),
  }));
  for (const { name, dimension, groups } of all) {
    const estimates = await estimate(reader, {
      pixel,
      runs: timeRuns(stretches),
      time: name === HOUR ? 'hour' : null,
      fields: dimension ? [dimension.column] : [],
      where: [],
      wants: { visitors: true, sales: true },
    });
    for (const group of estimates.groups) groups.addEstimate(group);
  }
  for await (const { events } of readStoredEvents(db, { pixel, since: starts_at, until: ends_at })) {
    for (const event of events) {
      if (event.name === ENGAGEMENT) continue;
      const offset = stretches.findLast(({ start }) => start <= event.ts)?.offset ?? 0;
      for (const { groups } of all) groups.addEvent(event, day, offset);
    }
  }
  return jsonLists(
    all.flatMap(({ name, dimension, groups }) => {
      const isAttribution = dimension !== null && ATTRIBUTION_FIELDS.has(dimension.column);
      return groups.all().flatMap((group) => rowsOf(name, group, isAttribution));
    }),
  );
}

/** @param isAttribution whether the group is of what brought a visit, of which only visitors can be told. */
function rowsOf(dimension: string, group: CountedGroup, isAttribution: boolean): JsonRow[] {
  const value = dimension === HOUR ? group.time : (group.values[0] ?? '');
  const counts = VISIT_COUNTS.map((name) =>
    isAttribution && name !== 'visitors' ? 0 : countIn(group, name),
  );
  const sales = isAttribution ? [] : [...group.sales];
  return [
    ...(counts.some((count) => count !== 0) ? [[dimension, value, '', ...counts, ...NO_SALES]] : []),
    ...sales.map(([currency, { revenue, sales: count }]) => [
      dimension,
      value,
      currency,
      ...NO_VISITS,
      Math.round(revenue.value),
      Math.round(count.value),
    ]),
  ];
}
