/** The readers of CSV and JSON: what they read, what they name as unreadable, and that pieces and sizes do not matter. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCsv } from '../../src/imports/read-csv.ts';
import { readJsonLines, readJsonLists } from '../../src/imports/read-json.ts';
import { csvRow } from './reading.ts';

/** A stream of bytes in pieces of a size. */
function streamOf(content: string | Uint8Array, size = 7): ReadableStream<Uint8Array> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.subarray(at, at + size));
      at += size;
    },
  });
}

/** A stream of `count` pieces, made when they are read. */
function repeated(start: string, piece: string, count: number, end = ''): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const bytes = encoder.encode(piece);
  let left = count;
  return new ReadableStream({
    start: (controller) => controller.enqueue(encoder.encode(start)),
    pull(controller) {
      if (left-- > 0) controller.enqueue(bytes);
      else {
        controller.enqueue(encoder.encode(end));
        controller.close();
      }
    },
  });
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const anyHeader = () => null;

async function csv(content: string | Uint8Array, size?: number): Promise<unknown[]> {
  const rows = await all(readCsv(streamOf(content, size), anyHeader));
  return rows.map((row) => ('why' in row ? `${row.line} ${row.why}` : [row.line, ...row.cells]));
}

describe('readCsv', () => {
  it.each([
    [
      'lines',
      'a,b\n1,2\n3,4\n',
      [
        [2, '1', '2'],
        [3, '3', '4'],
      ],
    ],
    ['CRLF', 'a,b\r\n1,2\r\n', [[2, '1', '2']]],
    ['a last line without a break', 'a,b\n1,2', [[2, '1', '2']]],
    ['a mark of UTF-8', '\ufeffa,b\n1,2', [[2, '1', '2']]],
    ['empty lines', '\n\na,b\n\r\n1,2\n\n', [[5, '1', '2']]],
    [
      'empty cells',
      'a,b\n,\n"",""\n',
      [
        [2, '', ''],
        [3, '', ''],
      ],
    ],
    ['quotes', 'a,b\n"1,""x""","2"\n', [[2, '1,"x"', '2']]],
    [
      'line breaks in cells',
      'a,b\n"1\n\r\n1",2\n3,4\n',
      [
        [2, '1\n\r\n1', '2'],
        [5, '3', '4'],
      ],
    ],
    ['a quote within a cell', 'a,b\n1"x,2"\n', [[2, '1"x', '2"']]],
    ['text after a closing quote', 'a,b\n"1"x,2\n', [[2, '1x', '2']]],
    ['a CR within a cell', 'a,b\n1\rx,2\r\n', [[2, '1\rx', '2']]],
    ['semicolons', 'a;b\n1,5;2\n', [[2, '1,5', '2']]],
    ['tabs', 'a\tb\n1,5\t2\n', [[2, '1,5', '2']]],
    [
      'one column',
      'a\n1\n\n2\n',
      [
        [2, '1'],
        [4, '2'],
      ],
    ],
    [
      'too few and too many cells',
      'a,b\n1\n1,2,3\n1,2\n',
      ['2 has 1 cells in place of 2', '3 has 3 cells in place of 2', [4, '1', '2']],
    ],
    [
      'an open quote',
      'a,b\n1,2\n"3,4\n5,6\n',
      [[2, '1', '2'], '3 opens a quote that is not closed, so nothing after it was read'],
    ],
    ['nothing', '', []],
    ['letters of several bytes', 'a,b\né€,😀\n', [[2, 'é€', '😀']]],
  ])('reads %s', async (_, text, expected) => {
    for (const size of [1, 2, 3, 7, 1000])
      expect(await csv(text, size), `in pieces of ${size}`).toEqual(expected);
  });

  it('reads UTF-16 by its mark', async () => {
    const units = Uint16Array.from('\ufeffa,b\né,2\n', (letter) => letter.charCodeAt(0));
    expect(await csv(new Uint8Array(units.buffer), 1)).toEqual([[2, 'é', '2']]);
  });

  it('stops at a header that is not the right one', async () => {
    const rows = await all(readCsv(streamOf('a,b\n1,2\n'), (names) => `is ${names.join('+')}`));
    expect(rows).toEqual([{ line: 1, why: 'is a+b' }]);
  });

  it('reads back any cells, whatever the pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 2 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        async (records, size) => {
          const text = `a,b\n${records.map(csvRow).join('')}`;
          const rows = (await csv(text, size)) as string[][];
          expect(rows.map(([, ...cells]) => cells)).toEqual(records);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ['cell', 'x', 'a,b\n1,', '\n3,4\n'],
    ['quoted cell', 'x\n', 'a,b\n1,"', '"\n3,4\n'],
    ['record', `${'y'.repeat(1000)},`, 'a,b\n1,', '\n3,4\n'],
    ['number of cells', ',', 'a,b\n', '\n3,4\n'],
  ])('leaves out a %s of 100 MB and goes on', async (_, piece, start, end) => {
    const text = piece.repeat(Math.ceil(1_000_000 / piece.length));
    const rows = await all(readCsv(repeated(start, text, 100, end), anyHeader));
    expect(rows).toMatchObject([{ line: 2, why: 'is longer than any event' }, { cells: ['3', '4'] }]);
  });

  it('holds none of 100 MB behind an open quote', async () => {
    const rows = await all(readCsv(repeated('a,b\n"1', 'x,\n'.repeat(300_000), 111), anyHeader));
    expect(rows).toEqual([
      { line: 2, why: 'opens a quote that is not closed, so nothing after it was read' },
    ]);
  });
});

