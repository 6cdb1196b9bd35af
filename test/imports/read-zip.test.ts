/** Zip files as programs write them, damaged ones, and those that are made to do harm. */
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { entriesOfZip, isZip, ZipError } from '../../src/imports/read-zip.ts';
import { type Written, zipFile } from './zip-file.ts';

const blobOf = (bytes: Uint8Array): Blob => new Blob([bytes as Uint8Array<ArrayBuffer>]);

async function textsIn(bytes: Uint8Array): Promise<[name: string, text: string][]> {
  const entries = await entriesOfZip(blobOf(bytes));
  const texts: [string, string][] = [];
  for (const { name, stream } of entries) texts.push([name, await new Response(stream()).text()]);
  return texts;
}

const LONG = 'date,visitors\n2024-01-01,12\n'.repeat(20_000);
const ENTRIES: Readonly<Record<string, Written>> = {
  'a stored entry': { name: 'a.csv', text: 'one' },
  'a stored entry of a stream': { name: 'a.csv', text: LONG, streamed: true },
  'a deflated entry': { name: 'a.csv', text: LONG, deflated: true },
  'a deflated entry of a stream': { name: 'a.csv', text: LONG, deflated: true, streamed: true },
  'an entry with fields of 64 bits': { name: 'a.csv', text: LONG, deflated: true, in64: true },
  'an empty entry': { name: 'a.csv', text: '' },
  'an empty deflated entry': { name: 'a.csv', text: '', deflated: true },
  'an entry in folders, with letters beyond ASCII': { name: 'größe/b/日本.csv', text: 'ü' },
};
const ARCHIVES = {
  'as it is': {},
  'with a comment': { comment: 'PK\u0005\u0006 is a signature' },
  'after a program': { prefix: '#!/bin/sh\nexit\n' },
  'with a directory of 64 bits': { end64: true },
  'after a program, with a directory of 64 bits': { prefix: 'MZ'.repeat(100), end64: true },
};

describe('a zip file', () => {
  it.each(
    Object.entries(ENTRIES).flatMap(([what, entry]) =>
      Object.entries(ARCHIVES).map(([how, archive]) => [what, how, entry, archive] as const),
    ),
  )('gives %s, %s', async (_, __, entry, archive) => {
    const bytes = zipFile(
      [{ name: 'folder/', text: '' }, entry, { name: 'last.csv', text: 'last' }],
      archive,
    );
    expect(await textsIn(bytes)).toEqual([
      [entry.name, entry.text],
      ['last.csv', 'last'],
    ]);
  });

  it('is also read if another program wrote it', async () => {
    const bytes = zipSync({ 'a.csv': new TextEncoder().encode(LONG), b: { 'c.csv': new Uint8Array() } });
    expect(await textsIn(bytes)).toEqual([
      ['a.csv', LONG],
      ['b/c.csv', ''],
    ]);
    expect(isZip(bytes)).toBe(true);
    expect(isZip(zipFile([]))).toBe(true);
    expect(isZip(new TextEncoder().encode('PK is no zip'))).toBe(false);
  });

  it('can be empty', async () => {
    expect(await textsIn(zipFile([]))).toEqual([]);
  });
});

async function errorOf(read: Promise<unknown>): Promise<string> {
  try {
    await read;
  } catch (error) {
    expect(error).toBeInstanceOf(ZipError);
    return (error as Error).message;
  }
  return '';
}

describe('a zip file that cannot be read', () => {
  const HARMFUL: Readonly<Record<string, readonly [readonly Written[], RegExp]>> = {
    'an encrypted entry': [[{ name: 'a', text: 'x', flags: 1 }], /a is encrypted/],
    'another method': [[{ name: 'a', text: 'x', method: 14 }], /not supported \(14\)/],
    'a wrong checksum': [[{ name: 'a', text: 'x', crc: 1 }], /checksum/],
    'a wrong checksum of a deflated entry': [[{ name: 'a', text: LONG, deflated: true, crc: 1 }], /checksum/],
    'more than it says': [[{ name: 'a', text: LONG, deflated: true, size: 5 }], /larger than/],
    'less than it says': [[{ name: 'a', text: 'x', size: 5 }], /checksum/],
    'what is not deflated': [[{ name: 'a', text: 'not deflated at all', method: 8 }], /damaged/],
    'entries that share their bytes': [
      [
        { name: 'a', text: LONG, deflated: true },
        { name: 'b', text: LONG, deflated: true, overlapping: true },
      ],
      /damaged/,
    ],
    'a bomb': [
      [{ name: 'a', text: 'x'.repeat(1_000_000), deflated: true, size: 4_000_000_000 }],
      /200 times/,
    ],
    'more entries than there may be': [
      Array.from({ length: 10_001 }, (_, index) => ({ name: `${index}`, text: '' })),
      /10000/,
    ],
  };

  it.each(Object.entries(HARMFUL))('is refused for %s', async (_, [entries, message]) => {
    expect(await errorOf(textsIn(zipFile(entries)))).toMatch(message);
  });

  it('is refused if its end is missing', async () => {
    const bytes = zipFile([{ name: 'a', text: 'x' }]);
    expect(await errorOf(textsIn(bytes.slice(0, -1)))).toMatch(/its end is missing/);
    expect(await errorOf(textsIn(new Uint8Array()))).toMatch(/its end is missing/);
  });

  it('never does worse than that, whatever is damaged', async () => {
    const entries = Object.values(ENTRIES).map((entry, index) => ({
      ...entry,
      name: `${index}`,
      text: entry.text.slice(0, 200),
    }));
    const sound = [zipFile(entries), zipFile(entries, { end64: true, prefix: 'MZ' })];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sound),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat()),
        async (bytes, changes, cut) => {
          const broken = bytes.slice(0, cut === null ? undefined : cut % bytes.length);
          for (const [place, byte] of changes) {
            // Most of what can be damaged is at the end.
            if (broken.length > 0)
              broken[(place % 3 ? broken.length - 1 - (place % 900) : place) % broken.length] = byte;
          }
          await errorOf(textsIn(broken));
        },
      ),
      { numRuns: 500 },
    );
  });
});
