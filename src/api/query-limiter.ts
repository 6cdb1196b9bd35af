/**
 * Limits the queries of each token, shared link and public page: how many per minute, how many at a time, and how much database
 * time. The limits are counted in memory, per isolate. They bound how long others wait for the database because of one token.
 */
import { Cache } from '../model/cache.ts';
import { type Allowance, OWNERS, type Spend, VIEWERS } from '../query/price.ts';
import type { Grant } from './grant.ts';
import { Problem } from './problem.ts';

interface Limits {
  /** Queries in a minute. */
  readonly perMinute: number;
  /** Queries that run at once. Others wait. */
  readonly atOnce: number;
  /** Queries that may wait. A view of the dashboard sends some fifteen at once. */
  readonly waiting: number;
  /** Database time in seconds, by the price of queries: how much may be saved up, and how much each minute adds. */
  readonly work: { readonly max: number; readonly perMinute: number };
}

export const LINK_LIMITS: Limits = {
  perMinute: 120,
  atOnce: 4,
  waiting: 40,
  work: { max: 60, perMinute: 12 },
};
/** A public page is open to many at once, and its usual responses are cached. So only the number of queries is greater. */
export const PUBLIC_LIMITS: Limits = { ...LINK_LIMITS, perMinute: 600 };
export const TOKEN_LIMITS: Limits = {
  perMinute: 600,
  atOnce: 8,
  waiting: 80,
  work: { max: 240, perMinute: 24 },
};
const ADMIN_LIMITS: Limits = {
  perMinute: 6000,
  atOnce: 40,
  waiting: 400,
  work: { max: Number.POSITIVE_INFINITY, perMinute: 0 },
};

/** How many queries of all other holders run at once while one of the owner runs. */
const OTHERS_BESIDE_OWNER = 2;

/** What one query of a grant may cost the database. */
export function allowanceOf({ scopes }: Grant): Allowance {
  return scopes.includes('pixels:write') ? OWNERS : VIEWERS;
}

const MINUTE = 60_000;
/** How long a query waits for a slot before it is refused, in milliseconds. */
const MAX_WAIT = 15_000;
/**
 * How long a query holds a slot at most, in milliseconds: longer than D1 lets a statement run. The runtime ends a request
 * whose client has gone without running its `finally`, and such a request must not hold its slot forever.
 */
const MAX_RUN = 35_000;

/** A number of slots, each of which is held until it is released or expires. */
class Slots {
  readonly #held = new Set<{ readonly until: number }>();

  /** Returns the function that releases the slot, or null if all `max` slots are held. */
  acquire(max: number, now: number, duration: number): (() => void) | null {
    if (this.count(now) >= max) return null;
    const slot = { until: now + duration };
    this.#held.add(slot);
    return () => this.#held.delete(slot);
  }

  count(now: number): number {
    for (const slot of this.#held) if (slot.until <= now) this.#held.delete(slot);
    return this.#held.size;
  }
}

/** The slots of all queries that run: the owner's, and those of others. */
const ownerSlots = new Slots();
const otherSlots = new Slots();

interface Usage {
  minute: { readonly until: number; queries: number };
  /** Seconds of database time that were left at a moment in epoch milliseconds. */
  work: { readonly left: number; readonly at: number };
  readonly running: Slots;
  readonly waiting: Slots;
}

const usages = new Cache<string, Usage>(1000);

/**
 * Runs a query within the limits of a grant.
 * @param run receives the function that subtracts a price, in microseconds of database time, from what the grant has left.
 * @throws Problem if the grant has sent too many queries, has used up its database time, or the query waited too long.
 */
export async function withQueryLimits<T>(grant: Grant, run: (spend: Spend) => Promise<T>): Promise<T> {
  const [key, limits] = holderOf(grant);
  const usage = usages.get(key) ?? {
    minute: { until: 0, queries: 0 },
    work: { left: limits.work.max, at: 0 },
    running: new Slots(),
    waiting: new Slots(),
  };
  usages.set(key, usage);
  countQuery(usage, limits, Date.now());
  const release = await waitForSlot(usage, limits);
  try {
    return await run((price) => spend(usage, limits, price / 1e6, Date.now()));
  } finally {
    release();
  }
}

/** Whose limits apply to a grant, and which. */
function holderOf({ admin, publicId, link, token }: Grant): readonly [key: string, limits: Limits] {
  if (admin) return ['admin', ADMIN_LIMITS];
  if (publicId !== undefined) return [publicId, PUBLIC_LIMITS];
  return link === undefined ? [`token ${token}`, TOKEN_LIMITS] : [link, LINK_LIMITS];
}

function spend(usage: Usage, { work: { max, perMinute } }: Limits, seconds: number, now: number): void {
  const added = ((now - usage.work.at) * perMinute) / MINUTE;
  const left = Math.min(max, usage.work.left + added) - seconds;
  if (left < 0) {
    throw tooManyRequests(
      `At most ${max} seconds of database time. Each minute adds ${perMinute} seconds.`,
      Math.ceil((-left * 60) / perMinute),
    );
  }
  usage.work = { left, at: now };
}

function countQuery(usage: Usage, { perMinute }: Limits, now: number): void {
  if (usage.minute.until <= now) usage.minute = { until: now + MINUTE, queries: 0 };
  usage.minute.queries++;
  if (usage.minute.queries <= perMinute) return;
  throw tooManyRequests(
    `At most ${perMinute} queries in a minute.`,
    Math.ceil((usage.minute.until - now) / 1000),
  );
}

/** Returns the function that releases the slot. @throws Problem if none is free for too long, or too many queries wait. */
async function waitForSlot(usage: Usage, limits: Limits): Promise<() => void> {
  const free = acquireSlot(usage, limits, Date.now());
  if (free) return free;
  const stopWaiting = usage.waiting.acquire(limits.waiting, Date.now(), MAX_WAIT);
  const until = Date.now() + MAX_WAIT;
  for (let pause = 2; stopWaiting && Date.now() < until; pause = Math.min(2 * pause, 50)) {
    await sleep(pause);
    const release = acquireSlot(usage, limits, Date.now());
    if (!release) continue;
    stopWaiting();
    return release;
  }
  stopWaiting?.();
  throw tooManyRequests(`At most ${limits.atOnce} queries run at once, and ${limits.waiting} wait.`, 5);
}

/** Acquires one of the holder's slots and one of all holders' slots. Returns what releases both, or null. */
function acquireSlot({ running }: Usage, limits: Limits, now: number): (() => void) | null {
  const isOwner = limits === ADMIN_LIMITS;
  const max = isOwner || ownerSlots.count(now) === 0 ? Number.POSITIVE_INFINITY : OTHERS_BESIDE_OWNER;
  const releaseShared = (isOwner ? ownerSlots : otherSlots).acquire(max, now, MAX_RUN);
  const releaseOwn = releaseShared && running.acquire(limits.atOnce, now, MAX_RUN);
  if (releaseOwn) {
    return () => {
      releaseOwn();
      releaseShared();
    };
  }
  releaseShared?.();
  return null;
}

function tooManyRequests(limit: string, seconds: number): Problem {
  return new Problem('too_many_requests', `${limit} Try again in ${seconds} seconds.`, {
    headers: { 'retry-after': String(seconds) },
  });
}

/** Waits. Requests poll each other's state, since awaiting a promise of another request hangs once that request has ended. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
