/** No file makes an importer throw, or yield what is no item: not random bytes, and not valid files with damage. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImportItem } from '../../src/imports/importer.ts';
import { runs } from '../runs.ts';
import { eventsIn, importerOf, itemsOf } from './reading.ts';
import { SAMPLES } from './samples.ts';

const RUNS = runs(400, 2_000);

/** Texts that mean something to a reader. */
const SIGNS = [
  '"',
  '\n',
  '\r\n',
  ',',
  ';',
  '\t',
  '{',
  '}',
  '[',
  ']',
  ':',
  '\\',
  '\\u0000',
  '\ufeff',
  '\0',
  '-1',
  '1e999',
  'null',
  'true',
  '[]',
  '{}',
]
  .concat([
    '"__proto__":{"a":1},',
    '\ud800',
    '\\ud800',
    '9'.repeat(400),
    '2024-13-45',
    '//evil.example',
    'PAR1',
    'PK\u0003\u0004',
    '[['.repeat(3000),
  ])
  .map((text) => new TextEncoder().encode(text));

interface Damage {
  /** Thousandths of the file. */
  readonly place: number;
  readonly length: number;
  readonly insert: Uint8Array;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  place: fc.integer({ min: 0, max: 1000 }),
  length: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 300 })),
  insert: fc.oneof(fc.constantFrom(...SIGNS), fc.uint8Array({ maxLength: 6 })),
});

function damaged(content: Uint8Array, damages: readonly Damage[]): Uint8Array {
  return damages.reduce((bytes, { place, length, insert }) => {
    const at = Math.floor((place * bytes.length) / 1000);
    const all = new Uint8Array(at + insert.length + Math.max(0, bytes.length - at - length));
    all.set(bytes.subarray(0, at));
    all.set(insert, at);
    all.set(bytes.subarray(at + length), at + insert.length);
    return all;
  }, content);
}

const TEXTS = [
  'ev',
  'rl',
  'eid',
  'visitor',
  'ip',
  'ua',
  'browser',
  'browser_version',
  'os',
  'os_version',
  'device',
  'country',
  'region',
  'city',
  'language',
] as const;

/** What holds of every item, whatever the file. */
function checkItems(items: readonly ImportItem[]): void {
  for (const item of items) {
    expect(item.line).toBeGreaterThan(0);
    expect(Number.isInteger(item.line)).toBe(true);
    expect(JSON.parse(JSON.stringify(item))).toEqual(item);
  }
  for (const event of eventsIn(items)) {
    expect(Number.isFinite(event.ts)).toBe(true);
    expect(typeof event.dl).toBe('string');
    expect(event.eid).toBeTruthy();
    for (const name of TEXTS) {
      const text = event[name];
      if (text !== undefined) expect(typeof text === 'string' && text !== '', name).toBe(true);
    }
    const properties = Object.entries(event.cd ?? {});
    expect(properties.length).toBeLessThanOrEqual(32);
    for (const [, value] of properties) {
      expect(['string', 'number', 'boolean']).toContain(typeof value);
      if (typeof value === 'string') expect(value.length).toBeLessThan(1000);
    }
  }
}

const countRead = (items: readonly ImportItem[]): number =>
  items.filter(({ kind }) => kind === 'event' || kind === 'totals').length;

describe.each(SAMPLES)('%s, %s', (name, kind, content) => {
  it('reads its sample without a complaint', async () => {
    const items = await itemsOf(name, new Blob([content]));
    expect(countRead(items)).toBeGreaterThan(0);
    expect(items.filter(({ kind }) => kind === 'unreadable')).toEqual([]);
    checkItems(items);
  });

  it('reads what is left of a damaged file', async () => {
    const reasons = new Set<string>();
    const { recognize } = await importerOf(name);
    let events = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
        const bytes = damaged(content, damages);
        expect([0, 1, 2]).toContain(recognize('export', bytes.subarray(0, 300)));
        const items = await itemsOf(name, new Blob([bytes]));
        checkItems(items);
        events += countRead(items);
        for (const item of items) if (item.kind === 'left_out') reasons.add(item.reason);
      }),
      { numRuns: RUNS },
    );
    // Reasons are counted one by one, so there is a limited number of them.
    expect(reasons.size).toBeLessThan(12);
    // Hardly any damage leaves an event in a file with checksums, or with the rows in one group behind a directory.
    expect(events).toBeGreaterThan(/zip|Parquet/.test(kind) ? 0 : RUNS / 20);
  });

  it('reads any bytes, alone and behind the beginning of a valid file', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 400 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (bytes, part) => {
          checkItems(await itemsOf(name, new Blob([bytes])));
          checkItems(
            await itemsOf(name, new Blob([content.subarray(0, Math.floor(part * content.length)), bytes])),
          );
        },
      ),
      { numRuns: RUNS / 5 },
    );
  });
});
