/** The arithmetic of the simulation: against a small load that is played event by event, and against Cloudflare's own examples. */
import { describe, expect, it } from 'vitest';
import { Random, Weighted, zipf } from '../../scripts/lib/random.ts';
import { batchesOf, meanSize, renewals, shareWithAny } from '../../scripts/lib/simulate/batches.ts';
import { costOf, DAYS_A_MONTH, totalOf } from '../../scripts/lib/simulate/cost.ts';
import { dayWorkOf } from '../../scripts/lib/simulate/day-work.ts';
import { loadOf, ranges } from '../../scripts/lib/simulate/load.ts';
import { committedMeasured, type EventStore, type Measured } from '../../scripts/lib/simulate/measured.ts';
import { DEFAULT_SCENARIO } from '../../scripts/lib/simulate/options.ts';
import { simulate, wallsOf } from '../../scripts/lib/simulate/simulation.ts';
import { type DayUsage, MARK_SECONDS, PIXEL_SECONDS, usageOf } from '../../scripts/lib/simulate/usage.ts';
import { Buffer, FLUSH_AFTER, type FlushTask, type Hit, MAX_BATCH_EVENTS } from '../../src/collect/buffer.ts';

const measured = committedMeasured();
const SEED = 1;

/** Plays an isolate: events arrive one by one, and the Worker's own buffer makes batches of them. Calls `write` with each. */
class Isolate {
  readonly #buffer = new Buffer();
  readonly #write: (pixels: readonly number[], at: number) => void;
  #flush: { readonly at: number; readonly take: NonNullable<FlushTask['take']> } | null = null;

  constructor(write: (pixels: readonly number[], at: number) => void) {
    this.#write = write;
  }

  /** @param now milliseconds. */
  push(pixel: number, now: number): void {
    if (this.#flush && this.#flush.at <= now) this.end();
    const { full, take } = this.#buffer.push({ size: 100, pixel } as unknown as Hit, 1, now);
    if (full) this.#batch(full, now);
    if (take) this.#flush = { at: now + FLUSH_AFTER, take };
  }

  end(): void {
    if (this.#flush === null) return;
    const { at, take } = this.#flush;
    this.#flush = null;
    this.#batch(take(), at);
  }

  #batch(hits: readonly Hit[], at: number): void {
    if (hits.length > 0)
      this.#write(
        hits.map((hit) => (hit as unknown as { pixel: number }).pixel),
        at,
      );
  }
}

