import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvLine, csvRecords, restoreText } from '../../src/api/csv.ts';

async function records(pieces: Iterable<string>): Promise<string[][]> {
  const found: string[][] = [];
  for await (const record of csvRecords(pieces)) found.push(record);
  return found;
}

describe('writing', () => {
  it('quotes what needs quotes, and ends with CRLF', () => {
    expect(csvLine(['plain', 'a,b', 'say "hi"', 'two\nlines', '', null, 1.5, -2])).toBe(
      'plain,"a,b","say ""hi""","two\nlines",,,1.5,-2\r\n',
    );
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['+49 30', "'+49 30"],
    ['-', "'-"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', '"\'\r=1"'],
    ["'=1", "''=1"],
    ["''+1", "'''+1"],
    ["'quoted'", "'quoted'"],
    ['a=1', 'a=1'],
    ['=HYPERLINK("https://evil.example","a")', '"\'=HYPERLINK(""https://evil.example"",""a"")"'],
  ])('keeps a spreadsheet from running %j', (text, cell) => {
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

  it('refuses a text that ends within quotes', async () => {
    await expect(records(['a,"b\r\n'])).rejects.toThrow(SyntaxError);
  });
});

it('gives back every text that was written, however it is cut into pieces', async () => {
  const odd = fc.string({
    unit: fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', '\n', '"', ',', 'a', '😀'),
  });
  const table = fc.array(
    fc.array(fc.oneof(odd, fc.string({ unit: 'binary' })), { minLength: 2, maxLength: 4 }),
  );
  await fc.assert(
    fc.asyncProperty(table, fc.integer({ min: 1, max: 9 }), async (rows, size) => {
      const text = rows.map((row) => csvLine(row)).join('');
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      expect((await records(pieces)).map((record) => record.map(restoreText))).toEqual(rows);
      for (const record of await records(pieces)) {
        for (const cell of record) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
      }
    }),
  );
});
