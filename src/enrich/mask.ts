/** Masks e-mail addresses in texts of any alphabet and any escaping. */

/** Replaces what looks like an e-mail address. */
export const MASK = '(email)';

/** The `@` between name and host: plain, in full width, percent-encoded any number of times, or as an HTML entity. */
const AT =
  /[@\ufe6b\uff20]|%(?:25)*(?:40|ef%(?:25)*bc%(?:25)*a0|ef%(?:25)*b9%(?:25)*ab)|&(?:#0*64|#x0*40|commat);/gi;

/** Letters and digits of any alphabet, and invisible characters that may stand between them: soft hyphens and zero width. */
const LETTERS = '\\p{L}\\p{M}\\p{N}\\u00ad\\u200b-\\u200d\\u2060\\ufeff';

/**
 * A character of a name. Names may also contain `/`, `?` and `,`, but in addresses of pages and in lists these precede the name.
 */
const NAME = new RegExp(`[${LETTERS}.!#$&'*+=^_\`{|}~%-]`, 'u');
const QUOTED_NAME = /"[^"\n]{1,64}"$/;

/** A percent-encoded byte beyond ASCII, as in the host of another alphabet; it may be encoded multiple times. */
const BYTE = '%(?:25)*[89a-f][\\da-f]';
const DOT = '(?:[.\\u3002\\uff0e\\uff61]|%(?:25)*2e|%(?:25)*e3%(?:25)*80%(?:25)*82)';
/** An IP address in brackets (RFC 5321, section 4.1.3). */
const LITERAL = '(?:\\[|%(?:25)*5b)(?:\\d{1,3}(?:\\.\\d{1,3}){3}|ipv6:[\\da-f:.]{2,45})(?:\\]|%(?:25)*5d)';
/** The last part of a host has letters only, unless it is Punycode: `name@1.2.3` is a version. */
const HOST = new RegExp(
  `(?:(?:[${LETTERS}_-]|(?!${DOT})${BYTE}){1,63}${DOT}){1,8}(?:xn--[a-z\\d-]{2,59}|(?:[\\p{L}\\p{M}]|${BYTE}){2,63})|${LITERAL}`,
  'iuy',
);
/**
 * Text after the sign in names of files and packages: `photo@2x.png`, an image for screens of a high resolution, and
 * `vue@3.4.1.min.js`. Text that continues like a host does not match.
 */
const FILE = new RegExp(
  [
    '(?:\\d(?:\\.\\d)?x(?:[~_-][a-z\\d]{1,40}){0,4}(?:\\.(?:min|[\\da-f]{6,64})){0,2}\\.(?:avif|bmp|gif|heic|ico|jpe?g|jxl|mp4|png|svg|webm|webp)',
    'v?\\d{1,9}\\.\\d{1,9}(?:[.-](?:alpha|beta|pre|preview|rc|dev|final|lts|next|snapshot|min|slim|umd|esm|cjs|prod|bundle)\\d{0,9}|\\.\\d{1,9}){0,8}(?:\\.(?:[cm]?js|css|map|json|html?|wasm|tar|t?gz|zip|jar|whl)){0,3})(?![\\p{L}\\p{N}_%-]|\\.[\\p{L}\\p{N}])',
  ].join('|'),
  'iuy',
);

/**
 * A text with its addresses masked. The time is linear in the length of the text: for each sign, the host after it is matched up
 * to a bounded length, and the name before it is read once.
 */
export function maskEmails(text: string): string {
  const query = text.indexOf('?');
  let masked = '';
  let done = 0;
  for (const { 0: sign, index } of text.matchAll(AT)) {
    if (index < done) continue;
    const host = index + sign.length;
    const end = matchAt(FILE, text, host) > 0 ? 0 : matchAt(HOST, text, host);
    const start = end > 0 ? nameBefore(text, index, done, query) : index;
    if (start === index) continue;
    masked += text.slice(done, start) + MASK;
    done = end;
  }
  return masked + text.slice(done);
}

/** The end of a match that begins at an index; 0 if there is none. */
function matchAt(sticky: RegExp, text: string, index: number): number {
  sticky.lastIndex = index;
  return sticky.test(text) ? sticky.lastIndex : 0;
}

/** The start of the name before a sign. In a query, which begins at `query`, the name of a field is not part of it. */
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
