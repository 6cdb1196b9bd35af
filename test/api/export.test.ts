import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { JsonNumber, parseExactly } from '../../src/api/exact-json.ts';
import { EventExportQuery, exportEvents } from '../../src/api/export.ts';
import type { Grant } from '../../src/api/grant.ts';
import { readParameters } from '../../src/api/parameters.ts';
import { decimalOf, microsOf } from '../../src/model/exported.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { SCOPES } from '../../src/model/token.ts';
import { applySchema, db, makePixel, store, testEnv } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';

const ADMIN: Grant = { admin: true, scopes: SCOPES, pixel: null, token: null };
const START = Date.parse('2026-02-03T00:00:00Z');

beforeAll(applySchema);

const event = (index: number, more: Partial<OracleEvent> = {}): OracleEvent =>
  // Three events a millisecond, so that ties cross the pages' ends.
  ({
    ts: START + Math.floor(index / 3),
    id: idOf(index),
    name: 'pageview',
    visitor: 'v',
    ...more,
  }) as OracleEvent;
const idOf = (index: number): string => `e${String(index).padStart(6, '0')}`;

async function fill(pixel: Pixel, from: number, to: number, more: Partial<OracleEvent> = {}): Promise<void> {
  for (let first = from; first < to; first += 1000) {
    const count = Math.min(1000, to - first);
    await store(
      pixel,
      Array.from({ length: count }, (_, index) => event(first + index, more)),
    );
  }
}

/** Exports with a database that notes each statement that reads events. */
async function exported(pixel: Pixel, query = '') {
  const reads: string[] = [];
  const counting = new Proxy(db, {
    get(target, property) {
      if (property !== 'prepare') return Reflect.get(target, property);
      return (sql: string) => {
        if (/FROM events/.test(sql)) reads.push(sql);
        return target.prepare(sql);
      };
    },
  });
  const request = new Request(`https://px.example/api/v1/pixels/${pixel.id}/events${query}`);
  const response = await exportEvents({
    request,
    env: { ...testEnv, DB: counting },
    grant: ADMIN,
    id: pixel.id,
    part: '',
    query: readParameters(request.url, EventExportQuery),
    pixel,
  });
  return { response, reads };
}

/** Not by `text()`: the runtime warns of it where a body has no type of text. */
const textOf = async (response: Response): Promise<string> =>
  new TextDecoder().decode(await response.arrayBuffer());
const ids = (text: string): string[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { id: string }).id]));

const nextOf = (response: Response): string | null => {
  const [, url] = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '') ?? [];
  return url === undefined ? null : new URL(url).search;
};

