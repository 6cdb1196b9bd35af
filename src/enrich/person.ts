/** The identifiers of an event's person, and their aliases: keyed hashes under the key of the pixel. */
import { LIMITS } from '../model/limits.ts';
import { PERSON_KINDS, type PersonKind, USER_DATA } from '../model/person.ts';
import type { PixelSettings } from '../model/pixel.ts';
import type { RejectionReason } from '../model/rejection.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { RawEvent } from '../model/wire.ts';
import type { Proof } from './identity.ts';
import { keyedHash } from './keyed-hash.ts';

/** What identifies a person, before it is hashed. */
export interface Identifier {
  readonly kind: PersonKind;
  readonly value: string;
}

const SHA_256 = /^[0-9a-f]{64}$/i;

/** The identifier of an anonymous id, among those of cookies. No cookie has a space, so the two never meet. */
export const anonymousId = (aid: string): string => `anonymous ${aid}`;

/**
 * What an event and its client's cookie say of the person, the strongest first.
 *
 * @param cookie the person's cookie; `''` without consent.
 */
export function identifiersOf(
  { uid, ud }: Pick<RawEvent, 'uid' | 'ud'>,
  cookie: string,
): Result<readonly Identifier[], RejectionReason> {
  if (uid.length > LIMITS.uid) return err('invalid_uid');
  const identifiers: Identifier[] = uid === '' ? [] : [{ kind: 'uid', value: uid }];
  for (const kind of USER_DATA) {
    const sent = ud.find(([name]) => name === kind)?.[1];
    // Meta's clients may send a list of one.
    const value: unknown = Array.isArray(sent) ? sent[0] : sent;
    if (value === undefined || value === null || value === '') continue;
    if (typeof value !== 'string' || !SHA_256.test(value)) return err('unhashed_user_data');
    identifiers.push({ kind, value: value.toLowerCase() });
  }
  if (cookie !== '') identifiers.push({ kind: 'cookie', value: cookie });
  return ok(identifiers);
}

/**
 * Whether an event without a token may identify its person by an identifier of this kind. The cookie always may. With a wrong
 * signature nothing else may. If the pixel requires signed ids, hashed user data may not, since the signature does not cover it.
 */
export function mayName(kind: PersonKind, proof: Proof, identity: PixelSettings['identity']): boolean {
  if (kind === 'cookie') return true;
  if (proof === 'wrong') return false;
  return identity === 'open' || (kind === 'uid' && proof === 'right');
}

/**
 * @param key the pixel's key.
 * @returns the letter of the kind and 22 base64url characters.
 */
export async function aliasOf(key: string, { kind, value }: Identifier): Promise<string> {
  return PERSON_KINDS[kind] + (await keyedHash(key, `${kind}\n${value}`));
}
