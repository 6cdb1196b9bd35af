/** Keys derived from SECRET_KEY: what they are, and that no two purposes or secrets share one. */
import { describe, expect, it } from 'vitest';
import { hex } from '../../src/model/random.ts';
import { deriveKey, type Purpose } from '../../src/model/secret-key.ts';

const HMACS: readonly Purpose[] = ['key id', 'person cookies', 'signed identity'];
const CIPHERS: readonly Purpose[] = ['visitor salts', 'alias keys', 'queue messages'];
const bytes = (text: string) => new TextEncoder().encode(text);

async function signed(secret: string, purpose: Purpose): Promise<string> {
  return hex(
    new Uint8Array(await crypto.subtle.sign('HMAC', await deriveKey(secret, purpose), bytes('message'))),
  );
}

/** HKDF-SHA-256 by the text of RFC 5869, for 32 bytes, which are one block of it. */
async function hkdf(secret: string, info: string): Promise<Uint8Array> {
  const hmac = async (key: Uint8Array, message: Uint8Array) =>
    new Uint8Array(
      await crypto.subtle.sign(
        'HMAC',
        await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']),
        message,
      ),
    );
  const extracted = await hmac(new Uint8Array(32), bytes(secret));
  return hmac(extracted, new Uint8Array([...bytes(info), 1]));
}

describe('a derived key', () => {
  it('matches RFC 5869', async () => {
    const raw = await hkdf('a secret', 'speck person cookies');
    const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    const expected = hex(new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes('message'))));
    expect(await signed('a secret', 'person cookies')).toBe(expected);
  });

  it('differs for each purpose and secret, and is otherwise constant', async () => {
    const all = await Promise.all(
      ['a secret', 'another secret'].flatMap((secret) => HMACS.map((purpose) => signed(secret, purpose))),
    );
    expect(new Set(all).size).toBe(all.length);
    expect(await signed('a secret', 'person cookies')).toBe(all[1]);
  });

  it.each(CIPHERS)('encrypts %s so that no other key reads them', async (purpose) => {
    const iv = new Uint8Array(12);
    const sealed = await crypto.subtle.encrypt(
      { name: 'AES-GCM', iv },
      await deriveKey('a', purpose),
      bytes('x'),
    );
    const open = async (secret: string, other: Purpose) =>
      crypto.subtle.decrypt({ name: 'AES-GCM', iv }, await deriveKey(secret, other), sealed);
    expect(new Uint8Array(await open('a', purpose))).toEqual(bytes('x'));
    await expect(open('b', purpose)).rejects.toThrow();
    for (const other of CIPHERS.filter((one) => one !== purpose))
      await expect(open('a', other)).rejects.toThrow();
  });

  it.each([...HMACS, ...CIPHERS])('for %s cannot be exported', async (purpose) => {
    expect((await deriveKey('a secret', purpose)).extractable).toBe(false);
  });
});
