/** Which days and filters the dashboard asks for. */
import { describe, expect, it } from 'vitest';
import type { Filter } from '../../src/dashboard/api.ts';
import { daysOf, negateFilter, parseView } from '../../src/dashboard/view.ts';

describe('the days of a period', () => {
  // Noon of the 31st in UTC: the first of January in Kiritimati already.
  const NOW = Date.parse('2025-12-31T12:00:00Z');

  it.each([
    ['30d', 'UTC', ['2025-12-02', '2025-12-31']],
    ['30d', 'Pacific/Kiritimati', ['2025-12-03', '2026-01-01']],
    ['12mo', 'UTC', ['2025-01-01', '2025-12-31']],
    ['12mo', 'Pacific/Kiritimati', ['2025-02-01', '2026-01-01']],
    ['month', 'Pacific/Kiritimati', ['2026-01-01', '2026-01-01']],
    ['year', 'Etc/GMT+12', ['2025-01-01', '2025-12-31']],
    ['all', 'UTC', ['2000-01-01', '2025-12-31']],
  ])('%s in %s', (period, zone, expected) => {
    expect(daysOf(period, zone, NOW)).toEqual(expected);
  });

  it('are the given ones', () => {
    expect(daysOf(['2024-02-29', '2024-03-01'], 'UTC', NOW)).toEqual(['2024-02-29', '2024-03-01']);
  });
});

describe('an address', () => {
  it.each(Object.getOwnPropertyNames(Object.prototype))(
    'ignores the unknown period, comparison or operator %s',
    (name) => {
      expect(parseView(`?period=${name}&compare=${name}&f=${name},event:page,/a`)).toEqual(parseView(''));
    },
  );

  it('has filters of each operator', () => {
    for (const name of ['is', 'is_not', 'contains', 'contains_not']) {
      expect(parseView(`?f=${name},event:page,/a`).filters).toEqual([[name, 'event:page', ['/a']]]);
    }
  });
});

describe('a negated filter', () => {
  const page: Filter = ['is', 'event:page', ['/a', '/b']];
  const notPage: Filter = ['is_not', 'event:page', ['/b', '/c']];
  const source: Filter = ['is', 'visit:source', ['Google']];

  it('keeps its position', () => {
    expect(negateFilter([page, source], page)).toEqual([['is_not', 'event:page', ['/a', '/b']], source]);
  });

  it('merges with an existing filter, each value once', () => {
    expect(negateFilter([page, source, notPage], page)).toEqual([
      source,
      ['is_not', 'event:page', ['/b', '/c', '/a']],
    ]);
    expect(negateFilter([page, notPage], notPage)).toEqual([['is', 'event:page', ['/a', '/b', '/c']]]);
  });

  it('is unchanged if its operator has no opposite', () => {
    const contains: Filter = ['contains', 'event:page', ['/a']];
    expect(negateFilter([contains], contains)).toEqual([contains]);
  });
});
