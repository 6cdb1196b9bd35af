/** What the evaluator reads and keeps, and its limits. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SegmentError } from '../../../src/columns/segment.ts';
import type { Goal } from '../../../src/model/goal.ts';
import { VISIT_COUNTS } from '../../../src/model/metrics.ts';
import type { ColumnQuery } from '../../../src/query/columns/evaluate.ts';
import { MAX_GROUPS, TooManyGroups } from '../../../src/query/columns/groups.ts';
import { Meter, OutOfSteps } from '../../../src/query/meter.ts';
import { SOME_DAY } from '../../columns/encode.ts';
import { runs } from '../../runs.ts';
import { all, answerOf, evaluator, visitsOf } from './evaluated.ts';
import { encoded } from './segments.ts';

const VISIT_COLUMNS = ['visit:day', 'visit:visitor', 'visit:events'];
const EVENT_COLUMNS = ['visit:day', 'visit:visitor', 'visit:rows', 'event:name'];

describe('an evaluator reads', () => {
  const MINUTES = ['visit:minute', 'event:minute'];
  const goals: Goal[] = [{ name: 'seen', page: '/a' }];
  it.each<[string, Record<string, unknown>, Partial<ColumnQuery>, string[]]>([
    ['of complete visits', {}, {}, VISIT_COLUMNS],
    [
      'of all counts of complete visits',
      {},
      { counts: VISIT_COUNTS },
      [...VISIT_COLUMNS, 'visit:pageviews', 'visit:duration', 'visit:rows', 'event:engaged', 'event:scroll'],
    ],
    [
      'of attributes of visits',
      {
        dimensions: ['visit:source', 'time:day'],
        filters: [
          [
            'not',
            [
              'or',
              [
                ['is', 'visit:country_name', ['Germany']],
                ['has_done', ['is', 'visit:os', ['X']]],
              ],
            ],
          ],
        ],
      },
      {},
      [...VISIT_COLUMNS, 'source', 'country', 'os'],
    ],
    [
      'of entry and exit pages',
      { dimensions: ['visit:entry_page', 'visit:exit_page_hostname'] },
      {},
      [...VISIT_COLUMNS, 'visit:rows', 'event:name', 'event:page', 'event:hostname'],
    ],
    ['of events', { dimensions: ['event:page'] }, {}, [...EVENT_COLUMNS, 'event:page']],
    [
      'of parts of visits',
      { dimensions: ['event:page'] },
      { counts: ['events', 'pageviews', 'bounces', 'duration'] },
      [...EVENT_COLUMNS, 'event:page', 'visit:events', 'visit:duration'],
    ],
    ['of hours', { dimensions: ['time:hour'] }, {}, [...EVENT_COLUMNS, ...MINUTES]],
    ['of moments', {}, { moments: { from: 0, to: 1 } }, [...EVENT_COLUMNS, ...MINUTES]],
    [
      'of behaviour',
      { filters: [['has_done', ['is', 'event:page', ['/']]]] },
      {},
      [...VISIT_COLUMNS, 'visit:rows', 'event:name', 'event:page'],
    ],
    ['of properties', { filters: [['is', 'event:props:a', ['b']]] }, {}, [...EVENT_COLUMNS, 'event:props']],
    ['of goals', { dimensions: ['event:goal'] }, { goals }, [...EVENT_COLUMNS, 'event:page']],
    [
      'of sales',
      {},
      { sales: 'first' },
      [...VISIT_COLUMNS, 'visit:rows', 'event:name', 'event:value', 'event:currency'],
    ],
  ])('the columns %s', (_, body, more, columns) => {
    expect(evaluator(body, more).columns.toSorted()).toEqual([...new Set(columns)].toSorted());
  });

  it('no people', () => {
    expect(() => evaluator({ dimensions: ['person:devices'] })).toThrow('Columns have no people.');
    expect(() => evaluator({ filters: [['is', 'person:devices', ['Mobile']]] })).toThrow('no people');
  });

  it('no column of a segment without a day that counts', () => {
    const one = evaluator({});
    one.add(encoded({ 'visit:day': [0] }), () => false);
    expect(one.results().get('answer')?.counts).toEqual([]);
  });

  it('each distinct value of a dimension once, in all segments', () => {
    const calls: string[] = [];
    const countingTest = () => (label: string) => calls.push(label) > 0;
    const one = evaluator(
      {
        filters: [
          ['is', 'visit:country_name', ['?']],
          ['is', 'event:goal', ['?']],
        ],
      },
      { testOf: countingTest, goals: [{ name: 'seen', page: '/' }] },
    );
    const segment = () => encoded(visitsOf(5, { country: ['DE', 'XX', '', 'DE', 'XX'] }));
    one.add(segment(), all);
    one.add(segment(), all);
    expect(new Set(calls)).toEqual(new Set(['Germany', 'XX', '(not set)', 'seen']));
    expect(calls.filter((label) => label !== 'seen')).toHaveLength(3);
  });
});

it('values are compared again when their results would take too much memory', () => {
  let calls = 0;
  const pages = Array.from({ length: 5000 }, (_, number) => `/${number}/${'x'.repeat(1000)}`);
  const one = evaluator({ filters: [['is', 'event:page', ['?']]] }, { testOf: () => () => ++calls > 0 });
  const segment = encoded(visitsOf(pages.length, { 'event:page': pages }));
  one.add(segment, all);
  expect(calls).toBe(5000);
  one.add(segment, all);
  expect(calls).toBe(10_000);
  expect(one.results().get('answer')?.counts).toEqual([[10_000, 10_000]]);
});

describe('groups', () => {
  it('are as many as there are combinations, whatever their number', () => {
    const attribute = (size: number) => fc.array(fc.nat(size), { minLength: 400, maxLength: 400 });
    fc.assert(
      fc.property(attribute(200), attribute(90), attribute(40), attribute(1), (city, os, source, device) => {
        const columns = { city, os, source, device };
        const values = Object.fromEntries(
          Object.entries(columns).map(([name, numbers]) => [name, numbers.map(String)]),
        );
        const dimensions = ['visit:city', 'visit:os', 'visit:source', 'visit:device'];
        const rows = answerOf(values, { dimensions }, { counts: ['events'] });
        const expected = Map.groupBy(city.keys(), (at) =>
          JSON.stringify([city, os, source, device].map((numbers) => String(numbers[at]))),
        );
        expect(
          new Map(rows.map((row) => [JSON.stringify((row as unknown[]).slice(0, 4)), (row as unknown[])[4]])),
        ).toEqual(new Map([...expected].map(([key, list]) => [key, list.length])));
        expect(rows).toHaveLength(expected.size);
      }),
      { numRuns: runs(5, 20) },
    );
  });

  it(`are ${MAX_GROUPS} at most`, () => {
    const one = evaluator({ dimensions: ['visit:city'], metrics: ['percentage'] });
    // The denominator is a group, too.
    const cities = Array.from({ length: MAX_GROUPS - 1 }, (_, city) => String(city));
    one.add(encoded(visitsOf(cities.length, { city: cities })), all);
    expect(one.results().get('answer')?.counts).toHaveLength(MAX_GROUPS - 1);
    expect(() => one.add(encoded(visitsOf(1, { city: ['one more'] })), all)).toThrow(TooManyGroups);
  });

  it('have a row for sales of each currency, and these are groups, too', () => {
    const currencies = Array.from({ length: MAX_GROUPS }, (_, number) => `c${number}`);
    const values = { 'event:value': currencies.map(() => 1), 'event:currency': currencies };
    const one = evaluator({}, { sales: 'first' });
    expect(() => one.add(encoded(visitsOf(currencies.length, values)), all)).toThrow(TooManyGroups);
  });
});

describe('a damaged segment', () => {
  it.each(['visit:events', 'city', 'event:engaged'])('without %s adds nothing', (name) => {
    const one = evaluator({ dimensions: ['visit:city'] }, { counts: ['visitors', 'engaged'] });
    const values = visitsOf(2, { city: ['a', 'b'], 'event:engaged': [1, 2], 'visit:events': [1, 2] });
    const { [name]: _, ...others } = values;
    one.add(encoded(values), all);
    const before = one.results();
    expect(() => one.add(encoded(others), all)).toThrow(SegmentError);
    expect(one.results()).toEqual(before);
  });

  it('with a visit of no day adds nothing', () => {
    const one = evaluator({});
    expect(() => one.add(encoded(visitsOf(2, { 'visit:day': [0, 1] })), all)).toThrow(SegmentError);
    expect(one.results().get('answer')?.counts).toEqual([]);
  });
});

describe('the steps of the meter', () => {
  it('are spent on the texts of properties', () => {
    const props = Array.from({ length: 50 }, (_, number) => `{"plan":"${number}"}`);
    const query = { dimensions: ['event:props:plan'] };
    const meter = new Meter(1_000);
    expect(() => answerOf({ 'event:props': props }, query, { meter })).toThrow(OutOfSteps);
    expect(answerOf({ 'event:props': props }, query, { meter: new Meter(5_000) })).toHaveLength(50);
  });

  it('are spent on pages and the patterns of goals', () => {
    const pages = Array.from({ length: 50 }, (_, number) => `/${'x'.repeat(number)}`);
    const query = { dimensions: ['event:goal'] };
    const goals: Goal[] = [{ name: 'seen', page: '/*' }];
    const run = (steps: number) =>
      answerOf({ 'event:page': pages }, query, { goals, meter: new Meter(steps) });
    expect(() => run(500)).toThrow(OutOfSteps);
    expect(run(5_000)).toEqual([['seen', 50, 50]]);
  });
});

describe('moments', () => {
  const start = SOME_DAY.stretches[0]?.start ?? 0;
  it.each([
    ['whole minutes', 60_000, 179_999, 2],
    ['a moment within', 60_000, 120_000, 2],
    ['moments of one minute', 90_000, 100_000, 1],
    ['a moment before the day', -1, 59_999, 1],
    ['moments after the events', 300_000, 400_000, 0],
  ])('%s let through the events of their minutes', (_, from, to, events) => {
    const values = { 'visit:minute': [0, 1, 2, 3] };
    const rows = answerOf(
      values,
      {},
      { moments: { from: start + from, to: start + to }, counts: ['events'] },
    );
    expect(rows).toEqual(events > 0 ? [[events]] : []);
  });
});
