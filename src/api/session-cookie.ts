/**
 * The cookie of a session: what it is called, what it is set with, and in which requests it counts. Those are the
 * dashboard's own: `SameSite=Strict` keeps it from other sites, a header of our own from other pages of the same site, which
 * cannot send one without being asked for by CORS, and the API allows nobody.
 */
import { readCookie } from '../model/cookie.ts';
import { Problem } from './problem.ts';
import { isExposed } from './transport.ts';

/** Says that a request goes by the cookie, and by which: the owner's, or that of the shared link that is open. */
const SESSION_HEADER = 'x-speck-session';
export type SessionKind = 'owner' | 'link';

/** Two, so that an owner who looks at a shared link stays signed in. */
const NAMES: Readonly<Record<SessionKind, string>> = { owner: 'speck', link: 'speck-link' };
/** Longer than any session: the store says when one has ended. */
const MAX_AGE = 31 * 86_400;

/**
 * The secret of the session that a request goes by, or null when it has none.
 * @throws Problem when the cookie is sent by another page than the dashboard's.
 */
export function sessionSecret(request: Request): string | null {
  const secret = readCookie(request.headers.get('cookie'), cookieName(request, kindOf(request)));
  if (secret === '') return null;
  if (!request.headers.has(SESSION_HEADER)) {
    throw new Problem('cross_site', 'With a cookie, send the header X-Speck-Session, too.');
  }
  requireOwnPage(request);
  return secret;
}

/**
 * Lets through what a page of our own sent, and clients that are no browsers.
 * @throws Problem when a browser says that another page has sent it.
 */
export function requireOwnPage(request: Request): void {
  const site = request.headers.get('sec-fetch-site');
  const origin = request.headers.get('origin');
  // Browsers send at least the origin with all that changes something.
  const own =
    site === null ? origin === null || origin === new URL(request.url).origin : site === 'same-origin';
  if (!own) throw new Problem('cross_site', 'This has to be asked by a page of the dashboard itself.');
}

export function sessionCookie(request: Request, kind: SessionKind, secret: string): string {
  return `${cookieName(request, kind)}=${secret}; Max-Age=${MAX_AGE}; ${attributes(request)}`;
}

export function expiredSessionCookie(request: Request): string {
  return `${cookieName(request, kindOf(request))}=; Max-Age=0; ${attributes(request)}`;
}

function kindOf(request: Request): SessionKind {
  return request.headers.get(SESSION_HEADER) === 'link' ? 'link' : 'owner';
}

/**
 * The prefix makes browsers refuse the cookie from any other host, and without TLS, so it cannot be had on a local machine.
 * Requests without TLS come from there only: transport.ts refuses others.
 */
function cookieName(request: Request, kind: SessionKind): string {
  return isLocal(request) ? NAMES[kind] : `__Host-${NAMES[kind]}`;
}

/** Chromium and Firefox take a secure cookie from http://localhost, too; Safari does not. */
function attributes(request: Request): string {
  const safari = /^(?!.*Chrom).*Safari\//.test(request.headers.get('user-agent') ?? '');
  return `Path=/; HttpOnly; SameSite=Strict${isLocal(request) && safari ? '' : '; Secure'}`;
}

function isLocal({ url }: Request): boolean {
  return url.startsWith('http:') && !isExposed(url);
}
