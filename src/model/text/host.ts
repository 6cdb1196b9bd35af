/** Host names in their normal form, which is stored: lower case, Punycode, no dot at the end. */

/** The host of a URL. `site.example.` is the same host as `site.example`. */
export function hostOfUrl({ hostname }: URL): string {
  return hostname.endsWith('.') ? hostname.replace(/\.+$/, '') : hostname;
}

/** Characters that end a host in a URL, or that `URL` would drop. */
const NO_HOST = /[/?#@\\\s]|:\d*$|^$/;

/**
 * The normal form of a host that somebody has typed, as events have it; null for any other text.
 *
 *     normalHost('Müller.example.') === 'xn--mller-kva.example'
 */
export function normalHost(text: string): string | null {
  if (NO_HOST.test(text)) return null;
  const url = URL.parse(`http://${text}`);
  return url && (hostOfUrl(url) || null);
}

export function withoutWww(hostname: string): string {
  return hostname.startsWith('www.') ? hostname.slice(4) : hostname;
}
