/**
 * Counts failed attempts to authenticate, and caches the results of lookups. Secrets that Speck generates have 230 bits, so
 * they cannot be guessed. The limits bound what guessing costs, and how fast a weak ADMIN_TOKEN can be tried.
 */
import { Attempts, networkOf } from '../model/attempts.ts';
import { Cache } from '../model/cache.ts';
import { Problem } from './problem.ts';

const MINUTE = 60_000;

/** Limits how many attempts of one kind a network may make in a minute. */
export class AttemptLimit {
  readonly #attempts: Attempts;
  readonly #kind: string;

  /** @param kind a plural noun for the error message. */
  constructor(kind: string, max: number) {
    this.#attempts = new Attempts(max, MINUTE);
    this.#kind = kind;
  }

  /** @throws Problem if the request's network has made too many attempts in this minute. */
  check(request: Request, now: number): void {
    const seconds = this.#attempts.wait(networkOfRequest(request), now);
    if (seconds === 0) return;
    throw new Problem(
      'too_many_attempts',
      `Too many ${this.#kind} from this network. Try again in ${seconds} seconds.`,
      { headers: { 'retry-after': String(seconds) } },
    );
  }

  count(request: Request, now: number): void {
    this.#attempts.count(networkOfRequest(request), now);
  }
}

function networkOfRequest(request: Request): string {
  return networkOf(request.headers.get('cf-connecting-ip') ?? '');
}

/** How long a result stays cached, in milliseconds. A cached success skips the attempt limit, never the lookup itself. */
const TTL = { missing: 30_000, existing: 60 * MINUTE };

/** Caches whether the hashes of secrets that were looked up recently exist. */
export class LookupCache {
  readonly #results = new Cache<string, { readonly exists: boolean; readonly until: number }>(1000);

  /** Whether the secret existed, or undefined if it was not looked up recently. */
  get(hash: string, now: number): boolean | undefined {
    const result = this.#results.get(hash);
    return result && result.until > now ? result.exists : undefined;
  }

  set(hash: string, exists: boolean, now: number): void {
    this.#results.set(hash, { exists, until: now + (exists ? TTL.existing : TTL.missing) });
  }
}
