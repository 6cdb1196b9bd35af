/** What a request tells of its client, as plain data: each header cut, whatever its length. */
import { Cache } from '../model/cache.ts';
import { type CookieReach, readSpeckCookies } from '../model/cookie.ts';
import { detachedSlice } from '../model/detach.ts';
import { fingerprint } from '../model/fingerprint.ts';
import { LIMITS } from '../model/limits.ts';
import { type Client, type Geo, NO_GEO, NO_HINTS } from '../model/wire.ts';

/**
 * @param consents whether what came with the request may hold a consent. How far a cookie reaches is asked only where a choice may be.
 */
export function clientOf(request: Request, consents = false): Client {
  const { headers } = request;
  const read = (name: string, limit: number): string => detachedSlice(headers.get(name) ?? '', limit);
  const platform = read('sec-ch-ua-platform', LIMITS.hint);
  const cookies = readSpeckCookies(headers.get('cookie'));
  const ip = read('cf-connecting-ip', LIMITS.address);
  const said = {
    refusal: cookies.refuses ? 'opt_out' : signals(headers) ? 'signal' : '',
    cookie: cookies.person,
    staleCookie: cookies.stale,
  } as const;
  return {
    ip,
    userAgent: read('user-agent', LIMITS.userAgent),
    languages: read('accept-language', LIMITS.hint),
    referer: read('referer', LIMITS.referer),
    origin: read('origin', LIMITS.origin),
    purpose: read('sec-purpose', LIMITS.hint) || read('purpose', LIMITS.hint),
    cookieReach: mayHoldChoice(said, consents) ? cookieReachOf(request) : '',
    ...said,
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
 * How far a cookie reaches that a request may set and be known by; `''` for none. Only an image, a beacon and a fetch may: a
 * navigation, to which any page and any mail can lead, brings the cookies of the pixel's own site along. A browser that does not
 * say what it asks for says at least which origin posts.
 */
function cookieReachOf({ headers, method }: Request): CookieReach | '' {
  const site = headers.get('sec-fetch-site');
  if (site === null) return method === 'POST' && headers.has('origin') ? 'first_party' : '';
  const isNavigation = headers.get('sec-fetch-mode') === 'navigate';
  // `empty` is that of beacons and fetch; an object is a frame or an image, and does not say which.
  if (isNavigation || !/^(image|empty)?$/.test(headers.get('sec-fetch-dest') ?? '')) return '';
  if (site === 'cross-site') return 'third_party';
  return site === 'same-site' || site === 'same-origin' ? 'first_party' : '';
}

/**
 * Whether a request may hold a choice of who is counted. Few requests do, and only they load `collect/consent.ts`.
 *
 * @param consents whether the request's query or body may hold a consent.
 */
export function mayHoldChoice(
  { refusal, cookie, staleCookie }: Pick<Client, 'refusal' | 'cookie' | 'staleCookie'>,
  consents: boolean,
): boolean {
  return refusal === 'opt_out' || cookie !== '' || staleCookie || consents;
}

function signals(headers: Headers): boolean {
  return headers.get('sec-gpc') === '1' || headers.get('dnt') === '1';
}

/**
 * Places by the fingerprints of addresses. Cloudflare locates a client by its address alone, and to read `cf`, which the
 * runtime has to parse first, takes longer than to read all headers.
 */
const geos = new Cache<number, Geo>(4000);

function geoOf(request: Request, ip: string): Geo {
  if (ip === '') return geoIn(request.cf);
  return geos.getOrInsertComputed(fingerprint(ip), () => geoIn(request.cf));
}

/** Where Cloudflare locates the client. The local runtime knows nothing, or gives a fixed place. */
function geoIn(cf: Partial<IncomingRequestCfProperties> | null | undefined): Geo {
  const country: string | undefined = cf?.country;
  // T1 is Tor, XX is unknown: neither is a place.
  if (!cf || !country || country === 'T1' || country === 'XX') return NO_GEO;
  const { regionCode, region, city } = cf;
  return {
    country,
    region: regionCode ? `${country}-${regionCode}` : '',
    regionName: region ?? '',
    city: city ?? '',
  };
}
