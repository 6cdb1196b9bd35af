/** Answers a query: its spans, their days, its price, its rows, their comparison, the result. */
import type { FieldError } from '../model/field-error.ts';
import type { Pixel } from '../model/pixel.ts';
import { ok, type Result } from '../model/result.ts';
import { columnQuery } from './column-query.ts';
import { NO_COLUMN_ROWS } from './column-rows.ts';
import { readSources, type SpanSources, segmentsIn, withOpenDays } from './column-source.ts';
import type { ColumnQuery } from './columns/evaluate.ts';
import { columnsOf } from './columns/needed-columns.ts';
import { priceOfColumns } from './columns/price.ts';
import { compareRows } from './compare.ts';
import type { QueryContext } from './context.ts';
import type { Volume } from './day-states.ts';
import { type EngineQueries, openDaysOfSpans } from './engine-queries.ts';
import { importedRange, importsAnswered } from './imports.ts';
import { Meter } from './meter.ts';
import type { ParsedQuery } from './parsed-query.ts';
import { runPeopleApart } from './people-apart.ts';
import { present, type QueryResult } from './present.ts';
import { type Allowance, charge, priceOfSegments, pricesOf, VIEWERS } from './price.ts';
import { invalidQuery, type QueryError } from './query-error.ts';
import { testsToResolve } from './resolve.ts';
import { readRows } from './rows.ts';
import type { Sampled } from './sampled-answer.ts';
import { isProtected, protectionErrors } from './small-groups.ts';
import { canUseColumns, isOfPeople } from './sources.ts';
import { resolveSpans, type Span } from './spans.ts';
import { settledSpan } from './trim.ts';

/** @param engine the days of Analytics Engine that have no columns; null if no event is there only. */
export async function runQuery(
  db: D1Database,
  requested: ParsedQuery,
  pixel: Pixel,
  now: number,
  allowance: Allowance = VIEWERS,
  engine: EngineQueries | null = null,
): Promise<Result<QueryResult, QueryError>> {
  const run = (query: ParsedQuery) => runAtOnce(db, query, pixel, now, allowance, engine);
  const isApart = engine !== null && isOfPeople(requested) && (await engine.areOf(pixel));
  return isApart ? runPeopleApart(requested, run) : run(requested);
}

