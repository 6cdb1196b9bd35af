import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decompressed } from '../../scripts/lib/lines.ts';
import { type Line, LONGEST_LINE, splitLines, utf8 } from '../../src/imports/read-lines.ts';

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

test('any chunks, compressed or not, have the same lines', async () => {
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

test('concatenated gzip logs are read to the end', async () => {
  const both = Buffer.concat([gzipSync('a\nb\n'), gzipSync('c\n')]);
  expect(await textsOf(both)).toEqual(['a', 'b', 'c']);
});

test('a truncated gzip log is an error', async () => {
  const packed = gzipSync('a line of text\n'.repeat(10));
  await expect(linesOf(packed.subarray(0, -10))).rejects.toThrow('unexpected end of file');
});

test.each([
  ['a mark', Buffer.from('\ufeffa\nb\ufeff\n')],
  ['no mark', Buffer.from('a\nb\ufeff\n')],
])('UTF-8 text with %s is read in any chunks, compressed or not', async (_, bytes) => {
  for (const sizes of [[], [1], [2], [1, 1, 1], [3]]) {
    for (const input of [bytes, gzipSync(bytes)]) {
      const lines: (string | null)[] = [];
      for await (const { text } of splitLines(utf8(decompressed(chunks(input, sizes))))) lines.push(text);
      expect(lines).toEqual(['a', 'b\ufeff']);
    }
  }
});

test.each([
  ['little endian', Buffer.from('\ufeff192.0.2.7 - -\n', 'utf16le')],
  ['big endian', Buffer.from('\ufeff192.0.2.7 - -\n', 'utf16le').swap16()],
  ['without a mark', Buffer.from('192.0.2.7 - -\n', 'utf16le')],
  ['big endian without a mark', Buffer.from('192.0.2.7 - -\n', 'utf16le').swap16()],
])('UTF-16 text is rejected: %s', async (_, bytes) => {
  for (const input of [bytes, gzipSync(bytes)]) {
    const read = async () => {
      for await (const chunk of utf8(decompressed(chunks(input, [1])))) expect(chunk).toBeDefined();
    };
    await expect(read()).rejects.toThrow('iconv -f UTF-16 -t UTF-8');
  }
});

test.each([[''], ['a'], ['ab'], ['abc'], ['\0\0\0\0a']])(
  'text that begins with %j is not UTF-16',
  async (text) => {
    const pieces: Uint8Array[] = [];
    for await (const chunk of utf8(chunks(Buffer.from(text)))) pieces.push(chunk);
    expect(Buffer.concat(pieces).toString()).toBe(text);
  },
);

test('an endless line is not buffered', async () => {
  const long = 'x'.repeat(LONGEST_LINE + 1);
  expect(await linesOf(Buffer.from(`a\n${long}\nb\n`), [10, 70_000])).toEqual([
    { number: 1, text: 'a', ended: true },
    { number: 2, text: null, ended: true },
    { number: 3, text: 'b', ended: true },
  ]);
});
