/**
 * How often, how much at once, and how much in all the holder of a token or of a shared link may ask. Counted in memory, in each
 * isolate: a bound on what one holder costs all others, who wait for the same database.
 */
import { Cache } from '../model/cache.ts';
import { type Allowance, OWNERS, type Spend, VIEWERS } from '../query/price.ts';
import type { Grant } from './auth.ts';
import { Problem } from './problem.ts';

interface Bounds {
  /** Questions in a minute. */
  readonly perMinute: number;
  /** Questions that are answered at once; others wait for their turn. */
  readonly atOnce: number;
  /** Questions that may wait. A view of the dashboard asks some fifteen at once. */
  readonly waiting: number;
  /** Seconds of the database, by the price of questions, that may be used at once, and that come back in each minute. */
  readonly work: { readonly most: number; readonly perMinute: number };
}

export const OF_LINK: Bounds = { perMinute: 120, atOnce: 4, waiting: 40, work: { most: 60, perMinute: 12 } };
export const OF_TOKEN: Bounds = {
  perMinute: 600,
  atOnce: 8,
  waiting: 80,
  work: { most: 240, perMinute: 24 },
};
const OF_ADMIN: Bounds = {
  perMinute: 6000,
  atOnce: 40,
  waiting: 400,
  work: { most: Number.POSITIVE_INFINITY, perMinute: 0 },
};

/** While a question of the owner is answered, so many of all others are. */
const BESIDE_OWNER = 2;

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
    if (this.count(now) >= most) return null;
    const turn = { until: now + lasts };
    this.#taken.add(turn);
    return () => this.#taken.delete(turn);
  }

  count(now: number): number {
    for (const turn of this.#taken) if (turn.until <= now) this.#taken.delete(turn);
    return this.#taken.size;
  }
}

/** All that are answered now: the owner's, and those of others. */
const ofOwner = new Turns();
const ofOthers = new Turns();

interface Holder {
  minute: { readonly until: number; asked: number };
  /** Seconds of the database that are left, as of a moment in epoch milliseconds. */
  work: { readonly left: number; readonly at: number };
  readonly answered: Turns;
  readonly waiting: Turns;
}

const holders = new Cache<string, Holder>(1000);

/**
 * Does some work when it is its turn.
 * @param work is given what takes a price, in microseconds of the database, out of what the grant may use.
 * @throws Problem when the grant has asked too much, or for longer than it waits.
 */
export async function inTurn<T>(grant: Grant, work: (spend: Spend) => Promise<T>): Promise<T> {
  const bounds = grant.admin ? OF_ADMIN : grant.link === undefined ? OF_TOKEN : OF_LINK;
  const key = grant.admin ? 'admin' : (grant.link ?? `token ${grant.token}`);
  const holder = holders.get(key) ?? {
    minute: { until: 0, asked: 0 },
    work: { left: bounds.work.most, at: 0 },
    answered: new Turns(),
    waiting: new Turns(),
  };
  holders.set(key, holder);
  count(holder, bounds, Date.now());
  const end = await turnOf(holder, bounds);
  try {
    return await work((price) => spend(holder, bounds, price / 1e6, Date.now()));
  } finally {
    end();
  }
}

function spend(holder: Holder, { work: { most, perMinute } }: Bounds, seconds: number, now: number): void {
  const back = ((now - holder.work.at) * perMinute) / MINUTE;
  const left = Math.min(most, holder.work.left + back) - seconds;
  if (left < 0) {
    throw tooMany(
      `At most ${most} seconds of the database, of which ${perMinute} come back in a minute.`,
      Math.ceil((-left * 60) / perMinute),
    );
  }
  holder.work = { left, at: now };
}

function count(holder: Holder, { perMinute }: Bounds, now: number): void {
  if (holder.minute.until <= now) holder.minute = { until: now + MINUTE, asked: 0 };
  holder.minute.asked++;
  if (holder.minute.asked <= perMinute) return;
  throw tooMany(`At most ${perMinute} questions in a minute.`, Math.ceil((holder.minute.until - now) / 1000));
}

async function turnOf(holder: Holder, bounds: Bounds): Promise<() => void> {
  const first = begin(holder, bounds, Date.now());
  if (first) return first;
  const leave = holder.waiting.take(bounds.waiting, Date.now(), PATIENCE);
  const until = Date.now() + PATIENCE;
  for (let pause = 2; leave && Date.now() < until; pause = Math.min(2 * pause, 50)) {
    await sleep(pause);
    const end = begin(holder, bounds, Date.now());
    if (!end) continue;
    leave();
    return end;
  }
  leave?.();
  throw tooMany(`At most ${bounds.atOnce} questions are answered at once, and ${bounds.waiting} wait.`, 5);
}

/** Takes a turn of a holder's and one of all's, and returns what gives both back; null when there is none. */
function begin({ answered }: Holder, bounds: Bounds, now: number): (() => void) | null {
  const isOwner = bounds === OF_ADMIN;
  const most = isOwner || ofOwner.count(now) === 0 ? Number.POSITIVE_INFINITY : BESIDE_OWNER;
  const leave = (isOwner ? ofOwner : ofOthers).take(most, now, LONGEST);
  const end = leave && answered.take(bounds.atOnce, now, LONGEST);
  if (end) {
    return () => {
      end();
      leave();
    };
  }
  leave?.();
  return null;
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
