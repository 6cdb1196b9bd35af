/** Pages as they are stored, whoever names them: an event, a filter, a goal. */
import { LIMITS } from '../limits.ts';
import { cutEscaped, normalPath, normalQuery } from './percent.ts';

/**
 * The page of a path and query that somebody has typed, as an event on that page has it; a text that does not begin with `/` as
 * it is. `*` stays a wildcard, so the parameters of a query with one keep their order.
 *
 *     pageOf('/über uns') === '/%C3%BCber%20uns'
 */
export function pageOf(text: string): string {
  if (!text.startsWith('/')) return text;
  const url = URL.parse(`http://page${text.normalize()}`);
  if (!url) return text;
  return cutEscaped(normalPath(url.pathname) + typedQuery(url.search.slice(1)), LIMITS.page);
}

/** An address that was masked is shown as `(email)`, and so may be typed. */
const ENCODED_MASK = '%28email%29';

function typedQuery(query: string): string {
  const normal = query.includes('*') ? wildQuery(query) : normalQuery([...new URLSearchParams(query)]);
  return normal.replaceAll(ENCODED_MASK, '(email)');
}

function wildQuery(query: string): string {
  const parts = query.split('&').map((part) => {
    const normal = String(new URLSearchParams(part));
    // No parameter without a value: what the wildcard stands for has one.
    return part.includes('=') ? normal : normal.replace(/=$/, '');
  });
  return `?${parts.join('&')}`;
}

/**
 * Spellings in which earlier versions may have stored a page, which took them as they came: escapes in lower case, `~` escaped, and
 * what a browser leaves as it is.
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
