/** How the answer to a question is written: as JSON or CSV, to be kept for half a minute. */
import { METRICS } from '../model/metrics.ts';
import type { ResultRow } from '../query/compare.ts';
import type { QueryResult } from '../query/present.ts';
import type { Question } from '../query/question.ts';
import type { MetricValue } from '../query/rows.ts';
import { cachedResponse } from './cached.ts';
import { csvLine } from './csv.ts';

export const ANSWER_FORMATS = ['json', 'csv'] as const;
export type AnswerFormat = (typeof ANSWER_FORMATS)[number];

/** What the parts of a row are called. */
export interface Names {
  readonly dimensions: readonly string[];
  readonly metrics: readonly string[];
}

/** A question's own names. */
export function namesOf(question: Question): Names {
  return {
    dimensions: question.dimensions.map((dimension) => dimension?.name ?? question.time ?? ''),
    metrics: question.metrics.map(({ name }) => name),
  };
}

/** An answer's rows with a name before each value, and beside them a comparison and the change since. */
export function namedRows(answer: QueryResult, names: Names): Record<string, unknown>[] {
  const named = (keys: readonly string[], values: readonly unknown[]): Record<string, unknown> =>
    Object.fromEntries(keys.map((key, index) => [key, values[index]]));
  return answer.results.map(({ dimensions, metrics, comparison }) => ({
    ...named(names.dimensions, dimensions),
    ...named(names.metrics, metrics),
    ...(comparison && {
      comparison: named(names.metrics, comparison.metrics),
      change: named(names.metrics, comparison.change),
    }),
  }));
}

/** An answer as JSON. @param rows those of the answer, as they are, or with names. */
export async function jsonOf(
  { results: _, ...rest }: QueryResult,
  rows: readonly unknown[],
): Promise<string> {
  const texts = await inPortions(rows, (portion) => JSON.stringify(portion).slice(1, -1));
  return `{"results":[${texts.join(',')}],${JSON.stringify(rest).slice(1)}`;
}

/**
 * An answer as CSV: a line of names, and a line a row. Beside an amount of money stands its currency; after all metrics,
 * those that are compared with, then the changes, which are empty where a row has no counterpart.
 */
export async function csvOf(answer: QueryResult, names: Names): Promise<string> {
  const compared = 'comparison_date_range' in answer.meta;
  const money = new Set(names.metrics.filter((name) => METRICS.get(name)?.ofSales));
  const withCurrency = (prefix: string): string[] =>
    names.metrics.flatMap((name) => [
      prefix + name,
      ...(money.has(name) ? [`${prefix}${name}_currency`] : []),
    ]);
  const cells = (values: readonly MetricValue[]): (string | number | null)[] =>
    names.metrics.flatMap((name, index) => {
      const value = values[index] ?? null;
      if (!money.has(name)) return [amountOf(value)];
      return [amountOf(value), typeof value === 'object' ? (value?.currency ?? null) : null];
    });
  const changes = (values: readonly (number | null)[]): (number | null)[] =>
    names.metrics.map((_, index) => values[index] ?? null);

  const head = [
    ...names.dimensions,
    ...withCurrency(''),
    ...(compared ? [...withCurrency('comparison_'), ...names.metrics.map((name) => `change_${name}`)] : []),
  ];
  const lineOf = ({ dimensions, metrics, comparison }: ResultRow): string =>
    csvLine([
      ...dimensions,
      ...cells(metrics),
      ...(compared ? [...cells(comparison?.metrics ?? []), ...changes(comparison?.change ?? [])] : []),
    ]);
  return csvLine(head) + (await inPortions(answer.results, (rows) => rows.map(lineOf).join(''))).join('');
}

/** Rows that are written at once. Ten thousand with long texts would hold the isolate, which also answers pixels, for 100 ms. */
const CHUNK_BYTES = 1000;

/** Writes rows in portions, between which the isolate does what else there is. */
async function inPortions<T>(
  rows: readonly T[],
  write: (portion: readonly T[]) => string,
): Promise<string[]> {
  const texts: string[] = [];
  for (let from = 0; from < rows.length; from += CHUNK_BYTES) {
    if (from > 0) await scheduler.wait(0);
    texts.push(write(rows.slice(from, from + CHUNK_BYTES)));
  }
  return texts;
}

function amountOf(value: MetricValue): number | null {
  return typeof value === 'object' ? (value?.value ?? null) : value;
}

const HEADERS = {
  'cache-control': 'private, max-age=30',
  vary: 'Accept, Authorization, Cookie, X-Speck-Session',
};

export function jsonResponse(request: Request, json: string): Promise<Response> {
  return cachedResponse(request, json, { ...HEADERS, 'content-type': 'application/json' });
}

export function csvResponse(request: Request, csv: string): Promise<Response> {
  const type = 'text/csv; charset=utf-8; header=present';
  return cachedResponse(request, csv, { ...HEADERS, 'content-type': type });
}

/** The format that a request's header Accept likes best; JSON when it does not care. */
export function responseFormatOf(request: Request): AnswerFormat {
  const accept = request.headers.get('accept') ?? '';
  const liked = (type: string): number => {
    const range = accept.split(',').find((one) => one.split(';')[0]?.trim().toLowerCase() === type);
    return range === undefined ? 0 : Number(/;\s*q=([\d.]+)/i.exec(range)?.[1] ?? 1);
  };
  return liked('text/csv') > liked('application/json') ? 'csv' : 'json';
}
