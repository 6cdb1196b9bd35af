/** Limits attempts per network or other key. The counts are per isolate, so they bound the cost of attempts but are not a lock. */
import { Cache } from './cache.ts';

interface AttemptCount {
  readonly count: number;
  /** The end of the window, in epoch milliseconds. */
  readonly until: number;
}

export class Attempts {
  readonly #counts = new Cache<string, AttemptCount>(1000);
  readonly #limit: number;
  readonly #window: number;

  /**
   * @param limit attempts of a network in a window.
   * @param window milliseconds.
   */
  constructor(limit: number, window: number) {
    this.#limit = limit;
    this.#window = window;
  }

  /** Seconds until a network may try again; 0 if it may now. */
  wait(network: string, now: number): number {
    const counted = this.#counts.get(network);
    if (!counted || counted.until <= now || counted.count < this.#limit) return 0;
    return Math.ceil((counted.until - now) / 1000);
  }

  count(network: string, now: number): void {
    const counted = this.#counts.get(network);
    const open = counted && counted.until > now ? counted : { count: 0, until: now + this.#window };
    this.#counts.set(network, { ...open, count: open.count + 1 });
  }
}

/** The network whose attempts count together: an IPv4 address, or the /64 of an IPv6 address, which belongs to one customer. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address.slice(0, 45);
  // An IPv4 address in IPv6 notation counts as the IPv4 address.
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
