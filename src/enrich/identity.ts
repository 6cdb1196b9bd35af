/**
 * Signed user ids. An owner's server signs the id of who is signed in with a secret that only it and the Worker know, and the
 * page sends the signature along: so nobody can send another's id. Nothing of it is stored: the secret of a pixel is derived from
 * SECRET_KEY.
 */
import { Cache } from '../model/cache.ts';
import { LIMITS } from '../model/limits.ts';
import { hex } from '../model/random.ts';
import { deriveKey } from '../model/secret-key.ts';

/** What a signature says of the user id that it came with. */
export type Proof = 'none' | 'right' | 'wrong';

const encoder = new TextEncoder();
const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const;

/** Deriving a key takes two calls into the crypto library; each event with a signature needs one. */
const keys = new Cache<string, CryptoKey>(64);

/** The secret with which the user ids of a pixel are signed: 64 hex digits. */
export async function identitySecret(secretKey: string, pixel: string): Promise<string> {
  const key = await deriveKey(secretKey, 'signed identity');
  return hex(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(pixel))));
}

/**
 * Whether `signature` is the HMAC-SHA-256 of a user id under its pixel's secret, in hex: of the text of the id in UTF-8, under the
 * secret as it is written.
 *
 * @param secretKeys SECRET_KEY, and the one before it while it is changed.
 */
export async function proofOf(
  secretKeys: readonly string[],
  pixel: string,
  uid: string,
  signature: string,
): Promise<Proof> {
  if (uid === '' || signature === '') return 'none';
  if (uid.length > LIMITS.uid || !/^[0-9a-f]{64}$/i.test(signature)) return 'wrong';
  const bytes = Uint8Array.from({ length: 32 }, (_, index) =>
    Number.parseInt(signature.slice(2 * index, 2 * index + 2), 16),
  );
  for (const secretKey of secretKeys) {
    const key = await keyOf(secretKey, pixel);
    // Compares in constant time.
    if (await crypto.subtle.verify('HMAC', key, bytes, encoder.encode(uid))) return 'right';
  }
  return 'wrong';
}

async function keyOf(secretKey: string, pixel: string): Promise<CryptoKey> {
  const cacheKey = `${secretKey}\n${pixel}`;
  const known = keys.get(cacheKey);
  if (known) return known;
  const secret = encoder.encode(await identitySecret(secretKey, pixel));
  const key = await crypto.subtle.importKey('raw', secret, HMAC, false, ['verify']);
  keys.set(cacheKey, key);
  return key;
}
