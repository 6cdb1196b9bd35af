/** Authenticates requests. Closed by default: without ADMIN_TOKEN the API answers nothing. */
import { type Env, secretsOf } from '../env.ts';
import { hex } from '../model/random.ts';
import { isSecret, isToken, MIN_ADMIN_TOKEN_LENGTH, SCOPES } from '../model/token.ts';
import { recordUse } from '../store/links.ts';
import { findSession, prolongSession } from '../store/sessions.ts';
import { findToken } from '../store/tokens.ts';
import { AttemptLimit, LookupCache } from './attempts.ts';
import { ANONYMOUS, type Grant } from './grant.ts';
import { areEqual, hashToken, sha256 } from './hash.ts';
import { Problem } from './problem.ts';
import { grantOfPublicPage, PUBLIC_HEADER } from './public-pages.ts';
import { sessionSecret } from './session-cookie.ts';

/**
 * The grant of the public page that a request names, or else of its `Authorization: Bearer` token, or else of its session's cookie.
 *
 * @param isOptional whether a request with none of them has the grant of anyone.
 * @throws Problem if the request has none of them, or no such page, token or session exists.
 */
export async function authenticate(request: Request, env: Env, isOptional = false): Promise<Grant> {
  const admin = requireAdminToken(env);
  // First, since it grants the least: a page that names it gets nothing from a cookie of its reader.
  const publicId = request.headers.get(PUBLIC_HEADER);
  if (publicId !== null) return grantOfPublicPage(publicId, request, env);
  const [, token] = /^Bearer\s+(\S+)\s*$/i.exec(request.headers.get('authorization') ?? '') ?? [];
  if (token !== undefined) return grantOfToken(token, request, env);
  const secret = sessionSecret(request);
  if (secret === null) {
    if (isOptional) return ANONYMOUS;
    throw new Problem('missing_token', 'Send the header Authorization: Bearer TOKEN.', {
      headers: CHALLENGE,
    });
  }
  return grantOfSession(secret, admin, request, env);
}

/** ADMIN_TOKEN. @throws Problem if it or SECRET_KEY is not set. */
export function requireAdminToken(env: Env): string {
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
const MAX_WRONG = 20;

/** Wrong tokens and wrong links count together, since an attacker could try either. */
export const wrongSecrets = new AttemptLimit('wrong tokens', MAX_WRONG);
const tokenLookups = new LookupCache();

let hasWarned = false;

/**
 * The grant of a token. A network that guesses is rejected before its token is compared with ADMIN_TOKEN, even if the token is
 * right. Otherwise it could continue to guess. Tokens that Speck generates cannot be guessed, so a recently verified token is not
 * rejected.
 *
 * @throws Problem if no such token exists, or the network has tried too many.
 */
export async function grantOfToken(token: string, request: Request, env: Env): Promise<Grant> {
  const admin = requireAdminToken(env);
  const now = Date.now();
  // Digests have one length, so comparing them in constant time does not reveal even the secret's length.
  const [digest, expected] = await Promise.all([sha256(token), sha256(admin)]);
  const hash = hex(new Uint8Array(digest));
  const cached = tokenLookups.get(hash, now);
  if (!cached) wrongSecrets.check(request, now);
  if (crypto.subtle.timingSafeEqual(digest, expected)) {
    if (admin.length < MIN_ADMIN_TOKEN_LENGTH && !hasWarned) {
      hasWarned = true;
      console.warn(
        `ADMIN_TOKEN has fewer than ${MIN_ADMIN_TOKEN_LENGTH} characters: set a longer one, at random.`,
      );
    }
    return { admin: true, scopes: SCOPES, pixel: null, token: null };
  }
  const row = isToken(token) && cached !== false ? await findToken(env.DB, hash) : null;
  if (isToken(token)) tokenLookups.set(hash, row !== null, now);
  if (!row) {
    // One wrong token counts once, however often a client sends it.
    if (cached === undefined) wrongSecrets.count(request, now);
    throw new Problem('wrong_token', "That token isn't valid. Check that you copied all of it.", {
      headers: CHALLENGE,
    });
  }
  return { admin: false, scopes: row.scopes, pixel: row.pixel, token: row.id };
}

/** Counted apart from tokens, so that a user stays signed in while someone else in their network guesses tokens. */
const endedSessions = new AttemptLimit('ended sessions', MAX_WRONG);
const sessionLookups = new LookupCache();

/** Notes that a session has just begun, so that its first request does not count as an attempt. */
export function rememberSession(hash: string, now: number): void {
  sessionLookups.set(hash, true, now);
}

/**
 * The grant of a session: that of the token or link which began it, as it is now. A session ends with its token or link, and
 * when ADMIN_TOKEN changes.
 */
async function grantOfSession(secret: string, admin: string, request: Request, env: Env): Promise<Grant> {
  const now = Date.now();
  const hash = await hashToken(secret);
  const cached = sessionLookups.get(hash, now);
  if (!cached) endedSessions.check(request, now);
  const row = isSecret(secret) && cached !== false ? await findSession(env.DB, hash, now) : null;
  const isValid = row && (row.kind !== 'admin' || areEqual(row.proof, await adminProof(secret, admin)));
  if (isSecret(secret)) sessionLookups.set(hash, isValid === true, now);
  if (!isValid) {
    // A page whose session has ended sends a dozen requests at once. They count as one attempt.
    if (cached === undefined) endedSessions.count(request, now);
    throw new Problem('session_ended', 'The session has ended. Sign in again.');
  }
  const endsAt = await prolongSession(env.DB, hash, row, now);
  const { scopes, pixel, token } = row;
  if (row.kind === 'admin') return { admin: true, scopes: SCOPES, pixel: null, token: null, endsAt };
  if (row.kind === 'token') return { admin: false, scopes, pixel, token, endsAt };
  await recordUse(env.DB, { hash: row.proof, used_at: row.used_at }, now);
  return {
    admin: false,
    scopes: ['stats:read'],
    pixel,
    token: null,
    shared: true,
    link: row.proof,
    endsAt,
  };
}

/** Proves that a session was begun with ADMIN_TOKEN, and reveals nothing of ADMIN_TOKEN to a reader of the store. */
export function adminProof(secret: string, admin: string): Promise<string> {
  return hashToken(`${secret} ${admin}`);
}

const CHALLENGE = { 'www-authenticate': 'Bearer realm="speck"' };
