/**
 * What a person is known by. Each is stored as an alias: a letter for its kind, and a keyed hash. An alias of a weaker kind
 * may be linked to one of a stronger kind, of whose person it then is; so links lead to one end, whatever order they are
 * made in.
 */

/** From the strongest to the weakest, with the letter that aliases of a kind begin with. */
export const PERSON_KINDS = { uid: 'u', external_id: 'x', em: 'e', ph: 'p', cookie: 'c' } as const;

export type PersonKind = keyof typeof PERSON_KINDS;

/** The letters from the strongest kind to the weakest. */
export const STRENGTHS: string = Object.values(PERSON_KINDS).join('');

/** Kinds that come as hashed user data. */
export const USER_DATA = ['external_id', 'em', 'ph'] as const satisfies readonly PersonKind[];

/** Days after which a person who has not come back is forgotten: as long as the cookie lives. */
export const PERSON_DAYS = 395;

/** The first UTC date of which the people are stored. */
export function peopleSince(now: number): string {
  return new Date(now - PERSON_DAYS * 86_400_000).toISOString().slice(0, 10);
}
