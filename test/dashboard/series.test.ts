/** What stands beside what in the dashboard's chart. */
import { describe, expect, it } from 'vitest';
import type { QueryResponse } from '../../src/dashboard/api.ts';
import { comparisonSeries, seriesOf } from '../../src/dashboard/series.ts';

const days = (...labels: string[]) => ({
  labels,
  values: labels.map((label) => Number(label.replaceAll(/\D/g, '').slice(2, 10))),
});

describe('a chart with another year', () => {
  it('pairs each date with the same date, and February 29 with nothing', () => {
    const here = days('2024-02-28', '2024-02-29', '2024-03-01', '2024-03-02');
    const there = days('2023-02-28', '2023-03-01', '2023-03-02');
    expect(comparisonSeries(here, there, 'day', ['2024-02-28', '2023-02-28'], true)).toEqual({
      labels: ['2023-02-28', '', '2023-03-01', '2023-03-02'],
      values: [230228, null, 230301, 230302],
    });
  });

  it('leaves out February 29 if only the other year has it', () => {
    const here = days('2025-02-28', '2025-03-01');
    const there = days('2024-02-28', '2024-02-29', '2024-03-01');
    expect(comparisonSeries(here, there, 'day', ['2025-02-28', '2024-02-28'], true).labels).toEqual([
      '2024-02-28',
      '2024-03-01',
    ]);
  });

  it('pairs weeks and months by position', () => {
    const here = days('2024-02-28', '2024-03-04');
    const there = days('2023-02-28', '2023-03-06');
    expect(comparisonSeries(here, there, 'week', ['2024-02-28', '2023-02-28'], true)).toEqual(there);
  });
});

describe('a chart with the previous days', () => {
  it('pairs each hour with the same hour, even on a day of 23 hours', () => {
    const here = days('2026-03-29 01:00:00', '2026-03-29 03:00:00');
    const there = days('2026-03-28 01:00:00', '2026-03-28 02:00:00', '2026-03-28 03:00:00');
    expect(comparisonSeries(here, there, 'hour', ['2026-03-29', '2026-03-28'], false).labels).toEqual([
      '2026-03-28 01:00:00',
      '2026-03-28 03:00:00',
    ]);
  });

  it('pairs nothing with hours that the clocks skipped', () => {
    const here = days('2026-03-30 02:00:00');
    const there = days('2026-03-29 01:00:00', '2026-03-29 03:00:00');
    expect(comparisonSeries(here, there, 'hour', ['2026-03-30', '2026-03-29'], false)).toEqual({
      labels: [''],
      values: [null],
    });
  });
});

it('a series is empty in the future, and zero without events', () => {
  const answer = {
    results: [{ dimensions: ['2026-01-01'], metrics: [{ value: 2.5, currency: 'EUR' }] }],
    meta: { source: 'events', time_labels: ['2026-01-01', '2026-01-02', '2026-01-03'] },
  } satisfies Pick<QueryResponse, 'results' | 'meta'>;
  expect(seriesOf(answer, 'total_revenue', '2026-01-02').values).toEqual([2.5, 0, null]);
  expect(seriesOf(answer, 'bounce_rate', '2026-01-02').values).toEqual([2.5, null, null]);
});
