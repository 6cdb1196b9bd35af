/** Removes from URLs and texts what could identify a person, and what owners do not need. */
import { LIMITS } from '../model/limits.ts';
import { hostOfUrl, withoutWww } from '../model/text/host.ts';
import { cutEscaped, normalPath, normalQuery } from '../model/text/percent.ts';
import { joinedText, printableText } from '../model/text/printable.ts';
import { MASK, maskEmails } from './mask.ts';

/** A text that needs no scrubbing: printable ASCII without signs of an address, and without a space at either end. */
const HARMLESS = /^(?! )(?!.*(?:%(?:25)*40|%(?:25)*EF%|&#|&commat))[\x20-\x3f\x41-\x7e]*(?<! )$/i;

/** A text from outside that is safe to store: printable, masked, at most `limit` characters. */
export function scrubText(text: string, limit: number): string {
  if (text.length <= limit && HARMLESS.test(text)) return text;
  // The text is cut after masking: otherwise half of an address could be left at the end.
  return cut(maskedText(text.slice(0, limit + 400)), limit).trimEnd();
}

/** A printable text with its addresses masked, including those that contain control characters. */
function maskedText(text: string): string {
  const masked = maskEmails(printableText(text));
  const joined = joinedText(text);
  if (joined === null) return masked;
  const maskedJoined = maskEmails(joined);
  return maskedJoined.split(MASK).length > masked.split(MASK).length ? maskedJoined : masked;
}

/** `scrubText` for a percent-encoded text in its normal form. */
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

/** The page of a URL: its host and path, and those query parameters that belong to pages. All other parts are dropped. */
export function scrubPage(url: URL, pageParameters: readonly string[]): Page {
  const parameters = pageParameters.flatMap((name) =>
    url.searchParams.getAll(name).map((value): [string, string] => [name, value]),
  );
  return {
    hostname: cut(hostOfUrl(url), LIMITS.hostname),
    page: scrubEscaped(normalPath(url.pathname) + normalQuery(parameters), LIMITS.page),
  };
}

/** A referrer: its host without `www.`, and its path. All other parts are dropped. */
export function scrubReferrer(url: URL): string {
  const path = url.pathname === '/' ? '' : normalPath(url.pathname);
  return scrubEscaped(withoutWww(hostOfUrl(url)) + path, LIMITS.referrer);
}
