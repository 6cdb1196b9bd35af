/** The `Set-Cookie` headers of the cookies that cookie.ts reads. */
import { type CookieReach, OLD_OPT_OUT, OLD_PERSON, OPT_OUT, PERSON } from './cookie.ts';
import { base64url } from './random.ts';

/** Seconds: 13 months, the longest lifetime that some regulators allow. Browsers limit it to 400 days. */
const MAX_AGE = 395 * 86_400;

const REACH: Readonly<Record<CookieReach, string>> = {
  first_party: 'SameSite=Lax',
  third_party: 'SameSite=None; Partitioned',
};

/** The `Set-Cookie` header that sets the person cookie, or renews it. */
export function personCookie(value: string, reach: CookieReach): string {
  return `${PERSON}=${value}; Path=/; Max-Age=${MAX_AGE}; HttpOnly; Secure; ${REACH[reach]}`;
}

const removalsOf = (name: string): string[] =>
  [REACH.first_party, REACH.third_party].map(
    (reach) => `${name}=; Path=/; Max-Age=0; HttpOnly; Secure; ${reach}`,
  );

/** The `Set-Cookie` headers that remove the person cookie of older versions. */
export const FORGET_OLD_PERSON: readonly string[] = removalsOf(OLD_PERSON);

/** The `Set-Cookie` headers that remove the person cookie, whatever its reach and version. */
export const FORGET_PERSON: readonly string[] = [...removalsOf(PERSON), ...FORGET_OLD_PERSON];

/**
 * The `Set-Cookie` headers of an opt-out, or of its withdrawal. An opt-out has to reach pages of other sites too: one cookie is
 * shared by all sites, and one is for browsers that keep a cookie per site.
 */
export function optOutCookies(optsOut: boolean): readonly string[] {
  const value = optsOut ? `1; Max-Age=${MAX_AGE}` : '; Max-Age=0';
  const names = optsOut ? [OPT_OUT] : [OPT_OUT, OLD_OPT_OUT];
  return names.flatMap((name) =>
    ['SameSite=None', REACH.third_party].map(
      (reach) => `${name}=${value}; Path=/; HttpOnly; Secure; ${reach}`,
    ),
  );
}

/** A random value for a new person cookie. */
export function newPersonCookie(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(16)));
}
