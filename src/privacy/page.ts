/**
 * What the visitor's pages share: one layout without scripts, headers that allow nothing else, and error pages.
 */

import type { Env } from '../env.ts';
import { discardBody } from '../http/body.ts';
import { PIXEL_ID } from '../model/pixel.ts';
import { base64url } from '../model/random.ts';
import { fill, type Html, html } from './html.ts';
import { LANGUAGE_NAMES, LANGUAGES } from './languages.ts';
import template from './page.html?raw';
import { PROBLEMS, type ProblemName } from './problems.ts';
import { chosenLanguage, type Reader, readerOf } from './reader.ts';

type Handler = (request: Request, env: Env) => Response | Promise<Response>;

/** The paths of the pages, in the order of the navigation. */
type Path = '/privacy' | '/opt-out';

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

/** The pixel that a page is about; null for all pixels. */
export function pixelIdOf({ url }: Request): string | null {
  const id = new URL(url).searchParams.get('id') ?? '';
  return PIXEL_ID.test(id) ? id : null;
}

/**
 * The address of a page for the same reader: with the language that they have chosen.
 *
 * @param parts further parts of the query, such as `done` and `erased=3`.
 * @param id the pixel that the page is about; null for all.
 */
export function addressOf(
  request: Request,
  path: Path,
  parts: readonly string[] = [],
  id = pixelIdOf(request),
): string {
  const language = chosenLanguage(request);
  const query = [
    ...parts,
    ...(id === null ? [] : [`id=${id}`]),
    ...(language === null ? [] : [`lang=${language}`]),
  ];
  // Relative, since the Worker may be behind a path.
  const up = new URL(request.url).pathname.endsWith('/') ? '../' : '';
  return `${up}${path.slice(1)}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

export async function problem(
  request: Request,
  name: ProblemName,
  headers: Record<string, string> = {},
): Promise<Response> {
  const reader = await readerOf(request);
  const [title, text] = reader.texts.problems[name];
  const body = html`<p class="lead">${fill(text)}</p>`;
  return page(request, reader, title, body, PROBLEMS[name], headers);
}

/** Redirects the browser to one of the pages. */
export function seeOther(location: string, cookies: readonly string[]): Response {
  const headers = new Headers({ location, 'cache-control': 'no-store' });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(null, { status: 303, headers });
}

/** @param title one of our texts. */
export function page(
  request: Request,
  { texts, language }: Reader,
  title: string,
  body: Html,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  const { host, pathname } = new URL(request.url);
  // An id that no pixel has leads nowhere.
  const id = status === PROBLEMS.unknown ? null : pixelIdOf(request);
  const nonce = base64url(crypto.getRandomValues(new Uint8Array(16)));
  const { text } = fill(template, {
    title: fill(title),
    host,
    nonce,
    body,
    root: html`<html lang="${language}" dir="${texts.direction}">`,
    label: fill(texts.navigation.languages),
    links: (['/privacy', '/opt-out'] as const).map(
      (path) =>
        html`<a href="${addressOf(request, path, [], id)}"${path === pathname ? ARIA_CURRENT : ''}>${fill(texts.navigation[path === '/privacy' ? 'privacy' : 'optOut'])}</a> `,
    ),
    languages: LANGUAGE_NAMES.map(
      (name) =>
        html`<a href="${inLanguage(request, name)}" lang="${name}" hreflang="${name}"${name === language ? ARIA_CURRENT : ''}>${LANGUAGES[name].name}</a> `,
    ),
  });
  return new Response(text, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-language': language,
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
      // With no-referrer, browsers without Sec-Fetch-Site would not send the origin of a form, which isSameOrigin needs.
      'referrer-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
      vary: 'Accept-Language, Cookie, User-Agent, Sec-GPC, DNT',
      ...headers,
    },
  });
}

const ARIA_CURRENT = html` aria-current="true"`;

/** The address of the same page in another language. It keeps what the page tells the reader about the last action. */
function inLanguage({ url }: Request, language: string): string {
  const { searchParams } = new URL(url);
  searchParams.set('lang', language);
  return `?${searchParams}`;
}
