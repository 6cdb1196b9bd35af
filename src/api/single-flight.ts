/**
 * Computes a result once if multiple requests need it at the same time. Requests share plain results, never promises. The runtime
 * ends a request whose client has disconnected, and other requests would wait for its promise forever. So a request polls for the
 * result of a running computation. If there is none after a while, it computes the result itself.
 */
import { Cache } from '../model/cache.ts';
import { hashToken } from './hash.ts';
import { sleep } from './query-limiter.ts';

interface Computation {
  /** When other requests stop waiting for it, in epoch milliseconds. */
  readonly until: number;
  result: { readonly value: unknown } | null;
  hasFailed: boolean;
}

/** How long other requests wait for a running computation, in milliseconds. */
const MAX_WAIT = 10_000;

/**
 * The running computations by the hash of their key. Only requests that arrive during a computation share its result. The size is
 * bounded, since a request whose client has disconnected may end before it removes its entry.
 */
const running = new Cache<string, Computation>(200);

/**
 * The result of `compute`, or that of another request which computes it at the same time.
 * @param key identifies the result, including the requester if the result depends on it.
 */
export async function computeOnce<T>(key: string, compute: () => Promise<T>): Promise<T> {
  // A key may be long, and a hash is short.
  return join(await hashToken(key), compute);
}

/**
 * The same for several keys. Results that no request computes yet are computed together. Equal keys share a result.
 *
 * @param compute receives the indexes of keys, and returns a promise for each. It is called again for a key whose computation by
 * another request has failed.
 */
export async function computeEachOnce<T>(
  keys: readonly string[],
  compute: (indexes: readonly number[]) => readonly Promise<T>[],
): Promise<Promise<T>[]> {
  const hashes = await Promise.all(keys.map(hashToken));
  const led = [...hashes.keys()].filter((index) => {
    const hash = hashes[index] as string;
    const other = running.get(hash);
    return hashes.indexOf(hash) === index && !(other && isRunning(other));
  });
  const computed = led.length > 0 ? compute(led) : [];
  const leads = new Map(led.map((index, place) => [index, computed[place] as Promise<T>]));
  return hashes.map((hash, index) => {
    const own = leads.get(index);
    return own ? lead(hash, () => own) : join(hash, () => compute([index])[0] as Promise<T>);
  });
}

async function join<T>(hash: string, compute: () => Promise<T>): Promise<T> {
  for (;;) {
    const other = running.get(hash);
    if (!other || other.hasFailed || other.until <= Date.now()) return lead(hash, compute);
    for (let pause = 1; isRunning(other); pause = Math.min(2 * pause, 50)) await sleep(pause);
    if (other.result) return other.result.value as T;
  }
}

const isRunning = ({ result, hasFailed, until }: Computation): boolean =>
  result === null && !hasFailed && until > Date.now();

async function lead<T>(hash: string, compute: () => Promise<T>): Promise<T> {
  const computation: Computation = { until: Date.now() + MAX_WAIT, result: null, hasFailed: false };
  running.set(hash, computation);
  try {
    const value = await compute();
    computation.result = { value };
    return value;
  } catch (error) {
    computation.hasFailed = true;
    throw error;
  } finally {
    if (running.get(hash) === computation) running.delete(hash);
  }
}
