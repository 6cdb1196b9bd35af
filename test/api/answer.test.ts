/** Answers as CSV. */
import { describe, expect, it } from 'vitest';
import { csvOf } from '../../src/api/answer.ts';

const NAMES = { dimensions: ['day'], metrics: ['visitors', 'total_revenue'] };
const money = (value: number) => ({ value, currency: 'EUR', short: '', long: '' });
const compared = (day: string) => ({
  dimensions: [day],
  metrics: [3, money(2)],
  change: [0, 50],
});
const META = { comparison_date_range: ['2023-02-28', '2023-03-01'] };

describe('CSV of a comparison', () => {
  it('has as many cells in each line, also of a day without a counterpart', () => {
    const results = [
      { dimensions: ['2024-02-29'], metrics: [1, money(1)], comparison: null },
      { dimensions: ['2024-03-01'], metrics: [3, money(3)], comparison: compared('2023-03-01') },
    ];
    expect(csvOf({ results, meta: META, query: {} }, NAMES)).toBe(
      [
        'day,visitors,total_revenue,total_revenue_currency,comparison_visitors,comparison_total_revenue,comparison_total_revenue_currency,change_visitors,change_total_revenue',
        '2024-02-29,1,1,EUR,,,,,',
        '2024-03-01,3,3,EUR,3,2,EUR,0,50',
        '',
      ].join('\r\n'),
    );
  });

  it('names its columns also where no row has a counterpart, or there is none', () => {
    const row = { dimensions: ['2024-02-29'], metrics: [1, null], comparison: null };
    for (const results of [[], [row]]) {
      const [head = ''] = csvOf({ results, meta: META, query: {} }, NAMES).split('\r\n');
      expect(head.split(',')).toHaveLength(9);
    }
  });
});
