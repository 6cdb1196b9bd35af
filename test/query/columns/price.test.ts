/** A price grows with everything that a query can have many of. */
import { describe, expect, it } from 'vitest';
import type { Goal } from '../../../src/model/goal.ts';
import { VISIT_COUNTS } from '../../../src/model/metrics.ts';
import type { ColumnQuery } from '../../../src/query/columns/evaluate.ts';
import type { ColumnFunnel } from '../../../src/query/columns/funnel.ts';
import { type ColumnPrice, priceOfColumns } from '../../../src/query/columns/price.ts';
import { groupingsOf } from '../../../src/query/groupings.ts';
import { parseQuery } from '../../../src/query/language.ts';
import { Meter } from '../../../src/query/meter.ts';

const GOALS: Goal[] = [
  { name: 'a', event: 'a' },
  { name: 'b', page: '/*' },
  { name: 'c', property: 'c', value: 'c' },
];
const context = { goals: GOALS, testOf: () => () => true, meter: new Meter() };

type Body = Readonly<Record<string, unknown>>;

function priceOf(body: Body, more: Partial<ColumnQuery> = {}): ColumnPrice {
  const query = parseQuery({ site_id: 'px', date_range: 'day', metrics: ['visitors'], ...body });
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  const { answer, denominators } = groupingsOf(query.value);
  return priceOfColumns({
    ...context,
    groupings: [answer, ...denominators],
    counts: ['visitors', 'events'],
    time: query.value.time,
    moments: null,
    trimmed: null,
    sales: 'none',
    bucketOf: (day) => day,
    ...more,
  });
}

const sum = ({ event, visit }: ColumnPrice): number => event + visit;
const is = (dimension: string): unknown => ['is', dimension, ['a']];

describe('the price of columns', () => {
  it('is only that of visits for a query of complete visits', () => {
    const { event, visit } = priceOf({ dimensions: ['visit:source'], filters: [is('visit:country')] });
    expect(event).toBe(0);
    expect(visit).toBeGreaterThan(0);
  });

  const page = ['event:page'];
  it.each<[string, Body, Partial<ColumnQuery>, Body, Partial<ColumnQuery>]>([
    ['a filter of visits', {}, {}, { filters: [is('visit:country')] }, {}],
    ['a filter of events', { dimensions: page }, {}, { dimensions: page, filters: [is('event:page')] }, {}],
    [
      'another test of a dimension',
      { filters: [is('event:page')] },
      {},
      { filters: [['or', [is('event:page'), ['not', is('event:page')]]]] },
      {},
    ],
    [
      'behavior',
      { dimensions: page },
      {},
      { dimensions: page, filters: [['has_done', is('event:page')]] },
      {},
    ],
    [
      'a property',
      { filters: [is('event:props:a')] },
      {},
      { filters: [is('event:props:a'), is('event:props:b')] },
      {},
    ],
    ['a dimension', { dimensions: ['visit:os'] }, {}, { dimensions: ['visit:os', 'visit:city'] }, {}],
    ['hours', { dimensions: ['event:page'] }, {}, { dimensions: ['event:page', 'time:hour'] }, {}],
    ['moments', { dimensions: page }, {}, { dimensions: page }, { moments: { from: 0, to: 1 } }],
    ['engagement', {}, {}, {}, { counts: VISIT_COUNTS }],
    ['sales', {}, {}, {}, { sales: 'first' }],
    ['a denominator', { dimensions: page }, {}, { dimensions: page, metrics: ['percentage'] }, {}],
    [
      'goals',
      { dimensions: ['event:goal'] },
      { goals: GOALS.slice(0, 1) },
      { dimensions: ['event:goal'] },
      {},
    ],
    [
      'the goals of a filter',
      { filters: [is('event:goal')] },
      { goals: GOALS.slice(0, 1) },
      { filters: [is('event:goal')] },
      { goals: [...GOALS.slice(0, 1), ...GOALS.slice(0, 1)] },
    ],
  ])('grows with %s', (_, less, withLess, more, withMore) => {
    expect(sum(priceOf(more, withMore))).toBeGreaterThan(sum(priceOf(less, withLess)));
  });

  it('grows with the steps of a funnel', () => {
    const funnel = (count: number): ColumnFunnel => ({
      ...context,
      steps: GOALS.slice(0, count),
      filters: [],
    });
    const prices = [1, 2, 3].map((count) => sum(priceOfColumns(funnel(count))));
    expect(prices).toEqual(prices.toSorted((a, b) => a - b));
    expect(new Set(prices).size).toBe(3);
  });
});
