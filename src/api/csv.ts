/**
 * CSV as RFC 4180 has it, safe to open in a spreadsheet, and the way back without a loss.
 *
 * Excel, LibreOffice and Google Sheets run a cell that begins with one of `= + - @`, a tab or a line break as a formula,
 * and an event's texts are what strangers have sent (OWASP, "CSV Injection"). Where a cell begins depends on the reader:
 * half of Europe's Excel splits a line at each semicolon, and sees no quotes that are not at the beginning of a cell. So an
 * apostrophe is put wherever a formula could begin: at the start of a text, and in it after each separator. It is also put
 * where there are apostrophes already, or they could not be told apart.
 */

/** What a spreadsheet may split lines at: its separators, and what some program takes for the end of a line. */
const SEPARATORS = String.raw`,;|\t\r\n\v\f\u0085\u2028\u2029`;
/**
 * What may stand before a formula: spaces, which spreadsheets trim, and quotes, which a reader takes away. None of them is a
 * separator, so that a text is looked through in one pass.
 */
const SKIPPED = String.raw`(?:(?![${SEPARATORS}])[\s'"])*`;
/** What begins a formula, also in the full width that Excel takes for the same in East Asia. */
const FORMULA = String.raw`[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]`;
const START = `(?<=^|[${SEPARATORS}])`;

const DANGEROUS = new RegExp(`${START}(?=${SKIPPED}${FORMULA})`, 'g');
const NEUTRALISED = new RegExp(`${START}'(?=${SKIPPED}${FORMULA})`, 'g');
const DANGEROUS_IN_JSON = new RegExp(`(${START}${SKIPPED})(${FORMULA})`, 'g');
const QUOTED = new RegExp(`["${SEPARATORS}]`);

/** One record, with its CRLF. A null is an empty cell, as an empty text is; numbers are written as they are. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** One cell of a record as it is written. */
export function csvCell(cell: string | number | null): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  return quoted(cell.replace(DANGEROUS, "'"));
}

/**
 * A cell of JSON, in which an escape of JSON's own stands for a character that could begin a formula, so that it is the
 * JSON of the same value.
 *
 * @param json an object of texts; numbers could be negative.
 */
export function csvJson(json: string): string {
  const escaped = (_: string, before: string, sign: string): string =>
    `${before}\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return quoted(json.replace(DANGEROUS_IN_JSON, escaped));
}

function quoted(text: string): string {
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The text that `csvLine` was given for a cell, from the cell as a CSV reader gives it. */
export function restoreText(cell: string): string {
  return cell.replace(NEUTRALISED, '');
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
