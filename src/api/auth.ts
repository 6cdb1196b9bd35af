/** Who may do what. Closed by default: without ADMIN_TOKEN nothing is answered, without a token nothing is shown. */

import type { Env } from '../env.ts';
import { Cache } from '../model/cache.ts';
import { hex } from '../model/random.ts';
import { SCOPES, type Scope } from '../model/token.ts';
import { findSession, prolongSession } from '../store/sessions.ts';
import { findToken } from '../store/tokens.ts';
import { Problem } from './problem.ts';
import type { Access } from './route.ts';
import { sessionSecret } from './session-cookie.ts';

/** What a request's token or session allows. */
export interface Grant {
  readonly admin: boolean;
  readonly scopes: readonly Scope[];
  /** The one pixel it is for, or null for all. */
  readonly pixel: string | null;
  /** Whether it is that of a shared link, which shows statistics and nothing else. */
  readonly shared?: true;
  /** Of a session: when it ends, in epoch milliseconds. */
  readonly endsAt?: number;
}

/** The grant of who has not said who they are. */
export const NOBODY: Grant = { admin: false, scopes: [], pixel: null };

const encoder = new TextEncoder();

/**
 * The grant of a request's `Authorization: Bearer` token, or else of its session's cookie.
 * @throws Problem when there is none, or no such token or session.
 */
export async function authenticate(request: Request, env: Env): Promise<Grant> {
  const admin = requireOpen(env);
  const [, token] = /^Bearer\s+(\S+)\s*$/i.exec(request.headers.get('authorization') ?? '') ?? [];
  if (token !== undefined) return tokenGrant(token, request, env);
  const secret = sessionSecret(request);
  if (secret === null) {
    throw new Problem('missing_token', 'Send the header Authorization: Bearer TOKEN.', {
      headers: CHALLENGE,
    });
  }
  return sessionGrant(secret, admin, env);
}

/** ADMIN_TOKEN. @throws Problem when none is set. */
export function requireOpen(env: Env): string {
  if (env.ADMIN_TOKEN) return env.ADMIN_TOKEN;
  throw new Problem(
    'no_admin_token',
    'The API is closed until the secret ADMIN_TOKEN is set: npx wrangler secret put ADMIN_TOKEN.',
  );
}

/** The grant of a token. @throws Problem when there is no such token, or too many have been tried. */
export async function tokenGrant(token: string, request: Request, env: Env): Promise<Grant> {
  // Digests have one length, so comparing them in constant time tells nothing of the secret, its length included.
  const [given, expected] = await Promise.all([digest(token), digest(requireOpen(env))]);
  if (crypto.subtle.timingSafeEqual(given, expected)) {
    return { admin: true, scopes: SCOPES, pixel: null };
  }
  const address = request.headers.get('cf-connecting-ip') ?? '';
  const now = Date.now();
  refuseGuessers(address, now);
  const found = await findToken(env.DB, hex(new Uint8Array(given)));
  if (!found) {
    countGuess(address, now);
    throw new Problem('wrong_token', 'No such token. It may have been deleted.', { headers: CHALLENGE });
  }
  return { admin: false, scopes: found.scopes, pixel: found.pixel };
}

/**
 * The grant of a session, which is that of what it was made with, as of now: a session ends with its token or link, and
 * with a change of ADMIN_TOKEN.
 */
async function sessionGrant(secret: string, admin: string, env: Env): Promise<Grant> {
  const now = Date.now();
  const hash = await hashToken(secret);
  const found = await findSession(env.DB, hash, now);
  const holds = found && (found.kind !== 'admin' || areEqual(found.proof, await adminProof(secret, admin)));
  if (!holds) throw new Problem('session_ended', 'The session has ended. Sign in again.');
  const endsAt = await prolongSession(env.DB, hash, found, now);
  if (found.kind === 'admin') return { admin: true, scopes: SCOPES, pixel: null, endsAt };
  if (found.kind === 'token') return { admin: false, scopes: found.scopes, pixel: found.pixel, endsAt };
  return { admin: false, scopes: ['stats:read'], pixel: found.pixel, shared: true, endsAt };
}

/** Compares two hashes in a time that tells nothing of them. */
export function areEqual(a: string, b: string): boolean {
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  return left.length === right.length && crypto.subtle.timingSafeEqual(left, right);
}

/** Shows that a session was made with ADMIN_TOKEN, and tells nothing of it to who has only the store. */
export function adminProof(secret: string, admin: string): Promise<string> {
  return hashToken(`${secret} ${admin}`);
}

/**
 * Wrong tokens an address may try in a minute. It is counted per isolate: a bound on what guessing costs us, not what
 * keeps the API closed, which is that a token has 230 bits.
 */
const GUESSES = 20;
const GUESS_WINDOW = 60_000;
const guesses = new Cache<string, { readonly count: number; readonly until: number }>(1000);

function refuseGuessers(address: string, now: number): void {
  const guessed = guesses.get(address);
  if (!guessed || guessed.until <= now || guessed.count < GUESSES) return;
  const seconds = Math.ceil((guessed.until - now) / 1000);
  throw new Problem(
    'too_many_attempts',
    `Too many wrong tokens from this address. Try again in ${seconds} seconds.`,
    {
      headers: { 'retry-after': String(seconds) },
    },
  );
}

function countGuess(address: string, now: number): void {
  const guessed = guesses.get(address);
  const open = guessed && guessed.until > now ? guessed : { count: 0, until: now + GUESS_WINDOW };
  guesses.set(address, { ...open, count: open.count + 1 });
}

const CHALLENGE = { 'www-authenticate': 'Bearer realm="speck"' };

/** A token's form in the store. */
export async function hashToken(token: string): Promise<string> {
  return hex(new Uint8Array(await digest(token)));
}

function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', encoder.encode(text));
}

/** @throws Problem when the grant lacks the scope. */
export function requireScope(grant: Grant, scope: Scope): void {
  if (grant.scopes.includes(scope)) return;
  throw new Problem('missing_scope', `This token lacks the scope ${scope}.`);
}

/** @throws Problem when the grant is for another pixel. */
export function requirePixel(grant: Grant, pixel: string): void {
  if (grant.pixel === null || grant.pixel === pixel) return;
  throw new Problem('wrong_pixel', 'This token is for another pixel.');
}

/** @throws Problem when the grant does not have the access that a route asks for. */
export function requireAccess(grant: Grant, access: Access, shared = false): void {
  if (grant.shared && !shared) throw new Problem('missing_scope', 'A shared link shows statistics only.');
  if (access === 'admin') requireAdmin(grant);
  else if (access !== 'any' && access !== 'none') requireScope(grant, access);
}

/** @throws Problem when the grant is bound to one pixel, or is not the admin's where it must be. */
export function requireAdmin(grant: Grant): void {
  if (!grant.admin) throw new Problem('missing_scope', 'Only ADMIN_TOKEN may do this.');
}
