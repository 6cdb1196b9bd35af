/**
 * The visitor hash: HMAC-SHA-256 of pixel, address and user agent under the random salt of one local date. It tells
 * visitors of a day apart and, once the salt is gone, nothing else.
 */
import { Cache } from '../model/cache.ts';

/** 128 bits: two visitors of a day collide once in 10^38 pairs. */
const HASH_BYTES = 16;

/** Keys and hashes are kept in memory only, so that a visitor's second page costs no hashing. */
const keys = new Cache<string, CryptoKey>(64);
export const hashes = new Cache<string, string>(5000);

const encoder = new TextEncoder();

/**
 * @param salt 64 hex digits.
 * @returns 22 base64url characters.
 */
export async function visitorHash(
  salt: string,
  pixel: string,
  ip: string,
  userAgent: string,
): Promise<string> {
  // A line feed can be in none of the three, so no two visitors share a message.
  const message = `${pixel}\n${ip}\n${userAgent}`;
  const cacheKey = `${salt}\n${message}`;
  const known = hashes.get(cacheKey);
  if (known !== undefined) return known;
  const signature = await crypto.subtle.sign('HMAC', await keyOf(salt), encoder.encode(message));
  const hash = base64url(new Uint8Array(signature, 0, HASH_BYTES));
  hashes.set(cacheKey, hash);
  return hash;
}

async function keyOf(salt: string): Promise<CryptoKey> {
  const known = keys.get(salt);
  if (known) return known;
  const key = await crypto.subtle.importKey(
    'raw',
    encoder.encode(salt),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  keys.set(salt, key);
  return key;
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
