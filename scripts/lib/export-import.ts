/** The events in an export of Speck, NDJSON or CSV, as lines that `PUT /api/v1/pixels/:id/events` takes. */
import { csvRecords, restoreText } from '../../src/api/csv.ts';
import { type Chunks, splitLines } from '../../src/imports/read-lines.ts';
import { EXPORTED_EVENTS, type ExportedKind } from '../../src/model/exported.ts';
import type { FileEvent } from './batch.ts';
import type { Report } from './import-report.ts';

export type ExportFormat = 'ndjson' | 'csv';

/** The format of an export that begins like this and is no log; null for anything else. */
export function exportFormat(start: string): ExportFormat | null {
  if (start.startsWith('{')) return 'ndjson';
  return /^"?ts"?,/.test(start) ? 'csv' : null;
}

export function exportEvents(
  format: ExportFormat,
  chunks: Chunks,
  report: Report,
): AsyncGenerator<FileEvent> {
  return format === 'csv' ? csvEvents(chunks, report) : jsonEvents(chunks, report);
}

/** In bytes. The largest event takes a quarter of it. */
const LONGEST_LINE = 256 * 1024;

async function* jsonEvents(chunks: Chunks, report: Report): AsyncGenerator<FileEvent> {
  for await (const { number, text } of splitLines(chunks, LONGEST_LINE)) {
    const line = text?.trim();
    if (line === '') continue;
    report.line();
    const time = line === undefined ? undefined : timeOf(line);
    if (line === undefined) report.unreadable(number, 'is longer than any event');
    else if (time === undefined) report.unreadable(number, 'is not JSON');
    else {
      report.event(time);
      yield { text: line, line: number };
    }
  }
}

/** The time of an event; undefined if the line is not JSON. Speck rejects a time that is not valid. */
function timeOf(line: string): number | undefined {
  try {
    const event = JSON.parse(line) as { readonly ts?: string } | null;
    return Date.parse(event?.ts ?? '');
  } catch {
    return undefined;
  }
}

async function* csvEvents(chunks: Chunks, report: Report): AsyncGenerator<FileEvent> {
  let header: readonly string[] | undefined;
  let number = 0;
  for await (const record of csvRecords(textOf(chunks))) {
    number += 1;
    if (!header) {
      header = record;
      continue;
    }
    report.line();
    if (record.length !== header.length) {
      report.unreadable(number, `has ${record.length} cells in place of ${header.length}`);
      continue;
    }
    const names = header;
    report.event(Date.parse(record[names.indexOf('ts')] ?? ''));
    const entries = record.map((cell, place) => entryOf(names[place] ?? '', cell));
    yield { text: `{${entries.join(',')}}`, line: number };
  }
}

async function* textOf(chunks: Chunks): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

const KINDS: ReadonlyMap<string, ExportedKind> = new Map(
  EXPORTED_EVENTS.columns.map(({ name, kind }) => [name, kind]),
);

/** A cell as JSON. A cell that is not of its column's kind becomes a text, and Speck rejects it. */
function entryOf(name: string, cell: string): string {
  return `${JSON.stringify(name)}:${jsonOf(KINDS.get(name) ?? 'text', cell)}`;
}

function jsonOf(kind: ExportedKind, cell: string): string {
  switch (kind) {
    case 'amount':
    case 'number':
      if (cell === '') return 'null';
      return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(cell) ? cell : JSON.stringify(cell);
    case 'json':
      if (cell === '') return '{}';
      // JSON has line breaks between its parts only.
      return isJson(cell) ? cell.replaceAll(/[\r\n]/g, ' ') : JSON.stringify(cell);
    case 'time':
    case 'text':
      return JSON.stringify(restoreText(cell));
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
