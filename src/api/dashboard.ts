/** Serves the dashboard: one page for all of its addresses, and the scripts, styles and images that the page loads. */
import files from '../../dist/app.files.js';
import page from '../../dist/app.html.txt?raw';
import { cachedResponse } from './cached.ts';
import { notFound, wrongMethod } from './problem.ts';

/** The page loads only this Worker's own files, and calls only its API. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

export function dashboard(request: Request): Promise<Response> {
  // Browsers revalidate the page, so a new version appears at once. The files that it loads have hashes in their names.
  return dashboardPage(request, 'no-cache');
}

/** @param ancestors the origins of pages that may frame the page. */
export function dashboardPage(
  request: Request,
  cacheControl: string,
  ancestors: readonly string[] = [],
): Promise<Response> {
  const isFramed = ancestors.length > 0;
  return cachedResponse(request, page, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': cacheControl,
    'content-security-policy': `${POLICY}; frame-ancestors ${isFramed ? ancestors.join(' ') : "'none'"}`,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    // It knows no list of origins. Browsers that know frame-ancestors ignore it.
    ...(isFramed ? {} : { 'x-frame-options': 'DENY' }),
  });
}

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/**
 * One of the files under `/app/assets/`. Each is a part of the Worker that is loaded when it is first requested.
 * @throws Problem if there is no such file, or the method is not GET.
 */
export async function asset(request: Request): Promise<Response> {
  const name = new URL(request.url).pathname.slice('/app/assets/'.length);
  const load = Object.hasOwn(files, name) ? files[name] : undefined;
  const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
  if (load === undefined || type === undefined) throw notFound();
  if (request.method !== 'GET') throw wrongMethod('GET');
  const { default: text } = await load();
  return cachedResponse(request, text, {
    'content-type': type,
    // A file's name holds the hash of its content.
    'cache-control': 'public, max-age=31536000, immutable',
    'cross-origin-resource-policy': 'same-origin',
  });
}
