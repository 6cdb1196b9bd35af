/**
 * Computes what is asked by several requests at once only once. Requests share plain results, never promises: the runtime
 * ends a request whose client has gone, and who awaits its promise would wait for ever. So whoever finds an answer under way
 * looks for it again and again, and computes it after a while if nobody has.
 */
import { Cache } from '../model/cache.ts';
import { hashToken } from './auth.ts';
import { sleep } from './turns.ts';

interface Flight {
  /** When others no longer wait for it, in epoch milliseconds. */
  readonly until: number;
  result: { readonly value: unknown } | null;
  failed: boolean;
}

/** How long others wait for an answer that is under way before one of them computes it as well, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Only what is under way, by a hash of its key: an answer is given to who asked while it was computed, and never later. Bounded,
 * because a request whose client has gone may be ended before it can take its own entry away.
 */
const flights = new Cache<string, Flight>(200);

/**
 * The result of `compute`, or that of another request which computes it now.
 * @param key tells what is computed, and for whom where that matters.
 */
export async function once<T>(key: string, compute: () => Promise<T>): Promise<T> {
  // A question may be long, and a hash is short.
  const hash = await hashToken(key);
  for (;;) {
    const flight = flights.get(hash);
    if (!flight || flight.failed || flight.until <= Date.now()) return lead(hash, compute);
    for (let pause = 1; isUnderWay(flight); pause = Math.min(2 * pause, 50)) await sleep(pause);
    if (flight.result) return flight.result.value as T;
  }
}

const isUnderWay = (flight: Flight): boolean =>
  flight.result === null && !flight.failed && flight.until > Date.now();

async function lead<T>(hash: string, compute: () => Promise<T>): Promise<T> {
  const flight: Flight = { until: Date.now() + PATIENCE, result: null, failed: false };
  flights.set(hash, flight);
  try {
    const value = await compute();
    flight.result = { value };
    return value;
  } catch (error) {
    flight.failed = true;
    throw error;
  } finally {
    if (flights.get(hash) === flight) flights.delete(hash);
  }
}
