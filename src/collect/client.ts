/** What a request tells of its client, as plain data. */
import { OPT_OUT_COOKIE, PERSON_COOKIE, PERSON_COOKIE_VALUE, readCookie } from '../model/cookie.ts';
import { type Client, NO_HINTS, NOWHERE, type Place, type Refusal } from '../model/wire.ts';

export function clientOf(request: Request): Client {
  const { headers } = request;
  const platform = headers.get('sec-ch-ua-platform');
  const cookies = headers.get('cookie');
  const person = readCookie(cookies, PERSON_COOKIE);
  return {
    ip: headers.get('cf-connecting-ip') ?? '',
    userAgent: headers.get('user-agent') ?? '',
    languages: headers.get('accept-language') ?? '',
    referer: headers.get('referer') ?? '',
    origin: headers.get('origin') ?? '',
    purpose: headers.get('sec-purpose') ?? headers.get('purpose') ?? '',
    crossSite: headers.get('sec-fetch-site') === 'cross-site',
    refusal: refusalOf(headers, cookies),
    cookie: PERSON_COOKIE_VALUE.test(person) ? person : '',
    hints:
      platform === null
        ? NO_HINTS
        : {
            platform,
            platformVersion: headers.get('sec-ch-ua-platform-version') ?? '',
            mobile: headers.get('sec-ch-ua-mobile') ?? '',
          },
    place: placeOf(request.cf as Partial<IncomingRequestCfProperties> | undefined),
  };
}

function refusalOf(headers: Headers, cookies: string | null): Refusal {
  if (readCookie(cookies, OPT_OUT_COOKIE) === '1') return 'opt_out';
  return headers.get('sec-gpc') === '1' || headers.get('dnt') === '1' ? 'signal' : '';
}

/** Where Cloudflare locates the client. The local runtime knows nothing, or gives a fixed place. */
function placeOf(cf: Partial<IncomingRequestCfProperties> | null | undefined): Place {
  const country: string | undefined = cf?.country;
  // T1 is Tor, XX is unknown: neither is a place.
  if (!cf || !country || country === 'T1' || country === 'XX') return NOWHERE;
  const { regionCode, region, city } = cf;
  return {
    country,
    region: regionCode ? `${country}-${regionCode}` : '',
    regionName: region ?? '',
    city: city ?? '',
  };
}
