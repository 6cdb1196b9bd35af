/**
 * How often, and how much at once, the holder of a token or of a shared link may ask. Counted in memory, in each isolate: a
 * bound on what one holder costs all others, who wait for the same database.
 */
import { Cache } from '../model/cache.ts';
import { type Allowance, OWNERS, VIEWERS } from '../query/price.ts';
import type { Grant } from './auth.ts';
import { Problem } from './problem.ts';

interface Bounds {
  /** Questions in a minute. */
  readonly perMinute: number;
  /** Questions that are answered at once; others wait for their turn. */
  readonly atOnce: number;
  /** Questions that may wait. A view of the dashboard asks some fifteen at once. */
  readonly waiting: number;
}

const OF_LINK: Bounds = { perMinute: 120, atOnce: 4, waiting: 40 };
const OF_TOKEN: Bounds = { perMinute: 600, atOnce: 8, waiting: 80 };
const OF_ADMIN: Bounds = { perMinute: 6000, atOnce: 40, waiting: 400 };

/** What a question of a grant may cost the database. */
export function allowanceOf({ scopes }: Grant): Allowance {
  return scopes.includes('pixels:write') ? OWNERS : VIEWERS;
}

const MINUTE = 60_000;
/** How long a question waits for its turn, in milliseconds, before it is refused. */
const PATIENCE = 15_000;
/**
 * How long a turn lasts at most: longer than D1 lets a statement run. A request whose client has gone is ended without a word,
 * and must not keep its turn for ever.
 */
const LONGEST = 35_000;

/** Turns that are taken, each until some moment. */
class Turns {
  readonly #taken = new Set<{ readonly until: number }>();

  /** Takes a turn and returns what gives it back; null when all are taken. */
  take(most: number, now: number, lasts: number): (() => void) | null {
    for (const turn of this.#taken) if (turn.until <= now) this.#taken.delete(turn);
    if (this.#taken.size >= most) return null;
    const turn = { until: now + lasts };
    this.#taken.add(turn);
    return () => this.#taken.delete(turn);
  }
}

interface Holder {
  minute: { readonly until: number; asked: number };
  readonly answered: Turns;
  readonly waiting: Turns;
}

const holders = new Cache<string, Holder>(1000);

/**
 * Does some work when it is its turn.
 * @throws Problem when the grant has asked too much within the minute, or for longer than it waits.
 */
export async function inTurn<T>(grant: Grant, work: () => Promise<T>): Promise<T> {
  const bounds = grant.admin ? OF_ADMIN : grant.link === undefined ? OF_TOKEN : OF_LINK;
  const key = grant.admin ? 'admin' : (grant.link ?? `token ${grant.token}`);
  const holder = holders.get(key) ?? {
    minute: { until: 0, asked: 0 },
    answered: new Turns(),
    waiting: new Turns(),
  };
  holders.set(key, holder);
  count(holder, bounds, Date.now());
  const end = await turnOf(holder, bounds);
  try {
    return await work();
  } finally {
    end();
  }
}

function count(holder: Holder, { perMinute }: Bounds, now: number): void {
  if (holder.minute.until <= now) holder.minute = { until: now + MINUTE, asked: 0 };
  holder.minute.asked++;
  if (holder.minute.asked <= perMinute) return;
  throw tooMany(`At most ${perMinute} questions in a minute.`, Math.ceil((holder.minute.until - now) / 1000));
}

async function turnOf({ answered, waiting }: Holder, { atOnce, waiting: most }: Bounds): Promise<() => void> {
  const first = answered.take(atOnce, Date.now(), LONGEST);
  if (first) return first;
  const leave = waiting.take(most, Date.now(), PATIENCE);
  const until = Date.now() + PATIENCE;
  for (let pause = 2; leave && Date.now() < until; pause = Math.min(2 * pause, 50)) {
    await sleep(pause);
    const end = answered.take(atOnce, Date.now(), LONGEST);
    if (!end) continue;
    leave();
    return end;
  }
  leave?.();
  throw tooMany(`At most ${atOnce} questions are answered at once, and ${most} wait.`, 5);
}

function tooMany(what: string, seconds: number): Problem {
  return new Problem('too_many_requests', `${what} Ask again in ${seconds} seconds.`, {
    headers: { 'retry-after': String(seconds) },
  });
}

/** Polls instead of awaiting another request's promise: one whose request has ended is never settled. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
