/** The values of the parameters of a query's SQL. */
import { countryNames } from '../../model/country-names.ts';
import type { Goal } from '../../model/goal.ts';
import { type Segment, segments } from '../../model/time-zone.ts';
import { goalParameter } from '../../sql/goals.ts';
import type { Values } from '../../sql/statement.ts';
import { stretchParameter } from '../../sql/stretches.ts';
import { type CellDay, cellDays, cellDaysParameter } from '../cell-days.ts';
import { parameterOf } from '../column-rows.ts';
import type { QueryContext } from '../context.ts';
import { columnOf } from '../groupings.ts';
import type { QueryPlan } from '../needs.ts';
import { type Filter, type ParsedQuery, testsIn } from '../parsed-query.ts';
import { bucketOf, daysIn, firstDayWith, fullMonths } from '../range.ts';
import { isProtected } from '../small-groups.ts';
import { keyOfProperty, nameOfRollup, valuesOfTest } from './parameter-names.ts';

/** The values of all parameters that the SQL of a query may have. */
export function valuesOf({ query, context, needs }: QueryPlan): Values {
  const { pixel, range } = context;
  const days = segmentsOf(context);
  const byColumns = new Set(context.columns.days.map(({ day }) => day));
  const others = days.filter(({ day }) => !byColumns.has(day));
  const dimensions = query.dimensions.filter((dimension) => dimension !== null);
  return {
    pixel: pixel.id,
    stretches: stretchParameter(
      others.map((segment) => ({ ...segment, bucket: bucketOf(needs.time, segment.day, range.from) })),
    ),
    goals: goalParameter(pixel.settings.goals),
    countries: countryNames(),
    first_day: range.from,
    ...query.pagination,
    ...(needs.usesRollups ? { months: JSON.stringify(monthsOf({ query, context, needs })) } : {}),
    ...(context.imported ? { imported_from: context.imported.from, imported_to: context.imported.to } : {}),
    ...(context.reportable
      ? { reportable_days: cellDaysParameter(reportableDays(query, context, days)) }
      : {}),
    ...Object.fromEntries(
      [...context.columns.lists].flatMap(([group, lists]) =>
        lists.map((list, index) => [parameterOf(group, index), list]),
      ),
    ),
    ...(context.rows ? { rows: JSON.stringify(context.rows) } : {}),
    ...Object.fromEntries(
      dimensions.flatMap((dimension, index) => [
        [nameOfRollup(columnOf(index)), dimension.rollup],
        ...(dimension.kind === 'property' ? [[keyOfProperty(columnOf(index)), dimension.key]] : []),
      ]),
    ),
    ...filterValues(query.filters, context),
  };
}

/** The days of a protected answer: those of its events, and of its imported totals. */
function reportableDays({ time }: ParsedQuery, context: QueryContext, days: readonly Segment[]): CellDay[] {
  const { imported, reportable } = context;
  if (!imported || !reportable) return cellDays(days, context, time);
  const all = [...days, ...daysIn(imported).map((day) => ({ day }))];
  // What is before the first imported day is complete.
  const firstDay = firstDayWith(reportable.firstDay, context.pixel.imported);
  return cellDays(all, { ...context, reportable: { ...reportable, firstDay } }, time);
}

/** The values of all parameters that the SQL of a funnel may have. @param steps its goals. */
export function valuesOfFunnel(plan: QueryPlan, steps: readonly Goal[]): Values {
  const { goals } = plan.context.pixel.settings;
  // The steps in their order, followed by the goals that filters may name.
  return { ...valuesOf(plan), goals: goalParameter([...steps, ...goals]) };
}

/** The values of the tests in filters. */
function filterValues(filters: readonly Filter[], { pixel }: Pick<QueryContext, 'pixel'>): Values {
  // With small groups protected, a group has one value: multiple values could be distinguished by a query for each.
  const isSafe = isProtected(pixel.settings.min_group);
  return Object.fromEntries(
    filters.flatMap(testsIn).flatMap((test) => {
      const { dimension, values, others } = test;
      return [
        [valuesOfTest(test), JSON.stringify(isSafe ? values : [...values, ...others])],
        ...(dimension.kind === 'property' ? [[keyOfProperty(valuesOfTest(test)), dimension.key]] : []),
      ];
    }),
  );
}

/** The segments of the days of a range that may have events, or the parts of them that are read. */
export function segmentsOf({
  pixel,
  days,
  reads,
}: Pick<QueryContext, 'pixel' | 'days' | 'reads'>): Segment[] {
  if (days.first === null || days.last === null) return [];
  const all = segments(pixel.timezone, days.first, days.last);
  if (reads === undefined) return all;
  return all
    .map((one) => ({
      ...one,
      start: Math.max(one.start, reads.from),
      end: Math.min(one.end, reads.to + 1),
    }))
    .filter(({ start, end }) => start < end);
}

/**
 * The months that may be answered from their own rollups: none for a time dimension by day, and none for properties, which
 * months do not have. The people of older days are checked day by day.
 */
function monthsOf({ query, context, needs }: QueryPlan): string[] {
  const { range, peopleSince, columns, trimmed } = context;
  // A month's rollup would count the days that columns have answered, and all of a day that counts in part.
  const apart = new Set([...columns.days.map(({ day }) => day), trimmed ?? ''].map((day) => day.slice(0, 7)));
  const fits =
    (needs.time === null || needs.time === 'time:month') &&
    query.dimensions.every((dimension) => dimension?.kind !== 'property') &&
    (!needs.isOfPeople || range.from >= peopleSince);
  return fits ? fullMonths(range).filter((month) => !apart.has(month)) : [];
}
