/** Funnels: how many visits or people came from goal to goal, within a visit, or within a person's window across visits. */
import type { FieldError } from '../model/field-error.ts';
import type { Funnel, Goal } from '../model/goal.ts';
import type { Pixel } from '../model/pixel.ts';
import { ok, type Result } from '../model/result.ts';
import { prepare } from '../sql/statement.ts';
import { readAnswer } from './answer.ts';
import { columnFunnel, funnelTask } from './column-query.ts';
import { NO_COLUMN_ROWS } from './column-rows.ts';
import { readSources, type SpanSources, segmentsIn, withOpenDays } from './column-source.ts';
import { priceOfColumns } from './columns/price.ts';
import type { QueryContext } from './context.ts';
import type { Volume } from './day-states.ts';
import { type EngineQueries, openDaysOfSpans } from './engine-queries.ts';
import { Meter } from './meter.ts';
import { needsOfFunnel } from './needs.ts';
import type { ParsedQuery } from './parsed-query.ts';
import { type Allowance, charge, priceOfSegments, pricesOfFunnel, VIEWERS } from './price.ts';
import { invalidQuery, type QueryError } from './query-error.ts';
import type { DayRange } from './range.ts';
import { testsToResolve } from './resolve.ts';
import { askerOfFunnel } from './retention.ts';
import { funnelErrors, isProtected } from './small-groups.ts';
import { resolveSpans } from './spans.ts';
import { funnelSql } from './sql/funnel.ts';
import { valuesOfFunnel } from './sql/parameters.ts';

export interface FunnelStep {
  readonly goal: string;
  /** Visits or people that reached this step. This and the other numbers are null if they may not be reported. */
  readonly count: number | null;
  /** In per cent of the first and of the previous step, with two decimals; 0 if nobody reached that step. */
  readonly of_first: number | null;
  readonly of_previous: number | null;
  /** How many of those that reached the previous step did not reach this one. */
  readonly lost: number | null;
}

export interface FunnelResult {
  readonly steps: readonly FunnelStep[];
  readonly range: DayRange;
}

/**
 * Runs a funnel for the visits or people with an event that matches the query's filters.
 *
 * @param requested the query. Only its range and filters are used.
 */
export async function runFunnel(
  db: D1Database,
  pixel: Pixel,
  funnel: Funnel,
  requested: ParsedQuery,
  now: number,
  allowance: Allowance = VIEWERS,
  engine: EngineQueries | null = null,
): Promise<Result<FunnelResult, QueryError>> {
  const resolved = await resolveSpans(db, requested, pixel, now);
  if (!resolved.ok) return invalidQuery(resolved.error);
  const {
    range,
    spans: [span],
  } = resolved.value;
  const { settings } = pixel;
  const isSafe = isProtected(settings.min_group);
  const unprotected = isSafe ? funnelErrors(funnel, requested) : [];
  if (unprotected.length > 0) return invalidQuery(unprotected);

  const meter = new Meter();
  const steps = funnel.steps.flatMap((step) => settings.goals.find(({ name }) => name === step) ?? []);
  const evaluated = columnFunnel(requested, pixel, steps, meter);
  const asker = askerOfFunnel(funnel, requested);
  const task = funnelTask(evaluated, { rollups: false, columns: asker.byColumns });
  const open = await openDaysOfSpans(engine, pixel, [span], asker.byColumns, now);
  if (!open.ok) return open;
  const [stored] = await readSources(db, requested, pixel, [span], () => task.begin().columns, task.sources);
  const sources = withOpenDays(stored as SpanSources, open.value[0]?.open ?? []);
  const [sampled] = open.value[0]?.sampled ?? [];
  if (sampled !== undefined) return invalidQuery([sampledFunnel(sampled)]);
  const pricesOf = (volume: Volume): number[] =>
    pricesOfFunnel(requested, testsToResolve(requested), steps.length, volume, {
      goals: settings.goals.length,
      isSafe,
    });
  const given = {
    ...span,
    ...sources,
    pixel,
    columns: NO_COLUMN_ROWS,
    rows: null,
    chargeEvents: (events) => charge(pricesOf({ events, rows: 0, days: 1 }), allowance),
  } as QueryContext;
  const heads = segmentsIn(given.source);
  // Without columns, there may be filters that columns do not know.
  const ofColumns = heads.length === 0 ? null : priceOfColumns(evaluated);
  const prices = [...pricesOf(given.days), ofColumns ? priceOfSegments(heads, () => ofColumns) : 0];
  const tooExpensive = charge(prices, allowance);
  if (tooExpensive.length > 0) return invalidQuery(tooExpensive);

  const read = await readAnswer(db, requested, { given, task, asker, meter }, (query, context) => {
    const plan = { query, context, needs: needsOfFunnel(query, context) };
    return [prepare(db, funnelSql(plan, funnel, steps.length), valuesOfFunnel(plan, steps))];
  });
  if (!read.ok) return read;
  const row = read.value.results[0]?.[0] ?? {};
  const countOf = (step: number): number | null => row[`count${step}`] as number | null;
  return ok({
    range,
    steps: stepsOf(
      steps,
      steps.map((_, step) => countOf(step)),
    ),
  });
}

const sampledFunnel = (day: string): FieldError => ({
  path: 'date_range',
  message: `Analytics Engine has kept only a sample of ${day}, from which a funnel cannot be told. Choose a range without this day.`,
});

/**
 * @param counts null if they may not be reported. Rounded counts may grow from step to step, so each is limited to the one
 * before.
 */
function stepsOf(goals: readonly Goal[], counts: readonly (number | null)[]): FunnelStep[] {
  const share = (part: number, total: number): number =>
    total === 0 ? 0 : Math.round((10_000 * part) / total) / 100;
  const first = counts[0] ?? null;
  let before = first;
  return goals.map(({ name }, place) => {
    const count = counts[place] ?? null;
    const previous = before;
    if (count === null || first === null || previous === null) {
      before = null;
      return { goal: name, count: null, of_first: null, of_previous: null, lost: null };
    }
    before = Math.min(count, previous);
    return {
      goal: name,
      count: before,
      of_first: share(before, first),
      of_previous: share(before, previous),
      lost: previous - before,
    };
  });
}
