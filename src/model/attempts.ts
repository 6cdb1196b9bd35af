/** Counts attempts by whom they are of, such as a network. Kept per isolate: a bound on what they cost, not a lock. */
import { Cache } from './cache.ts';

interface Made {
  readonly count: number;
  readonly until: number;
}

export class Attempts {
  readonly #made = new Cache<string, Made>(1000);
  readonly #most: number;
  readonly #window: number;

  /**
   * @param most how many a network has in a window.
   * @param window milliseconds.
   */
  constructor(most: number, window: number) {
    this.#most = most;
    this.#window = window;
  }

  /** Seconds until a network may go on; 0 if it may now. */
  wait(network: string, now: number): number {
    const made = this.#made.get(network);
    if (!made || made.until <= now || made.count < this.#most) return 0;
    return Math.ceil((made.until - now) / 1000);
  }

  count(network: string, now: number): void {
    const made = this.#made.get(network);
    const open = made && made.until > now ? made : { count: 0, until: now + this.#window };
    this.#made.set(network, { ...open, count: open.count + 1 });
  }
}

/** The network whose attempts count together: an IPv4 address, or the /64 of an IPv6 address, which is one customer's. */
export function networkOf(address: string): string {
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
