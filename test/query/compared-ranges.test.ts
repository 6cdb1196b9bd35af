/** The ranges that ranges are compared with, and which days and hours of them stand beside each other, in any zone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparisonLabel } from '../../src/model/comparison-label.ts';
import { instantOf } from '../../src/model/time-zone.ts';
import type { Moments } from '../../src/query/parsed-query.ts';
import { comparedRange, startsOf, timeLabels } from '../../src/query/range.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const QUARTER = HOUR / 4;

/** From UTC-12 to UTC+14, with half and quarter hours, no midnights, a day skipped, and summer time of half an hour. */
const ZONES = [
  'UTC',
  'Etc/GMT+12',
  'Pacific/Kiritimati',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Asia/Tehran',
  'Asia/Beirut',
  'Asia/Amman',
  'Australia/Lord_Howe',
  'Europe/Berlin',
  'Europe/London',
  'Africa/Casablanca',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Asuncion',
  'America/Havana',
  'Atlantic/Azores',
];

const formats = new Map(
  ZONES.map((zone) => [
    zone,
    new Intl.DateTimeFormat('sv-SE', {
      timeZone: zone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    }),
  ]),
);

/** What the clocks show, as a text that sorts. */
const localTimeOf = (zone: string, ts: number): string => formats.get(zone)?.format(ts) ?? '';

/** The quarters of an hour around a moment at which the clocks show something from one text to another. */
function quarters(zone: string, around: number, from: string, to: string): number[] {
  const matchingMoments = [];
  const first = Math.floor(around / QUARTER) * QUARTER;
  for (let ts = first - 4 * DAY; ts < first + 6 * DAY; ts += QUARTER) {
    const localTime = localTimeOf(zone, ts);
    if (localTime >= from && localTime <= to) matchingMoments.push(ts);
  }
  return matchingMoments;
}

/** A text of a clock some whole days earlier. */
function daysEarlier(localTime: string, days: number): string {
  const day = new Date(Date.parse(localTime.slice(0, 10)) - days * DAY).toISOString().slice(0, 10);
  return day + localTime.slice(10);
}

const yearEarlier = (localTime: string): string =>
  `${Number(localTime.slice(0, 4)) - 1}${localTime.slice(4)}`;

/** Whole hours of some days, as what a clock shows first and last. */
const stretches = fc
  .record({
    zone: fc.constantFrom(...ZONES),
    day: fc.oneof(
      fc.integer({ min: Date.UTC(2008, 0, 1), max: Date.UTC(2027, 0, 1) }),
      // The ends of months, leap days, and the day that Samoa skipped.
      fc
        .tuple(
          fc.constantFrom(2012, 2016, 2020, 2024),
          fc.constantFrom('02-28', '02-29', '03-01', '12-30', '12-31'),
        )
        .map(([year, rest]) => Date.parse(`${year}-${rest}`)),
    ),
    hours: fc.tuple(fc.nat(23), fc.nat(23)),
    days: fc.nat(3),
  })
  .map(({ zone, day, hours: [first, last], days }) => {
    const text = (ts: number, hour: number, rest: string): string =>
      `${new Date(ts).toISOString().slice(0, 10)} ${String(hour).padStart(2, '0')}:${rest}`;
    const [from, to] = days === 0 ? [Math.min(first, last), Math.max(first, last)] : [first, last];
    return { zone, from: text(day, from, '00:00'), to: text(day + days * DAY, to, '59:59'), days: days + 1 };
  });

const clockOf = (localTime: string): number => Date.parse(`${localTime.replace(' ', 'T')}Z`);

function momentsOf(zone: string, from: string, to: string): Moments {
  return { from: instantOf(zone, clockOf(from), 'first'), to: instantOf(zone, clockOf(to), 'last') + 999 };
}

const held = (matchingMoments: number[], { from, to }: Moments): number[] =>
  matchingMoments.filter((ts) => ts >= from && ts <= to);

