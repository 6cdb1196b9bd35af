/** The values that random histories do not have: great amounts, properties and pages of earlier versions, odd patterns. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Goal } from '../../../src/model/goal.ts';
import { fits } from '../../../src/model/goal.ts';
import { FunnelEvaluator } from '../../../src/query/columns/funnel.ts';
import { Meter } from '../../../src/query/meter.ts';
import { SOME_DAY, type Values } from '../../columns/encode.ts';
import { runs } from '../../runs.ts';
import { all, answerOf, evaluator, visitsOf } from './evaluated.ts';
import { encoded } from './segments.ts';

describe('revenue', () => {
  const MOST = 2n ** 63n - 1n;
  const sum = (amounts: readonly number[], times = 1): unknown => {
    const one = evaluator({}, { sales: 'first' });
    const values = {
      'event:value': amounts,
      'event:currency': amounts.map(() => 'EUR'),
    };
    for (let time = 0; time < times; time++) one.add(encoded(visitsOf(amounts.length, values)), all);
    return one.results().get('answer')?.sales[0];
  };
  const text = (exact: bigint): number | string =>
    Number.isSafeInteger(Number(exact)) ? Number(exact) : String(exact);

  it('is exact, and ends where 64 bits do', () => {
    const greatest = Number.MAX_SAFE_INTEGER;
    const amount = fc.oneof(
      fc.maxSafeInteger(),
      fc.constantFrom(greatest, -greatest, 2 ** 32, -(2 ** 32), 2 ** 32 - 1, 1, -1, 0),
    );
    fc.assert(
      fc.property(
        fc.array(amount, { minLength: 1, maxLength: 30 }),
        fc.constantFrom(1, 2, 700),
        (amounts, times) => {
          const exact = BigInt(times) * amounts.reduce((all, one) => all + BigInt(one), 0n);
          const bounded = exact > MOST ? MOST : exact < -MOST ? -MOST : exact;
          expect(sum(amounts, times)).toEqual(['EUR', text(bounded), amounts.length * times]);
        },
      ),
      { numRuns: runs(20, 60) },
    );
  });

  it('is exact for millions of sales', () => {
    const amount = 2 ** 32 - 1;
    const amounts = new Array<number>(750_000).fill(amount);
    expect(sum(amounts, 3)).toEqual(['EUR', String(2_250_000n * BigInt(amount)), 2_250_000]);
  });

  it.each([
    ['without a currency', { 'event:value': [5], 'event:currency': [''] }],
    ['without a value', { 'event:value': [null], 'event:currency': ['EUR'] }],
    ['of an engagement', { 'event:value': [5], 'event:currency': ['EUR'], 'event:name': ['engagement'] }],
  ])('%s is none', (_, values: Values) => {
    const one = evaluator({ dimensions: ['event:page'] }, { sales: 'first' });
    one.add(encoded(visitsOf(1, values)), all);
    expect(one.results().get('answer')?.sales).toEqual([]);
  });
});

describe('a visit of many pages', () => {
  const six = <T>(value: T): T[] => new Array<T>(6).fill(value);
  const values = {
    ...visitsOf(1, {}),
    'visit:rows': [6],
    'visit:events': [5],
    'visit:pageviews': [3],
    'event:name': ['Signup', 'pageview', 'pageview', 'pageview', 'Signup', 'engagement'],
    'event:minute': six(0),
    'event:page': ['/x', '/a', '/b', '/a', '/c', '/y'],
    'event:hostname': ['x', 'a', 'b', 'c', 'd', 'y'],
  };

  it('enters by the first page view and leaves by the last one', () => {
    const dimensions = ['entry_page', 'exit_page', 'entry_page_hostname', 'exit_page_hostname'];
    const one = evaluator({ dimensions: dimensions.map((name) => `visit:${name}`) });
    one.add(encoded({ ...values, 'event:page': ['/x', '/a', '/b', '/d', '/c', '/y'] }), all);
    expect(one.results().get('answer')?.counts).toEqual([['/a', '/d', 'a', 'c', 1, 5]]);
  });

  it('has no entry page without a page view', () => {
    const one = evaluator({ dimensions: ['visit:entry_page', 'visit:exit_page'] });
    one.add(encoded({ ...values, 'event:name': six('Signup') }), all);
    expect(one.results().get('answer')?.counts).toEqual([['', '', 1, 5]]);
  });

  it.each([
    ['has_done', '/x', 1],
    ['has_done', '/y', 0],
    ['has_not_done', '/x', 0],
    ['has_not_done', '/y', 1],
  ])('%s an event of %s: %d, since an engagement is no event', (operator, page, visits) => {
    const one = evaluator({ filters: [[operator, ['is', 'event:page', [page]]]] });
    one.add(encoded(values), all);
    expect(one.results().get('answer')?.counts).toEqual(visits > 0 ? [[1, 5]] : []);
  });

  it('is one visit of each page', () => {
    const one = evaluator({ dimensions: ['event:page'] });
    one.add(encoded(values), all);
    expect(one.results().get('answer')?.counts).toEqual([
      ['/x', 1, 1],
      ['/a', 1, 2],
      ['/b', 1, 1],
      ['/c', 1, 1],
      ['/y', 0, 0],
    ]);
  });
});

describe('a funnel', () => {
  it('counts visits of visitors, and visitors once a day', () => {
    const meter = new Meter();
    const steps: Goal[] = [{ name: 'seen', page: '/' }];
    const one = new FunnelEvaluator({ steps, filters: [], goals: steps, testOf: () => () => true, meter });
    one.add(encoded(visitsOf(4, { 'visit:visitor': [0, 1, 2, 1] })), all);
    expect(one.results()).toEqual({ visits: [3], days: [[SOME_DAY.day, 0, 2, 3]] });
  });
});

describe('properties of earlier versions', () => {
  const PROPS = [
    '{"a":1}',
    '{"a":"1"}',
    '{"a":1.0}',
    '{"a":true}',
    '{"a":null}',
    '{"a":{"b":[1]}}',
    '{"b":1}',
    '',
    '[1]',
  ];

  it('have the values that SQLite has', () => {
    const rows = answerOf(
      { 'event:props': PROPS },
      { dimensions: ['event:props:a'] },
      { counts: ['events'] },
    );
    expect(rows).toEqual([
      [1, 3],
      ['1', 1],
      ['', 4],
      ['{"b":[1]}', 1],
    ]);
  });

  it.each<[string, unknown, number]>([
    ['is', ['is', 'event:props:a', ['1']], 1],
    ['is_not', ['is_not', 'event:props:a', ['1']], 8],
    ['contains', ['contains', 'event:props:a', ['1']], 5],
    ['no value', ['is', 'event:props:a', ['(none)']], 4],
    ['no inherited value', ['is', 'event:props:__proto__', ['(none)']], 9],
  ])('are compared as SQL does: %s', (_, filter, events) => {
    const rows = answerOf({ 'event:props': PROPS }, { filters: [filter] }, { counts: ['events'] });
    expect(rows).toEqual([[events]]);
  });

  it.each<[string, string, number]>([
    ['a text', '1', 1],
    ['no value', '', 0],
  ])('reach a goal by %s', (_, value, events) => {
    const goals: Goal[] = [{ name: 'goal', property: 'a', value }];
    const rows = answerOf(
      { 'event:props': PROPS },
      { filters: [['is', 'event:goal', ['goal']]] },
      { goals, counts: ['events'] },
    );
    expect(rows).toEqual(events > 0 ? [[events]] : []);
  });
});

describe('a goal', () => {
  const reached = (page: string, pages: readonly string[]): number => {
    const goals: Goal[] = [{ name: 'goal', page }];
    const [row] = answerOf(
      { 'event:page': pages },
      { dimensions: ['event:goal'] },
      { goals, counts: ['events'] },
    );
    return Number((row as unknown[] | undefined)?.[1] ?? 0);
  };

  it.each<[string, string, string[]]>([
    ['of a page', '/a', ['/a']],
    ['with escapes of earlier versions', '/%C3%BC', ['/%C3%BC', '/%c3%bc']],
    ['in the spelling of its owner', '/a|b', ['/a%7Cb', '/a|b']],
    ['of pages', '/ü/*', ['/%C3%BC/', '/%C3%BC/x', '/%c3%bc/x']],
    ['of pages that no pattern can match', `/${'long'.repeat(20)}*`, [`/${'long'.repeat(20)}*`]],
  ])('%s is reached', (_, page, pages) => {
    expect(reached(page, [...pages, '/other', `${page.slice(0, 3)}x/y`, '/A'])).toBe(pages.length);
  });

  it('of an event is never reached by an engagement', () => {
    const values = { 'event:name': ['engagement', 'Signup', 'pageview'] };
    const goals: Goal[] = [
      { name: 'reported', event: 'engagement' },
      { name: 'signed up', event: 'Signup' },
      { name: 'seen', event: 'PageView' },
    ];
    const rows = answerOf(values, { dimensions: ['event:goal'] }, { goals, counts: ['events'] });
    expect(rows).toEqual([
      ['signed up', 1],
      ['seen', 1],
    ]);
  });

  it('has a pattern in which * stands for any text', () => {
    const letters = (of: string) => fc.string({ unit: fc.constantFrom(...of), maxLength: 8 });
    fc.assert(
      fc.property(letters('ab*'), letters('ab'), (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
        expect(fits(text, pattern.split('*')), `${pattern} ${text}`).toBe(expression.test(text));
      }),
      { numRuns: runs(500, 2000) },
    );
  });
});
