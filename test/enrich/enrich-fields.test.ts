/** Enriching: names, ids, times and overrides, and the person of an event. */
import { describe, expect, it } from 'vitest';
import type { enrich } from '../../src/enrich/enrich.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { localDayOf } from '../../src/model/local-day.ts';
import type { RawEvent } from '../../src/model/wire.ts';
import { api, CHROME, eventOf, NOW, pixel, run, under } from './inputs.ts';

describe('names, ids and times', () => {
  it('reads PageView and an empty name as pageview', () => {
    expect([eventOf(run({ ev: '' })).name, eventOf(run({ ev: 'PageView' })).name]).toEqual([
      'pageview',
      'pageview',
    ]);
  });

  it.each([
    [{ ev: 'x'.repeat(121) }, 'invalid_name'],
    [{ ev: `${'x'.repeat(120)}😀` }, 'invalid_name'],
    [{ ev: '\u0001' }, 'invalid_name'],
    [{ eid: 'x'.repeat(129) }, 'invalid_eid'],
    [{ eid: 'ann@mail.example' }, 'invalid_eid'],
    [{ uid: 'x'.repeat(257) }, 'invalid_uid'],
  ])('rejects %j', (event, reason) => {
    expect(run(event)).toMatchObject({ ok: false, error: { reason } });
  });

  it.each([
    'ann@mail.example',
    'order-7-ann@mail.example',
    '<7.1@mail.example>',
    'ann%40mail.example',
    'ann%2540mail.example',
    'jürgen@müller.example',
    'ann@[192.0.2.1]',
  ])('rejects an event id that is or contains an e-mail address: %s', (eid) => {
    expect(run({ eid })).toMatchObject({ ok: false, error: { reason: 'invalid_eid' } });
  });

  it.each([
    'order@7',
    '7@shop',
    'react@18.2.0',
    'sku@2x',
    '@ann',
    'ann@',
    'a@b',
    'a@1.5',
    '3f1c@1732960800',
    'evt_@_01',
    'a@@b.example',
    '100%40',
    'ann at mail.example',
  ])('accepts an event id with an at sign that is not an address, unchanged: %s', (eid) => {
    expect(eventOf(run({ eid })).eid).toBe(eid);
  });

  it.each([{ ev: 'x'.repeat(120) }, { eid: 'x'.repeat(128) }, { uid: 'x'.repeat(256) }])(
    'accepts fields of the maximum length: %j',
    (event) => {
      expect(run(event).ok).toBe(true);
    },
  );

  it('uses the id that an event arrived with, and stores the id of its client', () => {
    expect(eventOf(run({ eid: 'order-7', ev: 'Purchase' }))).toMatchObject({ id: 'edge00', eid: 'order-7' });
    expect(eventOf(run({}))).toMatchObject({ id: 'edge00', eid: '' });
  });

  it.each([
    ['2026-11-23T23:30:00Z', '2026-11-24'],
    ['2026-11-24T00:30:00+01:00', '2026-11-24'],
    [Date.parse('2026-11-23T22:59:59Z'), '2026-11-23'],
  ])('assigns %s to the local day %s', (ts, day) => {
    const result = api({}, { ts });
    expect(result.ok && result.value.day.day).toBe(day);
  });

  it('finds a day by its bounds, whatever day was looked up before', () => {
    const start = Date.parse('2026-11-23T23:00:00Z');
    const end = Date.parse('2026-11-24T23:00:00Z');
    for (const ts of [start, end - 1, start]) {
      expect(localDayOf(pixel.timezone, ts)).toEqual({ day: '2026-11-24', start, end, zone: pixel.timezone });
    }
    expect(localDayOf(pixel.timezone, end).day).toBe('2026-11-25');
    expect(localDayOf(pixel.timezone, start - 1).day).toBe('2026-11-23');
  });

  it.each([
    ['2026-11-24T09:00Z', '2026-11-24T09:00:00.000Z'],
    ['2026-11-24T09:00:00.123456Z', '2026-11-24T09:00:00.123Z'],
    [NOW - 0.5, '2026-11-24T09:59:59.999Z'],
    [NOW + LIMITS.clockSkew, '2026-11-24T10:05:00.000Z'],
    [LIMITS.oldestTs, '2000-01-01T00:00:00.000Z'],
    [undefined, '2026-11-24T10:00:00.000Z'],
  ])('reads the time %j as %s', (ts, time) => {
    expect(new Date(eventOf(api({}, { ts })).ts).toISOString()).toBe(time);
  });

  it.each([
    ['yesterday', 'invalid_time'],
    ['2026-02-30T10:00:00Z', 'invalid_time'],
    ['2026-11-24T10:00:00', 'invalid_time'],
    ['2026-11-24T09:00:00Z (UTC)', 'invalid_time'],
    [['2026-11-24T09:00:00Z'], 'invalid_time'],
    [{}, 'invalid_time'],
    [Number.NaN, 'invalid_time'],
    ['9999-12-31T00:00:00Z', 'time_in_future'],
    [1e15, 'time_in_future'],
    [NOW + LIMITS.clockSkew + 1, 'time_in_future'],
    [LIMITS.oldestTs - 1, 'time_too_old'],
    [1_700_000_000, 'time_too_old'],
    ['1999-12-31T23:59:59Z', 'time_too_old'],
  ])('rejects the time %j', (ts, reason) => {
    expect(api({}, { ts })).toMatchObject({ ok: false, error: { reason } });
  });

  it.each([
    { ip: 'no address' },
    { ip: 7 },
    { ip: ['192.0.2.1'] },
    { ip: 'x'.repeat(256) },
    { ua: 7 },
    { country: 'Austria' },
    { country: 7 },
    { country: ['AT'] },
  ])('rejects the override %j, and names it', (overrides) => {
    const [field = ''] = Object.keys(overrides);
    expect(api({}, overrides)).toMatchObject({
      ok: false,
      error: { reason: 'invalid_override', detail: expect.stringMatching(`^${field} is `) },
    });
  });

  it('trusts a sender with a token about address, agent and country', () => {
    const result = api({}, { ip: 'x'.repeat(255), ua: CHROME.replace(' ', '\n'), country: 'de' });
    expect(eventOf(result)).toMatchObject({ country: 'DE', region: '', city: '' });
    expect(result.ok && result.value.identity).toEqual({
      ip: 'x'.repeat(255),
      userAgent: CHROME,
      isApart: false,
    });
  });

  it('counts no visitor without an address', () => {
    const identities = [{}, { ip: '192.0.2.1' }, { ua: CHROME }, { ip: '192.0.2.1', ua: CHROME }].map(
      (overrides) => {
        const result = api({}, overrides);
        return result.ok && result.value.identity !== null;
      },
    );
    expect(identities).toEqual([false, false, false, true]);
  });
});

