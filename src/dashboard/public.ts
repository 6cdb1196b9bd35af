/** The address of a public page, which may be in another site's frame. */

/** The id of the public page; null on all other pages. */
export const publicId = /^\/app\/public\/([^/]+)$/.exec(location.pathname)?.[1] ?? null;

/** The parameters that say how the page is shown, whatever its view. */
const parameters: readonly string[] =
  publicId === null ? [] : (location.search.match(/(?<=[?&])(?:embed|theme)=\w+/g) ?? []);

/** Whether the page is without a header, for a frame. */
export const isEmbedded = parameters.includes('embed=1');

/** An address of this page for another view, with those parameters. */
export function withParameters(address: string): string {
  if (parameters.length === 0) return address;
  return address.replace(/(?=#|$)/, (address.includes('?') ? '&' : '?') + parameters.join('&'));
}
