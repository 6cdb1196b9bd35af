/** Evaluators of tests, and segments of visits that each have one page view. */
import { DIMENSIONS } from '../../../src/model/dimensions.ts';
import { type ColumnQuery, Evaluator } from '../../../src/query/columns/evaluate.ts';
import { testOf } from '../../../src/query/compare-values.ts';
import { groupingsOf } from '../../../src/query/groupings.ts';
import { parseQuery } from '../../../src/query/language.ts';
import { Meter } from '../../../src/query/meter.ts';
import type { ParsedQuery } from '../../../src/query/parsed-query.ts';
import type { Values } from '../../columns/encode.ts';
import { encoded } from './segments.ts';

function parsed(body: Readonly<Record<string, unknown>>): ParsedQuery {
  const query = parseQuery({ site_id: 'px', date_range: 'day', metrics: ['visitors'], ...body });
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  return query.value;
}

export function evaluator(
  body: Readonly<Record<string, unknown>>,
  more: Partial<ColumnQuery> = {},
): Evaluator {
  const query = parsed(body);
  const { answer, denominators } = groupingsOf(query);
  const meter = more.meter ?? new Meter();
  return new Evaluator({
    groupings: [answer, ...denominators],
    counts: ['visitors', 'events'],
    time: query.time,
    moments: null,
    trimmed: null,
    goals: [],
    sales: 'none',
    bucketOf: (day) => day,
    testOf: (test) => testOf(test, meter),
    meter,
    ...more,
  });
}

export const all = (): boolean => true;

/** Visits of one page view each, with further columns. */
export function visitsOf(count: number, values: Values): Values {
  const each = (value: number | string | null) => new Array<number | string | null>(count).fill(value);
  return {
    'visit:day': each(0),
    'visit:visitor': each(1),
    'visit:minute': each(0),
    'visit:rows': each(1),
    'visit:events': each(1),
    'visit:pageviews': each(1),
    'visit:duration': each(0),
    'event:name': each('pageview'),
    'event:minute': each(0),
    'event:page': each('/'),
    'event:hostname': each(''),
    'event:props': each(''),
    'event:value': each(null),
    'event:currency': each(''),
    'event:engaged': each(null),
    'event:scroll': each(null),
    ...Object.fromEntries(
      [...DIMENSIONS.values()]
        .filter(({ scope }) => scope === 'visit')
        .map(({ column }) => [column, each('')]),
    ),
    ...values,
  };
}

/** The answer's rows for events, each in a visit of its own. */
export function answerOf(
  values: Values,
  body: Readonly<Record<string, unknown>>,
  more: Partial<ColumnQuery> = {},
): unknown[] {
  const one = evaluator(body, more);
  const count = Math.max(...Object.values(values).map(({ length }) => length));
  one.add(encoded(visitsOf(count, values)), all);
  return [...(one.results().get('answer')?.counts ?? [])];
}
