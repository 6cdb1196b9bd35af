/**
 * Reads the addresses that events name: pages, and what led to them. Reading one takes some microseconds, and a site sees the
 * same pages and referrers again and again, so what was read is kept: scrubbed, and by a fingerprint of the address.
 */
import { Cache } from '../model/cache.ts';
import { fingerprint, MAX_LENGTH } from '../model/fingerprint.ts';
import { LIMITS } from '../model/limits.ts';
import { type LinkParameters, linkParametersOf, type Referrer, referrerOf } from './referrer.ts';
import { type Page, scrubPage } from './scrub.ts';

export interface PageAddress extends Page {
  /** What the address says of where its visitor came from. */
  readonly link: LinkParameters;
}

/** `&` as HTML writes it, left so by what made the link: mail programs, feeds, editors. No parameter's name begins with `amp;`. */
const ESCAPED = /(^\?|&)(?:amp;)+/gi;

const pages = new Cache<number, PageAddress | null>(2000);
const referrers = new Cache<number, Referrer | null>(1000);

/**
 * The page of an http or https URL; null for any other text.
 *
 * @param base what a relative URL is relative to; `''` when it may not be relative.
 * @param kept the query parameters that the owner counts as part of a page.
 */
export function readPage(text: string, base: string, kept: readonly string[]): PageAddress | null {
  return remembered(pages, `${kept.join('&')}\n${base}\n${text}`, () => {
    const url = URL.parse(text.slice(0, LIMITS.url).normalize(), base || undefined);
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return null;
    if (/amp;/i.test(url.search)) url.search = url.search.replace(ESCAPED, '$1');
    return { ...scrubPage(url, kept), link: linkParametersOf(url) };
  });
}

/** The referrer of a URL, an app's too; null for any other text. */
export function readReferrer(text: string): Referrer | null {
  if (text === '') return null;
  return remembered(referrers, text, () => {
    const url = URL.parse(text.slice(0, LIMITS.url).normalize());
    return url && referrerOf(url);
  });
}

function remembered<Value extends object>(
  cache: Cache<number, Value | null>,
  text: string,
  read: () => Value | null,
): Value | null {
  return text.length > MAX_LENGTH ? read() : cache.getOrInsertComputed(fingerprint(text), read);
}
