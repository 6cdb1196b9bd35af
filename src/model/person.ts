/**
 * The kinds of identifiers of a person. Each identifier is stored as an alias: a letter for its kind, and a keyed hash. An alias
 * of a weaker kind may be linked to an alias of a stronger kind, and then belongs to its person. So links lead to the same
 * person, whatever order they are made in.
 */

/** The kinds from the strongest to the weakest, each with the first letter of its aliases. */
export const PERSON_KINDS = { uid: 'u', external_id: 'x', em: 'e', ph: 'p', cookie: 'c' } as const;

export type PersonKind = keyof typeof PERSON_KINDS;

/** The letters from the strongest kind to the weakest. */
export const STRENGTHS: string = Object.values(PERSON_KINDS).join('');

/** The kinds that are sent as hashed user data. */
export const USER_DATA = ['external_id', 'em', 'ph'] as const satisfies readonly PersonKind[];

/** Days without an event after which a person is deleted: the lifetime of the cookie. */
export const PERSON_DAYS = 395;

/** The first UTC date for which people are stored. */
export function peopleSince(now: number): string {
  return new Date(now - PERSON_DAYS * 86_400_000).toISOString().slice(0, 10);
}
