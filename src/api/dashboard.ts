/** The dashboard's page, the same under each of its addresses. Its scripts and styles are static assets (wrangler.toml). */
import page from '../../dist/app.html.txt';
import { cachedResponse } from './cached.ts';

/** Nothing but this Worker's own files and its API, and nobody may frame it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

export function dashboard(request: Request): Response {
  return cachedResponse(request, page, {
    'content-type': 'text/html; charset=utf-8',
    // A new version is there at once: what it loads has its hash in its name.
    'cache-control': 'no-cache',
    'content-security-policy': POLICY,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
  });
}