describe('batches of a stream', () => {
  it.each([0.2, 5, 20, 100, 1000, 3900, 4100, 8000])(
    'of %d events a second are those of the buffer',
    (rate) => {
      const random = new Random(SEED);
      const sizes: number[] = [];
      const isolate = new Isolate((pixels) => sizes.push(pixels.length));
      let now = 0;
      for (let event = 0; event < 200_000; event++) {
        now += random.around(1000 / rate);
        isolate.push(0, now);
      }
      isolate.end();
      const computed = batchesOf(rate);
      const near = (one: number, other: number, tolerance: number): void =>
        expect(Math.abs(one / other - 1)).toBeLessThan(tolerance);
      near(computed.rate, sizes.length / (now / 1000), 0.015);
      near(meanSize(computed.sizes), 200_000 / sizes.length, 0.015);
      const share = (size: number): number => sizes.filter((one) => one === size).length / sizes.length;
      for (const size of [1, 2, 5, MAX_BATCH_EVENTS]) {
        expect(Math.abs((computed.sizes[size - 1] ?? 0) - share(size)), `batches of ${size}`).toBeLessThan(
          0.015,
        );
      }
    },
  );

  it('has shares that add up to one, at any rate', () => {
    for (const rate of [0, 1e-6, 1, 3980, 1e5, 1e9]) {
      const { sizes } = batchesOf(rate);
      expect(sizes.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(0);
    }
    expect(batchesOf(0)).toMatchObject({ rate: 0 });
    // Beyond some rate all batches are full.
    expect(batchesOf(1e6).rate).toBeCloseTo(1e6 / MAX_BATCH_EVENTS, 6);
  });
});

it('what an isolate remembers is renewed as often as computed, and in as many batches', () => {
  const random = new Random(SEED);
  const shares = zipf(60, 1.1);
  const pick = new Weighted(shares);
  const [rate, ttl] = [120, 10];
  const until = new Map<number, number>();
  let [renewed, batches, withAny] = [0, 0, 0];
  const isolate = new Isolate((pixels, at) => {
    const expired = [...new Set(pixels)].filter((pixel) => (until.get(pixel) ?? 0) <= at);
    for (const pixel of expired) until.set(pixel, at + ttl * 1000);
    renewed += expired.length;
    batches++;
    if (expired.length > 0) withAny++;
  });
  let now = 0;
  for (let event = 0; event < 300_000; event++) {
    now += random.around(1000 / rate);
    isolate.push(pick.pick(random), now);
  }
  const seconds = now / 1000;
  const total = shares.reduce((sum, share) => sum + share, 0);
  const computed = shares.reduce((sum, share) => sum + renewals((rate * share) / total, ttl), 0);
  expect(Math.abs(computed / (renewed / seconds) - 1)).toBeLessThan(0.03);
  const share = shareWithAny(batchesOf(rate).sizes, computed / rate);
  expect(Math.abs(share / (withAny / batches) - 1)).toBeLessThan(0.03);
});

/** A day played event by event: two locations, pixels by Zipf's law, a rate like a sine. */
function playedDay(
  eventStore: EventStore,
  eventsPerDay: number,
  pixels: number,
): { statements: number; rowsRead: number; batches: number } {
  const random = new Random(SEED);
  const store = measured.counts.stores[eventStore];
  const pick = new Weighted(zipf(pixels, 1.1));
  const location = new Weighted([2 / 3, 1 / 3]);
  const played = { statements: 0, rowsRead: 0, batches: 0 };
  const add = (work: NonNullable<typeof store>['lookUp'] | null | undefined, things: number): void => {
    if (!work || things === 0) return;
    played.statements++;
    played.rowsRead += work.fixed.read + work.each.read * things;
  };
  const isolates = [0, 1].map(() => {
    const caches = [
      { seconds: PIXEL_SECONDS, work: store?.lookUp, until: new Map<number, number>() },
      { seconds: MARK_SECONDS, work: store?.mark, until: new Map<number, number>() },
    ];
    return new Isolate((batch, at) => {
      played.batches++;
      add(store?.insert, batch.length);
      for (const { seconds, work, until } of caches) {
        const expired = [...new Set(batch)].filter((pixel) => (until.get(pixel) ?? 0) <= at);
        for (const pixel of expired) until.set(pixel, at + seconds * 1000);
        add(work, expired.length);
      }
    });
  });
  const peak = (eventsPerDay / 86_400_000) * 2;
  for (let now = random.around(1 / peak); now < 86_400_000; now += random.around(1 / peak)) {
    // Thinned to the rate of the moment: 1 - sin, of at most 2.
    if (!random.chance((1 - Math.sin((2 * Math.PI * now) / 86_400_000)) / 2)) continue;
    isolates[location.pick(random)]?.push(pick.pick(random), now);
  }
  for (const isolate of isolates) isolate.end();
  return played;
}

describe('a day', () => {
  it.each<[number, number, EventStore]>([
    [30_000, 1, 'd1'],
    [200_000, 30, 'd1'],
    [2_000_000, 200, 'd1'],
    [200_000, 30, 'analytics_engine'],
  ])(
    'of %d events of %d pixels in %s takes the statements and rows that it takes when it is played',
    (events, pixels, eventStore) => {
      const scenario = {
        ...DEFAULT_SCENARIO,
        eventsPerDay: events,
        pixels,
        eventStore,
        colos: 2,
        isolateRate: 1e5,
        viewsPerDay: 0,
      };
      const { usage } = simulate(scenario, measured);
      const [busiest] = usage.databases;
      const played = playedDay(eventStore, events, pixels);
      // Without what the cron does, which does not depend on batches.
      const withoutCron = { ...measured, counts: { ...measured.counts, ...NO_CRON } };
      const writing = simulate(scenario, withoutCron).usage.day;
      expect(Math.abs(writing.statements / played.statements - 1)).toBeLessThan(0.03);
      expect(Math.abs(writing.rowsRead / played.rowsRead - 1)).toBeLessThan(0.03);
      expect(Math.abs((busiest?.batchSize.mean ?? 0) / (events / played.batches) - 1)).toBeLessThan(0.03);
    },
  );

  it('through the queue, takes a message for each batch or part of one', () => {
    const scenario = {
      ...DEFAULT_SCENARIO,
      eventsPerDay: 2e8,
      ingestMode: 'queue',
      isolateRate: 1e4,
      colos: 1,
    } as const;
    const { usage } = simulate(scenario, measured);
    // At some 2,300 events a second, batches have over a hundred events: three messages of forty, and a little more.
    const perMessage = usage.day.points / usage.day.messages;
    expect(perMessage).toBeLessThanOrEqual(measured.counts.message.events);
    expect(perMessage).toBeGreaterThan(measured.counts.message.events * 0.6);
    expect(usage.day.operations).toBeCloseTo(usage.day.messages * 3, 0);
    // The peak waits in the queue.
    expect(usage.databases[0]?.statements.peak).toBeCloseTo(usage.databases[0]?.statements.mean ?? 0, 6);
    expect(usage.databases[0]?.messages.peak).toBeGreaterThan((usage.databases[0]?.messages.mean ?? 0) * 1.2);
  });
});

const NO_WORK = { statements: 0, rowsRead: 0, rowsWritten: 0 };
const NO_CRON = {
  days: {
    analytics_engine: (measured.counts.days.analytics_engine ?? []).map((day) => ({
      ...day,
      rollUp: NO_WORK,
    })),
    d1: measured.counts.days.d1.map((day) => ({ ...day, rollUp: NO_WORK, widest: 0 })),
  },
  purge: { events: 1, work: NO_WORK },
  idleCron: { fixed: NO_WORK, eachPixel: NO_WORK },
};

describe('a load', () => {
  const options = { ...DEFAULT_SCENARIO, eventsPerDay: 1e6, databases: 1 };

  it('gives each pixel its share by Zipf’s law, and all together the events of the day', () => {
    const { databases } = loadOf({ ...options, pixels: 1000, skewExponent: 1.1 });
    const [only] = databases;
    const weights = zipf(1000, 1.1);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    expect(only?.eventsPerDay).toBeCloseTo(1e6, 3);
    expect(only?.groups.reduce((sum, { pixels }) => sum + pixels, 0)).toBe(1000);
    expect(only?.groups[0]).toEqual({ pixels: 1, eventsPerDay: expect.closeTo(1e6 / total, 6) });
    expect(only?.groups[6]?.eventsPerDay).toBeCloseTo((1e6 * (weights[6] ?? 0)) / total, 6);
  });

  it('deals pixels to databases by rank', () => {
    const { databases } = loadOf({ ...options, pixels: 100_000, databases: 100 });
    const sum = (value: (one: (typeof databases)[number]) => number): number =>
      databases.reduce((total, one) => total + one.databases * value(one), 0);
    expect(sum(() => 1)).toBe(100);
    expect(Math.abs(sum(({ eventsPerDay }) => eventsPerDay) / 1e6 - 1)).toBeLessThan(0.01);
    for (const { groups } of databases)
      expect(groups.reduce((count, { pixels }) => count + pixels, 0)).toBe(1000);
    const rates = databases.map(({ eventsPerDay }) => eventsPerDay);
    expect(rates).toEqual(rates.toSorted((a, b) => b - a));
  });

  it('without a skew gives each pixel the same', () => {
    const { databases } = loadOf({ ...options, pixels: 500, skewExponent: 0 });
    for (const { eventsPerDay } of databases[0]?.groups ?? []) expect(eventsPerDay).toBeCloseTo(2000, 6);
  });

  it('has a day whose mean is one and whose peak is the factor', () => {
    const { hours, colos } = loadOf({ ...options, pixels: 1, peakFactor: 1.8, colos: 7 });
    expect(hours.reduce((sum, factor) => sum + factor, 0) / hours.length).toBeCloseTo(1, 9);
    expect(Math.max(...hours)).toBeCloseTo(1.8, 1);
    expect(Math.min(...hours)).toBeGreaterThanOrEqual(0);
    expect(colos.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    expect((colos[0] ?? 0) / (colos[1] ?? 1)).toBeCloseTo(2, 9);
  });

  it('counts each rank in one range', () => {
    for (const count of [1, 19, 20, 21, 1000, 12_345]) {
      const covered = ranges(count).flatMap(([first, last]) =>
        Array.from({ length: last - first + 1 }, (_, at) => first + at),
      );
      expect(covered).toEqual(Array.from({ length: count }, (_, at) => at + 1));
    }
  });
});

describe('the work of a day', () => {
  it.each(measured.counts.days.d1)('of a measured size is what was measured: $events events', (day) => {
    const { work, rawBytes, columnBytes, rollupBytes } = dayWorkOf(day.events, measured);
    expect(work.rowsRead).toBeCloseTo(day.rollUp.rowsRead, 3);
    expect(work.rowsWritten).toBeCloseTo(day.rollUp.rowsWritten, 3);
    expect(rawBytes).toBeCloseTo(day.rawBytes, 3);
    expect(columnBytes).toBeCloseTo(day.columnBytes, 3);
    expect(rollupBytes).toBeCloseTo(day.rollupBytes, 3);
  });

  it('grows with the day', () => {
    const sizes = [1, 3, 10, 70, 1000, 7000, 90_000, 250_000, 400_000, 1e6, 1e8];
    for (const value of ['rawBytes', 'columnBytes', 'rollupBytes', 'milliseconds'] as const) {
      const values = sizes.map((events) => dayWorkOf(events, measured)[value]);
      expect(values, value).toEqual(values.toSorted((a, b) => a - b));
    }
  });

  it('in Analytics Engine is what was measured, and grows by each event', () => {
    const days = measured.counts.days.analytics_engine ?? [];
    expect(days.length).toBeGreaterThan(2);
    for (const day of days) {
      const { work, pointQueries, rawBytes } = dayWorkOf(day.events, measured, 'analytics_engine');
      expect(work.rowsRead).toBeCloseTo(day.rollUp.rowsRead, 3);
      expect(work.rowsWritten).toBeCloseTo(day.rollUp.rowsWritten, 3);
      expect(pointQueries).toBeCloseTo(day.pointQueries, 6);
      expect(rawBytes).toBe(0);
    }
    const at = (events: number): number => dayWorkOf(events, measured, 'analytics_engine').pointQueries;
    // A page has 10,000 points, and slices end with a page that is not full.
    expect(at(1e8)).toBeGreaterThan(1e4);
    expect(at(1e8)).toBeLessThan(2e4);
    expect(at(2e8) - at(1e8)).toBeCloseTo(at(3e8) - at(2e8), 3);
  });

  it('beyond the largest measured one reads the day once more for each slice', () => {
    // Each slice reads one row of each event of the day, and twenty of each of its own events.
    const day = (events: number, slices: number): Measured['counts']['days']['d1'][number] => ({
      events,
      slices,
      rollUp: {
        statements: 10 + 4 * slices,
        rowsRead: events * slices + 20 * events,
        rowsWritten: events / 10,
      },
      pointQueries: 0,
      rawBytes: events * 250,
      columnBytes: events * 20,
      rollupBytes: 1000 * Math.log(events),
      widest: events + (20 * events) / slices,
    });
    const law: Measured = {
      ...measured,
      counts: {
        ...measured.counts,
        days: { ...measured.counts.days, d1: [day(100, 0), day(100_000, 1), day(400_000, 2)] },
      },
    };
    // Two million events are ten slices.
    const { work, rawBytes, columnBytes, rollupBytes } = dayWorkOf(2_000_000, law);
    const expected = day(2_000_000, 10);
    expect(work.statements).toBeCloseTo(expected.rollUp.statements, 6);
    expect(work.rowsRead).toBeCloseTo(expected.rollUp.rowsRead, 3);
    expect(work.rowsWritten).toBeCloseTo(expected.rollUp.rowsWritten, 6);
    expect([rawBytes, columnBytes]).toEqual([expect.closeTo(5e8, 3), expect.closeTo(4e7, 3)]);
    expect(rollupBytes).toBeCloseTo(expected.rollupBytes, 6);
  });
});

describe('the costs of a month', () => {
  const none: DayUsage = {
    requests: 0,
    cpu: 0,
    cronCpu: 0,
    statements: 0,
    cronStatements: 0,
    rowsRead: 0,
    rowsWritten: 0,
    points: 0,
    pointQueries: 0,
    messages: 0,
    operations: 0,
  };
  const costs = (perMonth: Partial<DayUsage>, bytes = 0): number => {
    const days = Object.fromEntries(
      Object.entries(perMonth).map(([key, value]) => [key, value / DAYS_A_MONTH]),
    );
    return totalOf(costOf({ days: { ...none, ...days }, bytes, databases: 1 }));
  };

  it.each([
    // https://developers.cloudflare.com/workers/platform/pricing/#example-1 and #example-4
    ['15 million requests of 7 ms', { requests: 15e6, cpu: 7 * 15e6 }, 8],
    ['100 million requests of 7 ms', { requests: 100e6, cpu: 7 * 100e6 }, 45.4],
    // https://developers.cloudflare.com/queues/platform/pricing/: $35.60, and the plan.
    ['a million messages on each of 30 days', { operations: 3 * 30 * 1e6 }, 40.6],
  ])('are those of Cloudflare’s example: %s', (_, perMonth, expected) => {
    expect(costs(perMonth)).toBeCloseTo(expected, 6);
  });

  it('begin beyond what the plan includes', () => {
    expect(costs({ rowsWritten: 50e6, rowsRead: 25e9, points: 10e6, pointQueries: 1e6 }, 5e9)).toBe(5);
    expect(costs({ rowsWritten: 51e6 })).toBeCloseTo(6, 6);
    expect(costs({ rowsRead: 26e9 })).toBeCloseTo(6, 6);
    expect(costs({ points: 14e6 })).toBeCloseTo(6, 6);
    expect(costs({ pointQueries: 2e6 })).toBeCloseTo(6, 6);
    expect(costs({}, 7e9)).toBeCloseTo(6.5, 6);
  });
});

describe('the first limit', () => {
  it('on the free plan is lifted by the paid plan', () => {
    const { limits, lifts, dollars } = simulate(
      { ...DEFAULT_SCENARIO, plan: 'free', eventsPerDay: 90_000 },
      measured,
    );
    expect(limits[0]?.share).toBeGreaterThan(1);
    expect(limits.map(({ limit }) => limit)).toEqual(
      expect.arrayContaining(['workers requests', 'd1 rows written', 'd1 rows read']),
    );
    expect(lifts[0]).toMatchObject({ setting: 'the paid plan', dollars: 5 });
    expect(dollars).toBe(0);
  });

  it('is the one that is used the most, and each setting that lifts it does', () => {
    const scenario = { ...DEFAULT_SCENARIO, eventsPerDay: 1e6 };
    const { limits, lifts } = simulate(scenario, measured);
    expect(limits[0]).toMatchObject({ limit: 'd1 database size', allowed: 10e9 });
    expect(limits.map(({ share }) => share)).toEqual(
      limits.map(({ share }) => share).toSorted((a, b) => b - a),
    );
    expect(lifts.map(({ setting }) => setting)).toContain('retention_days = 7');
    const shorter = simulate({ ...scenario, retentionDays: 7 }, measured);
    expect(shorter.limits.find(({ limit }) => limit === 'd1 database size')?.share).toBeLessThan(1);
  });

  it('of many pixels is lifted by more databases, and of one is not', () => {
    const many = { ...DEFAULT_SCENARIO, eventsPerDay: 2e5, pixels: 1000, retentionDays: 7, keepDays: 90 };
    const limit = simulate(many, measured).limits[0];
    expect(limit).toMatchObject({ limit: 'd1 database size' });
    const settings = (scenario: typeof many): string[] =>
      simulate(scenario, measured).lifts.map(({ setting }) => setting);
    expect(settings({ ...many, retentionDays: 90 })).toContain('10 databases');
    expect(settings({ ...many, pixels: 1, eventsPerDay: 1e8 }).join()).not.toContain('databases');
  });
});

it('with Analytics Engine, storing writes no row, and sampling begins where an index gets too many points', () => {
  const scenario = { ...DEFAULT_SCENARIO, eventStore: 'analytics_engine' } as const;
  const { usage, limits } = simulate({ ...scenario, eventsPerDay: 1e7 }, measured);
  const d1 = simulate({ ...DEFAULT_SCENARIO, eventsPerDay: 1e7 }, measured);
  expect(usage.day.points).toBe(1e7);
  expect(d1.usage.day.points).toBe(1e7);
  // A row to store, another to delete.
  expect(d1.usage.day.rowsWritten - usage.day.rowsWritten).toBeGreaterThan(1.9e7);
  expect(usage.bytes.perDay).toBeLessThan(d1.usage.bytes.perDay / 5);
  expect(limits.map(({ limit }) => limit)).toContain('analytics unsampled points');
  // 100 points a second of each of 64 indexes, at a peak of twice the mean.
  const sampled = wallsOf({ ...scenario }, measured).find(
    ({ use }) => use.limit === 'analytics unsampled points',
  );
  expect(Math.abs((sampled?.eventsPerDay ?? 0) / ((100 * 64 * 86_400) / 2) - 1)).toBeLessThan(0.01);
});

it('a limit is reached at the volume that the table of walls says', () => {
  for (const { use, eventsPerDay } of wallsOf(DEFAULT_SCENARIO, measured)) {
    const shareAt = (factor: number): number | undefined =>
      simulate({ ...DEFAULT_SCENARIO, eventsPerDay: eventsPerDay * factor }, measured).limits.find(
        ({ id }) => id === use.id,
      )?.share;
    expect(shareAt(0.9), use.what).toBeLessThan(1);
    expect(shareAt(1.1), use.what).toBeGreaterThan(1);
  }
});

it('a store that was not measured cannot be simulated', () => {
  const load = loadOf({ ...DEFAULT_SCENARIO, eventsPerDay: 1, databases: 1 });
  const unmeasured: Measured = {
    ...measured,
    counts: { ...measured.counts, stores: { ...measured.counts.stores, analytics_engine: null } },
  };
  const setup = { ...DEFAULT_SCENARIO, load, eventStore: 'analytics_engine' } as const;
  expect(() => usageOf(setup, unmeasured)).toThrow('analytics_engine was not measured');
});
