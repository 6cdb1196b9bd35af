/** `/api/v1/session`: signs in to the dashboard, with a token or a shared link. */
import * as v from 'valibot';
import type { Env } from '../env.ts';
import type { Pixel } from '../model/pixel.ts';
import { isSecret, newSecret } from '../model/token.ts';
import { countGuess, findLink, type OpenedLink, recordUse, resetGuesses } from '../store/links.ts';
import { deleteSession, insertSession, type Session } from '../store/sessions.ts';
import { AttemptLimit, LookupCache } from './attempts.ts';
import { adminProof, grantOfToken, rememberSession, requireAdminToken, wrongSecrets } from './auth.ts';
import { check, readJson } from './body.ts';
import type { Call } from './call.ts';
import { ANONYMOUS, type Grant, loadPixel } from './grant.ts';
import { areEqual, hashToken } from './hash.ts';
import { passwordHash } from './links.ts';
import { Problem } from './problem.ts';
import { expiredSessionCookie, requireOwnPage, sessionCookie, sessionSecret } from './session-cookie.ts';
import { noContent, uncachedJson } from './uncached.ts';

const Secret = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(500));

export const NewSession = v.union(
  [v.strictObject({ token: Secret }), v.strictObject({ link: Secret, password: v.optional(Secret) })],
  'Give a token, or a link with its password.',
);

/** Wrong passwords that all visitors of a link together may try in an hour. */
const MAX_WRONG_PASSWORDS = 20;
const PASSWORD_WINDOW = 3_600_000;

export async function startSession({ request, env }: Call): Promise<Response> {
  requireOwnPage(request);
  const admin = requireAdminToken(env);
  const body = check(NewSession, await readJson(request));
  const secret = newSecret();
  const now = Date.now();
  if ('link' in body) {
    const link = await openLink(request, env.DB, body.link, body.password, now);
    await recordUse(env.DB, link, now);
    const proof = await hashToken(body.link);
    const { pixel } = link;
    const grant: Grant = { admin: false, scopes: ['stats:read'], pixel, token: null, shared: true };
    return begin(request, env, secret, { kind: 'link', proof, pixel }, grant, now);
  }
  const grant = await grantOfToken(body.token, request, env);
  const proof = grant.admin ? await adminProof(secret, admin) : await hashToken(body.token);
  const kind = grant.admin ? 'admin' : 'token';
  return begin(request, env, secret, { kind, proof, pixel: grant.pixel }, grant, now);
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
  rememberSession(hash, now);
  const cookie = sessionCookie(request, grant.shared ? 'link' : 'owner', secret);
  return uncachedJson(await sessionToJson(env, { ...grant, endsAt }), 201, { 'set-cookie': cookie });
}

const linkLookups = new LookupCache();
/** A session is a written row, and anyone with a link may begin one. */
const linkSignIns = new AttemptLimit('sign-ins by a link', 60);

/** @throws Problem if no such link exists, or the password is wrong. */
async function openLink(
  request: Request,
  db: D1Database,
  secret: string,
  password: string | undefined,
  now: number,
): Promise<OpenedLink> {
  const hash = await hashToken(secret);
  const cached = linkLookups.get(hash, now);
  if (!cached) wrongSecrets.check(request, now);
  linkSignIns.check(request, now);
  linkSignIns.count(request, now);
  const link = isSecret(secret) && cached !== false ? await findLink(db, hash, now) : null;
  if (isSecret(secret)) linkLookups.set(hash, link !== null, now);
  if (!link) {
    if (cached === undefined) wrongSecrets.count(request, now);
    throw new Problem('wrong_link', 'This link was revoked or has expired.');
  }
  if (link.password === null) return link;
  if (password === undefined) throw new Problem('wrong_password', 'This link needs a password.');
  const attempts = await countGuess(db, hash, now, PASSWORD_WINDOW);
  if (attempts.guesses > MAX_WRONG_PASSWORDS) {
    const seconds = Math.ceil((attempts.guess_until - now) / 1000);
    throw new Problem(
      'too_many_attempts',
      `Too many wrong passwords. Try again in ${Math.ceil(seconds / 60)} minutes.`,
      { headers: { 'retry-after': String(seconds) } },
    );
  }
  if (!areEqual(await passwordHash(password, secret), link.password)) {
    throw new Problem('wrong_password', 'The password is wrong.');
  }
  await resetGuesses(db, hash);
  return link;
}

/** The session of the request. Nobody being signed in is no error, which a browser would log. */
export async function readSession({ env, grant }: Call): Promise<Response> {
  return uncachedJson(grant === ANONYMOUS ? { session: null } : await sessionToJson(env, grant));
}

export async function endSession({ request, env }: Call): Promise<Response> {
  const secret = sessionSecret(request);
  if (secret !== null) await deleteSession(env.DB, await hashToken(secret));
  return noContent({ 'set-cookie': expiredSessionCookie(request) });
}

async function sessionToJson(env: Env, grant: Grant): Promise<Record<string, unknown>> {
  const { scopes, pixel, shared, endsAt } = grant;
  return {
    kind: kindOf(grant),
    scopes,
    pixel,
    expires_at: endsAt === undefined ? null : new Date(endsAt).toISOString(),
    ...(shared && pixel !== null ? { shown: sharedPixelToJson(await loadPixel(env, grant, pixel)) } : {}),
  };
}

function kindOf({ admin, shared, publicId }: Grant): string {
  if (admin) return 'admin';
  if (publicId !== undefined) return 'public';
  return shared ? 'link' : 'token';
}

/** What a page needs to show a pixel's statistics. Leaves out its address, its hosts and the definitions of its goals. */
function sharedPixelToJson({ id, name, timezone, settings, imported }: Pixel): Record<string, unknown> {
  return {
    id,
    name,
    timezone,
    goals: settings.goals.map((goal) => goal.name),
    funnels: settings.funnels.map((funnel) => funnel.name),
    ...(imported ? { imported } : {}),
  };
}
