/** The shape of a load: which pixels get how many events, where, and when in a day. */
import { LIMITS } from '../../../src/model/limits.ts';

export interface LoadOptions {
  readonly eventsPerDay: number;
  readonly pixels: number;
  /** 0: all pixels get the same. */
  readonly skewExponent: number;
  /** Locations of Cloudflare that visitors reach. */
  readonly colos: number;
  /** The busiest moment of a day, relative to its mean: from 1 to 2. */
  readonly peakFactor: number;
  /** Requests a second that one isolate gets before a location starts another. */
  readonly isolateRate: number;
  /** Databases, each with a Worker of its own. */
  readonly databases: number;
}

/** Pixels that get about the same. */
export interface PixelGroup {
  readonly pixels: number;
  /** Of each of them. */
  readonly eventsPerDay: number;
}

/** Databases that get about the same. */
export interface DatabaseLoad {
  readonly databases: number;
  readonly eventsPerDay: number;
  /** The busiest first. */
  readonly groups: readonly PixelGroup[];
}

export interface Load {
  /** The busiest first. */
  readonly databases: readonly DatabaseLoad[];
  /** The share of each location. */
  readonly colos: readonly number[];
  /** The rate in each of 24 hours, relative to the mean. */
  readonly hours: readonly number[];
  readonly peakFactor: number;
  readonly isolateRate: number;
}

/** A database has at most this many pixels. */
export const PIXELS_PER_DATABASE = LIMITS.pixels;

/** So many of the busiest count by themselves. Further ones count in groups, each a quarter larger than the one before. */
const ALONE = 20;
const GROWTH = 1.25;

/** The locations follow Zipf's law: the second gets half of the first. */
const COLO_EXPONENT = 1;

export function loadOf(options: LoadOptions): Load {
  const { eventsPerDay, pixels, skewExponent, colos, peakFactor, isolateRate, databases } = options;
  const weight = (rank: number): number => rank ** -skewExponent;
  const unit = eventsPerDay / sumOver(1, pixels, weight);
  // Pixels are dealt to databases by rank, as cards are: database k has the ranks k, k + databases, and so on.
  const own = (index: number): DatabaseLoad => {
    const count = Math.floor((pixels - index - 1) / databases) + 1;
    const rankOf = (place: number): number => index + 1 + (place - 1) * databases;
    const groups = ranges(count).map(([first, last]) => ({
      pixels: last - first + 1,
      eventsPerDay: (unit * sumOver(first, last, (place) => weight(rankOf(place)))) / (last - first + 1),
    }));
    const total = groups.reduce((sum, group) => sum + group.pixels * group.eventsPerDay, 0);
    return { databases: 1, eventsPerDay: total, groups };
  };
  return {
    databases: ranges(Math.min(databases, pixels)).map(([first, last]) => {
      const middle = own(Math.floor((first + last) / 2) - 1);
      return { ...middle, databases: last - first + 1 };
    }),
    colos: zipfShares(colos),
    hours: Array.from({ length: 24 }, (_, hour) => dayCurve((hour + 0.5) / 24, peakFactor)),
    peakFactor,
    isolateRate,
  };
}

/** The rate at a moment of a day (0 to 1), relative to the mean: a sine with the peak at six in the evening. */
function dayCurve(moment: number, peakFactor: number): number {
  return 1 - (peakFactor - 1) * Math.sin(2 * Math.PI * moment);
}

function zipfShares(count: number): number[] {
  const total = sumOver(1, count, (rank) => rank ** -COLO_EXPONENT);
  return Array.from({ length: count }, (_, index) => (index + 1) ** -COLO_EXPONENT / total);
}

/** The numbers from 1 to `count` in ranges: the first by themselves, further ones in growing ranges. */
export function ranges(count: number): [first: number, last: number][] {
  const list: [number, number][] = [];
  let size = 1;
  for (let first = 1; first <= count; ) {
    const last = Math.min(count, first + Math.floor(size) - 1);
    list.push([first, last]);
    first = last + 1;
    if (list.length >= ALONE) size = Math.max(2, size * GROWTH);
  }
  return list;
}

function sumOver(first: number, last: number, value: (at: number) => number): number {
  let sum = 0;
  for (let at = first; at <= last; at++) sum += value(at);
  return sum;
}
