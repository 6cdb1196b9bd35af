/**
 * Texts encrypted under a key derived from SECRET_KEY (AES-256-GCM), as they are stored and queued: `s1.KEYID.` and the base64url of
 * a random IV and the ciphertext. The key id identifies the secret, so SQL can find texts sealed under another one. It reveals
 * nothing of the secret.
 */
import { Cache } from './cache.ts';
import { base64url } from './random.ts';
import { deriveKey, type SealingPurpose, type Secrets } from './secret-key.ts';

const IV_BYTES = 12;
const KEY_ID_CHARACTERS = 6;

/** The beginning of every sealed text. */
export const SEALED = 's1.';

/** The length of the beginning that identifies the secret. */
export const SEAL_CHARACTERS = SEALED.length + KEY_ID_CHARACTERS + 1;

const seals = new Cache<string, string>(8);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The beginning of the texts that are sealed under a secret. */
export async function sealOf(secret: string): Promise<string> {
  const cached = seals.get(secret);
  if (cached !== undefined) return cached;
  const signature = await crypto.subtle.sign(
    'HMAC',
    await deriveKey(secret, 'key id'),
    encoder.encode('key id'),
  );
  const id = base64url(new Uint8Array(signature, 0, 6)).slice(0, KEY_ID_CHARACTERS);
  const seal = `${SEALED}${id}.`;
  seals.set(secret, seal);
  return seal;
}

/**
 * Encrypts a text.
 *
 * @param bound what the text belongs to, such as a pixel's id. The text opens only with the same value.
 */
export async function seal(
  secret: string,
  purpose: SealingPurpose,
  bound: string,
  text: string,
): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const algorithm = { name: 'AES-GCM', iv, additionalData: encoder.encode(bound) };
  const sealed = await crypto.subtle.encrypt(
    algorithm,
    await deriveKey(secret, purpose),
    encoder.encode(text),
  );
  const bytes = new Uint8Array(IV_BYTES + sealed.byteLength);
  bytes.set(iv);
  bytes.set(new Uint8Array(sealed), IV_BYTES);
  return (await sealOf(secret)) + bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
}

/**
 * Decrypts a sealed text. Null if it was sealed under none of the secrets, for another purpose or another `bound`, or if it was
 * changed.
 */
export async function unseal(
  secrets: Secrets,
  purpose: SealingPurpose,
  bound: string,
  sealed: string,
): Promise<string | null> {
  for (const secret of secrets) {
    if (!sealed.startsWith(await sealOf(secret))) continue;
    try {
      const bytes = Uint8Array.fromBase64(sealed.slice(SEAL_CHARACTERS), { alphabet: 'base64url' });
      const text = await crypto.subtle.decrypt(
        {
          name: 'AES-GCM',
          iv: bytes.subarray(0, IV_BYTES),
          additionalData: encoder.encode(bound),
        },
        await deriveKey(secret, purpose),
        bytes.subarray(IV_BYTES),
      );
      return decoder.decode(text);
    } catch {
      // Two secrets may have the same key id by chance, so the next one is tried.
    }
  }
  return null;
}