describe('a person', () => {
  const sha = 'AB'.repeat(32);
  const identifiers = (result: ReturnType<typeof enrich>) => result.ok && result.value.identifiers;
  const cookie = 'AAAAAAAAAAAAAAAAAAAAAA';

  it.each([
    ['granted', 'first_party', true],
    ['granted', 'third_party', true],
    ['granted', 'off', false],
    ['', 'first_party', false],
    ['yes', 'first_party', false],
  ] as const)(
    'is recognized by the cookie with consent %j and the setting %s: %s',
    (consent, setting, expected) => {
      expect(identifiers(under({ cookie: setting }, { consent }, { cookie }))).toEqual(
        expected ? [{ kind: 'cookie', value: cookie }] : [],
      );
    },
  );

  it('is identified by the event, the strongest identifier first', () => {
    const event: Partial<RawEvent> = {
      uid: 'customer-4711',
      consent: 'granted',
      ud: [
        ['ph', [sha]],
        ['em', sha],
        ['fn', 'Ann'],
        ['external_id', ''],
      ],
    };
    expect(identifiers(under({ cookie: 'first_party' }, event, { cookie }))).toEqual([
      { kind: 'uid', value: 'customer-4711' },
      { kind: 'em', value: sha.toLowerCase() },
      { kind: 'ph', value: sha.toLowerCase() },
      { kind: 'cookie', value: cookie },
    ]);
    expect(identifiers(run({ consent: 'granted', ud: [['em', null]] }))).toEqual([]);
  });

  it.each(['ann@mail.example', sha.slice(1), `${sha}0`, `x${sha}`, 7, {}])(
    'is not identified by %j, which is not a SHA-256',
    (em) => {
      expect(run({ ud: [['em', em]] })).toMatchObject({ error: { reason: 'unhashed_user_data' } });
    },
  );
});
