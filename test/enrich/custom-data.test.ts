/** Enriching: revenue, custom properties and engagement. */
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import { REJECTION_REASONS } from '../../src/model/rejection.ts';
import type { RawEvent } from '../../src/model/wire.ts';
import { eventOf, run } from './inputs.ts';

describe('values', () => {
  it.each([
    [
      [
        ['value', '9.99'],
        ['currency', 'eur'],
      ],
      9_990_000,
      'EUR',
    ],
    [
      [
        ['value', 0.1 + 0.2],
        ['currency', 'USD'],
      ],
      300_000,
      'USD',
    ],
    [[['value', 5]], 5_000_000, ''],
    [[['value', '1.005']], 1_005_000, ''],
    [[['value', -5]], -5_000_000, ''],
    [[['value', '9007199254.74']], 9_007_199_254_740_000, ''],
    [[['value', null]], null, ''],
    [[['currency', 'USD']], null, ''],
    [[['value', '']], null, ''],
    [[['value', ' ']], null, ''],
  ] as [RawEvent['cd'], number | null, string][])('%j', (cd, value, currency) => {
    expect(eventOf(run({ cd }))).toMatchObject({ value, currency });
  });

  it.each([
    [[['value', 'NaN']], 'invalid_value'],
    [[['value', Number.POSITIVE_INFINITY]], 'invalid_value'],
    [[['value', '1e999']], 'invalid_value'],
    [[['value', {}]], 'invalid_value'],
    [[['value', [5]]], 'invalid_value'],
    [[['value', '9007199254.740993']], 'invalid_value'],
    [[['value', '-9007199254.740993']], 'invalid_value'],
    [
      [
        ['value', '1'],
        ['currency', ['EUR']],
      ],
      'invalid_currency',
    ],
    [
      [
        ['value', '1'],
        ['currency', 'dollars'],
      ],
      'invalid_currency',
    ],
    [[['value', '12,50']], 'invalid_value'],
    [[['value', '1.234,50']], 'invalid_value'],
    [[['value', '€5']], 'invalid_value'],
    [[['value', '5 EUR']], 'invalid_value'],
    [[['value', "1'000"]], 'invalid_value'],
    [[['value', true]], 'invalid_value'],
  ] as [RawEvent['cd'], string][])('keeps the event without %j, and says so', (cd, reason) => {
    const result = run({ ev: 'Purchase', cd: [...cd, ['plan', 'pro']] });
    expect(eventOf(result)).toMatchObject({ value: null, currency: '', props: '{"plan":"pro"}' });
    expect(result.ok && result.value.flaws).toEqual([{ reason, detail: REJECTION_REASONS[reason as 'bot'] }]);
  });

  it('ignores an amount that a privacy signal leaves out anyway', () => {
    const result = run({ cd: [['value', '12,50']], consent: 'denied' });
    expect(result.ok && result.value.flaws).toEqual([]);
  });

  it('accepts the currencies of ISO 4217 in either case, including those of the runtime, and no others', () => {
    const currencyOf = (currency: unknown) => {
      const result = run({
        cd: [
          ['value', 1],
          ['currency', currency],
        ],
      });
      return (result.ok && result.value.flaws[0]?.reason) || eventOf(result).currency;
    };
    const currencies = Intl.supportedValuesOf('currency').filter(
      (code) => !['XDR', 'XSU', 'XUA'].includes(code),
    );
    expect(currencies.length).toBeGreaterThan(150);
    for (const code of [...currencies, 'SLE', 'VED', 'XCG', 'ZWG', 'CLF', 'HRK', 'LTL']) {
      expect(currencyOf(code)).toBe(code);
      expect(currencyOf(code.toLowerCase())).toBe(code);
    }
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
    const all = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)));
    const taken = all.filter((code) => currencyOf(code) === code);
    expect(taken.length).toBeLessThan(190);
    const none = [
      'AAA',
      'XXX',
      'XTS',
      'XAU',
      'XDR',
      'ZZZ',
      'EU',
      'EURO',
      'ſEK',
      'DKK\n',
      ' EUR',
      '€',
      1,
      true,
      ['EUR'],
      {},
    ];
    for (const other of none) expect(currencyOf(other)).toBe('invalid_currency');
  });

  it('stores custom data, hostile keys included, within its limits', () => {
    const cd: RawEvent['cd'] = [
      ['__proto__', 'x'],
      ['mail', 'ann@mail.example'],
      ['n', 1],
      ['list', [1, 2]],
      ['big', 'y'.repeat(9999)],
    ];
    expect(eventOf(run({ cd })).props).toBe(
      `{"__proto__":"x","mail":"(email)","n":"1","list":"[1,2]","big":"${'y'.repeat(LIMITS.propValue)}"}`,
    );
    const odd: RawEvent['cd'] = [
      ['value', 1],
      ['currency', 'EUR'],
      ['', 'nameless'],
      ['nothing', null],
      ['twice', 'first'],
      ['twice', 'second'],
    ];
    expect(eventOf(run({ cd: odd })).props).toBe('{"nothing":"","twice":"first"}');
    const many = Array.from({ length: 100 }, (_, index): [string, unknown] => [`k${index}`, 1]);
    expect(Object.keys(JSON.parse(eventOf(run({ cd: many })).props))).toHaveLength(LIMITS.props);
  });
});

describe('an engagement', () => {
  it.each([
    [1499.6, 1500],
    ['1500', 1500],
    [0, 0],
    [' ', null],
    [1e12, LIMITS.engaged],
    [-1, null],
    ['', null],
    ['long', null],
    [null, null],
    [true, null],
    [[5], null],
  ])('of %j milliseconds lasts %j', (engaged, expected) => {
    expect(eventOf(run({ ev: 'engagement', cd: [['engaged', engaged]] }))).toMatchObject({
      engaged: expected,
      scroll: null,
    });
  });

  it.each([
    [55.5, 56],
    [100, 100],
    [250, 100],
  ])('at %j per cent of the page has the scroll depth %j', (scroll, expected) => {
    expect(eventOf(run({ ev: 'engagement', cd: [['scroll', scroll]] }))).toMatchObject({
      engaged: null,
      scroll: expected,
    });
  });

  it('has no custom data, and other events have none of its fields', () => {
    const cd: RawEvent['cd'] = [
      ['engaged', 1500],
      ['scroll', 50],
    ];
    expect(eventOf(run({ ev: 'engagement', cd })).props).toBe('');
    expect(eventOf(run({ ev: 'Read', cd }))).toMatchObject({
      engaged: null,
      scroll: null,
      props: '{"engaged":"1500","scroll":"50"}',
    });
  });
});