async function runAtOnce(
  db: D1Database,
  requested: ParsedQuery,
  pixel: Pixel,
  now: number,
  allowance: Allowance,
  engine: EngineQueries | null,
): Promise<Result<QueryResult, QueryError>> {
  const resolved = await resolveSpans(db, requested, pixel, now);
  if (!resolved.ok) return invalidQuery(resolved.error);
  const { query } = resolved.value;
  const isSafe = isProtected(pixel.settings.min_group);
  const unprotected = isSafe ? protectionErrors(query) : [];
  if (unprotected.length > 0) return invalidQuery(unprotected);

  const meter = new Meter();
  const inColumns = (span: Span): ColumnQuery => columnQuery(query, { ...span, pixel }, meter);
  const all = resolved.value.spans.filter((span) => span !== undefined);
  const requestedSpans = engine !== null && (await engine.areOf(pixel)) ? all.map(inFullMinutes) : all;
  const open = await openDaysOfSpans(engine, pixel, requestedSpans, canUseColumns(query), now);
  if (!open.ok) return open;
  const sourcesFor = async (wanted: readonly Span[]): Promise<readonly SpanSources[]> => {
    const sources = await readSources(db, query, pixel, wanted, (span) => columnsOf(inColumns(span)));
    return sources.map((one, index) => withOpenDays(one, open.value[index]?.open ?? []));
  };
  let sources = await sourcesFor(requestedSpans);
  const spans = requestedSpans.map((span, index) =>
    index === 0 ? span : settledSpan(span, sources as [SpanSources, SpanSources], query, pixel, now),
  );
  // A day that counts in full may be answered from a rollup.
  if (spans[1]?.trimmed !== requestedSpans[1]?.trimmed) sources = await sourcesFor(spans);

  const pricesOfEvents = (volumes: readonly Volume[]): number[] =>
    pricesOf(query, testsToResolve(query), volumes, { goals: pixel.settings.goals.length, isSafe });
  const prices = [
    ...pricesOfEvents(sources.map(({ days }) => days)),
    ...spans.map((span, index) => priceOfColumnsIn(span, sources[index], inColumns(span))),
  ];
  const tooExpensive = charge(prices, allowance);
  if (tooExpensive.length > 0) return invalidQuery(tooExpensive);

  const chargeEvents = (events: number): readonly FieldError[] =>
    charge(pricesOfEvents([{ events, rows: 0, days: 1 }]), allowance);
  const sampled = await sampledOfSpans(engine, query, pixel, spans, open.value, meter);
  if (!sampled.ok) return sampled;
  const [own, other] = spans.map((span, index) => {
    const imported = importedRange(query, span, pixel);
    // With small groups protected, it depends on the query alone whether there are imported totals.
    const hasImported = imported && (isSafe || sources[index]?.days.imported !== undefined);
    const rest = { pixel, columns: NO_COLUMN_ROWS, rows: null, chargeEvents, sampled: sampled.value[index] };
    return { ...span, ...sources[index], ...rest, ...(hasImported ? { imported } : {}) } as QueryContext;
  }) as [QueryContext, QueryContext?];
  const read = await readRows(db, query, own, meter, query.include.total_rows);
  if (!read.ok) return read;
  const { rows } = read.value;
  const results = other ? await compareRows(db, query, rows, [own, other], meter) : ok(rows);
  if (!results.ok) return results;
  const until = other?.trimmed && other.moments ? other.moments.to + 1 : null;
  const imports = query.include.imports ? importsAnswered(query, own, other) : null;
  const sample = sampled.value[0] ?? sampled.value[1] ?? null;
  const shown = sample?.withMargins(results.value) ?? results.value;
  return ok(present(requested, resolved.value, until, read.value, shown, imports, sample, pixel, now));
}

const MINUTE = 60_000;

/** A span with the minutes in full in which it begins and ends: the events of a minute may be in columns only. */
function inFullMinutes(span: Span): Span {
  const { moments } = span;
  if (moments === null) return span;
  const from = Math.floor(moments.from / MINUTE) * MINUTE;
  const to = Math.ceil((moments.to + 1) / MINUTE) * MINUTE - 1;
  return { ...span, moments: { from, to } };
}

/** The estimates of each span with sampled days. With small groups protected, such days are answered by their rollups. */
async function sampledOfSpans(
  engine: EngineQueries | null,
  query: ParsedQuery,
  pixel: Pixel,
  spans: readonly Span[],
  days: readonly { readonly sampled: readonly string[] }[],
  meter: Meter,
): Promise<Result<readonly (Sampled | null)[], QueryError>> {
  const all: (Sampled | null)[] = [];
  for (const [index, span] of spans.entries()) {
    const { sampled = [] } = days[index] ?? {};
    if (engine === null || sampled.length === 0 || isProtected(pixel.settings.min_group)) all.push(null);
    else {
      const read = await engine.estimated(query, { ...span, pixel }, sampled, meter);
      if (!read.ok) return read;
      all.push(read.value);
    }
  }
  return ok(all);
}

/** The price of a span's columns. Only in the segments with the trimmed day does each event's time count. */
function priceOfColumnsIn({ trimmed }: Span, sources: SpanSources | undefined, query: ColumnQuery): number {
  const heads = segmentsIn(sources?.source);
  if (heads.length === 0) return 0;
  const [inPart, inFull] = [priceOfColumns(query), priceOfColumns(query, true)];
  return priceOfSegments(heads, ({ header }) =>
    trimmed === null || header.days.some(({ day }) => day === trimmed) ? inPart : inFull,
  );
}
