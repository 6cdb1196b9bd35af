/**
 * The cookie of a session: its name, its attributes, and which requests may use it. Only the dashboard's own may.
 * `SameSite=Strict` excludes other sites. A required header excludes other pages of the same site: they cannot send it without
 * a CORS preflight, which the API never grants.
 */
import { readCookie } from '../model/cookie.ts';
import { Problem } from './problem.ts';
import { isExposed } from './transport.ts';

/** The header that selects a request's cookie: the owner's, or that of the shared link that is open. */
const SESSION_HEADER = 'x-speck-session';
export type SessionKind = 'owner' | 'link';

/** Two cookies, so that an owner who opens a shared link stays signed in. */
const NAMES: Readonly<Record<SessionKind, string>> = { owner: 'speck', link: 'speck-link' };
/** In seconds; longer than any session. The store decides when a session ends. */
const MAX_AGE = 31 * 86_400;

/**
 * The secret in a request's session cookie, or null if it has none.
 * @throws Problem if another page than the dashboard's sent the cookie.
 */
export function sessionSecret(request: Request): string | null {
  const secret = readCookie(request.headers.get('cookie'), cookieName(request, kindOf(request)));
  if (secret === '') return null;
  if (!request.headers.has(SESSION_HEADER)) {
    throw new Problem('cross_site', 'Send the header X-Speck-Session with the cookie.');
  }
  requireOwnPage(request);
  return secret;
}

/**
 * Accepts requests of the dashboard's own pages, and of clients that are not browsers.
 * @throws Problem if a browser says that another page sent the request.
 */
export function requireOwnPage(request: Request): void {
  const site = request.headers.get('sec-fetch-site');
  const origin = request.headers.get('origin');
  // Browsers send at least the header Origin with requests that change something.
  const isOwn =
    site === null ? origin === null || origin === new URL(request.url).origin : site === 'same-origin';
  if (!isOwn) throw new Problem('cross_site', 'Only a page of the dashboard itself may send this request.');
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
 * With the prefix `__Host-`, browsers refuse the cookie from any other host, and without TLS. So a local machine, which has no
 * TLS, gets a name without it. All other requests without TLS are rejected in transport.ts.
 */
function cookieName(request: Request, kind: SessionKind): string {
  return isLocal(request) ? NAMES[kind] : `__Host-${NAMES[kind]}`;
}

/** Chromium and Firefox accept a secure cookie from http://localhost; Safari does not. */
function attributes(request: Request): string {
  const isSafari = /^(?!.*Chrom).*Safari\//.test(request.headers.get('user-agent') ?? '');
  return `Path=/; HttpOnly; SameSite=Strict${isLocal(request) && isSafari ? '' : '; Secure'}`;
}

function isLocal({ url }: Request): boolean {
  return url.startsWith('http:') && !isExposed(url);
}
