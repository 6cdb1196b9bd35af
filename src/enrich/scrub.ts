/** Takes from URLs and texts what could identify a person, and what no owner asks about. */
import { LIMITS } from '../model/limits.ts';
import { hostOfUrl, withoutWww } from '../model/text/host.ts';
import { cutEscaped, normalPath, normalQuery } from '../model/text/percent.ts';
import { joinedText, printableText } from '../model/text/printable.ts';
import { MASK, maskEmails } from './mask.ts';

/** Nothing to scrub: printable ASCII with no sign of an address, and no space at either end. */
const HARMLESS = /^(?! )(?!.*(?:%(?:25)*40|%(?:25)*EF%|&#|&commat))[\x20-\x3f\x41-\x7e]*(?<! )$/i;

/** A text from outside, made safe to keep: printable, masked, at most `limit` characters. */
export function scrubText(text: string, limit: number): string {
  if (text.length <= limit && HARMLESS.test(text)) return text;
  // What is cut away need not be masked, but an address across the cut must not be left in half.
  return cut(maskedText(text.slice(0, limit + 400)), limit).trimEnd();
}

/** A printable text with its addresses masked, also those that control characters take apart. */
function maskedText(text: string): string {
  const masked = maskEmails(printableText(text));
  const joined = joinedText(text);
  if (joined === null) return masked;
  const found = maskEmails(joined);
  return found.split(MASK).length > masked.split(MASK).length ? found : masked;
}

/** The same of a percent-encoded text in its one spelling. */
function scrubEscaped(text: string, limit: number): string {
  if (text.length <= limit && HARMLESS.test(text)) return text;
  return cutEscaped(maskEmails(cutEscaped(text, limit + 400)), limit);
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
  const kept = allowed.flatMap((name) =>
    url.searchParams.getAll(name).map((value): [string, string] => [name, value]),
  );
  return {
    hostname: cut(hostOfUrl(url), LIMITS.hostname),
    page: scrubEscaped(normalPath(url.pathname) + normalQuery(kept), LIMITS.page),
  };
}

/** A referrer as owners read it: host without `www.`, and path. Its query, credentials and fragment are dropped. */
export function scrubReferrer(url: URL): string {
  const path = url.pathname === '/' ? '' : normalPath(url.pathname);
  return scrubEscaped(withoutWww(hostOfUrl(url)) + path, LIMITS.referrer);
}
