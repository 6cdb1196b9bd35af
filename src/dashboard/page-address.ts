/** The dimensions whose values are pages of a site. */
const PAGES = ['event:page', 'visit:entry_page', 'visit:exit_page'];

/** The address of a page on a pixel's site; null if a value is no path there. Values come from visitors, so they may be anything. */
export function pageAddress(dimension: string, value: string, site: string | null): string | null {
  if (site === null || !PAGES.includes(dimension) || !value.startsWith('/')) return null;
  const origin = URL.parse(site)?.origin;
  const address = URL.parse(value, site);
  return address && address.origin === origin && /^https?:$/.test(address.protocol) ? address.href : null;
}
