/** How stored hosts and pages are displayed: decoded, unless the letters could deceive people. */
import { readableHost, readablePage, readableReferrer } from './readable.ts';

const BEYOND_ASCII = /[^\p{ASCII}]/u;
/** Characters other than letters, marks and digits. Some of them look like a slash or a dot. */
const SIGN = /[^\p{L}\p{M}\p{N}-]/u;
/** Latin letters together with those of an alphabet that has similar letters. Japanese, Chinese and Korean have none. */
const MIXED_WITH_LATIN =
  /(?=.*\p{sc=Latin}).*[^\p{sc=Latin}\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Bopo}\p{sc=Common}\p{sc=Inherited}]/u;
const CYRILLIC = /\p{sc=Cyrillic}/u;
const GREEK = /\p{sc=Greek}/u;
/** Only Cyrillic letters that look like Latin ones. */
const LOOKS_LATIN = /^(?=.*\p{sc=Cyrillic})[асԁеһіјӏорԗԛѕԝхуъьҽпгѵѡ\d-]+$/u;

/**
 * A host as it is displayed. A host that people may mistake for another one stays in Punycode, as in browsers. The rules are some of
 * Chromium's for internationalized domain names.
 */
export function displayHost(host: string): string {
  const readable = readableHost(host);
  if (readable === host) return host;
  const labels = readable.split('.');
  const isCyrillic = CYRILLIC.test(labels.at(-1) ?? '');
  const isOdd = labels
    .filter((label) => BEYOND_ASCII.test(label))
    .some(
      (label) =>
        SIGN.test(label) ||
        MIXED_WITH_LATIN.test(label) ||
        (CYRILLIC.test(label) && GREEK.test(label)) ||
        (LOOKS_LATIN.test(label) && !isCyrillic),
    );
  return isOdd ? host : readable;
}

/** How the values of these fields of an event are displayed. */
export const DISPLAY_FIELDS: Readonly<
  Record<'page' | 'hostname' | 'source' | 'referrer', (stored: string) => string>
> = {
  page: readablePage,
  hostname: displayHost,
  source: displayHost,
  referrer: (referrer) => readableReferrer(referrer, displayHost),
};
