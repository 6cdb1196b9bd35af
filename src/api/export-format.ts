/** Writes the rows of an export, as one JSON object a line or as CSV. Each value can be read back exactly. */
import { decimalOf, type ExportedKind, type ExportedTable } from '../model/exported.ts';
import type { Row } from '../store/export.ts';
import { csvCell, csvJson, csvLine } from './csv.ts';

export const EXPORT_FORMAT_NAMES = ['ndjson', 'csv'] as const;
export type ExportFormatName = (typeof EXPORT_FORMAT_NAMES)[number];

export interface ExportFormat {
  readonly contentType: string;
  /** The text before the rows. */
  head(table: ExportedTable): string;
  /** Returns the function that writes a row. */
  writer(table: ExportedTable): (row: Row) => string;
}

export const EXPORT_FORMATS: Readonly<Record<ExportFormatName, ExportFormat>> = {
  ndjson: { contentType: 'application/x-ndjson; charset=utf-8', head: () => '', writer: jsonWriter },
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    head: ({ columns }) => csvLine(columns.map(({ name }) => name)),
    writer: csvWriter,
  },
};

type Cell = Row[number];

function jsonWriter({ columns }: ExportedTable): (row: Row) => string {
  const cells = columns.map(({ name, kind }, index) => {
    const before = `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`;
    return (row: Row) => before + jsonValue(kind, row[index] ?? null);
  });
  return (row) => `${cells.map((cell) => cell(row)).join('')}}\n`;
}

function jsonValue(kind: ExportedKind, cell: Cell): string {
  if (cell === null) return 'null';
  switch (kind) {
    case 'time':
      return `"${timeOf(cell)}"`;
    case 'amount':
      return decimalOf(Number(cell));
    case 'json':
      // Not parsed: an object would move keys like `2024` to the front.
      return cell === '' ? '{}' : String(cell);
    case 'number':
    case 'text':
      return cell === '' ? '""' : JSON.stringify(cell);
  }
}

function csvWriter({ columns }: ExportedTable): (row: Row) => string {
  return (row) => `${columns.map(({ kind }, index) => csvValue(kind, row[index] ?? null)).join(',')}\r\n`;
}

function csvValue(kind: ExportedKind, cell: Cell): string {
  if (cell === null || cell === '') return '';
  switch (kind) {
    case 'time':
      return timeOf(cell);
    case 'amount':
      return decimalOf(Number(cell));
    case 'json':
      return csvJson(String(cell));
    case 'number':
    case 'text':
      return csvCell(cell);
  }
}

function timeOf(cell: Cell): string {
  return new Date(Number(cell)).toISOString();
}
