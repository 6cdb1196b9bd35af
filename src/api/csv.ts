/**
 * Writes and reads CSV (RFC 4180). It is safe to open in a spreadsheet, and every text can be restored exactly.
 *
 * Excel, LibreOffice and Google Sheets run a cell that begins with one of `= + - @`, a tab or a line break as a formula, and
 * anyone can send an event with such a text (OWASP, "CSV Injection"). Where a cell begins depends on the reader: in many
 * European locales, Excel splits a line at each semicolon, and ignores quotes that are not at the start of a cell. So Speck
 * writes an apostrophe wherever a formula could begin: at the start of a text, and within it after each separator. If
 * apostrophes already stand there, Speck adds one, so that `restoreText` can remove exactly one.
 */

/** Characters at which a spreadsheet may split a line: separators, and what some program treats as the end of a line. */
const SEPARATORS = String.raw`,;|\t\r\n\v\f\u0085\u2028\u2029`;
/**
 * Characters that may precede a formula: spaces, which spreadsheets trim, and quotes, which a reader removes. None of them is
 * a separator, so matching takes one pass over the text.
 */
const SKIPPED = String.raw`(?:(?![${SEPARATORS}])[\s'"])*`;
/** Characters that begin a formula, including the full-width forms that Excel accepts in East Asia. */
const FORMULA = String.raw`[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]`;
const START = `(?<=^|[${SEPARATORS}])`;

const DANGEROUS = new RegExp(`${START}(?=${SKIPPED}${FORMULA})`, 'g');
const NEUTRALIZED = new RegExp(`${START}'(?=${SKIPPED}${FORMULA})`, 'g');
const DANGEROUS_IN_JSON = new RegExp(`(${START}${SKIPPED})(${FORMULA})`, 'g');
const QUOTED = new RegExp(`["${SEPARATORS}]`);

/** One record, with its CRLF. Null and an empty text both become an empty cell; numbers are not escaped. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** One cell of a record, escaped. */
export function csvCell(cell: string | number | null): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  return quoted(cell.replace(DANGEROUS, "'"));
}

/**
 * A cell of JSON. A character that could begin a formula is written as a JSON escape, so the value stays the same.
 *
 * @param json an object of texts. Numbers are not supported, since they could be negative.
 */
export function csvJson(json: string): string {
  const escaped = (_: string, before: string, sign: string): string =>
    `${before}\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return quoted(json.replace(DANGEROUS_IN_JSON, escaped));
}

function quoted(text: string): string {
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The text of a cell before `csvLine` escaped it. @param cell the cell as a CSV reader returns it. */
export function restoreText(cell: string): string {
  return cell.replace(NEUTRALIZED, '');
}

/**
 * Parses CSV that arrives in pieces. Cells keep their escaping apostrophes, which `restoreText` removes. Lines may end in
 * CRLF, LF or CR. Empty lines are skipped.
 *
 * @throws SyntaxError if the text ends within quotes.
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
