/** Which INGEST_MODE and EVENT_STORE suit which volume. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Volume } from '../../scripts/lib/doctor/facts.ts';
import { type Load, loadOf } from '../../scripts/lib/doctor/load.ts';
import {
  chooseModes,
  D1_EVENTS,
  DIRECT_EVENTS,
  QUEUE_EVENTS,
  STORED_EVENTS,
  UNSAMPLED_EVENTS,
} from '../../scripts/lib/doctor/modes.ts';
import type { Plan } from '../../scripts/lib/platform-limits.ts';

const SMALL: Load = {
  hour: 1,
  peak: 2,
  peakOf: 'minute',
  pixelPeak: 2,
  busiestDay: 20_000,
  meanDay: 10_000,
  stored: 900_000,
  restShare: 0.05,
};

describe('the modes of a volume', () => {
  it('have thresholds that follow from the limits of the platform', () => {
    expect({ DIRECT_EVENTS, D1_EVENTS, QUEUE_EVENTS, UNSAMPLED_EVENTS }).toEqual({
      DIRECT_EVENTS: 250,
      D1_EVENTS: 350,
      QUEUE_EVENTS: 2500,
      UNSAMPLED_EVENTS: 6400,
    });
    expect(Math.round(STORED_EVENTS / 1e6)).toBe(26);
  });

  it.each<[string, Plan, Partial<Load>, string, string, boolean]>([
    ['little', 'free', {}, 'direct', 'd1', true],
    ['little, on the paid plan', 'paid', {}, 'direct', 'd1', true],
    ['as much as D1 takes directly', 'paid', { hour: 100, peak: 250 }, 'direct', 'd1', true],
    ['peaks beyond that', 'paid', { hour: 100, peak: 251 }, 'queue', 'd1', true],
    ['peaks beyond that, on the free plan', 'free', { hour: 100, peak: 251 }, 'direct', 'd1', false],
    ['as much as D1 writes from the queue', 'paid', { hour: 350, peak: 2500 }, 'queue', 'd1', true],
    ['more than D1 writes in an hour', 'paid', { hour: 351, peak: 400 }, 'direct', 'analytics_engine', true],
    ['peaks beyond the queue', 'paid', { hour: 300, peak: 2501 }, 'direct', 'analytics_engine', true],
    ['more than a database holds', 'paid', { stored: 30e6 }, 'direct', 'analytics_engine', true],
    [
      'very much, of people',
      'paid',
      { hour: 3000, peak: 5000, restShare: 0.1 },
      'queue',
      'analytics_engine',
      true,
    ],
    [
      'very much, all of people',
      'paid',
      { hour: 3000, peak: 5000, restShare: 1 },
      'queue',
      'analytics_engine',
      false,
    ],
    [
      'very much, nobody knows of whom',
      'paid',
      { hour: 3000, peak: 5000, restShare: null },
      'queue',
      'analytics_engine',
      false,
    ],
    [
      'very much of nobody',
      'paid',
      { hour: 1e5, peak: 2e5, restShare: 0 },
      'direct',
      'analytics_engine',
      true,
    ],
    ['very much, on the free plan', 'free', { hour: 3000, peak: 5000 }, 'direct', 'd1', false],
  ])('%s', (_, plan, load, ingest, store, enough) => {
    const modes = chooseModes({ ...SMALL, ...load }, plan, true);
    expect([modes.ingest_mode.value, modes.event_store.value, modes.enough]).toEqual([ingest, store, enough]);
  });

  it('say why', () => {
    const why = (load: Partial<Load>, plan: Plan = 'paid', hasQueue = true) => {
      const { ingest_mode, event_store } = chooseModes({ ...SMALL, ...load }, plan, hasQueue);
      return [ingest_mode.why, event_store.why];
    };
    expect(why({ hour: 41, peak: 41, peakOf: 'hour' })).toEqual([
      'your busiest hour had 41 events a second: direct and D1 are enough up to about 250 events a second',
      '900,000 events are stored at a time, 246 MB of the 10 GB that a database may have, and D1 keeps up: your busiest hour had 41 events a second',
    ]);
    expect(why({ hour: 300, peak: 900 }, 'paid', false)[0]).toBe(
      'your busiest minute had 900 events a second, and its hour 300: D1 takes them directly up to about 250 events a second; the queue evens out peaks up to about 2,500. No queue is bound: restore the sections [[queues…]] of wrangler.toml',
    );
    expect(why({ hour: 3000, peak: 20_000, pixelPeak: 20_000 })[1]).toContain('numbers are estimates');
    expect(why({ hour: 3000, peak: 5000, pixelPeak: 6400 })[1]).not.toContain('estimates');
    expect(chooseModes(null, 'paid', true).event_store.why).toContain('no event has arrived');
  });

  it('never ask for less as the volume grows, and advise nothing that the free plan cannot do', () => {
    const ORDER = ['d1 direct', 'd1 queue', 'analytics_engine direct', 'analytics_engine queue'];
    const rank = (load: Load, plan: Plan): number => {
      const { ingest_mode, event_store } = chooseModes(load, plan, true);
      return ORDER.indexOf(`${event_store.value} ${ingest_mode.value}`);
    };
    const rate = fc.double({ min: 0.001, max: 1e5, noNaN: true });
    const share = fc.option(fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(rate, fc.double({ min: 1, max: 50, noNaN: true }), share, (hour, factor, restShare) => {
        const at = (times: number): Load => ({
          ...SMALL,
          hour: hour * times,
          peak: hour * times * factor,
          stored: 1,
          restShare,
        });
        expect(rank(at(2), 'paid')).toBeGreaterThanOrEqual(rank(at(1), 'paid'));
        expect(rank(at(1), 'free')).toBe(0);
      }),
    );
  });
});

describe('the rates of a volume', () => {
  const at = (hour: number) =>
    new Date(Date.UTC(2026, 2, 1 + Math.floor(hour / 24), hour % 24)).toISOString();
  const volume = (
    hours: readonly (readonly [hour: number, events: number])[],
    more: Partial<Volume> = {},
  ): Volume => ({
    since: at(0),
    hours: hours.map(([hour, events]) => ({ at: at(hour), events, busiest_pixel: events })),
    pixels: [
      {
        pixel: 'px_1',
        events: 1,
        busiest_hour: Math.max(...hours.map(([, events]) => events)),
        retention_days: 90,
      },
    ],
    event_days: hours.reduce((sum, [, events]) => sum + events, 0) * 90,
    complete: true,
    busiest_hour_sample: null,
    ...more,
  });

  it('are none without events', () => {
    expect(loadOf({ ...volume([]), pixels: [] })).toBeNull();
  });

  it('are those of the busiest hour', () => {
    expect(
      loadOf(
        volume([
          [1, 3600],
          [26, 36_000],
          [49, 7200],
        ]),
      ),
    ).toMatchObject({
      hour: 10,
      peak: 10,
      peakOf: 'hour',
      pixelPeak: 10,
      busiestDay: 36_000,
      restShare: null,
    });
  });

  it('count the days since the first event only, so that a new Speck is not taken for a small one', () => {
    const load = loadOf(volume(Array.from({ length: 12 }, (_, hour) => [hour, 1000])));
    expect(load).toMatchObject({ meanDay: 12_000, stored: 12_000 * 90 });
    const week = loadOf(volume(Array.from({ length: 168 }, (_, hour) => [hour, 1000])));
    expect(week).toMatchObject({ meanDay: 24_000, stored: 24_000 * 90 });
  });

  it('take the busiest minute, unless most of its hour is in Analytics Engine', () => {
    const sample = { at: at(1), events: 36_000, busiest_minute: 6000, plain: 27_000 };
    expect(loadOf(volume([[1, 36_000]], { busiest_hour_sample: sample }))).toMatchObject({
      peak: 100,
      peakOf: 'minute',
      pixelPeak: 100,
      restShare: 0.25,
    });
    const rest = { ...sample, events: 3600, plain: 0 };
    expect(loadOf(volume([[1, 36_000]], { busiest_hour_sample: rest }))).toMatchObject({
      peak: 10,
      peakOf: 'hour',
      restShare: 0.1,
    });
  });
});
