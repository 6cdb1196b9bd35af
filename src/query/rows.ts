/** The pipeline of a query in one span: resolves its filters, finds what it needs, writes its SQL, runs it, reads the rows. */
import { err, ok, type Result } from '../model/result.ts';
import { prepare } from '../sql/statement.ts';
import type { QueryContext } from './context.ts';
import { type DayStates, dayStatesStatement } from './day-states.ts';
import type { Meter } from './meter.ts';
import { planOf } from './needs.ts';
import type { ParsedQuery } from './parsed-query.ts';
import type { QueryError } from './query-error.ts';
import { resolveFilters } from './resolve.ts';
import { missingEvents } from './retention.ts';
import { type Revenue, revenueOf } from './revenue.ts';
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
  /** The days as they were when the rows were read. */
  readonly days: DayStates;
  /** Whether rollups may have answered for days that have one. */
  readonly usesRollups: boolean;
  readonly hasMultipleCurrencies: boolean;
}

export async function readRows(
  db: D1Database,
  query: ParsedQuery,
  context: QueryContext,
  meter: Meter,
  withTotal = false,
): Promise<Result<QueryRows, QueryError>> {
  const filters = await resolveFilters(db, query, context, meter);
  if (!filters.ok) return filters;
  const resolved = { ...query, filters: filters.value };
  const plan = planOf(resolved, context);
  const sql = sqlOf(plan);
  const values = valuesOf(plan);
  const [states, answer, total] = await db.batch<Record<string, unknown>>([
    // In the transaction of the answer: a day must not lose its events between the check and the answer.
    dayStatesStatement(db, resolved, context),
    prepare(db, sql.rows, values),
    ...(withTotal ? [prepare(db, sql.total, values)] : []),
  ]);
  const days = states?.results[0] as unknown as DayStates;
  const { usesRollups } = plan.needs;
  const detail = missingEvents(resolved, context, days, usesRollups);
  if (detail !== null) return err({ reason: 'beyond_retention', detail });
  const rows = answer?.results ?? [];
  return ok({
    rows: rows.map((row) => rowOf(row, resolved)),
    total: total ? Number(total.results[0]?.['total'] ?? 0) : null,
    days,
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
