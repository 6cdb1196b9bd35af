/** Authenticates servers that send events in another wire format, by the rules of `POST /api/v1/events`. */
import type { TokenHolder } from '../collect/sender.ts';
import type { Env } from '../env.ts';
import { grantOfToken } from './auth.ts';
import type { Grant } from './grant.ts';
import { Problem } from './problem.ts';

/**
 * The holder of a token, or null if no such token exists or it lacks the scope `events:write`.
 * @throws what D1 throws.
 */
export async function tokenHolder(token: string, request: Request, env: Env): Promise<TokenHolder | null> {
  try {
    const grant = await grantOfToken(token, request, env);
    if (!grant.scopes.includes('events:write')) return null;
    return { pixel: grant.pixel, isApart: canReadStatistics(grant) };
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

/**
 * Whether a token that is not the owner's can also read statistics. `visitorHash` says why that matters.
 */
export function canReadStatistics({ admin, scopes }: Grant): boolean {
  return !admin && scopes.includes('stats:read') && !scopes.includes('pixels:write');
}
