import { beforeAll, describe, expect, it } from 'vitest';
import { visitorHash } from '../../src/enrich/visitor.ts';
import type { Secrets } from '../../src/model/secret-key.ts';
import { deleteExpiredSalts, existingSalts, findSalts, saltExpiry } from '../../src/store/salts.ts';
import { applySchema, db } from '../fixtures.ts';

const NOW = Date.parse('2026-11-24T10:00:00Z');
const SECRETS: Secrets = ['a secret of thirty-two characters.'];
const ROTATED: Secrets = ['another secret of 32 characters...', ...SECRETS];

beforeAll(applySchema);

const stored = (date: string) =>
  db.prepare('SELECT salt FROM salts WHERE date = ?').bind(date).first<string>('salt');
const saltOf = async (date: string, secrets = SECRETS) =>
  (await findSalts(db, secrets, [date], NOW)).get(date);

describe('salts', () => {
  it('are created once, however many requests need one at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, () => findSalts(db, SECRETS, ['2026-11-24'], NOW)),
    );
    const salts = new Set(results.map((saltByDate) => saltByDate.get('2026-11-24')));
    expect(salts.size).toBe(1);
    expect([...salts][0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are stored sealed, and open with the secret and for their date only', async () => {
    const salt = await saltOf('2026-11-23');
    const sealed = (await stored('2026-11-23')) ?? '';
    expect(sealed).toMatch(/^s1\.[\w-]{6}\.[\w-]{123}$/);
    expect(sealed).not.toContain(salt);
    expect(await existingSalts(db, SECRETS, ['2026-11-23'])).toEqual(new Map([['2026-11-23', salt]]));
    expect(await existingSalts(db, [], ['2026-11-23'])).toEqual(new Map());
    expect(await existingSalts(db, [ROTATED[0] ?? ''], ['2026-11-23'])).toEqual(new Map());
    await db.prepare('INSERT INTO salts VALUES (?, ?, ?)').bind('2026-11-22', sealed, NOW).run();
    expect(await existingSalts(db, SECRETS, ['2026-11-22'])).toEqual(new Map());
  });

  it('are not created without a secret', async () => {
    expect(await findSalts(db, [], ['2026-11-19'], NOW)).toEqual(new Map());
    expect(await stored('2026-11-19')).toBeNull();
  });

  it('survive a rotation, and the change from unsealed salts', async () => {
    const plain = 'ab'.repeat(32);
    await db.prepare('INSERT INTO salts VALUES (?, ?, ?)').bind('2026-11-18', plain, NOW).run();
    expect(await saltOf('2026-11-18')).toBe(plain);
    expect(await saltOf('2026-11-18', ROTATED)).toBe(plain);
    const salt = await saltOf('2026-11-17');
    expect(await saltOf('2026-11-17', ROTATED)).toBe(salt);
  });

  it('are replaced once when the secret is lost, and all isolates get the same new one', async () => {
    const before = await saltOf('2026-11-16');
    const saltByDate = await Promise.all(
      Array.from({ length: 10 }, () =>
        findSalts(db, ['a third secret of 32 characters...'], ['2026-11-16'], NOW),
      ),
    );
    const after = new Set(saltByDate.map((one) => one.get('2026-11-16')));
    expect(after.size).toBe(1);
    expect([...after][0]).toMatch(/^[0-9a-f]{64}$/);
    expect([...after][0]).not.toBe(before);
  });

  it('live until 48 hours after their date is over everywhere, or after they were made', () => {
    expect(new Date(saltExpiry('2026-11-24', NOW)).toISOString()).toBe('2026-11-27T12:00:00.000Z');
    expect(new Date(saltExpiry('2015-05-17', NOW)).toISOString()).toBe('2026-11-26T10:00:00.000Z');
  });

  it('are deleted after that, and a new one recognizes nobody', async () => {
    await db.prepare('DELETE FROM salts').run();
    const before = (await findSalts(db, SECRETS, ['2026-11-20'], NOW)).get('2026-11-20') ?? '';
    const expiry = saltExpiry('2026-11-20', NOW);
    expect(await deleteExpiredSalts(db, expiry - 1)).toBe(0);
    expect(await deleteExpiredSalts(db, expiry)).toBe(1);
    const after = (await findSalts(db, SECRETS, ['2026-11-20'], expiry)).get('2026-11-20') ?? '';
    expect(after).not.toBe(before);
    const hash = (salt: string) => visitorHash(salt, 'px', '192.0.2.1', 'agent');
    expect(await hash(after)).not.toBe(await hash(before));
  });
});

describe('the visitor hash', () => {
  it('differs by pixel, address, agent and date, and is otherwise stable', async () => {
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
