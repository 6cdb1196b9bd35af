/**
 * The two cookies of the pixel's own domain. One says no: it is the same for everyone who says it. The other makes a
 * person of who has consented, where the owner allows it. Both names begin with `__Host-`, so that browsers take them from
 * this host alone, and over TLS or from a local machine: a sibling subdomain cannot set them.
 */
import { base64url } from './random.ts';

const OPT_OUT = '__Host-speck_optout';
const PERSON = '__Host-speck_id';

/** What an older Speck called them. Any host of the same site, or of a page over http, may have set these. */
const OLD_OPT_OUT = 'speck_optout';
const OLD_PERSON = 'speck_id';

/** 128 bits in base64url: of these, only a keyed hash is ever stored. */
export const PERSON_COOKIE_VALUE = /^[\w-]{22}$/;

/** Seconds. Browsers keep no cookie for longer than 400 days, and the law of some places asks for 13 months. */
const LONGEST = 395 * 86_400;

/** How browsers may send a cookie: to pages of the same site only, or to others', kept apart for each of them. */
export type CookieReach = 'first_party' | 'third_party';

const REACH: Readonly<Record<CookieReach, string>> = {
  first_party: 'SameSite=Lax',
  third_party: 'SameSite=None; Partitioned',
};

/** What a request's cookies say. */
export interface OwnCookies {
  /** Whether any cookie says that this browser has opted out. */
  readonly refuses: boolean;
  /** The value of the person's cookie, or `''`. */
  readonly person: string;
  /** Whether there is a person's cookie that does not count: an older Speck's, or one of several that differ. */
  readonly stale: boolean;
}

const NO_COOKIES: OwnCookies = { refuses: false, person: '', stale: false };

/**
 * Reads this Worker's own cookies. Of several cookies of one name, which other hosts or an older Speck may have set, the
 * stricter counts: any that refuses, and no person where two are named.
 */
export function ownCookies(header: string | null): OwnCookies {
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

/** The first value of a cookie in a `Cookie` header, or `''`. */
export function readCookie(header: string | null, name: string): string {
  return header?.includes(name) ? (readCookies(header, name)[0] ?? '') : '';
}

/** All values that a `Cookie` header has of a name, in its order, without spaces and quotes around them. */
function readCookies(header: string, name: string): string[] {
  return header.split(';').flatMap((pair) => {
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).trim() !== name) return [];
    return [
      pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    ];
  });
}

/** A `Set-Cookie` header that makes a person, or keeps one for as long again. */
export function personCookie(value: string, reach: CookieReach): string {
  return `${PERSON}=${value}; Path=/; Max-Age=${LONGEST}; HttpOnly; Secure; ${REACH[reach]}`;
}

const removalsOf = (name: string): string[] =>
  [REACH.first_party, REACH.third_party].map(
    (reach) => `${name}=; Path=/; Max-Age=0; HttpOnly; Secure; ${reach}`,
  );

/** The `Set-Cookie` headers that remove what an older Speck has set as the person's cookie. */
export const FORGET_OLD_PERSON: readonly string[] = removalsOf(OLD_PERSON);

/** The `Set-Cookie` headers that remove the person's cookie, however it was set. */
export const FORGET_PERSON: readonly string[] = [...removalsOf(PERSON), ...FORGET_OLD_PERSON];

/**
 * The `Set-Cookie` headers of a refusal, and of taking it back. A refusal has to reach pages of other sites, too: once as
 * a cookie that they share, and once for browsers that keep those of each site apart.
 */
export function optOutCookies(refuses: boolean): readonly string[] {
  const value = refuses ? `1; Max-Age=${LONGEST}` : '; Max-Age=0';
  const names = refuses ? [OPT_OUT] : [OPT_OUT, OLD_OPT_OUT];
  return names.flatMap((name) =>
    ['SameSite=None', REACH.third_party].map(
      (reach) => `${name}=${value}; Path=/; HttpOnly; Secure; ${reach}`,
    ),
  );
}

/** A new person's cookie value. */
export function newPersonCookie(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(16)));
}
