/** Intervals of sampled sums and bounds of sampled visitors, against samples that are taken here, point by point. */
import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { Random } from '../../scripts/lib/random.ts';
import {
  countOf,
  differenceOf,
  type Estimate,
  type Moments,
  NOTHING,
  sumOf,
  together,
} from '../../src/engine/interval.ts';
import { type Tally, visitorsOf } from '../../src/engine/visitors.ts';

const seed = inject('seed') === 'random' ? Date.now() : Number(inject('seed'));
const random = new Random(seed);
const RUNS = inject('long') ? 2000 : 400;

/** How many points a visitor has: the spread decides how far the bounds are apart, and must not decide whether they hold. */
const SPREADS: Readonly<Record<string, () => number>> = {
  one: () => 1,
  three: () => 3,
  'one or two': () => (random.chance(0.5) ? 1 : 2),
  geometric: () => 1 + Math.floor(Math.log(1 - random.next()) / Math.log(0.8)),
  'half bounce': () =>
    random.chance(0.5) ? 1 : 1 + Math.floor(Math.exp(1 + 1.8 * (random.next() + random.next() - 1))),
  'a long tail': () => Math.min(500, Math.floor((1 - random.next()) ** (-1 / 1.3))),
  'a few robots': () => (random.chance(0.01) ? 200 : 1),
};

/** A group as it is, and what a sample says of it. */
interface Group {
  readonly points: number;
  readonly visitors: number;
  readonly revenue: number;
  readonly kept: number;
  readonly estimates: { readonly points: Estimate; readonly visitors: Estimate; readonly revenue: Estimate };
}

/** @param weights each point has one of them, by chance. */
function sampled(visitors: number, spread: () => number, weights: readonly number[], share = 1): Group {
  const interval = Math.max(...weights);
  let [points, revenue, kept, seen] = [0, 0, 0, 0];
  let counts = NOTHING;
  let sales = NOTHING;
  const tallies = [0, 0, 0].map(() => ({ sum: 0, squares: 0 }));
  for (let visitor = 0; visitor < visitors; visitor++) {
    let product = 1;
    let own = 0;
    for (let point = spread(); point > 0; point--) {
      const weight = weights[random.below(weights.length)] as number;
      const amount = random.chance(0.3) ? 5 + random.below(95) : 0;
      points += 1;
      revenue += amount;
      if (!random.chance(1 / weight)) continue;
      own += 1;
      product *= weight - 1;
      counts = together(counts, { seen: 1, sum: weight, variance: weight * (weight - 1), greatest: 1 });
      const sale = {
        seen: amount,
        sum: weight * amount,
        variance: weight * (weight - 1) * amount ** 2,
        greatest: amount,
      };
      sales = together(sales, sale);
    }
    kept += own;
    if (own > 0) seen += 1;
    const tally = tallies[own - 1];
    if (!tally || !random.chance(1 / share)) continue;
    tally.sum += share * product;
    tally.squares += (share * product) ** 2;
  }
  const estimates = {
    points: countOf(counts, interval),
    visitors: visitorsOf({
      seen,
      kept: tallies as [Tally, Tally, Tally],
      share,
      interval,
    }),
    revenue: sumOf({ ...sales, greatest: 100 }, interval),
  };
  return { points, visitors, revenue, kept, estimates };
}

const holds = ({ low, high }: Estimate, truth: number): boolean => low <= truth && truth <= high;

