/** The address of a public page, which may be in another site's frame. */

/** The id of the public page; null on all other pages. */
export const publicId = /^\/app\/public\/([^/]+)$/.exec(location.pathname)?.[1] ?? null;

/** The parameters that say how the page is shown, whatever its view. */
const parameters =
  publicId === null
    ? ''
    : ['embed', 'theme']
        .flatMap((name) => {
          const value = new URLSearchParams(location.search).get(name);
          return value === null ? [] : [`${name}=${encodeURIComponent(value)}`];
        })
        .join('&');

/** Whether the page is without a header, for a frame. */
export const isEmbedded = /\bembed=1\b/.test(parameters);

/** An address of this page for another view, with those parameters. */
export function withParameters(address: string): string {
  if (parameters === '') return address;
  const [, rest = '', hash = ''] = /^([^#]*)(.*)$/.exec(address) ?? [];
  return `${rest}${rest.includes('?') ? '&' : '?'}${parameters}${hash}`;
}
