/** Plain http is for this machine only: anywhere else a token, a session or a page would be read along on the way. */
import { discardBody } from '../http/body.ts';
import { Problem } from './problem.ts';

/** Names of this machine: `localhost`, 127.0.0.0/8 and `[::1]`, as `URL` writes them. */
const LOOPBACK = /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether a request came without TLS over a network. */
export function isExposed(url: string): boolean {
  return url.startsWith('http:') && !LOOPBACK.test(new URL(url).hostname);
}

/** The tag's scripts: they hold nothing secret, and pages over http load them as they load the pixel. */
const TAG = /^\/(?:speck(?:\.\w+)?|[^/]+\/fbevents)\.js$/;

/**
 * The answer to a request that came without TLS over a network: pages are redirected to https. Null for all others.
 * @throws Problem for the API, whose clients would go on sending their token in clear if they were redirected.
 */
export async function refuseExposed(request: Request): Promise<Response | null> {
  const { url } = request;
  if (!isExposed(url)) return null;
  const { pathname } = new URL(url);
  if (TAG.test(pathname)) return null;
  if (pathname.startsWith('/api/')) {
    throw new Problem(
      'https_required',
      'The API answers over https only. Delete a token that was sent here: it went over the network in clear.',
    );
  }
  await discardBody(request);
  const headers = { location: url.replace('http:', 'https:'), 'cache-control': 'no-store' };
  return new Response(null, { status: 308, headers });
}

/** A year. Not for subdomains of the pixel's host, nor for its parent, which belong to others. */
const HSTS = 'max-age=31536000';

/** Adds the headers that every answer has but those of the hot path. */
export function withCommonHeaders(response: Response, url: string): Response {
  response.headers.set('x-content-type-options', 'nosniff');
  // Browsers heed it over https only (RFC 6797, 8.1).
  if (url.startsWith('https:')) response.headers.set('strict-transport-security', HSTS);
  return response;
}
