/** The rows of a query in one span: from its columns, and by the SQL of all other days. */
import { ok, type Result } from '../model/result.ts';
import { prepare } from '../sql/statement.ts';
import { readAnswer } from './answer.ts';
import { columnQuery, queryTask } from './column-query.ts';
import type { QueryContext } from './context.ts';
import type { ColumnDay, DayStates } from './day-states.ts';
import type { Meter } from './meter.ts';
import { planOf } from './needs.ts';
import type { ParsedQuery } from './parsed-query.ts';
import type { QueryError } from './query-error.ts';
import { askerOf } from './retention.ts';
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
  const task = queryTask(columnQuery(query, given, meter), sourcesOf(query, given));
  const asker = askerOf(query, given);
  const read = await readAnswer(db, query, { given, task, asker, meter }, (resolved, context) => {
    const plan = planOf(resolved, context);
    const sql = sqlOf(plan);
    const values = valuesOf(plan);
    return [prepare(db, sql.rows, values), ...(withTotal ? [prepare(db, sql.total, values)] : [])];
  });
  if (!read.ok) return read;
  const { context, days, results } = read.value;
  const [rows = [], total] = results;
  return ok({
    rows: rows.map((row) => rowOf(row, query)),
    total: total ? Number(total[0]?.['total'] ?? 0) : null,
    days,
    columnDays: context.columns.days,
    events: context.days.events,
    usesRollups: task.sources.rollups,
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
