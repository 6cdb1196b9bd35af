/** Builds the addresses of pages and referrers of their parts. */

/** A page. Without a host it is a path, which the import's origin completes. */
export function pageOf(host: string, path: string, query = ''): string {
  const search = query === '' || query === '?' ? '' : `?${query.replace(/^\?/, '')}`;
  const page = `${/^\/(?!\/)/.test(path) ? path : `/${path.replace(/^\/+/, '')}`}${search}`;
  return host === '' ? page : `${originOf(host)}${page}`;
}

/** A referrer that is written without its scheme, with its query or not. */
export function referrerOf(text: string): string {
  if (text === '' || /^[a-z][a-z\d+.-]*:\/\//i.test(text)) return text;
  return `https://${text.replace(/^\/+/, '')}`;
}

function originOf(host: string): string {
  return referrerOf(host).replace(/\/+$/, '');
}

/** Whether an address has UTM parameters. */
export function hasUtm(address: string): boolean {
  return /[?&]utm_(?:source|medium|campaign|content|term)=/.test(address);
}
