/**
 * Distinguishes the kinds of D1's failures by their messages (https://developers.cloudflare.com/d1/observability/debug-d1/), and
 * retries operations that fail transiently.
 */

/**
 * `retry`: transient; try again shortly. `spill`: D1 is overloaded, or the error is unknown; retrying would make it worse, so the
 * batch goes to the queue. `reject`: D1 will never accept this data.
 */
export type FailureKind = 'retry' | 'spill' | 'reject';

const KINDS: readonly (readonly [pattern: RegExp, kind: FailureKind])[] = [
  [/Network connection lost/i, 'retry'],
  [/storage caused object to be reset/i, 'retry'],
  [/reset because its code was updated/i, 'retry'],
  [/Cannot resolve D1 DB due to transient issue/i, 'retry'],
  [/overloaded/i, 'spill'],
  [/exceeded timeout|timed out/i, 'spill'],
  [/out of memory|exceeded its memory|isolate exceeded/i, 'spill'],
  [/SQLITE_(CONSTRAINT|TOOBIG|MISMATCH)|string or blob too big/i, 'reject'],
];

export function failureKind(error: unknown): FailureKind {
  const text = String(error);
  return KINDS.find(([pattern]) => pattern.test(text))?.[1] ?? 'spill';
}

export interface RetryPolicy {
  readonly attempts: number;
  /** The longest wait before the second attempt, in milliseconds; it doubles with each attempt. */
  readonly backoff: number;
  /** How long one attempt may take, in milliseconds. D1 may still finish it later, so operations must be idempotent. */
  readonly timeout: number;
}

/** Four attempts of 6 s and three waits of at most 1.75 s together: within the 30 s of `waitUntil`. */
export const RETRY_POLICY: RetryPolicy = { attempts: 4, backoff: 250, timeout: 6_000 };

/**
 * The time for all operations of an invocation after its response, in milliseconds. `waitUntil` has 30 s, and the queue needs
 * some of it.
 */
const INVOCATION_TIME = 25_000;

/** When the attempts of an invocation that begins now have to end. */
export const deadlineFrom = (now: number): number => now + INVOCATION_TIME;

/**
 * Runs an idempotent operation until it succeeds, fails with an error that is not transient, or runs out of attempts or time.
 *
 * @param deadline in epoch milliseconds.
 * @throws the last failure.
 */
export async function withRetries<T>(
  operation: () => Promise<T>,
  policy = RETRY_POLICY,
  deadline = Number.POSITIVE_INFINITY,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const left = deadline - Date.now();
    try {
      if (left <= 0) throw timedOut('no time was left');
      return await withTimeout(operation(), Math.min(policy.timeout, left));
    } catch (error) {
      if (attempt >= policy.attempts || failureKind(error) !== 'retry') throw error;
      // Full jitter: isolates that failed together must not come back together.
      await scheduler.wait(Math.random() * policy.backoff * 2 ** (attempt - 1));
    }
  }
}

/** Begins as D1's own errors do, so that it is treated as one of them. */
const timedOut = (why: string): Error => new Error(`D1_TIMEOUT: timed out, ${why}`);

/** @throws what the promise rejects with, or a timeout. */
export async function withTimeout<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  const over = new AbortController();
  const late = scheduler.wait(milliseconds, { signal: over.signal }).then(() => {
    throw timedOut(`no answer within ${milliseconds} ms`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
  }
}
