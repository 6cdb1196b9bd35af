/** Answers a query: its spans, their days, its price, its rows, their comparison, the result. */
import type { Pixel } from '../model/pixel.ts';
import { ok, type Result } from '../model/result.ts';
import { compareRows } from './compare.ts';
import type { QueryContext } from './context.ts';
import { readDayStates } from './day-states.ts';
import { Meter } from './meter.ts';
import type { ParsedQuery } from './parsed-query.ts';
import { present, type QueryResult } from './present.ts';
import { type Allowance, charge, pricesOf, VIEWERS } from './price.ts';
import { invalidQuery, type QueryError } from './query-error.ts';
import { testsToResolve } from './resolve.ts';
import { readRows } from './rows.ts';
import { isProtected, protectionErrors } from './small-groups.ts';
import { resolveSpans } from './spans.ts';

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

  const days = await readDayStates(db, query, spans);
  const prices = pricesOf(query, testsToResolve(query), days, {
    goals: pixel.settings.goals.length,
    isSafe,
  });
  const tooExpensive = charge(prices, allowance);
  if (tooExpensive.length > 0) return invalidQuery(tooExpensive);

  const [own, other] = spans.map(
    (span, index) => ({ ...span, pixel, days: days[index], rows: null }) as QueryContext,
  ) as [QueryContext, QueryContext?];
  const meter = new Meter();
  const read = await readRows(db, query, own, meter, query.include.total_rows);
  if (!read.ok) return read;
  const { rows } = read.value;
  const results = other ? await compareRows(db, query, rows, [own, other], meter) : ok(rows);
  if (!results.ok) return results;
  return ok(present(requested, resolved.value, read.value, results.value, pixel, now));
}
