/**
 * What strangers may ask of `/privacy`, since each request reads the database. Kept per isolate, in memory: a bound on cost and on
 * guessing that is there without any setting; the binding RATE_LIMIT, where it is set, comes on top.
 */
import { Attempts, networkOf } from '../model/attempts.ts';
import { Cache } from '../model/cache.ts';
import { hex } from '../model/random.ts';

const HOUR = 3_600_000;

const requests = new Attempts(10, 60_000);

/** Seconds until an address may ask again, 0 if it may now. A request that may is counted. */
export function waitOf(address: string, now: number): number {
  const network = networkOf(address);
  const seconds = requests.wait(network, now);
  if (seconds === 0) requests.count(network, now);
  return seconds;
}

/** User agents that a network may ask as in an hour. Who shares an address with others could go through all agents to find theirs. */
const MOST_AGENTS = 5;

const agents = new Cache<string, { readonly seen: readonly string[]; readonly until: number }>(1000);

/** Whether an address may still ask as this user agent. */
export async function mayAskAs(userAgent: string, address: string, now: number): Promise<boolean> {
  const network = networkOf(address);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(userAgent));
  const agent = hex(new Uint8Array(digest, 0, 16));
  const known = agents.get(network);
  const { seen, until } = known && known.until > now ? known : { seen: [], until: now + HOUR };
  if (seen.includes(agent)) return true;
  if (seen.length >= MOST_AGENTS) return false;
  agents.set(network, { seen: [...seen, agent], until });
  return true;
}

/** Events that one request looks through, of all pixels together, beside those that an hour's row leads to. */
export const MOST_SCANNED = 5000;

/** Rows that all requests of an isolate may read in an hour before they look through no more events that no row covers. */
const MOST_READ = 200_000;

let spent = { read: 0, until: 0 };

/** How many events a request may look through. */
export function scannable(now: number): number {
  return spent.until > now ? Math.max(0, Math.min(MOST_SCANNED, MOST_READ - spent.read)) : MOST_SCANNED;
}

export function spend(rows: number, now: number): void {
  spent = spent.until > now ? { ...spent, read: spent.read + rows } : { read: rows, until: now + HOUR };
}
