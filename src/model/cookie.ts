/**
 * The two cookies of the pixel's own domain. One says no: it is the same for everyone who says it. The other makes a
 * person of who has consented, where the owner allows it. Both names begin with `__Host-`, so that browsers take them from
 * this host alone, and over TLS or from a local machine: a sibling subdomain cannot set them.
 */
export const OPT_OUT = '__Host-speck_optout';
export const PERSON = '__Host-speck_id';

/** What an older Speck called them. Any host of the same site, or of a page over http, may have set these. */
export const OLD_OPT_OUT = 'speck_optout';
export const OLD_PERSON = 'speck_id';

/** 128 bits in base64url: of these, only a keyed hash is ever stored. */
export const PERSON_COOKIE_VALUE = /^[\w-]{22}$/;

/** How browsers may send a cookie: to pages of the same site only, or to others', kept apart for each of them. */
export type CookieReach = 'first_party' | 'third_party';

/** What a request's cookies say. */
export interface SpeckCookies {
  /** Whether any cookie says that this browser has opted out. */
  readonly refuses: boolean;
  /** The value of the person's cookie, or `''`. */
  readonly person: string;
  /** Whether there is a person's cookie that does not count: an older Speck's, or one of several that differ. */
  readonly stale: boolean;
}

const NO_COOKIES: SpeckCookies = { refuses: false, person: '', stale: false };

/**
 * Reads this Worker's own cookies. Of several cookies of one name, which other hosts or an older Speck may have set, the
 * stricter counts: any that refuses, and no person where two are named.
 */
export function readSpeckCookies(header: string | null): SpeckCookies {
  if (!header?.includes('speck_')) return NO_COOKIES;
  const named = (name: string): string[] => readCookies(header, name);
  const people = new Set(named(PERSON));
  const [person = ''] = people;
  const isOne = people.size === 1 && PERSON_COOKIE_VALUE.test(person);
  return {
    refuses: [...named(OPT_OUT), ...named(OLD_OPT_OUT)].includes('1'),
    person: isOne ? person : '',
    stale: (people.size > 0 && !isOne) || named(OLD_PERSON).length > 0,
  };
}

/**
 * What may stand around a name and a value. `trim()` takes away more, such as U+2000, which browsers take for a part of the name:
 * to them it has no prefix then, and any host of the site may set it.
 */
const AROUND = /^[ \t]+|[ \t]+$/g;

/** The first value of a cookie in a `Cookie` header, or `''`. */
export function readCookie(header: string | null, name: string): string {
  return header?.includes(name) ? (readCookies(header, name)[0] ?? '') : '';
}

/** All values that a `Cookie` header has of a name, in its order, without blanks and quotes around them. */
function readCookies(header: string, name: string): string[] {
  return header.split(';').flatMap((pair) => {
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).replace(AROUND, '') !== name) return [];
    return [
      pair
        .slice(equals + 1)
        .replace(AROUND, '')
        .replace(/^"(.*)"$/, '$1'),
    ];
  });
}
