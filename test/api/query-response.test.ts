/** How answers are written. */
import { describe, expect, it } from 'vitest';
import { csvOf, jsonOf, jsonResponse } from '../../src/api/query-response.ts';

const NAMES = { dimensions: ['day'], metrics: ['visitors', 'total_revenue'] };
const money = (value: number) => ({ value, currency: 'EUR', short: '', long: '' });
const compared = (day: string) => ({
  dimensions: [day],
  metrics: [3, money(2)],
  change: [0, 50],
});
const META = { comparison_date_range: ['2023-02-28', '2023-03-01'] };

describe('CSV of a comparison', () => {
  it('has the same number of cells in each line, even for a day without a counterpart', async () => {
    const results = [
      { dimensions: ['2024-02-29'], metrics: [1, money(1)], comparison: null },
      { dimensions: ['2024-03-01'], metrics: [3, money(3)], comparison: compared('2023-03-01') },
    ];
    expect(await csvOf({ results, meta: META, query: {} }, NAMES)).toBe(
      [
        'day,visitors,total_revenue,total_revenue_currency,comparison_visitors,comparison_total_revenue,comparison_total_revenue_currency,change_visitors,change_total_revenue',
        '2024-02-29,1,1,EUR,,,,,',
        '2024-03-01,3,3,EUR,3,2,EUR,0,50',
        '',
      ].join('\r\n'),
    );
  });

  it('has all column names, even if no row has a counterpart or there are no rows', async () => {
    const row = { dimensions: ['2024-02-29'], metrics: [1, null], comparison: null };
    for (const results of [[], [row]]) {
      const csv = await csvOf({ results, meta: META, query: {} }, NAMES);
      expect(csv.slice(0, csv.indexOf('\r\n')).split(',')).toHaveLength(9);
    }
  });
});

describe('a response with many rows', () => {
  const answer = (count: number) => ({
    results: Array.from({ length: count }, (_, index) => ({
      dimensions: [`a "page" ${index}`],
      metrics: [index, null],
    })),
    meta: { as_of: 'now' },
    query: {},
  });

  it.each([0, 1, 999, 1000, 1001, 2500])(
    'is the same whether written in portions or at once: %i',
    async (count) => {
      const result = answer(count);
      expect(await jsonOf(result, result.results)).toBe(JSON.stringify(result));
      const lines = result.results.map(({ metrics }, index) => `"a ""page"" ${index}",${metrics[0]},,\r\n`);
      expect(await csvOf(result, NAMES)).toBe(
        `day,visitors,total_revenue,total_revenue_currency\r\n${lines.join('')}`,
      );
    },
  );

  it('yields to other requests in between', async () => {
    const result = answer(2500);
    let turns = 0;
    const countTurns = async (): Promise<void> => {
      for (; turns < 2; turns++) await scheduler.wait(0);
    };
    const others = countTurns();
    await jsonOf(result, result.results);
    expect(turns).toBeGreaterThan(0);
    await others;
  });

  it('has an ETag, by which clients revalidate it', async () => {
    const ask = (headers: HeadersInit = {}) => new Request('https://px.example.com/', { headers });
    const first = await jsonResponse(ask(), '{"a":1}');
    const tag = first.headers.get('etag') ?? '';
    expect(await first.text()).toBe('{"a":1}');
    expect(tag).toMatch(/^W\/"[\w-]{16}"$/);
    expect((await jsonResponse(ask({ 'if-none-match': tag }), '{"a":1}')).status).toBe(304);
    expect((await jsonResponse(ask({ 'if-none-match': tag }), '{"a":2}')).status).toBe(200);
  });
});
