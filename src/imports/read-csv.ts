/**
 * Reads CSV (RFC 4180) in constant memory. Lines end in LF or CRLF, empty lines are skipped, and quoted cells may contain line breaks.
 * The separator is that of the first line: a comma, a semicolon or a tab. A quote within a cell that does not begin with one stands for
 * itself.
 */
import { textOf } from './read-text.ts';

export interface Unreadable {
  /** The line in which the record begins, from 1. */
  readonly line: number;
  readonly why: string;
}

/** A record whose cells are read by the names in the header. */
export interface Row {
  readonly line: number;
  /** The cell of a column; `''` if there is no such column. */
  readonly cell: (column: string) => string;
  readonly cells: readonly string[];
}

/** In characters. The longest cell that any of the sources writes is a text of some kilobytes. */
const LONGEST_CELL = 256 * 1024;
const LONGEST_RECORD = 1024 * 1024;
const MOST_CELLS = 2048;

interface Record {
  readonly line: number;
  /** Null if the record is too large. */
  readonly cells: string[] | null;
}

/**
 * The rows below the header.
 *
 * @param isHeader judges the names of the first record. If it rejects them, nothing else is read.
 */
export async function* readCsv(
  stream: ReadableStream<Uint8Array>,
  isHeader: (names: readonly string[]) => string | null,
): AsyncGenerator<Row | Unreadable> {
  let columns: Map<string, number> | undefined;
  let width = 0;
  for await (const record of recordsOf(textOf(stream))) {
    if ('why' in record) {
      yield record;
      continue;
    }
    const { line, cells } = record;
    if (cells === null) yield { line, why: 'is longer than any event' };
    else if (columns === undefined) {
      const names = cells.map((name) => name.trim());
      const problem = isHeader(names);
      if (problem !== null) {
        yield { line, why: problem };
        return;
      }
      width = names.length;
      columns = new Map(names.map((name, place) => [name, place]));
    } else if (cells.length !== width) {
      yield { line, why: `has ${cells.length} cells in place of ${width}` };
    } else {
      const names = columns;
      yield { line, cells, cell: (name) => cells[names.get(name) ?? width] ?? '' };
    }
  }
}

const QUOTE = 0x22;
const CR = 0x0d;
const LF = 0x0a;

async function* recordsOf(texts: AsyncIterable<string>): AsyncGenerator<Record | Unreadable> {
  let separator = 0;
  let cells: string[] | null = [];
  let length = 0;
  let cell = '';
  let state: 'start' | 'plain' | 'quoted' | 'closed' = 'start';
  let line = 1;
  let recordLine = 1;

  const add = (part: string) => {
    length += part.length;
    if (cells === null) return;
    if (cell.length + part.length > LONGEST_CELL || length > LONGEST_RECORD) {
      cells = null;
      cell = '';
    } else cell += part;
  };
  const endCell = () => {
    if (cells !== null && cells.length >= MOST_CELLS) cells = null;
    cells?.push(cell);
    cell = '';
  };
  /** The record that ends here; null for an empty line. */
  const endRecord = (): Record | null => {
    if (state === 'plain' && cell.endsWith('\r')) cell = cell.slice(0, -1);
    const isEmpty = cells?.length === 0 && cell === '' && state !== 'closed';
    endCell();
    const record = { line: recordLine, cells };
    cells = [];
    length = 0;
    state = 'start';
    return isEmpty ? null : record;
  };

  for await (const text of texts) {
    if (separator === 0) separator = separatorOf(text);
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === LF) line += 1;
      if (state === 'quoted') {
        if (code !== QUOTE) continue;
        add(text.slice(from, at));
        from = at + 1;
        state = 'closed';
      } else if (code === QUOTE && state === 'start') {
        from = at + 1;
        state = 'quoted';
      } else if (code === QUOTE && state === 'closed') {
        // Two quotes within a quoted cell stand for one.
        from = at;
        state = 'quoted';
      } else if (code === separator) {
        add(text.slice(from, at));
        from = at + 1;
        endCell();
        state = 'start';
      } else if (code === LF) {
        add(text.slice(from, at));
        from = at + 1;
        const record = endRecord();
        if (record !== null) yield record;
        recordLine = line;
      } else if (state === 'closed') {
        // The CR of a line break; any other text after a closing quote is kept.
        if (code === CR) from = at + 1;
        else state = 'plain';
      } else state = 'plain';
    }
    add(text.slice(from));
  }
  if (state === 'quoted')
    yield { line: recordLine, why: 'opens a quote that is not closed, so nothing after it was read' };
  else {
    const record = endRecord();
    if (record !== null) yield record;
  }
}

/** The first separator in the text: no name in a header contains one. */
function separatorOf(text: string): number {
  return /[,;\t\n]/.exec(text)?.[0].replace('\n', ',').charCodeAt(0) ?? 0x2c;
}
