/**
 * The pipeline of a query in one span: reads the columns that answer it, resolves its filters for all other days, writes its SQL, runs
 * it, reads the rows.
 */
import { err, ok, type Result } from '../model/result.ts';
import { prepare } from '../sql/statement.ts';
import { columnQuery, queryTask } from './column-query.ts';
import type { QueryContext } from './context.ts';
import { type ColumnDay, type DayStates, statesOfOthers } from './day-states.ts';
import type { Meter } from './meter.ts';
import { planOf } from './needs.ts';
import type { ParsedQuery } from './parsed-query.ts';
import type { QueryError } from './query-error.ts';
import { readColumns } from './read-columns.ts';
import { matchingGoals, resolveFilters } from './resolve.ts';
import { askerOf, missingEvents } from './retention.ts';
import { type Revenue, revenueOf } from './revenue.ts';
import { sourcesOf } from './sources.ts';
import { valuesOf } from './sql/parameters.ts';
import { sqlOf } from './sql/query.ts';

export type MetricValue = number | Revenue | null;

export interface Row {
  readonly metrics: readonly MetricValue[];
  readonly dimensions: readonly string[];
}

export interface QueryRows {
  readonly rows: readonly Row[];
  /** The number of rows without pagination; null if it was not requested. */
  readonly total: number | null;
  /** The days that columns have not answered, as they were when the rows were read. */
  readonly days: DayStates;
  /** The days that columns have answered. */
  readonly columnDays: readonly ColumnDay[];
  /** The events of days that neither rollups nor columns have answered. */
  readonly events: number;
  /** Whether rollups may have answered for days that have one. */
  readonly usesRollups: boolean;
  readonly hasMultipleCurrencies: boolean;
}

export async function readRows(
  db: D1Database,
  query: ParsedQuery,
  given: QueryContext,
  meter: Meter,
  withTotal = false,
): Promise<Result<QueryRows, QueryError>> {
  const goals = matchingGoals(query, given.pixel, meter);
  if (!goals.ok) return goals;
  const task = queryTask(columnQuery(query, given, meter), sourcesOf(query, given.moments));
  const read = await readColumns(db, query, given, task);
  if (!read.ok) return read;
  const context = read.value;
  const filters = await resolveFilters(db, query, context, goals.value, meter);
  if (!filters.ok) return filters;
  const resolved = { ...query, filters: filters.value };
  const plan = planOf(resolved, context);
  const sql = sqlOf(plan);
  const values = valuesOf(plan);
  const [states, answer, total] = await db.batch<Record<string, unknown>>([
    statesOfOthers(db, resolved, context, context.columns.days, plan.needs.usesRollups),
    prepare(db, sql.rows, values),
    ...(withTotal ? [prepare(db, sql.total, values)] : []),
  ]);
  const days = states?.results[0] as unknown as DayStates;
  const { usesRollups } = plan.needs;
  const detail = missingEvents(askerOf(query, context.moments), context, days, usesRollups);
  if (detail !== null) return err({ reason: 'beyond_retention', detail });
  const rows = answer?.results ?? [];
  return ok({
    rows: rows.map((row) => rowOf(row, resolved)),
    total: total ? Number(total.results[0]?.['total'] ?? 0) : null,
    days,
    columnDays: context.columns.days,
    events: context.days.events,
    usesRollups,
    hasMultipleCurrencies: rows.some((row) => Number(row['currencies'] ?? 0) > 1),
  });
}

function rowOf(row: Record<string, unknown>, { metrics, dimensions }: ParsedQuery): Row {
  return {
    metrics: metrics.map(({ name, ofSales }): MetricValue => {
      const value = row[name];
      if (value === null || value === undefined) return null;
      return ofSales ? revenueOf(Number(value), String(row['currency'])) : Number(value);
    }),
    dimensions: dimensions.map((_, index) => String(row[`dimension${index}`])),
  };
}
