/** Who may do what. Closed by default: without ADMIN_TOKEN nothing is answered, without a token nothing is shown. */

import { type Env, secretsOf } from '../env.ts';
import { hex } from '../model/random.ts';
import { isSecret, isToken, SCOPES, type Scope } from '../model/token.ts';
import { findSession, prolongSession } from '../store/sessions.ts';
import { findToken } from '../store/tokens.ts';
import { Door, Lookups } from './attempts.ts';
import { Problem } from './problem.ts';
import type { Access } from './route.ts';
import { sessionSecret } from './session-cookie.ts';

/** What a request's token or session allows. */
export interface Grant {
  readonly admin: boolean;
  readonly scopes: readonly Scope[];
  /** The one pixel it is for, or null for all. */
  readonly pixel: string | null;
  /** The id of the token; null of ADMIN_TOKEN and of a shared link. */
  readonly token: string | null;
  /** Whether it is that of a shared link, which shows statistics and nothing else. */
  readonly shared?: true;
  /** Of a shared link's session: what the link is known by. */
  readonly link?: string;
  /** Of a session: when it ends, in epoch milliseconds. */
  readonly endsAt?: number;
}

/** The grant of who has not said who they are. */
export const NOBODY: Grant = { admin: false, scopes: [], pixel: null, token: null };

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
  return sessionGrant(secret, admin, request, env);
}

/** ADMIN_TOKEN. @throws Problem when it or SECRET_KEY is not set. */
export function requireOpen(env: Env): string {
  if (!env.ADMIN_TOKEN) {
    throw new Problem(
      'no_admin_token',
      'The API is closed until the secret ADMIN_TOKEN is set: npx wrangler secret put ADMIN_TOKEN.',
    );
  }
  if (secretsOf(env).length === 0) {
    throw new Problem(
      'no_secret_key',
      'The API is closed until the secret SECRET_KEY is set, to 32 random bytes or more in base64: npm run deploy makes it.',
    );
  }
  return env.ADMIN_TOKEN;
}

/** Wrong secrets that a network may try in a minute. */
const GUESSES = 20;

/** Wrong tokens and links are counted together: they are tried at the same door. */
export const guesses = new Door('wrong tokens', GUESSES);
const tokens = new Lookups();

/** Below it a token of the owner's own making may be guessed over time, however slowly. */
const SAFE_LENGTH = 32;
let warned = false;

/**
 * The grant of a token. A network that guesses is refused before its token is compared with ADMIN_TOKEN, also when it is right
 * this time: else guessing would go on. Tokens that Speck has made cannot be guessed, so one that lately was there is not refused.
 *
 * @throws Problem when there is no such token, or too many have been tried.
 */
export async function tokenGrant(token: string, request: Request, env: Env): Promise<Grant> {
  const admin = requireOpen(env);
  const now = Date.now();
  // Digests have one length, so comparing them in constant time tells nothing of the secret, its length included.
  const [given, expected] = await Promise.all([digest(token), digest(admin)]);
  const hash = hex(new Uint8Array(given));
  const known = tokens.get(hash, now);
  if (!known) guesses.refuse(request, now);
  if (crypto.subtle.timingSafeEqual(given, expected)) {
    if (admin.length < SAFE_LENGTH && !warned) {
      warned = true;
      console.warn(`ADMIN_TOKEN has fewer than ${SAFE_LENGTH} characters: set a longer one, at random.`);
    }
    return { admin: true, scopes: SCOPES, pixel: null, token: null };
  }
  const found = isToken(token) && known !== false ? await findToken(env.DB, hash) : null;
  if (isToken(token)) tokens.set(hash, found !== null, now);
  if (!found) {
    // One wrong token is one guess, however often a client sends it.
    if (known === undefined) guesses.count(request, now);
    throw new Problem('wrong_token', 'No such token. It may have been deleted.', { headers: CHALLENGE });
  }
  return { admin: false, scopes: found.scopes, pixel: found.pixel, token: found.id };
}

/** Apart from tokens, so that whoever is signed in stays so while somebody beside them guesses tokens. */
const sessionGuesses = new Door('ended sessions', GUESSES);
const sessions = new Lookups();

/** Tells that a session has just begun, so that its first request is not taken for a guess. */
export function knowSession(hash: string, now: number): void {
  sessions.set(hash, true, now);
}

/**
 * The grant of a session, which is that of what it was made with, as of now: a session ends with its token or link, and
 * with a change of ADMIN_TOKEN.
 */
async function sessionGrant(secret: string, admin: string, request: Request, env: Env): Promise<Grant> {
  const now = Date.now();
  const hash = await hashToken(secret);
  const known = sessions.get(hash, now);
  if (!known) sessionGuesses.refuse(request, now);
  const found = isSecret(secret) && known !== false ? await findSession(env.DB, hash, now) : null;
  const holds = found && (found.kind !== 'admin' || areEqual(found.proof, await adminProof(secret, admin)));
  if (isSecret(secret)) sessions.set(hash, holds === true, now);
  if (!holds) {
    // A page whose session has ended asks for a dozen things at once: that is one guess.
    if (known === undefined) sessionGuesses.count(request, now);
    throw new Problem('session_ended', 'The session has ended. Sign in again.');
  }
  const endsAt = await prolongSession(env.DB, hash, found, now);
  const { scopes, pixel, token } = found;
  if (found.kind === 'admin') return { admin: true, scopes: SCOPES, pixel: null, token: null, endsAt };
  if (found.kind === 'token') return { admin: false, scopes, pixel, token, endsAt };
  return {
    admin: false,
    scopes: ['stats:read'],
    pixel,
    token: null,
    shared: true,
    link: found.proof,
    endsAt,
  };
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

const CHALLENGE = { 'www-authenticate': 'Bearer realm="speck"' };

/** SHA-256 in hex: a token's form in the store. */
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
