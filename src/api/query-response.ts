/** Writes the result of a query, as JSON or CSV. Clients may cache it for half a minute. */
import { METRICS } from '../model/metrics.ts';
import type { ResultRow } from '../query/compare.ts';
import type { ParsedQuery } from '../query/parsed-query.ts';
import type { QueryResult } from '../query/present.ts';
import type { MetricValue } from '../query/rows.ts';
import { cachedResponse } from './cached.ts';
import { csvLine } from './csv.ts';

export const RESPONSE_FORMATS = ['json', 'csv'] as const;
export type ResponseFormat = (typeof RESPONSE_FORMATS)[number];

/** The names of the values in a row. */
export interface ColumnNames {
  readonly dimensions: readonly string[];
  readonly metrics: readonly string[];
}

/** The names that a query uses itself. */
export function namesOf(query: ParsedQuery): ColumnNames {
  return {
    dimensions: query.dimensions.map((dimension) => dimension?.name ?? query.time ?? ''),
    metrics: query.metrics.map(({ name }) => name),
  };
}

/** The rows of a result as objects with named values, including the comparison and the change if there are any. */
export function namedRows(result: QueryResult, names: ColumnNames): Record<string, unknown>[] {
  const byName = (keys: readonly string[], values: readonly unknown[]): Record<string, unknown> =>
    Object.fromEntries(keys.map((key, index) => [key, values[index]]));
  return result.results.map(({ dimensions, metrics, comparison }) => ({
    ...byName(names.dimensions, dimensions),
    ...byName(names.metrics, metrics),
    ...(comparison && {
      comparison: byName(names.metrics, comparison.metrics),
      change: byName(names.metrics, comparison.change),
    }),
  }));
}

/** A result as JSON. @param rows the rows of the result, or those of `namedRows`. */
export async function jsonOf(
  { results: _, ...rest }: QueryResult,
  rows: readonly unknown[],
): Promise<string> {
  const texts = await inChunks(rows, (chunk) => JSON.stringify(chunk).slice(1, -1));
  return `{"results":[${texts.join(',')}],${JSON.stringify(rest).slice(1)}`;
}

/**
 * A result as CSV: a line of names, and a line for each row. A column with the currency follows each amount of money. After all
 * metrics come those of the comparison, then the changes. Both are empty if a row has no counterpart.
 */
export async function csvOf(result: QueryResult, names: ColumnNames): Promise<string> {
  const hasComparison = 'comparison_date_range' in result.meta;
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
    ...(hasComparison
      ? [...withCurrency('comparison_'), ...names.metrics.map((name) => `change_${name}`)]
      : []),
  ];
  const lineOf = ({ dimensions, metrics, comparison }: ResultRow): string =>
    csvLine([
      ...dimensions,
      ...cells(metrics),
      ...(hasComparison ? [...cells(comparison?.metrics ?? []), ...changes(comparison?.change ?? [])] : []),
    ]);
  return csvLine(head) + (await inChunks(result.results, (rows) => rows.map(lineOf).join(''))).join('');
}

/** Rows in a chunk. Writing ten thousand rows with long texts would block the isolate, which also answers pixels, for 100 ms. */
const CHUNK_ROWS = 1000;

/** Writes rows in chunks. Between chunks, the isolate handles other requests. */
async function inChunks<T>(rows: readonly T[], write: (chunk: readonly T[]) => string): Promise<string[]> {
  const texts: string[] = [];
  for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
    if (from > 0) await scheduler.wait(0);
    texts.push(write(rows.slice(from, from + CHUNK_ROWS)));
  }
  return texts;
}

function amountOf(value: MetricValue): number | null {
  return typeof value === 'object' ? (value?.value ?? null) : value;
}

const HEADERS = {
  'cache-control': 'private, max-age=30',
  vary: 'Accept, Authorization, Cookie, X-Speck-Session, X-Speck-Public, X-D1-Bookmark',
};

export function jsonResponse(
  request: Request,
  json: string,
  cacheControl = HEADERS['cache-control'],
): Promise<Response> {
  const headers = { ...HEADERS, 'cache-control': cacheControl, 'content-type': 'application/json' };
  return cachedResponse(request, json, headers);
}

export function csvResponse(request: Request, csv: string): Promise<Response> {
  const type = 'text/csv; charset=utf-8; header=present';
  return cachedResponse(request, csv, { ...HEADERS, 'content-type': type });
}

/** The format that the header Accept prefers. Default: JSON. */
export function responseFormatOf(request: Request): ResponseFormat {
  const accept = request.headers.get('accept') ?? '';
  const qualityOf = (type: string): number => {
    const range = accept.split(',').find((item) => item.split(';')[0]?.trim().toLowerCase() === type);
    return range === undefined ? 0 : Number(/;\s*q=([\d.]+)/i.exec(range)?.[1] ?? 1);
  };
  return qualityOf('text/csv') > qualityOf('application/json') ? 'csv' : 'json';
}
