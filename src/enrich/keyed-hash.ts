/** HMAC-SHA-256, cut to what tells visitors and people apart. */
import { Cache } from '../model/cache.ts';
import { fingerprint } from '../model/fingerprint.ts';
import { base64url } from '../model/random.ts';

/** 128 bits: two of a day's visitors collide once in 10^38 pairs. */
const HASH_BYTES = 16;

/**
 * Kept in memory only, so that a visitor's second page costs no hashing: by the fingerprints of what was hashed, which name
 * neither address nor agent.
 */
const keys = new Cache<string, CryptoKey>(64);
const hashes = new Cache<number, string>(5000);

const encoder = new TextEncoder();

/**
 * @param key 64 hex digits.
 * @param message up to 900 characters.
 * @returns 22 base64url characters, at once when they are known.
 */
export function keyedHash(key: string, message: string): string | Promise<string> {
  const cacheKey = fingerprint(`${key}\n${message}`);
  return hashes.get(cacheKey) ?? newHash(key, message, cacheKey);
}

async function newHash(key: string, message: string, cacheKey: number): Promise<string> {
  const signature = await crypto.subtle.sign('HMAC', await keyOf(key), encoder.encode(message));
  const hash = base64url(new Uint8Array(signature, 0, HASH_BYTES));
  hashes.set(cacheKey, hash);
  return hash;
}

async function keyOf(secret: string): Promise<CryptoKey> {
  const known = keys.get(secret);
  if (known) return known;
  const key = await crypto.subtle.importKey(
    'raw',
    encoder.encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  keys.set(secret, key);
  return key;
}
