/**
 * How the buffer of an isolate (src/collect/buffer.ts) cuts a stream of events into batches. Events arrive by a Poisson process. A
 * batch opens with its first event and ends after `FLUSH_AFTER`, or with its last event if `MAX_BATCH_EVENTS` arrive before that.
 */
import { FLUSH_AFTER, MAX_BATCH_EVENTS } from '../../../src/collect/buffer.ts';

export interface Batches {
  /** A second. */
  readonly rate: number;
  /** The share of batches of each size: the first is that of one event. It ends with the largest that occurs. */
  readonly sizes: Float64Array;
}

/** Beyond so many standard deviations, a probability is nothing. */
const DEVIATIONS = 12;
/** Larger batches together are less likely than this, so they are left out. */
const NEVER = 1e-12;

/**
 * The batches of an isolate that gets so many events a second.
 *
 * The events after the first are Poisson distributed with the mean `rate * FLUSH_AFTER`, and cut off at the size of a batch. A batch and
 * the wait for the next first event together take `size / rate` on average, so the rate of batches follows from their mean size.
 */
export function batchesOf(rate: number): Batches {
  const sizes = new Float64Array(MAX_BATCH_EVENTS);
  const last = MAX_BATCH_EVENTS - 1;
  const mean = (rate * FLUSH_AFTER) / 1000;
  let rest = 1;
  let used = MAX_BATCH_EVENTS;
  if (mean - DEVIATIONS * Math.sqrt(mean) < last) {
    let logarithm = -mean;
    for (let more = 0; more < last; more++) {
      if (more > 0) logarithm += Math.log(mean) - Math.log(more);
      const share = Math.min(rest, Math.exp(logarithm));
      sizes[more] = share;
      rest -= share;
      if (more >= mean && rest < NEVER) {
        used = more + 1;
        rest = 0;
        break;
      }
    }
  }
  if (rest > 0) sizes[last] = rest;
  const shares = sizes.subarray(0, used);
  return { rate: rate / meanSize(shares), sizes: shares };
}

export function meanSize(sizes: Float64Array): number {
  return sizes.reduce((sum, share, index) => sum + share * (index + 1), 0);
}

/**
 * How often a second something is renewed that an isolate remembers for `ttl` seconds, if it is needed `rate` times a second: each
 * renewal is followed by `ttl`, and then by the wait for the next need.
 */
export function renewals(rate: number, ttl: number): number {
  return rate / (1 + rate * ttl);
}

/**
 * The share of batches with at least one renewal.
 * @param chance of an event to need one. Events need them independently.
 */
export function shareWithAny(sizes: Float64Array, chance: number): number {
  return sizes.reduce((sum, share, index) => sum + share * withAny(index + 1, chance), 0);
}

/** The chance that at least one of so many events needs a renewal. */
export function withAny(events: number, chance: number): number {
  return 1 - (1 - Math.min(1, chance)) ** events;
}
