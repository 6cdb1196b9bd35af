import { beforeAll, describe, expect, it } from 'vitest';
import { visitorHash } from '../../src/enrich/visitor.ts';
import { deleteExpiredSalts, findSalts, saltExpiry } from '../../src/store/salts.ts';
import { applySchema, db } from '../fixtures.ts';

const NOW = Date.parse('2026-11-24T10:00:00Z');

beforeAll(applySchema);

describe('salts', () => {
  it('are made once, however many ask at once', async () => {
    const asked = await Promise.all(Array.from({ length: 20 }, () => findSalts(db, ['2026-11-24'], NOW)));
    const salts = new Set(asked.map((found) => found.get('2026-11-24')));
    expect(salts.size).toBe(1);
    expect([...salts][0]).toMatch(/^[0-9a-f]{64}$/);
    expect(await db.prepare('SELECT salt FROM salts WHERE date = ?').bind('2026-11-24').first('salt')).toBe(
      [...salts][0],
    );
  });

  it('live until 48 hours after their date is over everywhere, or after they were made', () => {
    expect(new Date(saltExpiry('2026-11-24', NOW)).toISOString()).toBe('2026-11-27T12:00:00.000Z');
    expect(new Date(saltExpiry('2015-05-17', NOW)).toISOString()).toBe('2026-11-26T10:00:00.000Z');
  });

  it('are gone after that, and a new one recognises nobody', async () => {
    const before = (await findSalts(db, ['2026-11-20'], NOW)).get('2026-11-20') ?? '';
    const expiry = saltExpiry('2026-11-20', NOW);
    expect(await deleteExpiredSalts(db, expiry - 1)).toBe(0);
    expect(await deleteExpiredSalts(db, expiry)).toBe(1);
    const after = (await findSalts(db, ['2026-11-20'], expiry)).get('2026-11-20') ?? '';
    expect(after).not.toBe(before);
    const hash = (salt: string) => visitorHash(salt, 'px', '192.0.2.1', 'agent');
    expect(await hash(after)).not.toBe(await hash(before));
  });
});

describe('the visitor hash', () => {
  it('tells pixels, addresses, agents and dates apart, and is stable otherwise', async () => {
    const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
    const hashes = await Promise.all([
      visitorHash(a, 'px1', '192.0.2.1', 'agent'),
      visitorHash(a, 'px2', '192.0.2.1', 'agent'),
      visitorHash(a, 'px1', '192.0.2.2', 'agent'),
      visitorHash(a, 'px1', '192.0.2.1', 'agent 2'),
      visitorHash(b, 'px1', '192.0.2.1', 'agent'),
    ]);
    expect(new Set(hashes).size).toBe(5);
    expect(hashes.every((hash) => /^[\w-]{22}$/.test(hash))).toBe(true);
    expect(await visitorHash(a, 'px1', '192.0.2.1', 'agent')).toBe(hashes[0]);
  });
});
