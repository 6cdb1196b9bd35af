import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDays,
  dayStart,
  isDay,
  isTimeZone,
  localDay,
  monthStart,
  segments,
  weekStart,
} from '../../src/model/time-zone.ts';
import { local } from '../oracle.ts';

const HOUR = 3_600_000;
const lengthOf = (zone: string, day: string): number =>
  segments(zone, day, day).reduce((sum, { start, end }) => sum + end - start, 0) / HOUR;

describe('local days', () => {
  it.each([
    ['UTC', '2026-01-01', 24],
    ['Europe/Berlin', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-25', 25],
    ['Australia/Lord_Howe', '2026-10-04', 23.5],
    ['Australia/Lord_Howe', '2026-04-05', 24.5],
    ['America/Sao_Paulo', '2018-11-04', 23],
    ['America/Sao_Paulo', '2018-02-17', 25],
    ['Pacific/Kiritimati', '2026-01-01', 24],
    ['Pacific/Apia', '2011-12-30', 0],
  ])('%s has on %s %d hours', (zone, day, hours) => {
    expect(lengthOf(zone, day)).toBe(hours);
  });

  it('begin at the first instant after a midnight that the clocks skipped', () => {
    expect(new Date(dayStart('America/Sao_Paulo', '2018-11-04')).toISOString()).toBe(
      '2018-11-04T03:00:00.000Z',
    );
  });

  it('are what Intl says, wherever and whenever', () => {
    const zones = Intl.supportedValuesOf('timeZone');
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: Date.UTC(2012, 0, 1), max: Date.UTC(2035, 0, 1) }),
        (zone, ts) => {
          expect(localDay(zone, ts)).toBe(local(zone, ts).day);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('hold the instants they are said to hold, without gap or overlap', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          'America/St_Johns',
          'Australia/Lord_Howe',
          'Pacific/Apia',
          'America/Sao_Paulo',
          'Africa/Casablanca',
        ),
        fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2030, 0, 1) }),
        (zone, ts) => {
          const day = localDay(zone, ts);
          const around = segments(zone, addDays(day, -1), addDays(day, 1));
          expect(around.filter(({ start, end }) => start <= ts && ts < end)).toMatchObject([{ day }]);
          around.slice(1).forEach((segment, index) => {
            expect(segment.start).toBe(around[index]?.end);
          });
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('the calendar', () => {
  it('knows which dates there are', () => {
    expect(['2024-02-29', '2026-12-31'].every(isDay)).toBe(true);
    expect(['2026-02-29', '2026-13-01', '2026-1-1', '', 'today', '2026-02-30'].some(isDay)).toBe(false);
  });

  it('knows weeks and months', () => {
    expect(weekStart('2026-11-24')).toBe('2026-11-23');
    expect(weekStart('2026-11-23')).toBe('2026-11-23');
    expect(weekStart('2026-11-29')).toBe('2026-11-23');
    expect(monthStart('2026-11-24')).toBe('2026-11-01');
    expect(monthStart('2026-01-31', -1)).toBe('2025-12-01');
  });

  it('knows which zones there are', () => {
    expect(['UTC', 'Europe/Berlin', 'Asia/Kolkata'].every(isTimeZone)).toBe(true);
    expect(['', 'Mars/Olympus', '+05:30', "'; --"].some(isTimeZone)).toBe(false);
  });
});
