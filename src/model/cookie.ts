/**
 * Reads the two cookies of the pixel's own domain. The opt-out cookie is the same for everyone. The person cookie identifies a
 * person who has consented, if the owner allows it. Both names begin with `__Host-`, so browsers accept them from this host only,
 * and only over TLS or on a local machine: a sibling subdomain cannot set them.
 */
export const OPT_OUT = '__Host-speck_optout';
export const PERSON = '__Host-speck_id';

/** The names that older versions used. Any host of the same site, or a page over http, may have set these. */
export const OLD_OPT_OUT = 'speck_optout';
export const OLD_PERSON = 'speck_id';

/** 128 bits in base64url. Only a keyed hash of the value is stored. */
export const PERSON_COOKIE_VALUE = /^[\w-]{22}$/;

/** On which pages browsers send a cookie: of the same site only, or also of other sites, with a cookie of its own for each. */
export type CookieReach = 'first_party' | 'third_party';

/** What a request's cookies say. */
export interface SpeckCookies {
  /** Whether any cookie says that this browser has opted out. */
  readonly hasOptedOut: boolean;
  /** The value of the person cookie, or `''`. */
  readonly person: string;
  /** Whether there is a person cookie that does not count: one of an older version, or multiple that differ. */
  readonly hasStalePerson: boolean;
}

const NO_COOKIES: SpeckCookies = { hasOptedOut: false, person: '', hasStalePerson: false };

/**
 * Reads Speck's cookies. Other hosts or older versions may have set multiple cookies of one name. Then the stricter reading
 * counts: any opt-out counts, and two different person cookies identify nobody.
 */
export function readSpeckCookies(header: string | null): SpeckCookies {
  if (!header?.includes('speck_')) return NO_COOKIES;
  const named = (name: string): string[] => readCookies(header, name);
  const people = new Set(named(PERSON));
  const [person = ''] = people;
  const isOne = people.size === 1 && PERSON_COOKIE_VALUE.test(person);
  return {
    hasOptedOut: [...named(OPT_OUT), ...named(OLD_OPT_OUT)].includes('1'),
    person: isOne ? person : '',
    hasStalePerson: (people.size > 0 && !isOne) || named(OLD_PERSON).length > 0,
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
