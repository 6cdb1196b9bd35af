/** Rows as a CSV file: the dimensions as they are stored, and the metrics with their units. */
import { csvLine } from '../api/csv.ts';
import type { MetricValue, QueryRequest, QueryResponse, Row } from './api.ts';
import { valueKindOf } from './dimensions.ts';
import { dimensionName, metricName, valueName } from './format.ts';
import { displayOf } from './metrics.ts';

type Cell = string | number | null;

interface Column {
  readonly name: string;
  cellOf(row: Row): Cell;
}

/** Excel reads a file without it in the system's legacy character set. */
const BYTE_ORDER_MARK = '\ufeff';

/** Saves rows as a file whose name has the site, the content and the days. */
export function saveCsv(
  site: string,
  what: string,
  query: QueryRequest,
  response: QueryResponse,
  hasChange: boolean,
): void {
  const content = new Blob([BYTE_ORDER_MARK, csvOf(query, response, hasChange)], {
    type: 'text/csv;charset=utf-8',
  });
  const [from, to] = response.query.date_range.map((end) => end.slice(0, 10));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = `${[site, what].map(slug).join('_')}_${from}_${to}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A text as a part of a file's name: `Fern & Kettle` is `fern-kettle`. */
const slug = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '') || 'speck';

function csvOf(query: QueryRequest, { results }: QueryResponse, hasChange: boolean): string {
  const columns = [
    ...(query.dimensions ?? []).flatMap(dimensionColumns),
    ...query.metrics.flatMap((metric, index) => [
      ...metricColumns(metric, (row) => row.metrics[index] ?? null, results),
      ...(hasChange && index === 0 ? changeColumns(metric) : []),
    ]),
  ];
  const lines = results.map((row) => csvLine(columns.map((column) => column.cellOf(row))));
  return csvLine(columns.map(({ name }) => name)) + lines.join('');
}

/** Countries and languages are stored as codes, so their names follow. */
function dimensionColumns(dimension: string, index: number): Column[] {
  const name = dimensionName(dimension);
  const stored = (row: Row): string => row.dimensions[index] ?? '';
  const kind = valueKindOf(dimension);
  if (kind !== 'country' && kind !== 'language') return [{ name, cellOf: stored }];
  return [
    { name: `${name} code`, cellOf: stored },
    { name, cellOf: (row) => valueName(dimension, stored(row)) },
  ];
}

const UNITS: Readonly<Record<string, string>> = { seconds: ' (seconds)', percent: ' (%)', share: ' (%)' };

/** A metric's column. The currency of money has a column of its own. */
function metricColumns(metric: string, cellOf: (row: Row) => MetricValue, rows: readonly Row[]): Column[] {
  const format = displayOf(metric)?.format ?? '';
  const number = (row: Row): Cell => {
    const value = cellOf(row);
    return value !== null && typeof value === 'object' ? value.value : value;
  };
  const column = { name: metricName(metric) + (UNITS[format] ?? ''), cellOf: number };
  if (format !== 'money') return [column];
  const currency = (row: Row): Cell => {
    const value = cellOf(row);
    return value !== null && typeof value === 'object' ? value.currency : null;
  };
  return rows.length > 0 ? [column, { name: `${column.name}, currency`, cellOf: currency }] : [column];
}

function changeColumns(metric: string): Column[] {
  const number = (value: MetricValue | undefined): Cell =>
    value !== null && typeof value === 'object' ? value.value : (value ?? null);
  return [
    { name: `${metricName(metric)} before`, cellOf: ({ comparison }) => number(comparison?.metrics[0]) },
    { name: 'Change (%)', cellOf: ({ comparison }) => comparison?.change[0] ?? null },
  ];
}
