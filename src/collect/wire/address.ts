/** Addresses of pages, as clients send them in parts. */

type Parameters = Iterable<readonly [string, string]>;

/** An address with more parameters in its query. Those that it has already stay as they are. An empty address stays empty. */
export function withParameters(address: string, parameters: Parameters): string {
  const hash = address.indexOf('#');
  const page = hash < 0 ? address : address.slice(0, hash);
  const query = page.indexOf('?');
  const existing = new Set(new URLSearchParams(query < 0 ? '' : page.slice(query)).keys());
  const added = Array.from(parameters).filter(([name, value]) => value !== '' && !existing.has(name));
  if (address === '' || added.length === 0) return address;
  const text = new URLSearchParams(added.map(([name, value]) => [name, value]));
  return `${page}${query < 0 ? '?' : '&'}${text}${hash < 0 ? '' : address.slice(hash)}`;
}

/** Whether a text is a complete address, also that of an app. */
export const isAddress = (text: string): boolean => /^[a-z][a-z\d+.-]*:\/\//i.test(text);

/** The origin of the page that sent a request; `''` if it does not say. */
export function originOfPage(headers: Pick<Headers, 'get'>): string {
  const { origin = 'null' } =
    URL.parse(headers.get('origin') ?? '') ?? URL.parse(headers.get('referer') ?? '') ?? {};
  return origin === 'null' ? '' : origin;
}
