/** Authenticates servers that send events by another wire format, as `POST /api/v1/events` does those that send to the API. */
import type { TokenHolder } from '../collect/sender.ts';
import type { Env } from '../env.ts';
import { grantOfToken } from './auth.ts';
import type { Grant } from './grant.ts';
import { Problem } from './problem.ts';

/**
 * The holder of a token; null if there is no such token, or it lacks the scope `events:write`.
 * @throws what D1 throws.
 */
export async function tokenHolder(token: string, request: Request, env: Env): Promise<TokenHolder | null> {
  try {
    const grant = await grantOfToken(token, request, env);
    if (!grant.scopes.includes('events:write')) return null;
    return { pixel: grant.pixel, isApart: readsStatistics(grant) };
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

/**
 * Whether a token also reads statistics, and is not the owner's: an owner can read everything. See `visitorHash` for what follows.
 */
export function readsStatistics({ admin, scopes }: Grant): boolean {
  return !admin && scopes.includes('stats:read') && !scopes.includes('pixels:write');
}
