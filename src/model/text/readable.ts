/** What is stored in ASCII, in the letters that people read. `pageOf` and `normalHost` make of it what is stored. */
import { normalHost } from './host.ts';
import { decodePunycode } from './punycode.ts';

/** A page or a referrer with its letters decoded. Reserved characters stay escaped, and so does what cannot be seen. */
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

/** A host, or a text that begins with one, with its labels decoded; as it is where that would be another host. */
export function readableHost(host: string): string {
  if (!host.includes('xn--')) return host;
  const readable = host.replaceAll(LABEL, (label, punycode: string) => decodePunycode(punycode) ?? label);
  return normalHost(readable) === host ? readable : host;
}

/** A referrer, a host with a path. @param hostOf how its host is read. */
export function readableReferrer(referrer: string, hostOf = readableHost): string {
  const end = referrer.indexOf('/');
  return end < 0 ? hostOf(referrer) : hostOf(referrer.slice(0, end)) + readablePage(referrer.slice(end));
}
