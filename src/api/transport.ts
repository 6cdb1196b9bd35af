/** Plain HTTP is for the local machine only: over a network, others could read tokens, sessions and pages. */
import { discardBody } from '../http/body.ts';
import { isLoopback } from '../model/loopback.ts';
import { Problem } from './problem.ts';

/** Whether a request came without TLS over a network. */
export function isExposed(url: string): boolean {
  return url.startsWith('http:') && !isLoopback(new URL(url).hostname);
}

/** The tag's scripts. They hold no secrets, and pages over HTTP load them as they load the pixel. */
const TAG = /^\/(?:speck(?:\.\w+)?|[^/]+\/fbevents)\.js$/;

/**
 * The response to a request that came without TLS over a network: a redirect to HTTPS. Null for all other requests.
 * @param requestedUrl the URL as the client knows it, which may have another path than the request.
 * @throws Problem for the API. If its clients were redirected, they would go on sending their token unencrypted.
 */
export async function rejectExposed(request: Request, requestedUrl: string): Promise<Response | null> {
  const { url } = request;
  if (!isExposed(url)) return null;
  const { pathname } = new URL(url);
  if (TAG.test(pathname)) return null;
  if (pathname.startsWith('/api/')) {
    throw new Problem(
      'https_required',
      'The API answers over HTTPS only. If you sent a token, delete it: it crossed the network unencrypted.',
    );
  }
  await discardBody(request);
  const headers = { location: requestedUrl.replace('http:', 'https:'), 'cache-control': 'no-store' };
  return new Response(null, { status: 308, headers });
}

/** One year. Without `includeSubDomains`, since subdomains of the pixel's host may belong to others. */
const HSTS = 'max-age=31536000';

/** Adds the headers of every response, except those of the hot path. */
export function withCommonHeaders(response: Response, url: string): Response {
  response.headers.set('x-content-type-options', 'nosniff');
  // Browsers ignore it over HTTP (RFC 6797, 8.1).
  if (url.startsWith('https:')) response.headers.set('strict-transport-security', HSTS);
  return response;
}
