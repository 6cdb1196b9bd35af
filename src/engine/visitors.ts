/**
 * How many visitors a group has, from its sampled points. A sample cannot tell: whether the visitors of whom nothing was kept are many with
 * one point or few with more depends on how points are spread over visitors. Two bounds hold however they are spread.
 *
 * Let a visitor have m points, each kept by itself with the chance 1/w, and let Q be the chance that none is kept. U = Σ Q is the expected
 * number of unseen visitors. With e₁ = w − 1 of a visitor of whom one point was kept, e₂ = (w − 1)(w′ − 1) of one with two, and e₃ of one with
 * three, the sums of these over all such visitors estimate, without bias and for any mixture of weights,
 *
 *     G₁ = Σ mQ,   G₂ = Σ m(m − 1)/2·Q,   G₃ = Σ m(m − 1)(m − 2)/6·Q.
 *
 * m is a whole number, so (m − j)(m − j − 1) ≥ 0 for any whole j. Summed with Q, or with (m − 1)Q, that gives for every j ≥ 1
 *
 *     U ≥ (2/(j + 1))G₁ − (2/(j(j + 1)))G₂,
 *     U ≤ G₁ − ((4j − 2)/(j(j + 1)))G₂ + (6/(j(j + 1)))G₃,   and U ≤ G₁.
 *
 * With equal weights and real j, the best of the former is G₁²/(2G₂ + G₁), the bound of Chao and Lin (2012). Both are exact if all visitors
 * have equally many points. The value in between is G₁²/(G₁ + G₂): that of a geometric spread, in which each further point of a visitor has
 * the same chance. It is an assumption, and the interval does not share it.
 */
import { type Estimate, exactly, type Moments, NOTHING, sumOf } from './interval.ts';

/** The visitors of a group of whom something was kept. */
export interface SeenVisitors {
  /** How many they are. */
  readonly seen: number;
  /** e₁, e₂ and e₃ of those of whom 1, 2 or 3 points were kept, each as often as the visitor stands for others. */
  readonly kept: readonly [Tally, Tally, Tally];
  /** How many visitors one in `kept` stands for at most: 1 unless only a part of the visitors was read. */
  readonly share: number;
  /** The greatest weight that a point of the group may have. */
  readonly interval: number;
}

/** Sums over the visitors of whom a given number of points was kept. */
export interface Tally {
  readonly sum: number;
  readonly squares: number;
}
export const NO_VISITORS: Tally = { sum: 0, squares: 0 };

/** The whole numbers j that are tried. A visitor of more points is hardly ever unseen. */
const MOST_POINTS = 60;

export function visitorsOf(visitors: SeenVisitors): Estimate {
  const { seen, kept, share, interval } = visitors;
  if (interval <= 1) return exactly(seen);
  const [one, two, three] = kept.map((tally, index) => boundsOf(tally, index + 1, share, interval)) as [
    Bounds,
    Bounds,
    Bounds,
  ];
  let [least, low] = [0, 0];
  let [most, high] = [one.value, one.high];
  for (let j = 1; j <= MOST_POINTS; j++) {
    const products = j * (j + 1);
    const [a, b] = [2 / (j + 1), 2 / products];
    least = Math.max(least, a * one.value - b * two.value);
    low = Math.max(
      low,
      a * one.value - b * two.value - Math.hypot(a * (one.value - one.low), b * (two.high - two.value)),
    );
    const [c, d] = [(4 * j - 2) / products, 6 / products];
    const above = one.value - c * two.value + d * three.value;
    most = Math.min(most, above);
    high = Math.min(
      high,
      above + Math.hypot(one.high - one.value, c * (two.value - two.low), d * (three.high - three.value)),
    );
  }
  const unseen = one.value === 0 ? 0 : one.value ** 2 / (one.value + two.value);
  const between = Math.max(least, Math.min(unseen, Math.max(least, most)));
  const value = Math.round(seen + between);
  return {
    value,
    low: Math.min(value, Math.floor(seen + low)),
    high: Math.max(value, Math.ceil(seen + Math.max(low, high))),
  };
}

type Bounds = Estimate;

/** G₁, G₂ or G₃ with its interval. The number of unseen visitors has a variance of its own, of at most G₁. */
function boundsOf({ sum, squares }: Tally, points: number, share: number, interval: number): Bounds {
  const moments: Moments = {
    ...NOTHING,
    sum,
    variance: squares + (points === 1 ? sum : 0),
    greatest: share * (interval - 1) ** (points - 1),
  };
  return sumOf(moments, interval);
}
