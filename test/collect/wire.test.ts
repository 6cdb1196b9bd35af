import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWith } from '../../src/collect/answer.ts';
import { endpointsOf } from '../../src/collect/wire/endpoints.ts';
import { native } from '../../src/collect/wire/native.ts';
import { fromFields, fromJson } from '../../src/collect/wire/native-event.ts';
import { NO_BYTES } from '../../src/http/body.ts';
import { parseFields } from '../../src/model/fields.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { BLANK_EVENT } from '../../src/model/wire.ts';

const blank = { path: '/', query: '', headers: new Headers(), bytes: NO_BYTES };
/** The events of a query; the error if it cannot be read. */
async function pixel(query: string) {
  const reading = await native.read({ ...blank, method: 'GET', query });
  return reading.ok ? reading.value.events : reading.error;
}
/** The events of a beacon; the error if it cannot be read. */
async function beacon(body: string) {
  const bytes = new TextEncoder().encode(body);
  const reading = await readWith(native, { ...blank, method: 'POST', bytes });
  return reading.ok ? reading.value.events : reading.error;
}

describe('fields of a query or form', () => {
  it.each([
    ['a=1&b=2', { a: '1', b: '2' }],
    ['a=%20+x', { a: '  x' }],
    ['a=%C3%A4', { a: 'ä' }],
    ['a=%', { a: '%' }],
    ['a=%zz%C3', { a: '%zz\ufffd' }],
    ['a', { a: '' }],
    ['=1&&a=1=2', { a: '1=2' }],
    ['a=1&a=2', { a: '1' }],
    ['__proto__=1&constructor=2', { ['__proto__']: '1', constructor: '2' }],
  ])('%s', (text, expected) => {
    expect([...parseFields(text)]).toEqual(Object.entries(expected));
  });

  it('are parsed as URLSearchParams does, and never throw', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('a', 'b', '=', '&', '%', '2', '0', 'C', '3', '+', 'ü'),
          maxLength: 60,
        }),
        (text) => {
          const first = new Map<string, string>();
          for (const [key, value] of new URLSearchParams(text))
            if (key !== '' && !first.has(key)) first.set(key, value);
          expect([...parseFields(text)]).toEqual([...first]);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('are read up to a limit', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => `f${index}=1`).join('&');
    expect(parseFields(many).size).toBe(LIMITS.fields);
  });
});

describe('the native format', () => {
  const allFields = {
    id: 'px',
    ev: 'Purchase',
    dl: 'https://site.example/',
    rl: 'https://blog.example/',
    nav: '1',
    eid: 'order-7',
    uid: 'customer-4711',
    uid_sig: 'f00d',
    consent: 'granted',
    cid: 'AAAAAAAAAAAAAAAAAAAAAA',
  };

  it('reads every field of a query and of JSON, and reads missing fields as empty', async () => {
    const query = `${new URLSearchParams(allFields)}&cd[plan]=pro&ud[em]=hash`;
    const event = { ...allFields, cd: [['plan', 'pro']], ud: [['em', 'hash']] };
    expect(await pixel(query)).toEqual([event]);
    expect(await beacon(query)).toEqual([event]);
    expect(fromJson({ ...allFields, cd: { plan: 'pro' }, ud: { em: 'hash' } })).toEqual(event);
    expect(await pixel('')).toEqual([BLANK_EVENT]);
    expect(fromJson({})).toEqual(BLANK_EVENT);
  });

  it('reads numbers and booleans of JSON as text, and ignores other types', () => {
    const of = (value: unknown) => fromJson({ ev: value })?.ev;
    // Not absent: an event without a name is a page view.
    expect([7, true, null, {}, ['x']].map(of)).toEqual(['7', 'true', '', ' ', ' ']);
    const dl = (value: unknown) => fromJson({ dl: value })?.dl;
    expect([7, true, null, {}, ['x']].map(dl)).toEqual(['7', 'true', '', '', '']);
    expect([null, 7, 'text', [1], undefined].map(fromJson)).toEqual([null, null, null, null, null]);
  });

  it('ignores custom data that is not an object or is malformed', () => {
    for (const cd of [['a'], null, 'text', 7]) expect(fromJson({ cd })?.cd).toEqual([]);
    expect(fromFields(parseFields('cd=1&cd[a=1&cda]=1&xd[a]=1&cd[]=1&cd[b]=1')).cd).toEqual([
      ['', '1'],
      ['b', '1'],
    ]);
  });

  it('has three routes', () => {
    expect([...endpointsOf([native])].map(([path, { methods }]) => [path, methods])).toEqual([
      ['/p.gif', 'GET, HEAD, OPTIONS'],
      ['/tr', 'GET, HEAD, OPTIONS'],
      ['/beacon', 'POST, OPTIONS'],
    ]);
  });

  it('reads custom data from brackets and from objects alike', () => {
    expect(fromFields(parseFields('id=px&ev=Purchase&cd[value]=9.99&cd%5Bcurrency%5D=EUR')).cd).toEqual([
      ['value', '9.99'],
      ['currency', 'EUR'],
    ]);
    expect(fromJson({ id: 'px', cd: { value: 9.99 }, 'cd[currency]': 'EUR' })?.cd).toEqual([
      ['value', 9.99],
      ['currency', 'EUR'],
    ]);
  });

  it.each([
    ['id=px_1', null],
    ['ev=x&id=px_1', null],
    ['', 'missing_id'],
    ['id=', 'missing_id'],
    ['id=&ev=x', 'missing_id'],
    ['pid=px_1', 'missing_id'],
    ['ev=id=3', 'missing_id'],
    ['ev=x&id=px_1&pid=', null],
    ['id=&id=px_1', 'missing_id'],
  ])('detects in %s whether an id is present', (query, mistake) => {
    for (const { screen } of native.routes.slice(0, 2)) expect(screen?.(query)).toBe(mistake);
  });

  it.each([
    ['{"id":"px"', 'broken_json'],
    ['[]', 'missing_id'],
    ['{}', 'missing_id'],
    ['[1,2]', 'missing_id'],
    ['', 'missing_id'],
    ['ev=x', 'missing_id'],
    [
      JSON.stringify(Array.from({ length: LIMITS.beaconEvents + 1 }, () => ({ id: 'px' }))),
      'too_many_events',
    ],
  ])('rejects the beacon %s', async (body, mistake) => {
    expect(await beacon(body)).toBe(mistake);
  });

  it('accepts a beacon as object, array or form, and keeps the position of invalid items', async () => {
    expect(await beacon(' {"id":"px","ev":"A"}')).toMatchObject([{ id: 'px', ev: 'A' }]);
    expect(await beacon('[{"id":"px"},7,null]')).toMatchObject([{ id: 'px' }, null, null]);
    expect(await beacon('id=px&ev=A')).toMatchObject([{ id: 'px', ev: 'A' }]);
    const most = Array.from({ length: LIMITS.beaconEvents }, () => ({ id: 'px' }));
    expect(await beacon(JSON.stringify(most))).toHaveLength(LIMITS.beaconEvents);
  });

  it('never throws, whatever the body', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((text) => `[${text}]`),
        ),
        async (text) => {
          const parsed = await beacon(text);
          expect(typeof parsed === 'string' || Array.isArray(parsed)).toBe(true);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
