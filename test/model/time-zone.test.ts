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
  ])('in %s on %s have %d hours', (zone, day, hours) => {
    expect(lengthOf(zone, day)).toBe(hours);
  });

  it('begin at the first instant after a midnight that the clocks skip', () => {
    expect(new Date(dayStart('America/Sao_Paulo', '2018-11-04')).toISOString()).toBe(
      '2018-11-04T03:00:00.000Z',
    );
  });

  it('agree with Intl in all zones at all times', () => {
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

  it('contain the instants between their bounds, without gaps or overlaps', () => {
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
  it('accepts only dates that exist', () => {
    expect(['2024-02-29', '2026-12-31'].every(isDay)).toBe(true);
    expect(['2026-02-29', '2026-13-01', '2026-1-1', '', 'today', '2026-02-30'].some(isDay)).toBe(false);
  });

  it('has years of four digits', () => {
    expect(['0000-01-01', '0099-12-31', '9999-12-31'].every(isDay)).toBe(true);
    expect(['+010000-01', '10000-01-01', '-00001-01-01', '-0001-01-01'].some(isDay)).toBe(false);
  });

  /** A day the slow way: by the proleptic Gregorian calendar's own rules. */
  const daysOfMonth = (year: number, month: number): number =>
    month === 2
      ? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
        ? 29
        : 28
      : [4, 6, 9, 11].includes(month)
        ? 30
        : 31;
  const dayText = (year: number, month: number, day: number): string =>
    [String(year).padStart(4, '0'), String(month).padStart(2, '0'), String(day).padStart(2, '0')].join('-');
  const days = fc
    .tuple(fc.integer({ min: 1, max: 9998 }), fc.integer({ min: 1, max: 12 }), fc.nat(30))
    .map(([year, month, day]) => ({ year, month, day: (day % daysOfMonth(year, month)) + 1 }));

  it('computes the next day and the month of each day', () => {
    fc.assert(
      fc.property(days, ({ year, month, day }) => {
        const text = dayText(year, month, day);
        const isLast = day === daysOfMonth(year, month);
        const next = isLast
          ? dayText(month === 12 ? year + 1 : year, (month % 12) + 1, 1)
          : dayText(year, month, day + 1);
        expect(isDay(text)).toBe(true);
        expect(addDays(text, 1)).toBe(next);
        expect(addDays(next, -1)).toBe(text);
        expect(monthStart(text)).toBe(dayText(year, month, 1));
        expect(monthStart(text, 1)).toBe(dayText(month === 12 ? year + 1 : year, (month % 12) + 1, 1));
        expect(addDays(text, -((new Date(`${text}T00:00:00Z`).getUTCDay() + 6) % 7) || 0)).toBe(
          weekStart(text),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('returns a day that sorts correctly or throws, whatever the distance', () => {
    const count = fc.oneof(
      fc.integer({ min: -5000, max: 5000 }),
      fc.integer(),
      fc.constantFrom(
        Number.MAX_SAFE_INTEGER,
        -Number.MAX_SAFE_INTEGER,
        1e300,
        Number.NaN,
        Number.POSITIVE_INFINITY,
      ),
    );
    fc.assert(
      fc.property(days, count, ({ year, month, day }, many) => {
        const text = dayText(year, month, day);
        for (const [move, length] of [
          [addDays, 1],
          [monthStart, 28],
        ] as const) {
          let moved: string;
          try {
            moved = move(text, many);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
            expect(Math.abs(many) * length > 20 || Number.isNaN(many)).toBe(true);
            continue;
          }
          expect(moved).toMatch(/^\d{4}-\d\d-\d\d$/);
          if (many * length >= 31) expect(moved > text).toBe(true);
          if (many < 0) expect(moved < text).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('throws for a day after the last year', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'Pacific/Kiritimati', 'America/New_York']) {
      expect(() => segments(zone, '9999-12-30', '9999-12-31')).toThrow(RangeError);
      expect(segments(zone, '9998-12-30', '9998-12-31')).toHaveLength(2);
      expect(segments(zone, '0001-01-02', '0001-01-03')).toHaveLength(2);
      expect(segments(zone, '2026-03-02', '2026-03-01')).toEqual([]);
      expect(() => localDay(zone, 8.64e15)).toThrow(RangeError);
      expect(() => localDay(zone, Date.parse('-000001-06-01T00:00:00Z'))).toThrow(RangeError);
    }
  });

  it('computes weeks and months', () => {
    expect(weekStart('2026-11-24')).toBe('2026-11-23');
    expect(weekStart('2026-11-23')).toBe('2026-11-23');
    expect(weekStart('2026-11-29')).toBe('2026-11-23');
    expect(monthStart('2026-11-24')).toBe('2026-11-01');
    expect(monthStart('2026-01-31', -1)).toBe('2025-12-01');
  });

  it('accepts only time zones that exist', () => {
    expect(['UTC', 'Europe/Berlin', 'Asia/Kolkata'].every(isTimeZone)).toBe(true);
    expect(['', 'Mars/Olympus', '+05:30', "'; --"].some(isTimeZone)).toBe(false);
  });
});
