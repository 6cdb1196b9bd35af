/**
 * Limits for `/privacy`, which anyone may request and which reads the database. They bound the cost, and how many user agents one
 * network can guess. They are counted in memory, in each isolate, and need no setting. The binding RATE_LIMIT adds its own limit.
 */
import { Attempts, networkOf } from '../model/attempts.ts';
import { Cache } from '../model/cache.ts';
import { hex } from '../model/random.ts';

const HOUR = 3_600_000;

const requests = new Attempts(10, 60_000);

/** Counts a request of an address. Returns 0 if it is within the limit, else the seconds until the next one may come. */
export function countRequest(address: string, now: number): number {
  const network = networkOf(address);
  const seconds = requests.wait(network, now);
  if (seconds === 0) requests.count(network, now);
  return seconds;
}

/**
 * User agents that a network may use in an hour. Without a limit, someone who shares an address with others could try all user
 * agents to find their visits.
 */
const MAX_AGENTS = 5;

const agentsByNetwork = new Cache<string, { readonly agents: readonly string[]; readonly until: number }>(
  1000,
);

/** Whether an address may use this user agent. */
export async function canUseAgent(userAgent: string, address: string, now: number): Promise<boolean> {
  const network = networkOf(address);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(userAgent));
  const agent = hex(new Uint8Array(digest, 0, 16));
  const cached = agentsByNetwork.get(network);
  const { agents, until } = cached && cached.until > now ? cached : { agents: [], until: now + HOUR };
  if (agents.includes(agent)) return true;
  if (agents.length >= MAX_AGENTS) return false;
  agentsByNetwork.set(network, { agents: [...agents, agent], until });
  return true;
}

/** Events that one request scans, over all pixels, besides those that it finds by `visitor_hours`. */
export const MAX_SCANNED = 5000;

/** Rows that all requests of an isolate may read in an hour before they stop scanning events. */
const MAX_ROWS_PER_HOUR = 200_000;

let usage = { rows: 0, until: 0 };

/** How many events a request may scan. */
export function scanLimit(now: number): number {
  return usage.until > now ? Math.max(0, Math.min(MAX_SCANNED, MAX_ROWS_PER_HOUR - usage.rows)) : MAX_SCANNED;
}

export function countRows(rows: number, now: number): void {
  usage = usage.until > now ? { ...usage, rows: usage.rows + rows } : { rows, until: now + HOUR };
}
