/** Durations counted in buckets 2 % wide, which can be added up where quantiles cannot. */

/** Counts by bucket, holes where nothing fell. */
export type Histogram = (number | null | undefined)[];

const WIDTH = Math.log(1.02);
/** A microsecond; everything shorter falls in the first bucket. */
const SHORTEST_MS = 0.001;

export function count(histogram: Histogram, milliseconds: number): void {
  const bucket = Math.max(0, Math.floor(Math.log(milliseconds / SHORTEST_MS) / WIDTH));
  histogram[bucket] = (histogram[bucket] ?? 0) + 1;
}

export function merge(histograms: readonly Histogram[]): Histogram {
  const merged: Histogram = [];
  for (const histogram of histograms) {
    for (const [bucket, held] of histogram.entries()) {
      if (held) merged[bucket] = (merged[bucket] ?? 0) + held;
    }
  }
  return merged;
}

export function size(histogram: Histogram): number {
  return histogram.reduce<number>((sum, held) => sum + (held ?? 0), 0);
}

/** The duration, in milliseconds, below which the given share lies; NaN of none. */
export function quantile(histogram: Histogram, share: number): number {
  const wanted = size(histogram) * share;
  let passed = 0;
  for (const [bucket, held] of histogram.entries()) {
    passed += held ?? 0;
    if (held && passed >= wanted) return SHORTEST_MS * Math.exp((bucket + 0.5) * WIDTH);
  }
  return Number.NaN;
}