describe('an export', () => {
  it('of 60,000 events reads a page only when the client is ready for it', async () => {
    const pixel = await makePixel('UTC');
    await fill(pixel, 0, 60_000);
    const exportedIds: string[] = [];
    const answers: number[] = [];
    for (let query: string | null = ''; query !== null; ) {
      const { response, reads } = await exported(pixel, query);
      // The plan, and not one row yet.
      expect(reads).toHaveLength(1);
      const before = exportedIds.length;
      let chunks = 0;
      for await (const chunk of response.body as ReadableStream<Uint8Array>) {
        chunks++;
        expect(reads).toHaveLength(1 + chunks);
        const page = ids(new TextDecoder().decode(chunk));
        expect(page.length).toBeLessThanOrEqual(4000);
        exportedIds.push(...page);
      }
      expect(reads.length).toBeLessThanOrEqual(41);
      answers.push(exportedIds.length - before);
      query = nextOf(response);
    }
    expect(answers).toEqual([50_000, 10_000]);
    expect(exportedIds).toEqual(Array.from({ length: 60_000 }, (_, index) => idOf(index)));
  }, 120_000);

  it('has fewer rows per page if rows are large', async () => {
    const pixel = await makePixel('UTC');
    const value = '\u20ac'.repeat(500);
    const props = JSON.stringify(
      Object.fromEntries(Array.from({ length: 30 }, (_, key) => [`k${key}`, value])),
    );
    await fill(pixel, 0, 1200, { props });
    const { response, reads } = await exported(pixel);
    let rows = 0;
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      expect(chunk.length).toBeLessThan(1.2 * 1024 * 1024);
      rows += ids(new TextDecoder().decode(chunk)).length;
    }
    expect(reads).toHaveLength(41);
    expect(rows).toBeLessThan(1000);
    const rest = await exported(pixel, nextOf(response) ?? '');
    expect(ids(await textOf(rest.response))[0]).toBe(idOf(rows));
    expect(nextOf(rest.response)).toBeNull();
  });

  it('has each event once and in order while others are being stored', async () => {
    const pixel = await makePixel('UTC');
    await fill(pixel, 0, 9000);
    const exportedIds: string[] = [];
    let added = 0;
    for (let query: string | null = '?limit=4000'; query !== null; ) {
      const { response } = await exported(pixel, query);
      for await (const chunk of response.body as ReadableStream<Uint8Array>) {
        exportedIds.push(...ids(new TextDecoder().decode(chunk)));
        // Before, within and behind what is being read.
        for (const ts of [0, 1500, 9000]) {
          await store(pixel, [event(0, { ts: START + ts, id: `x${added++}` })]);
        }
      }
      query = nextOf(response);
    }
    expect(exportedIds.filter((id) => id.startsWith('e'))).toEqual(
      Array.from({ length: 9000 }, (_, index) => idOf(index)),
    );
    expect(new Set(exportedIds).size).toBe(exportedIds.length);
  });

  it('splits a page that has grown since it was planned', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [event(0), event(30_000)]);
    const { response, reads } = await exported(pixel);
    await fill(pixel, 1, 9001);
    const exportedIds = ids(await textOf(response));
    expect(exportedIds).toHaveLength(9002);
    expect(exportedIds).toEqual(exportedIds.toSorted());
    expect(reads).toHaveLength(4);
  });

  it('aborts the response if the database fails midway', async () => {
    const pixel = await makePixel('UTC');
    await fill(pixel, 0, 5000);
    const { response } = await exported(pixel);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect((await reader.read()).done).toBe(false);
    await db.prepare('ALTER TABLE events RENAME TO events_away').run();
    try {
      await expect(reader.read()).rejects.toThrow('no such table');
    } finally {
      await db.prepare('ALTER TABLE events_away RENAME TO events').run();
    }
  });
});

describe('amounts', () => {
  it.each([
    [0, '0'],
    [29_990_000, '29.99'],
    [-1, '-0.000001'],
    [5_000_000, '5'],
    [Number.MAX_SAFE_INTEGER, '9007199254.740991'],
  ])('of %d millionths are written as %s', (micros, text) => {
    expect(decimalOf(micros)).toBe(text);
  });

  it('come back exactly', () => {
    fc.assert(fc.property(fc.maxSafeInteger(), (micros) => microsOf(decimalOf(micros)) === (micros || 0)));
  });

  it.each([
    ['1e2', 100_000_000],
    ['1e-6', 1],
    ['-2.50', -2_500_000],
    ['0.12345678', 123_457],
    ['9007199254.740992', null],
    ['1e300', null],
  ])('%s', (text, micros) => {
    expect(microsOf(text)).toBe(micros);
  });
});

describe('JSON, read exactly', () => {
  const plain = (value: unknown): unknown => {
    if (value instanceof JsonNumber) return Number(value.text);
    if (Array.isArray(value)) return value.map(plain);
    if (!(value instanceof Map)) return value;
    return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]));
  };

  it('equals the result of JSON.parse', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(plain(parseExactly(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('but for the order of keys and the digits of numbers', () => {
    const text = '{"b":1,"2024":"x","__proto__":"y","n": -9007199254.740991,"\\"q\\":":"\\\\"}';
    expect([...(parseExactly(text) as Map<string, unknown>)]).toEqual([
      ['b', new JsonNumber('1')],
      ['2024', 'x'],
      ['__proto__', 'y'],
      ['n', new JsonNumber('-9007199254.740991')],
      ['"q":', '\\'],
    ]);
  });

  it.each(['', '{', '{"a":01}', '{"a":1}}', '"a', '[1,]', "{'a':1}"])('%j is invalid', (text) => {
    expect(() => parseExactly(text)).toThrow(SyntaxError);
  });
});
