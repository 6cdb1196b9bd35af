import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvJson, csvLine, csvRecords, restoreText } from '../../src/api/csv.ts';

async function records(pieces: Iterable<string>): Promise<string[][]> {
  const allRecords: string[][] = [];
  for await (const record of csvRecords(pieces)) allRecords.push(record);
  return allRecords;
}

describe('writing', () => {
  it('quotes values that need it, and ends with CRLF', () => {
    expect(csvLine(['plain', 'a,b', 'say "hi"', 'two\nlines', '', null, 1.5, -2])).toBe(
      'plain,"a,b","say ""hi""","two\nlines",,,1.5,-2\r\n',
    );
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['+49 30', "'+49 30"],
    ['-', "'-"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', '"\'\t\'=1"'],
    ['\r=1', '"\'\r\'=1"'],
    ["'=1", "''=1"],
    ["''+1", "'''+1"],
    ["'quoted'", "'quoted'"],
    ['a=1', 'a=1'],
    ['a;=1+1', '"a;\'=1+1"'],
    ['a;=1,@2|-3', "\"a;'=1,'@2|'-3\""],
    ['a;"=1"', '"a;\'""=1"""'],
    ["a;'=1", '"a;\'\'=1"'],
    ['a; \u00a0=1', '"a;\' \u00a0=1"'],
    ['a;\t=1', '"a;\'\t\'=1"'],
    ['a\u2028=1', '"a\u2028\'=1"'],
    ['＝1', "'＝1"],
    ['＋1', "'＋1"],
    ['－1', "'－1"],
    ['＠1', "'＠1"],
    [' =1', "' =1"],
    ['"=1"', '"\'""=1"""'],
    ['a - b', 'a - b'],
    ['a;b', '"a;b"'],
    ['=HYPERLINK("https://evil.example","a")', '"\'=HYPERLINK(""https://evil.example"",""a"")"'],
  ])('prevents a spreadsheet from running %j', (text, cell) => {
    expect(csvLine([text])).toBe(`${cell}\r\n`);
  });
});

describe('reading', () => {
  it.each([
    [
      'a,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['a\r\n\r\n\r\nb\r\n', [['a'], ['b']]],
    [',\r\n', [['', '']]],
    ['"",x\r\n', [['', 'x']]],
    ['"a\r\nb","c""d"\r\n', [['a\r\nb', 'c"d']]],
    ['in"side,"x"y\r\n', [['in"side', 'xy']]],
    ['', []],
  ])('%j', async (text, expected) => {
    expect(await records([text])).toEqual(expected);
    expect(await records(text)).toEqual(expected);
  });

  it('rejects a text that ends within quotes', async () => {
    await expect(records(['a,"b\r\n'])).rejects.toThrow(SyntaxError);
  });
});

/** What spreadsheets are known to split lines at, alone or together, as LibreOffice proposes. */
const READERS = [',', ';', '\t', '|', ',;\t', ',;\t|'];

/** Cells as a spreadsheet has them that splits at any of `separators` and lets quotes enclose a cell that begins with one. */
function cellsOf(text: string, separators: string, heedsQuotes: boolean): string[] {
  const cells: string[] = [];
  let cell = '';
  let state: 'start' | 'plain' | 'quoted' = 'start';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (state === 'quoted') {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') cell += text[++at];
      else state = 'plain';
    } else if (separators.includes(character) || /[\r\n\v\f\u0085\u2028\u2029]/.test(character)) {
      cells.push(cell);
      cell = '';
      state = 'start';
    } else if (heedsQuotes && state === 'start' && character === '"') state = 'quoted';
    else {
      cell += character;
      state = 'plain';
    }
  }
  return [...cells, cell];
}

/** Whether a cell is run, by a reader that takes away spaces and quotes around what it shows. */
const isFormula = (cell: string): boolean => /^[\s"]*[=+\-@＝＋－＠]/.test(cell);

const odd = fc.string({
  unit: fc.constantFrom(...'\'\'"";;,,\t\r\n|| =+-@＝－\v\f\u0085\u2028\u2029\u00a0\\{a', '😀'),
});
const text = fc.oneof({ weight: 3, arbitrary: odd }, fc.string({ unit: 'binary' }));

describe('a stored text', () => {
  it('is never a formula, whatever character a spreadsheet splits lines at', () => {
    fc.assert(
      fc.property(fc.array(fc.array(text, { minLength: 1, maxLength: 4 })), (rows) => {
        const csv = rows.map((row) => csvLine(row)).join('');
        for (const separators of READERS) {
          for (const heedsQuotes of [true, false]) {
            const formulas = cellsOf(csv, separators, heedsQuotes).filter(isFormula);
            expect(formulas, JSON.stringify([separators, heedsQuotes, csv])).toEqual([]);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('is never a formula in JSON, which has the same value', async () => {
    const object = fc.dictionary(text, text, { noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(object, odd, async (value, before) => {
        const csv = `${csvLine([before]).trimEnd()},${csvJson(JSON.stringify(value))}\r\n`;
        for (const separators of READERS) {
          for (const heedsQuotes of [true, false]) {
            const formulas = cellsOf(csv, separators, heedsQuotes).filter(isFormula);
            expect(formulas, JSON.stringify([separators, heedsQuotes, csv])).toEqual([]);
          }
        }
        expect(JSON.parse((await records([`x,${csvJson(JSON.stringify(value))}`]))[0]?.[1] ?? '')).toEqual(
          value,
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('survives a round trip, however the CSV is split into chunks', async () => {
    const table = fc.array(fc.array(text, { minLength: 2, maxLength: 4 }));
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 9 }), async (rows, size) => {
        const csv = rows.map((row) => csvLine(row)).join('');
        const pieces = csv.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
        expect((await records(pieces)).map((record) => record.map(restoreText))).toEqual(rows);
      }),
    );
  });
});
