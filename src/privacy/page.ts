/**
 * What the visitor's pages have in common: one look, no script, headers that let nothing else in, and answers for what
 * cannot be done.
 */

import type { Env } from '../env.ts';
import { discardBody } from '../http/body.ts';
import { base64url } from '../model/random.ts';
import { fill, type Html, html } from './html.ts';
import template from './page.html?raw';
import { NAVIGATION, PROBLEMS } from './texts.ts';

type Handler = (request: Request, env: Env) => Response | Promise<Response>;

/** A page that is shown, and that takes its own form. */
export function pageOf(show: Handler, take: Handler): Handler {
  return async (request, env) => {
    const { method } = request;
    try {
      if (method === 'POST') return await take(request, env);
      if (method === 'GET') return await show(request, env);
    } catch (error) {
      // As the API does: what is not the database's fault is for the Worker's last resort.
      if (!(error instanceof Error && error.message.startsWith('D1_'))) throw error;
      console.error('a page could not be answered', error);
      return problem(request, 'unavailable', { 'retry-after': '5' });
    }
    await discardBody(request);
    return problem(request, 'method', { allow: 'GET, HEAD, POST' });
  };
}

/**
 * Whether a request comes from one of these pages. Browsers that do not say so by Sec-Fetch-Site send the origin of a form.
 */
export function isOwn(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin';
  return request.headers.get('origin') === new URL(request.url).origin;
}

export function problem(
  request: Request,
  name: keyof typeof PROBLEMS,
  headers: Record<string, string> = {},
): Response {
  const [status, title, text] = PROBLEMS[name];
  return page(request, title, html`<p class="lead">${text}</p>`, status, headers);
}

/** An answer after which the browser shows one of the pages. */
export function seeOther(location: string, cookies: readonly string[]): Response {
  const headers = new Headers({ location, 'cache-control': 'no-store' });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(null, { status: 303, headers });
}

export function page(
  request: Request,
  title: string,
  body: Html,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  const { host, pathname } = new URL(request.url);
  const nonce = base64url(crypto.getRandomValues(new Uint8Array(16)));
  const links = Object.entries(NAVIGATION).map(
    ([path, name]) => html`<a href="${path}"${path === pathname ? CURRENT : ''}>${name}</a> `,
  );
  const { text } = fill(template, { title, host, nonce, links, body });
  return new Response(text, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
      // With no-referrer, forms would not say where they come from, which isOwn asks of browsers without Sec-Fetch-Site.
      'referrer-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
      vary: 'Cookie, User-Agent, Sec-GPC, DNT',
      ...headers,
    },
  });
}

const CURRENT = html` aria-current="page"`;
