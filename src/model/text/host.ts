/** Host names in the one spelling that is stored: lower case, Punycode, no dot at the end. */

/** The host of a parsed URL, which `site.example.` names as well as `site.example`. */
export function hostOfUrl({ hostname }: URL): string {
  return hostname.endsWith('.') ? hostname.replace(/\.+$/, '') : hostname;
}

/** What ends a host in a URL, or what a URL would drop. */
const NO_HOST = /[/?#@\\\s]|:\d*$|^$/;

/**
 * The host that somebody has typed, as events from it have it; null for what is none.
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
