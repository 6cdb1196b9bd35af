/** Segments decode to the values that were encoded, and damaged ones are refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODES_A_CHUNK, COLUMNS, characterOf, decodeCodes, MAX_CODE } from '../../src/columns/format.ts';
import {
  parseHeader,
  Segment,
  type SegmentDamage,
  SegmentError,
  type SegmentRow,
  type Value,
} from '../../src/columns/segment.ts';
import { db } from '../fixtures.ts';
import { encodeSegment, SOME_DAY, type Values } from './encode.ts';

function decode(rows: readonly SegmentRow[]): Segment {
  const header = rows.find(({ name }) => name === '');
  return new Segment(parseHeader(header?.dictionary ?? ''), rows);
}

function valuesOf(segment: Segment, name: string): Value[] {
  const { dictionary, codes } = segment.column(name);
  return Array.from(codes, (code) => (dictionary ? (dictionary[code] as Value) : code));
}

const countTo = (length: number): number[] => Array.from({ length }, (_, index) => index);

const VALUES = {
  codes: fc.oneof(fc.nat(1500), fc.constantFrom(0, 56, 57, 55_259, 55_260, 63_451, 63_452, MAX_CODE)),
  numbers: fc.option(fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -2, max: 2 })), { nil: null }),
  texts: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '"', '\\', '\u0000', '\u{1f600}')),
};

/** Some columns of some visits and events. A column has few or many values, so that some columns are constant. */
const segments = fc.record({ visits: fc.nat(40), events: fc.nat(60) }).chain((sizes) =>
  fc.record({
    sizes: fc.constant(sizes),
    values: fc.record(
      Object.fromEntries(
        [...COLUMNS.values()]
          .filter(({ name }) => name !== 'visit:rows')
          .map(({ name, of, kind }) => {
            const length = of === 'visit' ? sizes.visits : sizes.events;
            const column = fc
              .array(VALUES[kind] as fc.Arbitrary<Value>, { minLength: 1, maxLength: 8 })
              .chain((some) => fc.array(fc.constantFrom(...some), { minLength: length, maxLength: length }));
            return [name, column];
          }),
      ),
    ) as fc.Arbitrary<Values>,
  }),
);

