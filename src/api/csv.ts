/**
 * CSV as RFC 4180 has it, safe to open in a spreadsheet, and the way back without a loss.
 *
 * Excel, LibreOffice and Google Sheets run a cell that begins with one of `= + - @`, a tab or a line break as a formula,
 * and an event's texts are what strangers have sent. Such a cell gets an apostrophe in front, which shows it as text
 * (OWASP, "CSV Injection"). So does a text that has apostrophes before such a character, or they could not be told apart.
 */

const DANGEROUS = /^'*[=+\-@\t\r\n]/;
const NEUTRALISED = /^'+[=+\-@\t\r\n]/;
const QUOTED = /[",\r\n]/;

/** One record, with its CRLF. A null is an empty cell, as an empty text is; numbers are written as they are. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** One cell of a record as it is written. */
export function csvCell(cell: string | number | null): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = DANGEROUS.test(cell) ? `'${cell}` : cell;
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The text that `csvLine` was given for a cell, from the cell as a CSV reader gives it. */
export function restoreText(cell: string): string {
  return NEUTRALISED.test(cell) ? cell.slice(1) : cell;
}

/**
 * The records of a CSV text that comes in pieces, cell by cell as they are written, apostrophes and all (`restoreText`
 * takes them off). Lines may end in CRLF, LF or CR; a line with nothing on it is no record.
 *
 * @throws SyntaxError when the text ends within quotes.
 */
export async function* csvRecords(
  pieces: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<string[], void> {
  let record: string[] = [];
  let cell = '';
  let state: 'start' | 'plain' | 'quoted' | 'closed' = 'start';
  for await (const piece of pieces) {
    for (const character of piece.split(/([",\r\n])/)) {
      if (character === '') continue;
      if (state === 'quoted') {
        if (character === '"') state = 'closed';
        else cell += character;
      } else if (character === '"' && state !== 'plain') {
        // A second quote right after a closing one stands for a quote.
        if (state === 'closed') cell += '"';
        state = 'quoted';
      } else if (character === ',') {
        record.push(cell);
        cell = '';
        state = 'start';
      } else if (character === '\r' || character === '\n') {
        if (record.length > 0 || state !== 'start') yield [...record, cell];
        record = [];
        cell = '';
        state = 'start';
      } else {
        cell += character;
        state = 'plain';
      }
    }
  }
  if (state === 'quoted') throw new SyntaxError('The CSV ends within a quoted cell.');
  if (record.length > 0 || state !== 'start') yield [...record, cell];
}
