/** HMAC-SHA-256, cut to the length that identifies visitors and people. */
import { Cache } from '../model/cache.ts';
import { fingerprint } from '../model/fingerprint.ts';
import { base64url } from '../model/random.ts';

/** 128 bits: one in 10^38 pairs of visitors collides. */
const HASH_BYTES = 16;

/**
 * Hashes in memory, so that a visitor's second page needs no hashing. They are cached by fingerprints of the messages: addresses
 * and user agents do not stay in memory.
 */
const keys = new Cache<string, CryptoKey>(64);
const hashes = new Cache<number, string>(5000);

const encoder = new TextEncoder();

/**
 * @param key 64 hex digits.
 * @param message up to 900 characters.
 * @returns 22 base64url characters; not a promise if the hash is cached.
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
  const cached = keys.get(secret);
  if (cached) return cached;
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
