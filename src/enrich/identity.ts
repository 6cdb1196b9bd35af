/**
 * Signed user ids. The owner's server signs the id of the signed-in user with a secret that only the server and the Worker know,
 * and the page sends id and signature. So nobody can send another user's id. The secret of a pixel is derived from SECRET_KEY and
 * not stored.
 */
import { Cache } from '../model/cache.ts';
import { LIMITS } from '../model/limits.ts';
import { hex } from '../model/random.ts';
import { deriveKey } from '../model/secret-key.ts';

/** Whether a user id came with a signature, and whether that is right. */
export type Proof = 'none' | 'right' | 'wrong';

const encoder = new TextEncoder();
const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const;

/** Deriving a key takes two calls into the crypto library, and each event with a signature needs a key. */
const keys = new Cache<string, CryptoKey>(64);

/** The secret with which the user ids of a pixel are signed: 64 hex digits. */
export async function identitySecret(secretKey: string, pixel: string): Promise<string> {
  const key = await deriveKey(secretKey, 'signed identity');
  return hex(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(pixel))));
}

/**
 * Verifies that `signature` is the HMAC-SHA-256, in hex, of the user id in UTF-8, under the pixel's secret as text.
 *
 * @param secretKeys SECRET_KEY, and SECRET_KEY_PREVIOUS during a rotation.
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
    // `verify` compares in constant time.
    if (await crypto.subtle.verify('HMAC', key, bytes, encoder.encode(uid))) return 'right';
  }
  return 'wrong';
}

async function keyOf(secretKey: string, pixel: string): Promise<CryptoKey> {
  const cacheKey = `${secretKey}\n${pixel}`;
  const cached = keys.get(cacheKey);
  if (cached) return cached;
  const secret = encoder.encode(await identitySecret(secretKey, pixel));
  const key = await crypto.subtle.importKey('raw', secret, HMAC, false, ['verify']);
  keys.set(cacheKey, key);
  return key;
}
