/** What is stored in ASCII, as it is shown: in the letters that people read, unless they could be deceived by them. */
import { readableHost, readablePage, readableReferrer } from './readable.ts';

const BEYOND_ASCII = /[^\p{ASCII}]/u;
/** Signs that are no letters, marks or digits: among them some that look like a slash or a dot. */
const SIGN = /[^\p{L}\p{M}\p{N}-]/u;
/** Latin letters beside those of an alphabet that has some of the same look. Japanese, Chinese and Korean have none. */
const BESIDE_LATIN =
  /(?=.*\p{sc=Latin}).*[^\p{sc=Latin}\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Bopo}\p{sc=Common}\p{sc=Inherited}]/u;
const CYRILLIC = /\p{sc=Cyrillic}/u;
const GREEK = /\p{sc=Greek}/u;
/** Cyrillic letters alone that all look like Latin ones. */
const LIKE_LATIN = /^(?=.*\p{sc=Cyrillic})[асԁеһіјӏорԗԛѕԝхуъьҽпгѵѡ\d-]+$/u;

/**
 * The same for people to look at: a host that may be taken for another one stays in Punycode, as browsers show it (the rules are
 * some of Chromium's for internationalized domain names).
 */
export function shownHost(host: string): string {
  const readable = readableHost(host);
  if (readable === host) return host;
  const labels = readable.split('.');
  const isCyrillic = CYRILLIC.test(labels.at(-1) ?? '');
  const isOdd = labels
    .filter((label) => BEYOND_ASCII.test(label))
    .some(
      (label) =>
        SIGN.test(label) ||
        BESIDE_LATIN.test(label) ||
        (CYRILLIC.test(label) && GREEK.test(label)) ||
        (LIKE_LATIN.test(label) && !isCyrillic),
    );
  return isOdd ? host : readable;
}

/** How what is stored in these fields of an event is shown. */
export const SHOWN_FIELDS: Readonly<
  Record<'page' | 'hostname' | 'source' | 'referrer', (stored: string) => string>
> = {
  page: readablePage,
  hostname: shownHost,
  source: shownHost,
  referrer: (referrer) => readableReferrer(referrer, shownHost),
};
