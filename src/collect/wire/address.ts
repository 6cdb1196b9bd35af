/** Addresses of pages, as clients send them in parts. */

type Parameters = Iterable<readonly [string, string]>;

/** An address with more parameters in its query. Those that it has already stay as they are. An empty address stays empty. */
export function withParameters(address: string, parameters: Parameters): string {
  const hash = address.indexOf('#');
  const page = hash < 0 ? address : address.slice(0, hash);
  const query = page.indexOf('?');
  const existing = new URLSearchParams(query < 0 ? '' : page.slice(query));
  const added = new URLSearchParams(Array.from(parameters, ([name, value]) => [name, value]));
  for (const name of existing.keys()) added.delete(name);
  if (address === '' || added.size === 0) return address;
  return `${page}${query < 0 ? '?' : '&'}${added}${hash < 0 ? '' : address.slice(hash)}`;
}

/** Whether a text is a complete address, also that of an app. */
export const isAddress = (text: string): boolean => /^[a-z][a-z\d+.-]*:\/\//i.test(text);

/** The origin of the page that sent a request; `''` if it does not say. */
export function originOfPage(headers: Pick<Headers, 'get'>): string {
  const { origin = 'null' } =
    URL.parse(headers.get('origin') ?? '') ?? URL.parse(headers.get('referer') ?? '') ?? {};
  return origin === 'null' ? '' : origin;
}
