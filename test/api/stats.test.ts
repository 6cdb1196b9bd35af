/** The words of the short form, for every dimension there is. */
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { bodyOf, StatsQuery } from '../../src/api/stats.ts';
import { DIMENSION_NAMES, TIME_DIMENSIONS } from '../../src/model/dimensions.ts';
import { METRICS } from '../../src/model/metrics.ts';
import { parseQuery } from '../../src/query/language.ts';

const bodyFor = (query: object) => bodyOf('px_1', v.parse(StatsQuery, query));

describe('the short form', () => {
  it.each([...TIME_DIMENSIONS, ...DIMENSION_NAMES])(
    'accepts %s by its last part and by its full name',
    (name) => {
      const last = name.replace(/^\w+:/, '');
      expect(METRICS.has(last)).toBe(false);
      for (const dimension of [last, name]) {
        const body = bodyFor({ by: [dimension], filter: [`${dimension}==x`], order: [`${dimension}:desc`] });
        expect(body).toMatchObject({
          dimensions: [name],
          filters: [['is', name, ['x']]],
          order_by: [[name, 'desc']],
        });
        expect(parseQuery({ ...body, filters: [] }).ok).toBe(true);
      }
    },
  );

  it('splits at the first operator, and reads everything after it as the value', () => {
    const { filters } = bodyFor({
      filter: ['page==/a==b~c', 'props:a b!=', 'source!~x\ny', 'event:props:size:eu~4|5|'],
    });
    expect(filters).toEqual([
      ['is', 'event:page', ['/a==b~c']],
      ['is_not', 'event:props:a b', ['']],
      ['contains_not', 'visit:source', ['x\ny']],
      ['contains', 'event:props:size:eu', ['4', '5', '']],
    ]);
  });

  it('sorts metrics descending and dimensions ascending by default', () => {
    expect(bodyFor({ order: ['visitors', 'page', 'time:day', 'visits:asc'] }).order_by).toEqual([
      ['visitors', 'desc'],
      ['event:page', 'asc'],
      ['time:day', 'asc'],
      ['visits', 'asc'],
    ]);
  });
});
