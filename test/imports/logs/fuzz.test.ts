/** Whatever a log holds, its parsers neither throw nor take more than their share. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LOG_FORMAT_NAMES, LOG_FORMATS, recognizeFormat } from '../../../src/imports/logs/formats.ts';
import { LogReader } from '../../../src/imports/logs/log-reader.ts';
import { Site } from '../../../src/imports/logs/page-views.ts';
import { INCLUDABLE } from '../../../src/imports/logs/skipped.ts';
import { LONGEST_LINE, lineBlocks } from '../../../src/imports/read-lines.ts';
import { runs } from '../../runs.ts';
import { SAMPLES } from './samples.ts';

const LINES = SAMPLES.flatMap(({ lines }) => lines);
const RUNS = runs(1_500, 10_000);

/** A true line with pieces taken out, doubled, replaced or put in from elsewhere. */
const nearly = fc
  .tuple(
    fc.constantFrom(...LINES),
    fc.array(
      fc.tuple(
        fc.nat(600),
        fc.nat(30),
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 8 }),
          fc.constantFrom(
            '"',
            '\\',
            '\t',
            ' ',
            '%',
            '{',
            '[',
            ']',
            '-',
            '#Fields: ',
            '0',
            '1e999',
            'null',
            '\r',
            '\ufeff',
            '__proto__',
          ),
        ),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([line, changes]) =>
    changes.reduce((text, [at, length, piece]) => text.slice(0, at) + piece + text.slice(at + length), line),
  );
/** JSON of the names that formats know, with values of any kind. */
const NAMES = [
  ...new Set(
    LINES.filter((line) => line.startsWith('{')).flatMap((line) => Object.keys(JSON.parse(line) as object)),
  ),
];
const jsonLine = fc
  .dictionary(
    fc.constantFrom(...NAMES, '__proto__', 'constructor', 'remote_addr', 'uri'),
    fc.jsonValue({ maxDepth: 3 }),
  )
  .map((value) => JSON.stringify(value));
const anything = fc.oneof(
  nearly,
  jsonLine,
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom(...LINES),
);

describe.each(LOG_FORMAT_NAMES)('%s', (format) => {
  test('reads any lines in any order without throwing, and its events are within bounds', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anything, fc.boolean()), { maxLength: 8 }), (lines) => {
        const site = new Site('https://site.example', 'all');
        const reader = new LogReader(LOG_FORMATS[format].open(), site, new Set(INCLUDABLE));
        lines.forEach(([text, ended], index) => {
          const item = reader.read({ number: index + 1, text, ended });
          if (item?.kind !== 'event') return;
          const { dl, ts, ip, eid, ua, rl } = item.event;
          expect(URL.canParse(dl)).toBe(true);
          expect(Number.isSafeInteger(ts)).toBe(true);
          expect(ts).toBeGreaterThanOrEqual(0);
          expect(ts).toBeLessThan(253_402_300_801_000);
          expect(ip).toMatch(/^[\da-f.:]+$/);
          expect(eid).toMatch(/^log_[\w-]{22}_\d+$/);
          expect(typeof ua).toBe('string');
          expect(rl).not.toBe('');
        });
      }),
      { numRuns: RUNS },
    );
  });
});

/** What expressions may try again and again: at 64 KiB, work that grows by the square would not end within the time of a test. */
const PIECES = [
  'a',
  ' ',
  '"',
  '\\',
  '[',
  ']',
  'a ',
  '\\"',
  '%',
  '%25',
  '+',
  '\t',
  '#',
  '.',
  'a.',
  ':',
  '1',
  '-',
  ', ',
  '{"a":',
  '[{',
  '/',
];

test.each(LOG_FORMAT_NAMES)('%s reads lines of 64 KiB in the time of their length', (format) => {
  const lines = SAMPLES.find((sample) => sample.format === format)?.lines ?? [];
  const last = lines.at(-1) ?? '';
  for (const piece of PIECES) {
    const long = piece.repeat(LONGEST_LINE / piece.length);
    const reader = new LogReader(
      LOG_FORMATS[format].open(),
      new Site('https://site.example', 'all'),
      new Set(),
    );
    const places = ['', '/page', 'site.example', 'Mozilla', '192.0.2.7', '200', '#Fields: '].map((text) =>
      last.indexOf(text),
    );
    const hostile = places.filter((at) => at >= 0).map((at) => last.slice(0, at) + long + last.slice(at));
    for (const text of [...lines, long, `#Fields: ${long}`, ...lines.slice(0, -1), ...hostile]) {
      reader.read({ number: 1, text, ended: true });
    }
  }
});

test('any bytes are of some format or none, without throwing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(anything, { maxLength: 4 }), (bytes, lines) => {
      const text = new TextEncoder().encode(lines.join('\n'));
      recognizeFormat(bytes);
      recognizeFormat(new Uint8Array([...text, ...bytes]));
    }),
    { numRuns: RUNS },
  );
});

test('any chunks give the same lines, however long, with any bytes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          fc.constant(Uint8Array.of(10)),
          fc.constant(Uint8Array.of(13, 10)),
        ),
      ),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 5, max: 50 }),
      async (parts, size, longest) => {
        const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
        const linesOf = async (chunkSize: number) => {
          async function* chunks() {
            for (let at = 0; at < bytes.length; at += chunkSize) yield bytes.subarray(at, at + chunkSize);
          }
          const lines = [];
          for await (const block of lineBlocks(chunks(), longest)) lines.push(...block);
          return lines;
        };
        const whole = await linesOf(Math.max(bytes.length, 1));
        const cut = await linesOf(size);
        expect(cut).toEqual(whole);
      },
    ),
    { numRuns: RUNS },
  );
});

test('lines of megabytes are reported, and hold no memory', async () => {
  const piece = new TextEncoder().encode('x'.repeat(LONGEST_LINE / 2));
  async function* chunks() {
    for (let index = 0; index < 200; index++) yield piece;
    yield new TextEncoder().encode(`\n${LINES[0]}\n`);
    for (let index = 0; index < 200; index++) yield piece;
  }
  const reader = new LogReader(LOG_FORMATS.combined.open(), new Site('https://site.example'), new Set());
  const items = [];
  for await (const block of lineBlocks(chunks())) items.push(...block.map((line) => reader.read(line)?.kind));
  expect(items).toEqual(['unreadable', 'event', 'unreadable']);
});
