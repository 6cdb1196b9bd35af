import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decompressed, type Line, LONGEST_LINE, splitLines } from '../../scripts/lib/lines.ts';

/** As a stream would hand it over, in chunks of the given sizes and then the rest. */
async function* chunks(bytes: Buffer, sizes: readonly number[] = []): AsyncGenerator<Buffer> {
  let start = 0;
  for (const size of sizes) {
    yield bytes.subarray(start, start + size);
    start += size;
  }
  yield bytes.subarray(start);
}

async function linesOf(bytes: Buffer, sizes?: readonly number[]): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of splitLines(decompressed(chunks(bytes, sizes)))) lines.push(line);
  return lines;
}

const textsOf = async (bytes: Buffer, sizes?: readonly number[]) =>
  (await linesOf(bytes, sizes)).map(({ text }) => text);

test.each([
  ['', []],
  ['a', ['a']],
  ['a\n', ['a']],
  ['a\r\nb\n', ['a', 'b']],
  ['a\n\nb', ['a', '', 'b']],
  ['a\u2028b\u0085c\n', ['a\u2028b\u0085c']],
])('%j', async (text, expected) => {
  expect(await textsOf(Buffer.from(text))).toEqual(expected);
});

test('any chunks, packed or not, give the same lines', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, ' '))),
      fc.array(fc.nat(12)),
      fc.boolean(),
      async (texts, sizes, packed) => {
        const plain = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        expect(await textsOf(packed ? gzipSync(plain) : plain, sizes)).toEqual(texts);
      },
    ),
    { numRuns: 500 },
  );
});

test('packed logs that were put together are read to the end', async () => {
  const both = Buffer.concat([gzipSync('a\nb\n'), gzipSync('c\n')]);
  expect(await textsOf(both)).toEqual(['a', 'b', 'c']);
});

test('a packed log that is cut is an error', async () => {
  const packed = gzipSync('a line of text\n'.repeat(10));
  await expect(linesOf(packed.subarray(0, -10))).rejects.toThrow('unexpected end of file');
});

test('a line without end is not kept', async () => {
  const long = 'x'.repeat(LONGEST_LINE + 1);
  expect(await linesOf(Buffer.from(`a\n${long}\nb\n`), [10, 70_000])).toEqual([
    { number: 1, text: 'a' },
    { number: 2, text: null },
    { number: 3, text: 'b' },
  ]);
});
