/** What a view is compared with: in the address, as the API takes it, and in days. */
import { describe, expect, it } from 'vitest';
import {
  canMatchWeekdays,
  comparedDays,
  comparisonOf,
  DEFAULT_VIEW,
  matchesWeekdays,
  parseView,
  rangeOf,
  searchOf,
  type View,
} from '../../src/dashboard/view.ts';

const view = (part: Partial<View>): View => ({ ...DEFAULT_VIEW, ...part });

describe('a comparison in the address', () => {
  it.each([
    [
      '?compare=custom&compare_from=2026-05-01&compare_to=2026-05-05',
      'custom',
      ['2026-05-01', '2026-05-05'],
      null,
    ],
    ['?compare=year_over_year&weekdays=match', 'year_over_year', null, true],
    ['?weekdays=any', 'previous_period', null, false],
    ['?compare=none', 'none', null, null],
  ] as const)('%s', (search, compare, compareDays, weekdays) => {
    expect(parseView(search)).toMatchObject({ compare, compareDays, weekdays });
    expect(searchOf(parseView(search))).toBe(search);
  });

  it.each([
    '?compare=custom',
    '?compare=custom&compare_from=2026-05-05&compare_to=2026-05-01',
    '?compare=custom&compare_from=2026-05-05',
    '?compare_from=2026-05-01&compare_to=2026-05-05',
    '?weekdays=yes',
  ])('%s has no meaning', (search) => {
    expect(parseView(search)).toEqual(DEFAULT_VIEW);
  });
});

describe('weekdays', () => {
  it.each([
    ['30d', true],
    ['month', true],
    ['last_month', true],
    ['day', false],
    ['yesterday', false],
    ['7d', false],
    ['6mo', false],
    ['12mo', false],
    ['all', false],
  ] as const)('are matched by default for %s: %s', (period, expected) => {
    expect(matchesWeekdays(view({ period }))).toBe(expected);
  });

  it.each([
    [['2026-05-01', '2026-05-30'], true],
    [['2026-05-01', '2026-05-26'], false],
    [['2026-01-01', '2026-04-02'], true],
    [['2026-01-01', '2026-04-30'], false],
  ] as const)('are matched by default for %s: %s', (period, expected) => {
    expect(matchesWeekdays(view({ period }))).toBe(expected);
  });

  it.each(['7d', '28d', '91d'] as const)('of whole weeks match anyway: %s', (period) => {
    expect(canMatchWeekdays(view({ period }))).toBe(false);
    expect(canMatchWeekdays(view({ period, compare: 'year_over_year' }))).toBe(true);
  });

  it('are as they were chosen', () => {
    expect(matchesWeekdays(view({ period: '30d', weekdays: false }))).toBe(false);
    expect(matchesWeekdays(view({ period: 'day', weekdays: true }))).toBe(true);
    const compareDays = ['2026-05-01', '2026-05-05'] as const;
    expect(matchesWeekdays(view({ compare: 'custom', compareDays, weekdays: true }))).toBe(false);
  });
});

describe('a comparison for the API', () => {
  const compareDays = ['2026-05-01', '2026-05-05'] as const;
  it.each([
    [view({}), { mode: 'previous_period', match_day_of_week: true }],
    [view({ weekdays: false }), { mode: 'previous_period' }],
    [view({ period: '7d' }), { mode: 'previous_period' }],
    [view({ compare: 'custom', compareDays }), { mode: 'custom', date_range: compareDays }],
    [view({ compare: 'none' }), null],
    [view({ period: 'all' }), null],
  ])('of %#', (one, expected) => {
    expect(comparisonOf(one)).toEqual(expected);
  });

  it.each([
    // A Friday, after the Wednesday thirty days before.
    [view({}), ['2026-04-24', '2026-05-23']],
    [view({ weekdays: false }), ['2026-04-22', '2026-05-21']],
    [view({ compare: 'year_over_year' }), ['2025-05-23', '2025-06-21']],
    [view({ compare: 'year_over_year', weekdays: false }), ['2025-05-22', '2025-06-20']],
    [view({ period: 'day', weekdays: true }), ['2026-06-13', '2026-06-13']],
    [view({ compare: 'custom', compareDays }), compareDays],
  ])('is of the days %#', (one, expected) => {
    const now = Date.parse('2026-06-20T12:00:00Z');
    expect(comparedDays(one, rangeOf(one.period, 'UTC'), 'UTC', now)).toEqual(expected);
  });
});
