/**
 * Caches responses of public pages. All readers of a page send the same queries at first, so a page with many readers costs the
 * database no more than one with few. A request is authenticated before its response is looked up here.
 */
import { Cache } from '../model/cache.ts';
import { readText } from './body.ts';
import { cachedResponse } from './cached.ts';
import { BOOKMARK_HEADER } from './database.ts';
import { hashToken } from './hash.ts';

/** How long a response is used, in milliseconds. */
const MAX_AGE = 60_000;
/** A longer response, in characters, is not cached. With the number of entries, this bounds the memory. */
const MAX_CHARACTERS = 50_000;

type Headers = Parameters<typeof cachedResponse>[2];

interface Entry {
  readonly text: string;
  readonly headers: Headers;
  readonly until: number;
}

const entries = new Cache<string, Entry>(200);

/** The cached response to the same request about the same page, or that of the handler. */
export async function withPublicCache(
  request: Request,
  publicId: string,
  handle: (request: Request) => Promise<Response>,
): Promise<Response> {
  const { method, url } = request;
  const body = method === 'POST' ? await readText(request) : null;
  const { pathname, search } = new URL(url);
  const accept = request.headers.get('accept') ?? '';
  const key = await hashToken(JSON.stringify([publicId, method, pathname + search, accept, body]));
  const entry = entries.get(key);
  if (entry && entry.until > Date.now()) return cachedResponse(request, entry.text, entry.headers);

  // Without If-None-Match, which would get a response without a body.
  const bookmark = request.headers.get(BOOKMARK_HEADER);
  const headersSent = { accept, ...(bookmark === null ? {} : { [BOOKMARK_HEADER]: bookmark }) };
  const response = await handle(new Request(url, { method, headers: headersSent, body }));
  // The response is not of one reader's state.
  response.headers.delete(BOOKMARK_HEADER);
  if (response.status !== 200 || response.headers.get('cache-control') === 'no-store') return response;
  const text = await response.text();
  const headers = Object.fromEntries(response.headers) as Headers;
  if (text.length <= MAX_CHARACTERS) entries.set(key, { text, headers, until: Date.now() + MAX_AGE });
  return cachedResponse(request, text, headers);
}
