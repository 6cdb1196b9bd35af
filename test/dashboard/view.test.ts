/** Which days and filters the dashboard asks for. */
import { describe, expect, it } from 'vitest';
import { splitsOf } from '../../src/dashboard/dimensions.ts';
import { metricsOf } from '../../src/dashboard/panels/metrics.ts';
import {
  comparedDays,
  DEFAULT_VIEW,
  daysOf,
  parseView,
  rangeOf,
  searchOf,
} from '../../src/dashboard/view.ts';
import { METRICS } from '../../src/model/metrics.ts';

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

describe('the days that a range is compared with', () => {
  const NOW = Date.parse('2026-03-01T12:00:00Z');

  it.each([
    ['previous_period', '7d', ['2026-02-16', '2026-02-22']],
    ['previous_period', 'day', ['2026-02-28', '2026-02-28']],
    ['year_over_year', 'month', ['2025-03-01', '2025-03-01']],
    ['previous_period', 'all', null],
    ['none', '7d', null],
  ] as const)('%s of %s', (compare, period, expected) => {
    expect(
      comparedDays({ ...DEFAULT_VIEW, weekdays: false, compare, period }, rangeOf(period, 'UTC'), 'UTC', NOW),
    ).toEqual(expected);
  });

  it('of two days', () => {
    const period = ['2026-02-27', '2026-02-28'] as const;
    expect(comparedDays({ ...DEFAULT_VIEW, compare: 'previous_period', period }, period, 'UTC', NOW)).toEqual(
      ['2026-02-25', '2026-02-26'],
    );
  });
});

describe('a second dimension', () => {
  it('is in the address with the first, and not without it', () => {
    const search = '?all=visit:source&split=visit:device';
    expect(parseView(search)).toMatchObject({ all: 'visit:source', split: 'visit:device' });
    expect(searchOf(parseView(search))).toBe(search);
    expect(searchOf({ ...parseView(search), all: null })).toBe('');
  });

  it('is any that the API can answer', () => {
    const all = ['event:props:plan', ...splitsOf('event:props:plan').map(([name]) => name)];
    let pairs = 0;
    for (const dimension of [...all, 'visit:browser_version', 'visit:os_version']) {
      for (const [split] of splitsOf(dimension)) {
        const metrics = metricsOf(dimension, { all: true, split });
        // A metric of complete visits cannot be split by a dimension of events, and a share of goals needs the goals.
        const names = [dimension, split];
        const hasEvents = names.some((name) => name.startsWith('event:'));
        for (const metric of metrics) {
          const { ofVisit, of } = METRICS.get(metric) ?? {};
          if (hasEvents) expect([...names, metric, ofVisit]).toEqual([...names, metric, undefined]);
          if (of !== undefined && of !== 'whole') expect(names).toContain('event:goal');
        }
        pairs++;
      }
    }
    expect(pairs).toBeGreaterThan(300);
    expect(splitsOf('visit:browser_version').map(([name]) => name)).not.toContain('visit:browser');
    expect(splitsOf('person:devices')).toEqual([]);
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
    for (const name of ['is', 'is_not', 'contains', 'contains_not', 'matches', 'matches_not']) {
      expect(parseView(`?f=${name},event:page,/a`).filters).toEqual([[name, 'event:page', ['/a']]]);
    }
  });
});
