/** Takes from URLs and texts what could identify a person, and what no owner asks about. */
import { LIMITS } from '../model/limits.ts';
import { maskEmails } from './mask.ts';

/** Control characters and line separators. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029]/gu;

/** Nothing to scrub: printable ASCII with no sign of an address, and no space at either end. */
const HARMLESS = /^(?! )(?!.*(?:%(?:25)*40|%(?:25)*EF%|&#|&commat))[\x20-\x3f\x41-\x7e]*(?<! )$/i;

/** A text from outside, made safe to keep: printable, masked, at most `limit` characters. */
export function scrubText(text: string, limit: number): string {
  if (text.length <= limit && HARMLESS.test(text)) return text;
  // What is cut away need not be masked, but an address across the cut must not be left in half.
  const near = text.slice(0, limit + 400);
  // Half a surrogate pair can be in JSON but not in UTF-8, and so not in the store.
  const clean = near.toWellFormed().replace(UNPRINTABLE, '').trim();
  return cut(maskEmails(clean), limit);
}

/** At most `limit` characters, without half a surrogate pair at the end. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = /[\ud800-\udbff]/.test(text[limit - 1] as string) ? limit - 1 : limit;
  return text.slice(0, end);
}

export interface Page {
  readonly hostname: string;
  /** The path, with those query parameters that the owner counts as part of it. */
  readonly page: string;
}

/** Where an event happened: credentials, port, fragment and query dropped but for `allowed` parameters. */
export function scrubPage(url: URL, allowed: readonly string[]): Page {
  const kept = allowed
    .flatMap((name) => url.searchParams.getAll(name).map((value) => [name, value] as [string, string]))
    .toSorted(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)));
  const query = kept.length > 0 ? `?${new URLSearchParams(kept)}` : '';
  return {
    hostname: cut(url.hostname, LIMITS.hostname),
    page: scrubText(url.pathname + query, LIMITS.page),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A referrer as owners read it: host without `www.`, and path. Its query, credentials and fragment are dropped. */
export function scrubReferrer(url: URL): string {
  const path = url.pathname === '/' ? '' : url.pathname;
  return scrubText(withoutWww(url.hostname) + path, LIMITS.referrer);
}

export function withoutWww(hostname: string): string {
  return hostname.startsWith('www.') ? hostname.slice(4) : hostname;
}
