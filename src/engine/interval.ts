/**
 * Intervals of 95 % for sums over sampled points. The platform keeps each point by itself with the chance 1/w, and says w with it. So Σ w·x of
 * the kept points estimates Σ x of all points without bias, and Σ w(w − 1)x² estimates its variance.
 *
 * A normal interval is wrong for groups of a few points: it is symmetric, and reaches below what was seen. What is unknown here is the sum of
 * the points that were not kept. Its interval is that of a gamma distribution with the mean and the variance of that sum, as Fay and Feuer
 * (1997) have it for weighted sums of rare events: the upper end counts one more point of the greatest weight, so it also holds if the
 * next point would have changed everything. With equal weights, these are the exact limits of Clopper and Pearson.
 *
 * An answer lists only groups of which a point was kept. So the lower end of a group of few points is that under the condition that
 * something of it was seen: a single kept point proves itself, and nothing else.
 */

/** The ends, both included. */
export type Interval = readonly [low: number, high: number];

/** A number that is not known exactly. `low` ≤ `value` ≤ `high`. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export const exactly = (value: number): Estimate => ({ value, low: value, high: value });

/** What kept points say of a sum Σ x with x ≥ 0. */
export interface Moments {
  /** Σ x of the kept points. */
  readonly seen: number;
  /** Σ w·x. */
  readonly sum: number;
  /** Σ w(w − 1)x². */
  readonly variance: number;
  /** The greatest x. Of counts: 1. */
  readonly greatest: number;
}

export const NOTHING: Moments = { seen: 0, sum: 0, variance: 0, greatest: 0 };

/** Of two groups of other points: both together. */
export function together(a: Moments, b: Moments): Moments {
  return {
    seen: a.seen + b.seen,
    sum: a.sum + b.sum,
    variance: a.variance + b.variance,
    greatest: Math.max(a.greatest, b.greatest),
  };
}

/**
 * The quantile of a normal distribution for 98.5 %: each end is missed in 1.5 % of cases at most, not in 2.5 %. Answers are ordered by what
 * they estimate, so the groups at the top are those that happened to be seen more often.
 */
const Z = 2.17009;

/**
 * How much of its lower end is left to a group of 0, 1, 2, … points if something of it has been seen: Poisson's 1.5 % quantile under the
 * condition of one event or more, divided by that without. From nine points on, the condition changes nothing.
 */
const IF_SEEN = [0, 0, 0.16, 0.61, 0.83, 0.92, 0.96, 0.98, 0.99];

/** A number of points. @param interval the greatest weight that a point of this group may have. */
export function countOf(moments: Moments, interval: number): Estimate {
  const { value, low, high } = sumOf({ ...moments, greatest: 1 }, interval);
  return { value: Math.round(value), low: Math.floor(low), high: Math.ceil(high) };
}

/** A sum of amounts that are not negative. */
export function sumOf({ seen, sum, variance, greatest }: Moments, interval: number): Estimate {
  const mean = sum - seen;
  const points = variance > 0 ? Math.round(mean ** 2 / variance) : 0;
  const low = (IF_SEEN[points] ?? 1) * gammaQuantile(mean, variance, -Z);
  // One more point of this weight, not kept.
  const high = gammaQuantile(
    mean + (interval - 1) * greatest,
    variance + interval * (interval - 1) * greatest ** 2,
    Z,
  );
  return { value: sum, low: seen + Math.min(mean, low), high: seen + Math.max(mean, high) };
}

/** A sum of amounts of both signs, from those of each sign. */
export function differenceOf(positive: Moments, negative: Moments, interval: number): Estimate {
  const a = sumOf(positive, interval);
  const b = sumOf(negative, interval);
  const value = a.value - b.value;
  return {
    value,
    low: value - Math.hypot(a.value - a.low, b.high - b.value),
    high: value + Math.hypot(a.high - a.value, b.value - b.low),
  };
}

/** A quantile of a gamma distribution, by Wilson and Hilferty. @param z the same quantile of a standard normal distribution. */
function gammaQuantile(mean: number, variance: number, z: number): number {
  if (mean <= 0 || variance <= 0) return Math.max(0, mean);
  const shape = mean ** 2 / variance;
  const root = 1 - 1 / (9 * shape) + z / (3 * Math.sqrt(shape));
  return root <= 0 ? 0 : mean * root ** 3;
}
