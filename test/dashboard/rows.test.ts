/** The order of rows, the addresses of pages, and the periods beside a period. */
import { describe, expect, it } from 'vitest';
import { pageAddress } from '../../src/dashboard/page-address.ts';
import { shiftPeriod } from '../../src/dashboard/shift-period.ts';
import { nextSort, parseSort, sortRows } from '../../src/dashboard/sort-rows.ts';
import type { View } from '../../src/dashboard/view.ts';

describe('the period before and after', () => {
  /** Half past midnight of the 29th in Berlin, the 28th in UTC. */
  const NOW = Date.parse('2026-11-28T23:30:00Z');
  const days = (from: string, to: string): readonly [string, string] => [from, to];

  it.each<readonly [View['period'], View['period'], View['period'] | null]>([
    ['day', 'yesterday', null],
    ['yesterday', days('2026-11-27', '2026-11-27'), 'day'],
    ['7d', days('2026-11-16', '2026-11-22'), null],
    ['28d', days('2026-10-05', '2026-11-01'), null],
    ['30d', days('2026-10-01', '2026-10-30'), null],
    ['91d', days('2026-06-01', '2026-08-30'), null],
    ['month', 'last_month', null],
    ['last_month', days('2026-09-01', '2026-09-30'), 'month'],
    ['6mo', days('2025-12-01', '2026-05-31'), null],
    ['12mo', days('2024-12-01', '2025-11-30'), null],
    ['year', days('2025-01-01', '2025-12-31'), null],
    [days('2025-01-01', '2025-12-31'), days('2024-01-01', '2024-12-31'), 'year'],
    [days('2026-11-16', '2026-11-22'), days('2026-11-09', '2026-11-15'), '7d'],
    [days('2024-02-01', '2024-02-29'), days('2024-01-01', '2024-01-31'), days('2024-03-01', '2024-03-31')],
    [days('2026-11-20', '2026-11-24'), days('2026-11-15', '2026-11-19'), days('2026-11-25', '2026-11-29')],
    [days('2026-11-25', '2026-11-28'), days('2026-11-21', '2026-11-24'), 'day'],
  ])('%j', (period, before, after) => {
    expect(shiftPeriod(period, -1, 'Europe/Berlin', NOW)).toEqual(before);
    expect(shiftPeriod(period, 1, 'Europe/Berlin', NOW)).toEqual(after);
  });

  it('of all time is none', () => {
    expect(shiftPeriod('all', -1, 'UTC', NOW)).toBeNull();
  });

  it('of a first of the month is a day or a month, as it was chosen', () => {
    const first = Date.parse('2026-11-01T12:00:00Z');
    expect(shiftPeriod('month', -1, 'UTC', first)).toBe('last_month');
    expect(shiftPeriod('day', -1, 'UTC', first)).toBe('yesterday');
  });
});

describe('a sort', () => {
  const columns = { named: ['visit:city'], split: 'visit:device', metrics: ['visitors', 'time_on_page'] };
  const row = (
    city: string,
    device: string,
    visitors: number,
    time: number | null,
    before: number | null,
  ) => ({
    dimensions: [city, device],
    metrics: [visitors, time],
    ...(before === null ? {} : { comparison: { metrics: [before, 0], change: [visitors - before, 0] } }),
  });
  const rows = [
    row('b10', 'Mobile', 5, 7, 9),
    row('b9', 'Tablet', 3, null, 0),
    row('a', 'Desktop', 4, 90, 1),
    row('c', 'Mobile', 1, 0, null),
  ];

  it.each([
    ['-visitors', 'b10 a b9 c'],
    ['visitors', 'c b9 a b10'],
    ['-time_on_page', 'a b10 c b9'],
    ['time_on_page', 'c b10 a b9'],
    ['name', 'a b9 b10 c'],
    ['-name', 'c b10 b9 a'],
    ['part', 'a b10 c b9'],
    ['change', 'b10 a b9 c'],
    ['-change', 'a b10 b9 c'],
    ['-nothing', 'b10 b9 a c'],
  ])('%s', (sort, expected) => {
    expect(
      sortRows(rows, parseSort(sort), columns)
        .map(({ dimensions: [city] }) => city)
        .join(' '),
    ).toBe(expected);
  });

  it('is reversed by a second click, and begins with the largest number or the first name', () => {
    expect(nextSort(parseSort('-visitors'), 'visitors')).toBe('visitors');
    expect(nextSort(parseSort('visitors'), 'visitors')).toBe('-visitors');
    expect(nextSort(parseSort('-visitors'), 'change')).toBe('-change');
    expect(nextSort(parseSort('-visitors'), 'name')).toBe('name');
    expect(nextSort(parseSort('name'), 'name')).toBe('-name');
  });
});

describe("a page's address", () => {
  const SITE = 'https://shop.example:8443/de/';

  it.each([
    ['/', 'https://shop.example:8443/'],
    ['/a?b=1', 'https://shop.example:8443/a?b=1'],
  ])('is on the site: %s', (value, expected) => {
    for (const dimension of ['event:page', 'visit:entry_page', 'visit:exit_page']) {
      expect(pageAddress(dimension, value, SITE)).toBe(expected);
    }
  });

  it.each([
    '',
    '(not set)',
    'javascript:alert(1)',
    '//evil.example/',
    '/\\evil.example/',
    '/\t/evil.example',
    'https://evil.example/',
    'data:text/html,x',
  ])('is none: %j', (value) => expect(pageAddress('event:page', value, SITE)).toBeNull());

  it('is none for other dimensions and unknown sites', () => {
    expect(pageAddress('visit:source', '/a', SITE)).toBeNull();
    expect(pageAddress('event:page', '/a', null)).toBeNull();
    expect(pageAddress('event:page', '/a', 'nowhere')).toBeNull();
    expect(pageAddress('event:page', '/a', 'javascript:alert(1)')).toBeNull();
  });
});
