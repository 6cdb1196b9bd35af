/** Keeps a pixel to the sites it is for, and its cookie to those that may say that a visitor has consented. */
import type { Pixel } from '../model/pixel.ts';
import { hostOfUrl, withoutWww } from '../model/text/host.ts';
import type { Client } from '../model/wire.ts';

/** The host that an event was sent from: of the Origin header, else of the Referer; `''` when there is neither. */
export function originOf({ origin, referer }: Client): string {
  const url = URL.parse(origin) ?? URL.parse(referer);
  return url ? hostOfUrl(url) : '';
}

/**
 * Whether a client's page is on one of the allowed hosts. `*.example.com` stands for all hosts below example.com, and
 * not for itself. An empty list allows all.
 */
export function isAllowed(allowed: readonly string[], client: Client): boolean {
  if (allowed.length === 0) return true;
  const host = originOf(client);
  return allowed.some((entry) => (entry.startsWith('*.') ? host.endsWith(entry.slice(1)) : host === entry));
}

/** The hosts of pixels, so that their URLs are not parsed event by event. */
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
 * Whether a consent that a client's page reports lets the pixel's cookie be set, and an event be known by it. A page of the
 * same site has to be one of the pixel's origins; without a list of these, of the pixel's own host. To pages of other sites a
 * cookie is another one, so where the owner lets it reach there and lists no origins, any of them may ask for its own.
 */
export function mayUseCookie(pixel: Pixel, client: Client): boolean {
  const { cookie, origins } = pixel.settings;
  const { cookieReach } = client;
  // A request that an older Speck has put into the queue lacks it.
  if (cookie === 'off' || !cookieReach) return false;
  if (cookieReach === 'third_party' && cookie !== 'third_party') return false;
  if (origins.length > 0 || cookieReach === 'third_party') return isAllowed(origins, client);
  return withoutWww(originOf(client)) === hostOf(pixel);
}