describe('a segment', () => {
  it('decodes to what was encoded, with its rows in any order', () => {
    fc.assert(
      fc.property(segments, ({ sizes, values }) => {
        const rows = encodeSegment(values, sizes);
        const segment = decode(rows.toReversed());
        expect(segment.header).toMatchObject({ ...sizes, days: [SOME_DAY] });
        for (const [name, column] of Object.entries(values)) {
          expect(valuesOf(segment, name), name).toEqual(column);
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['256', countTo(256)],
    ['65,536', countTo(0x10000)],
    ['70,000, of which some take two UTF-16 units,', countTo(70_000)],
  ])('decodes a dictionary of %s values in several chunks', (_, numbers) => {
    const values = {
      'event:page': numbers.map((number) => `/${number}/${'é'.repeat(number % 50)}`),
      'event:value': [...numbers.slice(1), null],
      'event:minute': numbers,
    };
    const rows = encodeSegment(values);
    const chunks = (name: string): number => rows.filter((row) => row.name === name).length;
    expect(chunks('event:minute')).toBe(Math.ceil(numbers.length / CODES_A_CHUNK));
    if (numbers.length === 70_000) expect(chunks('event:page')).toBeGreaterThan(chunks('event:minute'));
    const segment = decode(rows);
    for (const [name, column] of Object.entries(values)) expect(valuesOf(segment, name)).toEqual(column);
  });

  it('decodes a column once, and shares the codes of columns with one value', () => {
    const segment = decode(
      encodeSegment({ 'event:name': ['a', 'b'], 'event:page': ['/', '/'], 'event:currency': ['', ''] }),
    );
    expect(segment.column('event:name')).toBe(segment.column('event:name'));
    expect(segment.column('event:page').codes).toBe(segment.column('event:currency').codes);
  });

  it('has columns without values if it has no events', () => {
    const segment = decode(encodeSegment({}));
    for (const { name, kind } of COLUMNS.values()) {
      const { dictionary, codes } = segment.column(name);
      expect([name, dictionary, codes.length]).toEqual([name, kind === 'codes' ? null : [], 0]);
    }
  });
});

describe('the characters of codes', () => {
  it('are the same in SQL and in TypeScript, at every border', async () => {
    const codes = [...countTo(300), 55_258, 55_259, 55_260, 55_261, 63_450, 63_451, 63_452, 63_453, MAX_CODE];
    const { results } = await db
      .prepare(`SELECT ${characterOf('value')} AS text FROM json_each(?)`)
      .bind(JSON.stringify(codes))
      .all<{ text: string }>();
    const text = results.map((row) => row.text).join('');
    const into = new Uint32Array(codes.length);
    expect(decodeCodes(text, into, 0, MAX_CODE + 1)).toBe(codes.length);
    expect([...into]).toEqual(codes);
    expect(text).not.toMatch(/["\\]/);
  });

  it('are refused where they are none', () => {
    const into = new Uint16Array(2);
    for (const text of ['\n', ' ', '!', '"', '\\', '\ud800', '\udc00', '\ud800#', '\udc00\udc00', '#\ud83d'])
      expect(decodeCodes(text, into, 0, MAX_CODE + 1), JSON.stringify(text)).toBe(-1);
    expect(decodeCodes('#$', into, 0, 2)).toBe(2);
    expect(decodeCodes('#%', into, 0, 2)).toBe(-1);
    expect(decodeCodes('##', into, 1, 2)).toBe(3);
  });
});

describe('a damaged segment', () => {
  const values = {
    'visit:rows': [2, 3, 2],
    'visit:minute': [1, 2, 3],
    source: ['a', 'b', 'a'],
    'event:name': ['x', 'y', 'x', 'x', 'z', 'x', 'x'],
    'event:value': [1, null, null, null, null, null, null],
    'event:currency': ['', '', '', '', '', '', ''],
  };
  const rows = encodeSegment(values);
  const many = encodeSegment({
    'event:minute': countTo(40_000),
    'event:page': countTo(40_000).map((number) => `/${number}/${'x'.repeat(50)}`),
  });

  type Change = (row: SegmentRow) => SegmentRow | null;
  const changed = (from: readonly SegmentRow[], name: string, change: Change, chunk = 0): SegmentRow[] =>
    from.flatMap((row) => (row.name === name && row.chunk === chunk ? (change(row) ?? []) : row));
  const header = (fields: object): SegmentRow[] =>
    changed(rows, '', (row) => ({
      ...row,
      dictionary: JSON.stringify({ ...(JSON.parse(row.dictionary) as object), ...fields }),
    }));
  const codes = (name: string, text: string): SegmentRow[] =>
    changed(rows, name, (row) => ({ ...row, codes: text }));
  const dictionary = (name: string, text: string): SegmentRow[] =>
    changed(rows, name, (row) => ({ ...row, dictionary: text }));
  const without = (name: string, chunk: number): SegmentRow[] => changed(many, name, () => null, chunk);

  it.each<[string, SegmentDamage, SegmentRow[], string]>([
    ['a newer version', 'version', header({ version: 2 }), ''],
    ['no version', 'header', header({ version: undefined }), ''],
    ['a version that is no number', 'header', header({ version: '1' }), ''],
    ['no header', 'header', rows.slice(1), ''],
    [
      'a header that is cut off',
      'header',
      changed(rows, '', (row) => ({ ...row, dictionary: row.dictionary.slice(0, -1) })),
      '',
    ],
    ['a header that is null', 'header', changed(rows, '', (row) => ({ ...row, dictionary: 'null' })), ''],
    ['a negative number of events', 'header', header({ events: -1 }), ''],
    ['a fraction of a visit', 'header', header({ visits: 0.5 }), ''],
    ['no constants', 'header', header({ constants: null }), ''],
    ['a constant that is a list', 'header', header({ constants: { source: [] } }), ''],
    ['no days', 'header', header({ days: undefined }), ''],
    ['a day without rolls', 'header', header({ days: [['2026-11-24', null, []]] }), ''],
    ['a day without times', 'header', header({ days: [['2026-11-24', 1, [[0, 1]]]] }), ''],
    [
      'a constant of another kind',
      'dictionary',
      header({ constants: { 'event:currency': 1 } }),
      'event:currency',
    ],
    ['a constant that is no code', 'code', header({ constants: { 'visit:day': -1 } }), 'visit:day'],
    ['a column that is not there', 'missing', changed(rows, 'source', () => null), 'source'],
    ['a column of a newer version', 'missing', rows, 'event:mood'],
    ['no first chunk', 'missing', without('event:minute', 0), 'event:minute'],
    ['no middle chunk', 'missing', without('event:minute', 1), 'event:minute'],
    ['no last chunk', 'length', without('event:minute', 2), 'event:minute'],
    ['no last chunk of a dictionary', 'code', without('event:page', 4), 'event:page'],
    ['a chunk twice', 'missing', [...many, ...many.slice(1)], 'event:minute'],
    ['a dictionary that is cut off', 'dictionary', dictionary('event:name', '["x"'), 'event:name'],
    ['a dictionary that is an object', 'dictionary', dictionary('event:name', '{}'), 'event:name'],
    ['no dictionary', 'dictionary', dictionary('event:name', ''), 'event:name'],
    ['a number among texts', 'dictionary', dictionary('event:name', '["x",1,"z"]'), 'event:name'],
    ['a text among numbers', 'dictionary', dictionary('event:value', '["x",null]'), 'event:value'],
    ['a code beyond the dictionary', 'code', codes('event:name', '#$##&##'), 'event:name'],
    ['a character that is no code', 'code', codes('event:name', '#$##"##'), 'event:name'],
    ['half of a character', 'code', codes('visit:minute', '#$\ud83d'), 'visit:minute'],
    ['too few codes', 'length', codes('event:name', '#$##%#'), 'event:name'],
    ['too many codes', 'length', codes('event:name', '#$##%###'), 'event:name'],
    ['visits with other numbers of events', 'length', codes('visit:rows', '###'), 'visit:rows'],
  ])('with %s is refused as %s', (_, damage, damaged, column) => {
    let thrown: unknown = null;
    try {
      decode(damaged).column(column);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SegmentError);
    expect(thrown).toMatchObject({ damage });
  });

  it('has each of these columns while it is whole', () => {
    for (const [name, column] of Object.entries(values)) expect(valuesOf(decode(rows), name)).toEqual(column);
  });

  it('is read as far as it is whole', () => {
    expect(valuesOf(decode(codes('event:name', '')), 'source')).toEqual(values.source);
  });
});
