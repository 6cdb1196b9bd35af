/**
 * Percent-encoding in one spelling (RFC 3986, section 6.2.2): the hexadecimal digits of escapes in upper case, unreserved
 * characters decoded, reserved ones as they came, and everything that a URL may not have escaped.
 */

/** Nothing to change: unreserved and reserved characters only. */
const NORMAL = /^[\w.~!$&'()*+,;=:@/[\]-]*$/;
const ESCAPE_OR_OTHER = /%[\da-f]{2}|[^\w.~!$&'()*+,;=:@/[\]%-]+|%/gi;
const UNRESERVED = /[\w.~-]/;

/** The path of a URL in its one spelling: `/caf%C3%A9/~ann` for `/caf%c3%a9/%7Eann` and for `/café/~ann`. */
export function normalPath(path: string): string {
  return NORMAL.test(path) ? path : path.replace(ESCAPE_OR_OTHER, normalPart);
}

function normalPart(part: string): string {
  if (part[0] !== '%' || part.length < 3) return encodeURIComponent(part.toWellFormed());
  const character = String.fromCharCode(Number.parseInt(part.slice(1), 16));
  return UNRESERVED.test(character) ? character : part.toUpperCase();
}

/** Query parameters in one spelling and order; `''` when there are none. */
export function normalQuery(parameters: readonly (readonly [name: string, value: string])[]): string {
  if (parameters.length === 0) return '';
  const sorted = parameters.toSorted(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)));
  return `?${new URLSearchParams(sorted as [string, string][])}`;
}

/** A text as URLSearchParams writes a value, in a tenth of the time that making one takes. */
export function formEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** At most `limit` characters of a text in its one spelling, without a part of an escape or of a character's escapes at the end. */
export function cutEscaped(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let end = limit;
  if (text[end - 1] === '%') end--;
  else if (text[end - 2] === '%') end -= 2;
  // The escapes of a character's second and later bytes begin with 8 to B.
  while (/^%[89AB]/.test(text.slice(end, end + 2))) end -= 3;
  return text.slice(0, Math.max(end, 0));
}