describe('an interval of 95 %', () => {
  const cases = [[2], [10], [100], [1, 10], [2, 20, 100]].flatMap((weights) =>
    Object.keys(SPREADS).map((spread) => [spread, weights] as const),
  );
  it.each(cases)('holds for groups of all sizes: %s, weights %j', (spread, weights) => {
    const missed = { points: 0, visitors: 0, revenue: 0 };
    let groups = 0;
    while (groups < RUNS) {
      const group = sampled(
        1 + Math.floor(random.next() ** 2 * 400),
        SPREADS[spread] as () => number,
        weights,
      );
      // An answer has no row for a group of which nothing was kept.
      if (group.kept === 0) continue;
      groups += 1;
      for (const metric of ['points', 'visitors', 'revenue'] as const) {
        if (!holds(group.estimates[metric], group[metric])) missed[metric] += 1;
      }
    }
    for (const [metric, count] of Object.entries(missed)) {
      expect(count / RUNS, `${metric} missed`).toBeLessThanOrEqual(0.05);
    }
  });

  it.each([
    [10, 1, 6],
    [100, 1, 6],
    [100, 13, 16],
  ])('holds for groups of which few are seen at all: 1 in %d, %d to %d points', (weight, least, most) => {
    const missed = { points: 0, visitors: 0 };
    const runs = 4 * RUNS;
    for (let groups = 0; groups < runs; ) {
      const group = sampled(least + random.below(most - least + 1), SPREADS['one'] as () => number, [weight]);
      if (group.kept === 0) continue;
      groups += 1;
      for (const metric of ['points', 'visitors'] as const) {
        if (!holds(group.estimates[metric], group[metric])) missed[metric] += 1;
      }
    }
    expect(missed.points / runs).toBeLessThanOrEqual(0.05);
    expect(missed.visitors / runs).toBeLessThanOrEqual(0.05);
  });

  it.each([2, 64 / 5, 64])('holds if only one visitor in %d is looked at closely', (share) => {
    let missed = 0;
    for (let group = 0; group < RUNS; group++) {
      const { estimates, visitors } = sampled(500, SPREADS['half bounce'] as () => number, [10], share);
      if (!holds(estimates.visitors, visitors)) missed += 1;
    }
    expect(missed / RUNS).toBeLessThanOrEqual(0.05);
  });

  it('holds for amounts of both signs', () => {
    let missed = 0;
    for (let run = 0; run < RUNS; run++) {
      let truth = 0;
      const sums: [Moments, Moments] = [NOTHING, NOTHING];
      for (let sale = 0; sale < 300; sale++) {
        const amount = 5 + random.below(95);
        const sign = random.chance(0.2) ? 1 : 0;
        truth += sign ? -amount : amount;
        if (!random.chance(0.1)) continue;
        sums[sign] = together(sums[sign] as Moments, {
          seen: amount,
          sum: 10 * amount,
          variance: 90 * amount ** 2,
          greatest: amount,
        });
      }
      if (!holds(differenceOf(sums[0], sums[1], 10), truth)) missed += 1;
    }
    expect(missed / RUNS).toBeLessThanOrEqual(0.05);
  });

  it('is a point where nothing is sampled', () => {
    for (let run = 0; run < 50; run++) {
      const { estimates, ...truth } = sampled(
        1 + random.below(50),
        SPREADS['geometric'] as () => number,
        [1],
      );
      for (const metric of ['points', 'visitors', 'revenue'] as const) {
        expect(estimates[metric]).toEqual({ value: truth[metric], low: truth[metric], high: truth[metric] });
      }
    }
  });

  it('contains its value, and nothing less than what was seen', () => {
    const moments = fc.record({ kept: fc.nat(1000), weight: fc.integer({ min: 1, max: 1000 }) });
    const tally = fc.record({
      sum: fc.double({ min: 0, max: 1e9, noNaN: true }),
      squares: fc.double({ min: 0, max: 1e15, noNaN: true }),
    });
    fc.assert(
      fc.property(
        moments,
        tally,
        tally,
        tally,
        fc.integer({ min: 1, max: 64 }),
        ({ kept, weight }, one, two, three, share) => {
          const points = {
            seen: kept,
            sum: kept * weight,
            variance: kept * weight * (weight - 1),
            greatest: 1,
          };
          for (const [estimate, seen] of [
            [countOf(points, weight), kept],
            [
              visitorsOf({
                seen: kept,
                kept: [one, two, three],
                share,
                interval: weight,
              }),
              kept,
            ],
          ] as const) {
            expect(estimate.low).toBeGreaterThanOrEqual(seen);
            expect(estimate.value).toBeGreaterThanOrEqual(estimate.low);
            expect(estimate.high).toBeGreaterThanOrEqual(estimate.value);
            expect(Number.isFinite(estimate.high)).toBe(true);
          }
        },
      ),
    );
  });
});
