/** `/api/v1/session`: signs in at the dashboard, with a token or by a shared link. */
import * as v from 'valibot';
import type { Env } from '../env.ts';
import { isSecret, newSecret } from '../model/token.ts';
import { countGuess, findLink, forgetGuesses, type Link } from '../store/links.ts';
import { deleteSession, insertSession, type Session } from '../store/sessions.ts';
import { Door, Lookups } from './attempts.ts';
import {
  adminProof,
  areEqual,
  type Grant,
  guesses,
  hashToken,
  knowSession,
  requireOpen,
  tokenGrant,
} from './auth.ts';
import { check, readJson } from './body.ts';
import { done, freshJson } from './fresh.ts';
import { passwordHash } from './links.ts';
import { requireExisting } from './pixels.ts';
import { Problem } from './problem.ts';
import { noSessionCookie, requireOwnPage, sessionCookie, sessionSecret } from './session-cookie.ts';

const Secret = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(500));

export const NewSession = v.union(
  [v.strictObject({ token: Secret }), v.strictObject({ link: Secret, password: v.optional(Secret) })],
  'Give a token, or a link with its password.',
);

/** Passwords that may be tried at a link in an hour, by all together. */
const GUESSES = 20;
const GUESS_WINDOW = 3_600_000;

export async function startSession(request: Request, env: Env): Promise<Response> {
  requireOwnPage(request);
  const admin = requireOpen(env);
  const given = check(NewSession, await readJson(request));
  const secret = newSecret();
  const now = Date.now();
  if ('link' in given) {
    const link = await openLink(request, env.DB, given.link, given.password, now);
    const proof = await hashToken(given.link);
    const { pixel } = link;
    const grant: Grant = { admin: false, scopes: ['stats:read'], pixel, token: null, shared: true };
    return begin(request, env, secret, { kind: 'link', proof, pixel }, grant, now);
  }
  const grant = await tokenGrant(given.token, request, env);
  const proof = grant.admin ? await adminProof(secret, admin) : await hashToken(given.token);
  return begin(
    request,
    env,
    secret,
    { kind: grant.admin ? 'admin' : 'token', proof, pixel: grant.pixel },
    grant,
    now,
  );
}

async function begin(
  request: Request,
  env: Env,
  secret: string,
  session: Pick<Session, 'kind' | 'proof' | 'pixel'>,
  grant: Grant,
  now: number,
): Promise<Response> {
  const hash = await hashToken(secret);
  const endsAt = await insertSession(env.DB, hash, session, now);
  knowSession(hash, now);
  const cookie = sessionCookie(request, grant.shared ? 'link' : 'owner', secret);
  return freshJson(await shown(env, { ...grant, endsAt }), 201, { 'set-cookie': cookie });
}

const links = new Lookups();
/** A session is a written row, and whoever has a link may begin one. */
const signIns = new Door('sign-ins by a link', 60);

/** @throws Problem when there is no such link, or the password is not its own. */
async function openLink(
  request: Request,
  db: D1Database,
  secret: string,
  password: string | undefined,
  now: number,
): Promise<Link> {
  const hash = await hashToken(secret);
  const known = links.get(hash, now);
  if (!known) guesses.refuse(request, now);
  signIns.refuse(request, now);
  signIns.count(request, now);
  const link = isSecret(secret) && known !== false ? await findLink(db, hash, now) : null;
  if (isSecret(secret)) links.set(hash, link !== null, now);
  if (!link) {
    if (known === undefined) guesses.count(request, now);
    throw new Problem('wrong_link', 'This link was taken back, or has expired.');
  }
  if (link.password === null) return link;
  if (password === undefined) throw new Problem('wrong_password', 'This link asks for a password.');
  const tried = await countGuess(db, hash, now, GUESS_WINDOW);
  if (tried.guesses > GUESSES) {
    const seconds = Math.ceil((tried.guess_until - now) / 1000);
    throw new Problem(
      'too_many_attempts',
      `Too many wrong passwords. Try again in ${Math.ceil(seconds / 60)} minutes.`,
      { headers: { 'retry-after': String(seconds) } },
    );
  }
  if (!areEqual(await passwordHash(password, secret), link.password)) {
    throw new Problem('wrong_password', 'This is not the password.');
  }
  await forgetGuesses(db, hash);
  return link;
}

export async function readSession(_request: Request, env: Env, grant: Grant): Promise<Response> {
  return freshJson(await shown(env, grant));
}

export async function endSession(request: Request, env: Env): Promise<Response> {
  const secret = sessionSecret(request);
  if (secret !== null) await deleteSession(env.DB, await hashToken(secret));
  return done({ 'set-cookie': noSessionCookie(request) });
}

async function shown(env: Env, grant: Grant): Promise<Record<string, unknown>> {
  const { admin, scopes, pixel, shared, endsAt } = grant;
  return {
    kind: admin ? 'admin' : shared ? 'link' : 'token',
    scopes,
    pixel,
    expires_at: endsAt === undefined ? null : new Date(endsAt).toISOString(),
    ...(shared && pixel !== null ? { shown: await shownByLink(env, grant, pixel) } : {}),
  };
}

/** What a page needs to know of a pixel to show its statistics: not its address, its hosts or what its goals are. */
async function shownByLink(env: Env, grant: Grant, pixel: string): Promise<Record<string, unknown>> {
  const { id, name, timezone, settings } = await requireExisting(env, grant, pixel);
  return {
    id,
    name,
    timezone,
    goals: settings.goals.map((goal) => goal.name),
    funnels: settings.funnels.map((funnel) => funnel.name),
  };
}
