/** What a request says of its client, as plain data. Each header is cut to a limit. */
import { Cache, detachedSlice } from '../model/cache.ts';
import { type CookieReach, readSpeckCookies } from '../model/cookie.ts';
import { fingerprint } from '../model/fingerprint.ts';
import { LIMITS } from '../model/limits.ts';
import { type Client, type Geo, NO_GEO, NO_HINTS } from '../model/wire.ts';

/** @param hasConsent whether the query or body may hold a consent. Only then the reach of a cookie matters. */
export function clientOf(request: Request, hasConsent = false): Client {
  const { headers } = request;
  const read = (name: string, limit: number): string => detachedSlice(headers.get(name) ?? '', limit);
  const platform = read('sec-ch-ua-platform', LIMITS.hint);
  const cookies = readSpeckCookies(headers.get('cookie'));
  const ip = read('cf-connecting-ip', LIMITS.address);
  const choice = {
    refusal: cookies.hasOptedOut ? 'opt_out' : hasSignal(headers) ? 'signal' : '',
    cookie: cookies.person,
    staleCookie: cookies.hasStalePerson,
  } as const;
  return {
    ip,
    userAgent: read('user-agent', LIMITS.userAgent),
    languages: read('accept-language', LIMITS.hint),
    referer: read('referer', LIMITS.referer),
    origin: read('origin', LIMITS.origin),
    purpose: read('sec-purpose', LIMITS.hint) || read('purpose', LIMITS.hint),
    cookieReach: mayHoldChoice(choice, hasConsent) ? cookieReachOf(request) : '',
    ...choice,
    hints:
      platform === ''
        ? NO_HINTS
        : {
            platform,
            platformVersion: read('sec-ch-ua-platform-version', LIMITS.hint),
            mobile: read('sec-ch-ua-mobile', LIMITS.hint),
          },
    place: geoOf(request, ip),
  };
}

/**
 * The reach of the cookie that a request may set and be identified by; `''` if it may have none. Only images, beacons and `fetch`
 * may have one. A navigation may not: any page and any e-mail can link to the pixel, and the browser would send its cookies.
 * Browsers without Fetch Metadata headers send the origin of a POST.
 */
function cookieReachOf({ headers, method }: Request): CookieReach | '' {
  const site = headers.get('sec-fetch-site');
  if (site === null) return method === 'POST' && headers.has('origin') ? 'first_party' : '';
  const isNavigation = headers.get('sec-fetch-mode') === 'navigate';
  // `empty` stands for beacons and fetch. `object` is left out: it may be a frame or an image.
  if (isNavigation || !/^(image|empty)?$/.test(headers.get('sec-fetch-dest') ?? '')) return '';
  if (site === 'cross-site') return 'third_party';
  return site === 'same-site' || site === 'same-origin' ? 'first_party' : '';
}

/**
 * Whether a request may hold a visitor's choice about being counted. Few requests do, and only these load `collect/consent.ts`.
 *
 * @param hasConsent whether the request's query or body may hold a consent.
 */
export function mayHoldChoice(
  { refusal, cookie, staleCookie }: Pick<Client, 'refusal' | 'cookie' | 'staleCookie'>,
  hasConsent: boolean,
): boolean {
  return refusal === 'opt_out' || cookie !== '' || staleCookie || hasConsent;
}

function hasSignal(headers: Headers): boolean {
  return headers.get('sec-gpc') === '1' || headers.get('dnt') === '1';
}

/**
 * Locations by the fingerprints of addresses. Cloudflare locates a client by its address alone, and reading `cf`, which the
 * runtime parses at the first access, takes longer than reading all headers.
 */
const geos = new Cache<number, Geo>(4000);

function geoOf(request: Request, ip: string): Geo {
  if (ip === '') return geoIn(request.cf);
  return geos.getOrInsertComputed(fingerprint(ip), () => geoIn(request.cf));
}

/** Where Cloudflare locates the client. The local runtime has no location, or a fixed one. */
function geoIn(cf: Partial<IncomingRequestCfProperties> | null | undefined): Geo {
  const country: string | undefined = cf?.country;
  // T1 stands for Tor and XX for unknown: neither is a country.
  if (!cf || !country || country === 'T1' || country === 'XX') return NO_GEO;
  const { regionCode, region, city } = cf;
  return {
    country,
    region: regionCode ? `${country}-${regionCode}` : '',
    regionName: region ?? '',
    city: city ?? '',
  };
}
