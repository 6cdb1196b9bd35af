/**
 * The two cookies of the pixel's own domain. One says no: it is the same for everyone who says it. The other makes a
 * person of who has consented, where the owner allows it.
 */
import { base64url } from './random.ts';

/** Set by `/opt-out`: nothing of this browser is stored. */
export const OPT_OUT_COOKIE = 'speck_optout';

/** Holds `PERSON_COOKIE_VALUE`; only a keyed hash of it is ever stored. */
export const PERSON_COOKIE = 'speck_id';

/** 128 random bits in base64url. */
export const PERSON_COOKIE_VALUE = /^[\w-]{22}$/;

/** Seconds. Browsers keep no cookie for longer than 400 days, and the law of some places asks for 13 months. */
const LONGEST = 395 * 86_400;

/** How browsers may send a cookie: to pages of the same site only, or to others', kept apart for each of them. */
export type CookieReach = 'first_party' | 'third_party';

const REACH: Readonly<Record<CookieReach, string>> = {
  first_party: 'SameSite=Lax',
  third_party: 'SameSite=None; Partitioned',
};

/** A cookie's value in a `Cookie` header, or `''`. */
export function readCookie(header: string | null, name: string): string {
  if (!header?.includes(name)) return '';
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return '';
}

/** A `Set-Cookie` header that makes a person, or keeps one for as long again. */
export function personCookie(value: string, reach: CookieReach): string {
  return `${PERSON_COOKIE}=${value}; Path=/; Max-Age=${LONGEST}; HttpOnly; Secure; ${REACH[reach]}`;
}

/** The `Set-Cookie` headers that remove the person's cookie, however it was set. */
export const FORGET_PERSON: readonly string[] = [REACH.first_party, REACH.third_party].map(
  (reach) => `${PERSON_COOKIE}=; Path=/; Max-Age=0; HttpOnly; Secure; ${reach}`,
);

/**
 * The `Set-Cookie` headers of a refusal, and of taking it back. A refusal has to reach pages of other sites, too: once as
 * a cookie that they share, and once for browsers that keep those of each site apart.
 */
export function optOutCookies(refuses: boolean): readonly string[] {
  const value = refuses ? `1; Max-Age=${LONGEST}` : '; Max-Age=0';
  return ['SameSite=None', REACH.third_party].map(
    (reach) => `${OPT_OUT_COOKIE}=${value}; Path=/; HttpOnly; Secure; ${reach}`,
  );
}

/** A new person's cookie value. */
export function newPersonCookie(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(16)));
}
