/**
 * Attempts at the API's doors, and what became of the last ones. Generated secrets have 230 bits; what is bounded here is what
 * guessing costs, and how fast a weak ADMIN_TOKEN can be tried.
 */
import { Attempts, networkOf } from '../model/attempts.ts';
import { Cache } from '../model/cache.ts';
import { Problem } from './problem.ts';

const MINUTE = 60_000;

/** Attempts of one kind, of which a network has so many a minute. */
export class Door {
  readonly #attempts: Attempts;
  readonly #what: string;

  /** @param what they are, in the plural, for the answer. */
  constructor(what: string, most: number) {
    this.#attempts = new Attempts(most, MINUTE);
    this.#what = what;
  }

  /** @throws Problem when the request's network has made too many in this minute. */
  refuse(request: Request, now: number): void {
    const seconds = this.#attempts.wait(networkOfRequest(request), now);
    if (seconds === 0) return;
    throw new Problem(
      'too_many_attempts',
      `Too many ${this.#what} from this network. Try again in ${seconds} seconds.`,
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

/** How long a secret is remembered as wrong, and as right: that spares it a refusal, not the look-up. */
const REMEMBERED = { wrong: 30_000, right: 60 * MINUTE };

/** Hashes of secrets that were lately looked up: those that there are, and those that there are not. */
export class Lookups {
  readonly #until = new Cache<string, { readonly found: boolean; readonly until: number }>(1000);

  /** Whether there was one, or undefined when it was not lately looked up. */
  get(hash: string, now: number): boolean | undefined {
    const known = this.#until.get(hash);
    return known && known.until > now ? known.found : undefined;
  }

  set(hash: string, found: boolean, now: number): void {
    this.#until.set(hash, { found, until: now + (found ? REMEMBERED.right : REMEMBERED.wrong) });
  }
}
