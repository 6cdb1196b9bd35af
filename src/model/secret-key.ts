/**
 * Keys derived from the Worker secret SECRET_KEY by HKDF (RFC 5869), one per purpose. The secret is not in D1, so nobody can search
 * a copy of the database for visitors or people.
 */
import { Cache } from './cache.ts';

const HMAC = {
  algorithm: { name: 'HMAC', hash: 'SHA-256', length: 256 },
  usages: ['sign', 'verify'],
} as const;
const AES = { algorithm: { name: 'AES-GCM', length: 256 }, usages: ['encrypt', 'decrypt'] } as const;

/** The purposes of keys, and their algorithms. The name of a purpose is part of the key: renaming it changes the key. */
const PURPOSES = {
  'key id': HMAC,
  'visitor salts': AES,
  'alias keys': AES,
  'queue messages': AES,
  'person cookies': HMAC,
  'signed identity': HMAC,
  'destination secrets': AES,
  conversions: AES,
  'click ids': AES,
} as const;

export type Purpose = keyof typeof PURPOSES;

/** The purposes whose keys encrypt. */
export type SealingPurpose = {
  [Name in Purpose]: (typeof PURPOSES)[Name] extends typeof AES ? Name : never;
}[Purpose];

/**
 * The secrets of a Worker: SECRET_KEY first, which encrypts and signs, then SECRET_KEY_PREVIOUS, which only decrypts. Empty if
 * SECRET_KEY is not set.
 */
export type Secrets = readonly string[];

/** Deriving a key takes three calls into the crypto library, so keys are cached. */
const derived = new Cache<string, CryptoKey>(32);

const encoder = new TextEncoder();

/**
 * The key of a purpose: HMAC-SHA-256 (`sign`, `verify`) or AES-256-GCM (`encrypt`, `decrypt`). It cannot be extracted.
 *
 * @param secret SECRET_KEY or SECRET_KEY_PREVIOUS.
 */
export async function deriveKey(secret: string, purpose: Purpose): Promise<CryptoKey> {
  const cacheKey = `${purpose}\n${secret}`;
  const cached = derived.get(cacheKey);
  if (cached) return cached;
  const { algorithm, usages } = PURPOSES[purpose];
  const material = await crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, ['deriveKey']);
  const key = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info: encoder.encode(`speck ${purpose}`) },
    material,
    algorithm,
    false,
    [...usages],
  );
  derived.set(cacheKey, key);
  return key;
}
