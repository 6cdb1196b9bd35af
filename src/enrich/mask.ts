/** Finds e-mail addresses in texts of any alphabet and however escaped, and blots them out. */

/** Put in place of what looks like an e-mail address. */
export const MASK = '(email)';

/** The sign between name and host: as it is, in full width, percent-encoded however often, or as an HTML entity. */
const AT =
  /[@\ufe6b\uff20]|%(?:25)*(?:40|ef%(?:25)*bc%(?:25)*a0|ef%(?:25)*b9%(?:25)*ab)|&(?:#0*64|#x0*40|commat);/gi;

/** A character of a name. `/`, `?` and `,` may be in one too, but are what stands before it in addresses of pages and in lists. */
const NAME = /[\p{L}\p{M}\p{N}.!#$&'*+=^_`{|}~%-]/u;
const QUOTED_NAME = /"[^"\n]{1,64}"$/;

/** A byte beyond ASCII, percent-encoded however often, as in the host of another alphabet. */
const BYTE = '%(?:25)*[89a-f][\\da-f]';
const DOT = '(?:[.\\u3002\\uff0e\\uff61]|%(?:25)*2e|%(?:25)*e3%(?:25)*80%(?:25)*82)';
/** The last part of a host has letters only, unless it is Punycode: `name@1.2.3` is a version. */
const HOST = new RegExp(
  `(?:(?:[\\p{L}\\p{M}\\p{N}_-]|(?!${DOT})${BYTE}){1,63}${DOT}){1,8}(?:xn--[a-z\\d-]{2,59}|(?:[\\p{L}\\p{M}]|${BYTE}){2,63})`,
  'iuy',
);
/** An image for a screen of more pixels: `photo@2x.png`. */
const RETINA = /\d(?:\.\d)?x\.(?:avif|gif|jpe?g|png|svg|webp)(?![\p{L}\p{N}-])/iuy;

/**
 * A text with its addresses masked, in time that grows with its length: it goes from sign to sign, looks at a host of bounded
 * length, and goes back over a name once.
 */
export function maskEmails(text: string): string {
  const query = text.indexOf('?');
  let masked = '';
  let done = 0;
  for (const { 0: sign, index } of text.matchAll(AT)) {
    if (index < done) continue;
    const host = index + sign.length;
    const end = matchAt(RETINA, text, host) > 0 ? 0 : matchAt(HOST, text, host);
    const start = end > 0 ? nameBefore(text, index, done, query) : index;
    if (start === index) continue;
    masked += text.slice(done, start) + MASK;
    done = end;
  }
  return masked + text.slice(done);
}

/** Where a match that begins at a place ends; 0 for none. */
function matchAt(sticky: RegExp, text: string, place: number): number {
  sticky.lastIndex = place;
  return sticky.test(text) ? sticky.lastIndex : 0;
}

/** Where the name before a sign begins. In a query, which begins at `query`, a field's own name is none of it. */
function nameBefore(text: string, sign: number, from: number, query: number): number {
  const quoted = QUOTED_NAME.exec(text.slice(Math.max(from, sign - 66), sign));
  if (quoted) return sign - quoted[0].length;
  let start = sign;
  while (start > from && NAME.test(text[start - 1] as string)) start--;
  if (query < 0 || query > start) return start;
  const name = text.slice(start, sign);
  const field = start + Math.max(name.lastIndexOf('='), name.lastIndexOf('&')) + 1;
  return field < sign ? field : start;
}
