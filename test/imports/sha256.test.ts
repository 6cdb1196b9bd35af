import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256, shortHash } from '../../src/imports/sha256.ts';

const digest = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));

function bytesOf(words: Int32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(32));
  words.forEach((word, place) => void view.setInt32(4 * place, word));
  return new Uint8Array(view.buffer);
}

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

test('any text has the digest that the platform computes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), async (text) => {
      expect(bytesOf(sha256(text))).toEqual(await digest(text));
      expect(shortHash(text)).toBe(base64url(await digest(text)).slice(0, 22));
    }),
    { numRuns: 1000 },
  );
});

test.each([0, 55, 56, 57, 63, 64, 65, 119, 120, 4000, 5000, 70_000])('%i characters', async (length) => {
  for (const character of ['a', 'é', '\ud800']) {
    const text = character.repeat(length);
    expect(bytesOf(sha256(text))).toEqual(await digest(text));
  }
});
