/** Decodes stored pages and hosts, which are ASCII, for people to read. `pageOf` and `normalHost` reverse it. */
import { normalHost } from './host.ts';
import { decodePunycode } from './punycode.ts';

/** A page or a referrer with its letters decoded. Reserved and invisible characters stay escaped. */
export function readablePage(text: string): string {
  if (!text.includes('%')) return text;
  return text.replaceAll(/(?:%[89A-F][\dA-F])+|%(?:20|22|3C|3E|5C|5E|60|7B|7C|7D)/gi, decoded);
}

function decoded(escapes: string): string {
  try {
    return decodeURIComponent(escapes).replaceAll(/[\p{C}\p{Zl}\p{Zp}]|[^\P{Zs} ]/gu, encodeURIComponent);
  } catch {
    // Not UTF-8.
    return escapes;
  }
}

const LABEL = /(?<![^.])xn--([a-z\d-]+)/g;

/** A host with its labels decoded; unchanged if the decoded host would have another normal form. */
export function readableHost(host: string): string {
  if (!host.includes('xn--')) return host;
  const readable = host.replaceAll(LABEL, (label, punycode: string) => decodePunycode(punycode) ?? label);
  return normalHost(readable) === host ? readable : host;
}

/**
 * A referrer, which is a host with a path, for people to read.
 * @param hostOf decodes the host.
 */
export function readableReferrer(referrer: string, hostOf = readableHost): string {
  const end = referrer.indexOf('/');
  return end < 0 ? hostOf(referrer) : hostOf(referrer.slice(0, end)) + readablePage(referrer.slice(end));
}