describe('a local time', () => {
  it('resolves to its first and last instant', () => {
    fc.assert(
      fc.property(stretches, ({ zone, from, to }) => {
        const all = quarters(zone, clockOf(from), from, to);
        fc.pre(all.length > 0);
        const moments = momentsOf(zone, from, to);
        expect(held(all, moments)).toEqual(all);
        expect(localTimeOf(zone, moments.from) >= from).toBe(true);
        expect(localTimeOf(zone, moments.to) <= to).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('moments are compared', () => {
  /** Holds a compared range to the quarters at which clocks show what they should. */
  function hold(zone: string, other: Moments, from: string, to: string): void {
    expect(other.to, 'it ends after it begins').toBeGreaterThanOrEqual(other.from);
    const expected = quarters(zone, clockOf(from), from, to);
    // What the clocks skipped as a whole has nothing to be compared with.
    if (expected.length === 0) return;
    const first = Math.floor(clockOf(from) / QUARTER) * QUARTER;
    const inside = [];
    for (let ts = first - 4 * DAY; ts < first + 6 * DAY; ts += QUARTER) {
      if (ts >= other.from && ts <= other.to) inside.push(ts);
    }
    expect(inside, `${zone}: ${from} to ${to}`).toEqual(expected);
  }

  it('with the same dates and times of the year before, in any zone', () => {
    fc.assert(
      fc.property(stretches, ({ zone, from, to }) => {
        fc.pre(quarters(zone, clockOf(from), from, to).length > 0);
        const moments = momentsOf(zone, from, to);
        const days = { from: from.slice(0, 10), to: to.slice(0, 10) };
        // What a day that was skipped is moved to begins and ends elsewhere.
        fc.pre(localTimeOf(zone, moments.from) === from && localTimeOf(zone, moments.to) === to);
        const other = comparedRange({ mode: 'year_over_year', range: null }, days, moments, zone) as Moments;
        const leap = (localTime: string): boolean => localTime.slice(5, 10) === '02-29';
        const first = leap(from) ? yearEarlier(from).replace('-29 ', '-28 ') : yearEarlier(from);
        const end = leap(to) && !leap(from) ? '23:59:59' : to.slice(11);
        const last = leap(to) ? `${yearEarlier(to).slice(0, 8)}28 ${end}` : yearEarlier(to);
        hold(zone, other, first, last);
      }),
      { numRuns: 400 },
    );
  });

  it('with the period of the same local length right before, in any zone', () => {
    fc.assert(
      fc.property(stretches, ({ zone, from, to, days }) => {
        fc.pre(quarters(zone, clockOf(from), from, to).length > 0);
        const moments = momentsOf(zone, from, to);
        fc.pre(localTimeOf(zone, moments.from) === from && localTimeOf(zone, moments.to) === to);
        const range = { from: from.slice(0, 10), to: to.slice(0, 10) };
        const other = comparedRange(
          { mode: 'previous_period', range: null },
          range,
          moments,
          zone,
        ) as Moments;
        expect(other.to).toBeLessThan(moments.from);
        if (from.endsWith('00:00:00') && to.endsWith('23:59:59')) {
          hold(zone, other, daysEarlier(from, days), daysEarlier(to, days));
        }
        const length = clockOf(to) + 1000 - clockOf(from);
        const text = (clock: number): string => new Date(clock).toISOString().slice(0, 19).replace('T', ' ');
        hold(zone, other, text(clockOf(from) - length), text(clockOf(to) - length));
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    [
      'Europe/Berlin',
      '2024-02-29T00:00:00+01:00',
      '2024-02-29T23:59:59+01:00',
      '2023-02-27T23:00:00.000Z',
      '2023-02-28T22:59:59.000Z',
    ],
    [
      'America/New_York',
      '2024-02-29T00:00:00-05:00',
      '2024-02-29T23:59:59-05:00',
      '2023-02-28T05:00:00.000Z',
      '2023-03-01T04:59:59.000Z',
    ],
    [
      'Europe/Berlin',
      '2024-02-28T20:00:00+01:00',
      '2024-02-29T10:00:00+01:00',
      '2023-02-28T19:00:00.000Z',
      '2023-02-28T22:59:59.999Z',
    ],
    [
      'Europe/Berlin',
      '2025-03-30T00:00:00+01:00',
      '2025-03-30T23:59:59+02:00',
      '2024-03-29T23:00:00.000Z',
      '2024-03-30T22:59:59.000Z',
    ],
    [
      'Pacific/Apia',
      '2012-12-30T00:00:00+14:00',
      '2012-12-30T23:59:59+14:00',
      '2011-12-30T10:00:00.000Z',
      '2011-12-31T09:59:59.000Z',
    ],
  ])('over a year in %s from %s to %s', (zone, from, to, first, last) => {
    const moments = { from: Date.parse(from), to: Date.parse(to) };
    const days = { from: '', to: '' };
    const other = comparedRange({ mode: 'year_over_year', range: null }, days, moments, zone) as Moments;
    expect([new Date(other.from).toISOString(), new Date(other.to).toISOString()]).toEqual([first, last]);
  });

  it.each([
    [
      'Europe/Berlin',
      '2026-03-29T00:00:00+01:00',
      '2026-03-29T23:59:59+02:00',
      '2026-03-27T23:00:00.000Z',
      '2026-03-28T22:59:59.000Z',
    ],
    [
      'Europe/Berlin',
      '2026-10-25T02:30:00+02:00',
      '2026-10-25T02:15:00+01:00',
      '2026-10-24T23:44:59.000Z',
      '2026-10-25T00:29:59.000Z',
    ],
  ])('with the period right before in %s from %s to %s', (zone, from, to, first, last) => {
    const moments = { from: Date.parse(from), to: Date.parse(to) };
    const days = { from: '', to: '' };
    const other = comparedRange({ mode: 'previous_period', range: null }, days, moments, zone) as Moments;
    expect([new Date(other.from).toISOString(), new Date(other.to).toISOString()]).toEqual([first, last]);
  });
});

describe('days and hours are paired', () => {
  const ranges = fc.record({
    zone: fc.constantFrom(...ZONES),
    from: fc.oneof(
      fc
        .integer({ min: 0, max: 6000 })
        .map((days) => new Date(Date.UTC(2008, 0, 1) + days * DAY).toISOString().slice(0, 10)),
      fc.constantFrom('2024-02-25', '2024-02-28', '2024-02-29', '2025-02-27', '2012-12-28', '2018-11-02'),
    ),
    days: fc.nat(8),
    byHour: fc.boolean(),
  });

  it('with those of the same date a year before, each once and none left out', () => {
    fc.assert(
      fc.property(ranges, ({ zone, from, days, byHour }) => {
        const range = { from, to: new Date(Date.parse(from) + days * DAY).toISOString().slice(0, 10) };
        const [first, last] = comparedRange(
          { mode: 'year_over_year', range: null },
          range,
          null,
          zone,
        ) as readonly [string, string];
        const time = byHour ? 'time:hour' : 'time:day';
        const other = { from: first, to: last };
        const starts = startsOf(time, zone, [
          { range, moments: null },
          { range: other, moments: null },
        ]);
        const pairs = timeLabels(time, zone, range).map(
          (label) => [label, comparisonLabel(label, starts, true)] as const,
        );
        const used = pairs.flatMap(([, label]) => label ?? []);
        expect(new Set(used).size).toBe(used.length);
        for (const [label, one] of pairs) {
          if (one === null) expect(label.slice(5, 10)).toBe('02-29');
          else if (label.slice(5, 10) === '02-29') expect(label.slice(0, 10)).toBe(from);
          else expect(one).toBe(yearEarlier(label));
        }
        // The rows add up to the total, but for what this year has no day or hour of.
        for (const label of timeLabels(time, zone, other)) {
          const next = `${Number(label.slice(0, 4)) + 1}${label.slice(4)}`;
          const isHere = timeLabels(time, zone, range).includes(next);
          if (isHere) expect(used).toContain(label);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('with the same hours if one day is shorter', () => {
    const starts = ['2026-03-29', '2026-03-28'] as const;
    expect(comparisonLabel('2026-03-29 03:00:00', starts, false)).toBe('2026-03-28 03:00:00');
    expect(comparisonLabel('2026-03-29 00:00:00', starts, false)).toBe('2026-03-28 00:00:00');
  });

  it('by hours since the beginning in ranges with times of day', () => {
    const zone = 'Europe/Berlin';
    const moments = {
      from: Date.parse('2026-11-24T12:30:00+01:00'),
      to: Date.parse('2026-11-24T17:29:59+01:00'),
    };
    const range = { from: '2026-11-24', to: '2026-11-24' };
    const other = comparedRange({ mode: 'previous_period', range: null }, range, moments, zone) as Moments;
    const starts = startsOf('time:hour', zone, [
      { range, moments },
      { range, moments: other },
    ]);
    expect(starts).toEqual(['2026-11-24 12:00:00', '2026-11-24 07:00:00']);
    expect(comparisonLabel('2026-11-24 13:00:00', starts, false)).toBe('2026-11-24 08:00:00');
    expect(
      startsOf('time:day', zone, [
        { range, moments },
        { range, moments: other },
      ]),
    ).toEqual(['2026-11-24', '2026-11-24']);
  });
});
