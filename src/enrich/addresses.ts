/**
 * Reads the addresses in events: pages and referrers. Reading an address takes some microseconds, and a site sees the same
 * addresses again and again, so results are cached: scrubbed, by a fingerprint of the address.
 */
import { Cache } from '../model/cache.ts';
import { fingerprint, MAX_LENGTH } from '../model/fingerprint.ts';
import { LIMITS } from '../model/limits.ts';
import { type LinkParameters, linkParametersOf, type Referrer, referrerOf } from './referrer.ts';
import { type Page, scrubPage } from './scrub.ts';

export interface PageAddress extends Page {
  /** What the parameters say of where the visitor came from. */
  readonly link: LinkParameters;
}

/** `&` escaped as in HTML. Some mail programs, feeds and editors leave it so in links. No parameter's name begins with `amp;`. */
const ESCAPED = /(^\?|&)(?:amp;)+/gi;

const pages = new Cache<number, PageAddress | null>(2000);
const referrers = new Cache<number, Referrer | null>(1000);

/**
 * The page of an http or https URL; null for any other text.
 *
 * @param base the URL that a relative URL is relative to; `''` if relative URLs are not allowed.
 * @param pageParameters the query parameters that the owner counts as part of a page.
 */
export function readPage(text: string, base: string, pageParameters: readonly string[]): PageAddress | null {
  return cached(pages, `${pageParameters.join('&')}\n${base}\n${text}`, () => {
    const url = parseAddress(text, base);
    return url && { ...scrubPage(url, pageParameters), link: linkParametersOf(url) };
  });
}

/** An http or https URL with its complete query; null for any other text. @param base as that of `readPage`. */
export function parseAddress(text: string, base: string): URL | null {
  const url = URL.parse(text.slice(0, LIMITS.url).normalize(), base || undefined);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return null;
  if (/amp;/i.test(url.search)) url.search = url.search.replace(ESCAPED, '$1');
  return url;
}

/** The referrer of a URL, which may be that of an app; null for any other text. */
export function readReferrer(text: string): Referrer | null {
  if (text === '') return null;
  return cached(referrers, text, () => {
    const url = URL.parse(text.slice(0, LIMITS.url).normalize());
    return url && referrerOf(url);
  });
}

function cached<Value extends object>(
  cache: Cache<number, Value | null>,
  text: string,
  read: () => Value | null,
): Value | null {
  return text.length > MAX_LENGTH ? read() : cache.getOrInsertComputed(fingerprint(text), read);
}
