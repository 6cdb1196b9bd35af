/** Answers a query: its spans, their days, its price, its rows, their comparison, the result. */
import type { FieldError } from '../model/field-error.ts';
import type { Pixel } from '../model/pixel.ts';
import { ok, type Result } from '../model/result.ts';
import { columnQuery } from './column-query.ts';
import { NO_COLUMN_ROWS } from './column-rows.ts';
import { readSources } from './column-source.ts';
import type { ColumnQuery } from './columns/evaluate.ts';
import { columnsOf } from './columns/needed-columns.ts';
import { priceOfColumns } from './columns/price.ts';
import { compareRows } from './compare.ts';
import type { QueryContext } from './context.ts';
import type { Volume } from './day-states.ts';
import { Meter } from './meter.ts';
import type { ParsedQuery } from './parsed-query.ts';
import { present, type QueryResult } from './present.ts';
import { type Allowance, charge, priceOfSegments, pricesOf, VIEWERS } from './price.ts';
import { invalidQuery, type QueryError } from './query-error.ts';
import { testsToResolve } from './resolve.ts';
import { readRows } from './rows.ts';
import { isProtected, protectionErrors } from './small-groups.ts';
import { resolveSpans, type Span } from './spans.ts';

export async function runQuery(
  db: D1Database,
  requested: ParsedQuery,
  pixel: Pixel,
  now: number,
  allowance: Allowance = VIEWERS,
): Promise<Result<QueryResult, QueryError>> {
  const resolved = await resolveSpans(db, requested, pixel, now);
  if (!resolved.ok) return invalidQuery(resolved.error);
  const { query, spans } = resolved.value;
  const isSafe = isProtected(pixel.settings.min_group);
  const unprotected = isSafe ? protectionErrors(query) : [];
  if (unprotected.length > 0) return invalidQuery(unprotected);

  const meter = new Meter();
  const inColumns = (span: Span): ColumnQuery => columnQuery(query, { ...span, pixel }, meter);
  const sources = await readSources(db, query, pixel, spans, (span) => columnsOf(inColumns(span)));
  const pricesOfEvents = (volumes: readonly Volume[]): number[] =>
    pricesOf(query, testsToResolve(query), volumes, { goals: pixel.settings.goals.length, isSafe });
  const prices = [
    ...pricesOfEvents(sources.map(({ days }) => days)),
    ...spans.map((span, index) =>
      priceOfSegments(sources[index]?.source.heads ?? [], () => priceOfColumns(inColumns(span))),
    ),
  ];
  const tooExpensive = charge(prices, allowance);
  if (tooExpensive.length > 0) return invalidQuery(tooExpensive);

  const chargeEvents = (events: number): readonly FieldError[] =>
    charge(pricesOfEvents([{ events, rows: 0, days: 1 }]), allowance);
  const [own, other] = spans.map((span, index) => {
    const rest = { pixel, columns: NO_COLUMN_ROWS, rows: null, chargeEvents };
    return { ...span, ...sources[index], ...rest } as QueryContext;
  }) as [QueryContext, QueryContext?];
  const read = await readRows(db, query, own, meter, query.include.total_rows);
  if (!read.ok) return read;
  const { rows } = read.value;
  const results = other ? await compareRows(db, query, rows, [own, other], meter) : ok(rows);
  if (!results.ok) return results;
  return ok(present(requested, resolved.value, read.value, results.value, pixel, now));
}
