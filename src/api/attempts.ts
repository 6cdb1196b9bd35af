/**
 * Counts attempts by the network that they come from, such as wrong tokens. Kept per isolate, so it bounds what guessing costs
 * and how fast a weak ADMIN_TOKEN can be tried; generated secrets have 230 bits and need no more.
 */
import { Cache } from '../model/cache.ts';
import { Problem } from './problem.ts';

const WINDOW = 60_000;

interface Made {
  readonly count: number;
  readonly until: number;
}

/** Attempts of one kind. */
export class Attempts {
  readonly #made = new Cache<string, Made>(1000);
  readonly #what: string;
  readonly #most: number;

  /**
   * @param what they are, in the plural, for the answer.
   * @param most how many a network has in a minute.
   */
  constructor(what: string, most: number) {
    this.#what = what;
    this.#most = most;
  }

  /** @throws Problem when the request's network has made too many in this minute. */
  refuse(request: Request, now: number): void {
    const made = this.#made.get(networkOf(request));
    if (!made || made.until <= now || made.count < this.#most) return;
    const seconds = Math.ceil((made.until - now) / 1000);
    throw new Problem(
      'too_many_attempts',
      `Too many ${this.#what} from this network. Try again in ${seconds} seconds.`,
      { headers: { 'retry-after': String(seconds) } },
    );
  }

  count(request: Request, now: number): void {
    const network = networkOf(request);
    const made = this.#made.get(network);
    const open = made && made.until > now ? made : { count: 0, until: now + WINDOW };
    this.#made.set(network, { ...open, count: open.count + 1 });
  }
}

/** The network whose attempts count together: an IPv4 address, or the /64 of an IPv6 address, which is one customer's. */
export function networkOf(request: Request): string {
  return networkOfAddress(request.headers.get('cf-connecting-ip') ?? '');
}

export function networkOfAddress(address: string): string {
  if (!address.includes(':')) return address.slice(0, 45);
  // An IPv4 address written as IPv6 is what it stands for.
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = address.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right];
  return groups
    .slice(0, 4)
    .map((group) => group.slice(0, 4).replace(/^0+(?=.)/, ''))
    .join(':');
}

/** How long a secret is remembered as wrong or right. */
const REMEMBERED = 30_000;

/** Hashes of secrets that were lately looked up: those that there are, and those that there are not. */
export class Lookups {
  readonly #until = new Cache<string, { readonly found: boolean; readonly until: number }>(1000);

  /** Whether there was one, or undefined when it was not lately looked up. */
  get(hash: string, now: number): boolean | undefined {
    const known = this.#until.get(hash);
    return known && known.until > now ? known.found : undefined;
  }

  set(hash: string, found: boolean, now: number): void {
    this.#until.set(hash, { found, until: now + REMEMBERED });
  }
}
