/** Texts sealed under SECRET_KEY: what opens them, and what does not. */
import { describe, expect, it } from 'vitest';
import { SEAL_CHARACTERS, seal, sealOf, unseal } from '../../src/model/sealed.ts';
import type { SealingPurpose } from '../../src/model/secret-key.ts';

const OLD = 'an old secret of thirty-two characters';
const NEW = 'a new secret of thirty-two characters.';
const TEXT = '{"address":"192.0.2.1","emoji":"🦊"}';

describe('a sealed text', () => {
  it('opens with the secret, purpose and context that sealed it', async () => {
    const sealed = await seal(NEW, 'alias keys', 'px_1', TEXT);
    expect(sealed).toMatch(/^s1\.[\w-]{6}\.[\w-]+$/);
    expect(sealed.slice(0, SEAL_CHARACTERS)).toBe(await sealOf(NEW));
    expect(await unseal([NEW], 'alias keys', 'px_1', sealed)).toBe(TEXT);
  });

  it('opens during a rotation, whether the old or the new secret sealed it', async () => {
    for (const secret of [OLD, NEW]) {
      const sealed = await seal(secret, 'queue messages', '', TEXT);
      expect(await unseal([NEW, OLD], 'queue messages', '', sealed)).toBe(TEXT);
    }
  });

  it.each<[string, readonly string[], SealingPurpose, string]>([
    ['no secret', [], 'alias keys', 'px_1'],
    ['another secret', [OLD], 'alias keys', 'px_1'],
    ['another purpose', [NEW, OLD], 'visitor salts', 'px_1'],
    ['another pixel', [NEW, OLD], 'alias keys', 'px_2'],
  ])('does not open with %s', async (_, secrets, purpose, bound) => {
    expect(await unseal(secrets, purpose, bound, await seal(NEW, 'alias keys', 'px_1', TEXT))).toBeNull();
  });

  it('does not open if a character is changed or cut off', async () => {
    const sealed = await seal(NEW, 'alias keys', 'px_1', 'short');
    for (let place = 0; place < sealed.length - 1; place++) {
      const other = sealed[place] === 'A' ? 'B' : 'A';
      const changed = sealed.slice(0, place) + other + sealed.slice(place + 1);
      expect(await unseal([NEW], 'alias keys', 'px_1', changed), `character ${place}`).toBeNull();
    }
    for (const cut of ['', 's1.', sealed.slice(0, SEAL_CHARACTERS), sealed.slice(0, -4), `${sealed}!`]) {
      expect(await unseal([NEW], 'alias keys', 'px_1', cut)).toBeNull();
    }
  });

  it('differs each time, and its first characters identify the secret', async () => {
    const sealed = await Promise.all([1, 2, 3].map(() => seal(NEW, 'alias keys', 'px_1', TEXT)));
    expect(new Set(sealed).size).toBe(3);
    expect(await sealOf(OLD)).not.toBe(await sealOf(NEW));
  });
});
