/** Pages in their normal form, which is stored: of filters and goals. */
import { LIMITS } from '../limits.ts';
import { cutEscaped, normalPath, normalQuery } from './percent.ts';

/**
 * The normal form of a path and query that somebody has typed, as events have it. A text that does not begin with `/` is returned
 * unchanged. `*` is a wildcard, so the parameters of a query that contains it keep their order.
 *
 *     pageOf('/über uns') === '/%C3%BCber%20uns'
 */
export function pageOf(text: string): string {
  if (!text.startsWith('/')) return text;
  const url = URL.parse(`http://page${text.normalize()}`);
  if (!url) return text;
  return cutEscaped(normalPath(url.pathname) + typedQuery(url.search.slice(1)), LIMITS.page);
}

/** People type `(email)`, which masks addresses, as they see it. */
const ENCODED_MASK = '%28email%29';

function typedQuery(query: string): string {
  const normal = query.includes('*') ? wildQuery(query) : normalQuery([...new URLSearchParams(query)]);
  return normal.replaceAll(ENCODED_MASK, '(email)');
}

function wildQuery(query: string): string {
  const parts = query.split('&').map((part) => {
    const normal = String(new URLSearchParams(part));
    // `URLSearchParams` adds `=` to a parameter without a value, but the wildcard may stand for a value.
    return part.includes('=') ? normal : normal.replace(/=$/, '');
  });
  return `?${parts.join('&')}`;
}

/**
 * Other spellings of a page. Earlier versions stored pages as they came: with escapes in lower case, with `~` escaped, or with
 * characters that browsers do not escape.
 */
export function formerPages(page: string): string[] {
  const former = new Set<string>();
  if (page.includes('%')) former.add(lowerEscapes(page));
  if (page.includes('~')) former.add(page.replaceAll('~', '%7E')).add(page.replaceAll('~', '%7e'));
  if (/%7C|%5E/.test(page)) former.add(page.replaceAll('%7C', '|').replaceAll('%5E', '^'));
  former.delete(page);
  return [...former];
}

export function lowerEscapes(page: string): string {
  return page.replaceAll(/%[\dA-F]{2}/g, (part) => part.toLowerCase());
}
