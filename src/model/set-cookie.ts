/** The `Set-Cookie` headers of the cookies that cookie.ts reads. */
import { type CookieReach, OLD_OPT_OUT, OLD_PERSON, OPT_OUT, PERSON } from './cookie.ts';
import { base64url } from './random.ts';

/** Seconds. Browsers keep no cookie for longer than 400 days, and the law of some places asks for 13 months. */
const MAX_AGE = 395 * 86_400;

const REACH: Readonly<Record<CookieReach, string>> = {
  first_party: 'SameSite=Lax',
  third_party: 'SameSite=None; Partitioned',
};

/** A `Set-Cookie` header that makes a person, or keeps one for as long again. */
export function personCookie(value: string, reach: CookieReach): string {
  return `${PERSON}=${value}; Path=/; Max-Age=${MAX_AGE}; HttpOnly; Secure; ${REACH[reach]}`;
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
  const value = refuses ? `1; Max-Age=${MAX_AGE}` : '; Max-Age=0';
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
