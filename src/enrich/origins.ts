/** Which sites may send events to a pixel, and which of them may set its cookie. */
import type { Pixel } from '../model/pixel.ts';
import { hostOfUrl, withoutWww } from '../model/text/host.ts';
import type { Client } from '../model/wire.ts';

/** The host that an event was sent from: of the Origin header, else of the Referer header, else `''`. */
export function originOf({ origin, referer }: Client): string {
  const url = URL.parse(origin) ?? URL.parse(referer);
  return url ? hostOfUrl(url) : '';
}

/**
 * Whether a client's page is on one of the allowed hosts. `*.example.com` allows all hosts below example.com, but not example.com
 * itself. An empty list allows all hosts.
 */
export function isAllowed(allowed: readonly string[], client: Client): boolean {
  if (allowed.length === 0) return true;
  const host = originOf(client);
  return allowed.some((entry) => (entry.startsWith('*.') ? host.endsWith(entry.slice(1)) : host === entry));
}

/** The hosts of pixels, so that their URLs are not parsed for each event. */
const pixelHosts = new WeakMap<Pixel, string>();

/** The host of a pixel's own site, without `www.`. */
export function hostOf(pixel: Pixel): string {
  let host = pixelHosts.get(pixel);
  if (host === undefined) {
    const url = URL.parse(pixel.url);
    host = url ? withoutWww(hostOfUrl(url)) : '';
    pixelHosts.set(pixel, host);
  }
  return host;
}

/**
 * Whether a client's page may say that its visitor has consented to what networks are told: it is on one of the pixel's origins or, if there is no
 * list of origins, on the pixel's own host. A link or a form of any page cannot say so.
 */
export function mayConsent(pixel: Pixel, client: Client): boolean {
  if (!client.cookieReach) return false;
  const { origins } = pixel.settings;
  return origins.length > 0 ? isAllowed(origins, client) : withoutWww(originOf(client)) === hostOf(pixel);
}

/**
 * Whether a consent reported by a client's page allows the pixel's cookie to be set, and to identify the person of an event.
 *
 * A page of the same site must be on one of the pixel's origins or, if there is no list of origins, on the pixel's own host. Each
 * other site has a cookie of its own. So if the owner allows third-party cookies and lists no origins, any other site may set one.
 */
export function mayUseCookie(pixel: Pixel, client: Client): boolean {
  const { cookie, origins } = pixel.settings;
  const { cookieReach } = client;
  // Requests that an older version has put into the queue have no reach.
  if (cookie === 'off' || !cookieReach) return false;
  if (cookieReach === 'third_party' && cookie !== 'third_party') return false;
  if (origins.length > 0 || cookieReach === 'third_party') return isAllowed(origins, client);
  return withoutWww(originOf(client)) === hostOf(pixel);
}