describe('readJsonLines', () => {
  it.each([
    [
      'values',
      '{"a":1}\n[2]\r\n"x"',
      [
        [1, { a: 1 }],
        [2, [2]],
        [3, 'x'],
      ],
    ],
    ['empty lines', '\n \n1\n\n', [[3, 1]]],
    ['what is not JSON', '{"a":1\n2\n{"a":1}}\n', ['1 is not JSON', [2, 2], '3 is not JSON']],
    ['a mark of UTF-8', '\ufeff{"é":"😀"}', [[1, { é: '😀' }]]],
  ])('reads %s', async (_, text, expected) => {
    for (const size of [1, 3, 1000]) {
      const items = await all(readJsonLines(streamOf(text, size)));
      expect(
        items.map((item) => ('why' in item ? `${item.line} ${item.why}` : [item.line, item.value])),
      ).toEqual(expected);
    }
  });

  it('leaves out a line of 200 MB and goes on', async () => {
    const items = await all(readJsonLines(repeated('1\n{"a":"', 'x'.repeat(1_000_000), 200, '"}\n3\n')));
    expect(items).toEqual([
      { line: 1, value: 1 },
      { line: 2, why: 'is longer than any event' },
      { line: 3, value: 3 },
    ]);
  });
});

describe('readJsonLists', () => {
  const lists = async (text: string, key?: string, size = 5) =>
    (await all(readJsonLists(streamOf(text, size), key))).map((item) =>
      'why' in item ? `${item.line} ${item.why}` : item.value,
    );

  it.each([
    ['a list', '[{"a":[1,{"b":"]"}]}, 2,\n"x,]\\"" ]', '', [{ a: [1, { b: ']' }] }, 2, 'x,]"']],
    ['an empty list', ' [ ] ', '', []],
    ['several lists', '[1,2]\n[3]', '', [1, 2, 3]],
    ['a member', '{"meta":[{"name":"data"}],"n":{"data":[9]},"data":[1,[2]],"rows":2}', 'data', [1, [2]]],
    ['elements that are not JSON', '[{"a":},1]', '', ['1 is not JSON', 1]],
    ['no list', '{"result":"error","message":"[no]"}', '', ['1 begins no list']],
    ['no such member', '{"meta":[1]}', 'data', ["1 begins no list 'data'"]],
    ['the end within an element', '[1,{"a":', '', [1, '2 is cut off by the end of the file']],
    ['the end within the list', '[1,2', '', [1, '2 is cut off by the end of the file']],
    ['closing brackets too many', ']]}[1]', '', [1]],
    ['nothing', '', '', ['1 begins no list']],
  ])('reads %s', async (_, text, key, expected) => {
    for (const size of [1, 2, 3, 1000]) expect(await lists(text, key, size)).toEqual(expected);
  });

  it('reads any list back, whatever the pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue()),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (values, size, pretty) => {
          const text = JSON.stringify(values, null, pretty ? 1 : 0);
          expect(await lists(text, '', size)).toEqual(JSON.parse(text));
          expect(await lists(`{"meta":[1],"data":${text}}`, 'data', size)).toEqual(JSON.parse(text));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('leaves out an element of 200 MB and goes on', async () => {
    const items = await all(readJsonLists(repeated('[1,{"a":"', 'x'.repeat(1_000_000), 200, '"},3]')));
    expect(items).toEqual([
      { line: 1, value: 1 },
      { line: 2, why: 'is longer than any visit' },
      { line: 3, value: 3 },
    ]);
  });
});
