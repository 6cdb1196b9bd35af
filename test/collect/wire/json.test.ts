import { describe, expect, it } from 'vitest';
import {
  dataOf,
  decodeBase64,
  parseJson,
  propsOf,
  recordOf,
  textOf,
} from '../../../src/collect/wire/json.ts';
import { propertiesOf } from '../../../src/enrich/custom-data.ts';
import { LIMITS } from '../../../src/model/limits.ts';
import { jsonText } from '../../../src/model/text/json.ts';

describe('JSON', () => {
  it.each(['', '{', '{"a":1}}', 'undefined', '\u0000', '[1,]'])('%j is none', (text) => {
    expect(parseJson(text)).toBe(undefined);
  });

  it('is any value', () => {
    expect(['null', '7', '"a"', '[]', '{"a":{}}'].map(parseJson)).toEqual([null, 7, 'a', [], { a: {} }]);
  });

  it('may be nested as deeply as a megabyte allows', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
      // Objects with such keys are written in another way, which is recursive.
      ['{"0":', '}'],
    ] as const) {
      const text = `${open.repeat(150_000)}1${close.repeat(150_000)}`;
      const value = parseJson(`{"p":${text}}`) as { p: unknown };
      const pairs = dataOf(value);
      expect(pairs.map(([key]) => key.slice(0, 3))).toEqual([open === '[' ? 'p' : `p.${open[2]}`]);
      expect(['', text].includes(jsonText(value.p))).toBe(true);
      // The same in the properties of Speck's own events.
      expect(propertiesOf('Signup', [['p', value.p]]).length).toBeLessThan(3 * LIMITS.propValue);
    }
  });
});

it('texts are those of strings, numbers and booleans', () => {
  expect(['a', 7, true, null, undefined, {}, ['x']].map(textOf)).toEqual(['a', '7', 'true', '', '', '', '']);
});

it('records are objects', () => {
  expect([{ a: 1 }, {}].map(recordOf)).toEqual([{ a: 1 }, {}]);
  expect([null, undefined, 7, 'a', [1]].map(recordOf)).toEqual([null, null, null, null, null]);
});

describe('custom data', () => {
  it('has the values of nested objects by joined keys, and arrays as text', () => {
    expect(dataOf({ a: 1, b: { c: 'x', d: { e: true } }, f: [1, { g: 2 }], h: null, i: {}, j: [] })).toEqual([
      ['a', 1],
      ['b.c', 'x'],
      ['b.d.e', true],
      ['f', '[1,{"g":2}]'],
      ['j', '[]'],
    ]);
    expect(dataOf({ a: { b: { c: { d: { e: { f: 1 } } } } } })).toEqual([['a.b.c.d.e', '{"f":1}']]);
    for (const value of [null, undefined, 7, 'a', [1]]) expect(dataOf(value)).toEqual([]);
  });

  it('has keys of prototypes as any other', () => {
    expect(dataOf(parseJson('{"__proto__":{"a":1},"constructor":2,"toString":"x"}'))).toEqual([
      ['__proto__.a', 1],
      ['constructor', 2],
      ['toString', 'x'],
    ]);
    expect(({} as Record<string, unknown>)['a']).toBe(undefined);
  });

  it('is bounded in number and length', () => {
    const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, { a: index }]));
    expect(dataOf(wide).length).toBe(LIMITS.fields);
    const [[key, value] = ['', '']] = dataOf({ ['k'.repeat(5000)]: { a: 'v'.repeat(5000) } });
    expect([key.length, (value as string).length]).toEqual([1000, 1000]);
    const [[, list] = ['', '']] = dataOf({ a: Array(5000).fill(1) });
    expect((list as string).length).toBe(1000);
  });

  it('that is no revenue keeps its names apart from it', () => {
    expect(propsOf({ value: 1, currency: 'EUR', plan: 'pro', a: { value: 2 } })).toEqual([
      ['event_value', 1],
      ['event_currency', 'EUR'],
      ['plan', 'pro'],
      ['a.value', 2],
    ]);
  });
});

it('base64 may be of either alphabet, padded or not', () => {
  const bytes = [251, 255, 254, 0];
  for (const text of ['+//+AA==', '+//+AA', '-__-AA==', '-__-AA']) {
    expect([...(decodeBase64(text) ?? [])]).toEqual(bytes);
  }
  expect(decodeBase64('')).toEqual(new Uint8Array(0));
  for (const text of ['a', '====', 'ä', '{"a":1}', '\ud800']) expect(decodeBase64(text)).toBe(null);
});
