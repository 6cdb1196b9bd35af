/**
 * What the visitor's pages share: one layout without scripts, headers that allow nothing else, and error pages.
 */

import type { Env } from '../env.ts';
import { discardBody } from '../http/body.ts';
import { base64url } from '../model/random.ts';
import { fill, type Html, html } from './html.ts';
import template from './page.html?raw';
import { NAVIGATION, PROBLEMS } from './texts.ts';

type Handler = (request: Request, env: Env) => Response | Promise<Response>;

/** The handler of a page: GET shows it, and POST submits its form. */
export function visitorPage(show: Handler, submit: Handler): Handler {
  return async (request, env) => {
    const { method } = request;
    try {
      if (method === 'POST') return await submit(request, env);
      if (method === 'GET') return await show(request, env);
    } catch (error) {
      // Like the API, it handles errors of the database only. The router handles all others.
      if (!(error instanceof Error && error.message.startsWith('D1_'))) throw error;
      console.error('a page could not be answered', error);
      return problem(request, 'unavailable', { 'retry-after': '5' });
    }
    await discardBody(request);
    return problem(request, 'method', { allow: 'GET, HEAD, POST' });
  };
}

/** Whether one of these pages sent a request. Browsers without Sec-Fetch-Site send the origin of a form. */
export function isSameOrigin(request: Request): boolean {
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

/** Redirects the browser to one of the pages. */
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
    ([path, name]) => html`<a href="${path}"${path === pathname ? ARIA_CURRENT : ''}>${name}</a> `,
  );
  const { text } = fill(template, { title, host, nonce, links, body });
  return new Response(text, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
      // With no-referrer, browsers without Sec-Fetch-Site would not send the origin of a form, which isSameOrigin needs.
      'referrer-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
      vary: 'Cookie, User-Agent, Sec-GPC, DNT',
      ...headers,
    },
  });
}

const ARIA_CURRENT = html` aria-current="page"`;
