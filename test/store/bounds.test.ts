/** How many rows a table may have of what is made one by one, or told apart by what clients send. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { CountedRejection } from '../../src/model/batch.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { DEFAULT_SETTINGS } from '../../src/model/pixel.ts';
import { randomBase58 } from '../../src/model/random.ts';
import { writeBatch } from '../../src/store/events.ts';
import { insertLink, listLinks } from '../../src/store/links.ts';
import { insertPixel } from '../../src/store/pixels.ts';
import { insertToken } from '../../src/store/tokens.ts';
import { applySchema, db, makePixel } from '../fixtures.ts';

beforeAll(applySchema);

describe('families of bots', () => {
  const write = (pixel: string, names: readonly string[], id = randomBase58(8)) => {
    const rejections = names.map(
      (family): CountedRejection => ({
        pixel,
        day: '2026-02-03',
        reason: 'bot',
        family,
        at: 0,
        sample: null,
      }),
    );
    return writeBatch(db, { id, events: [], rejections }, 0, false);
  };
  const seen = async (pixel: string) => {
    const { results } = await db
      .prepare('SELECT family, count FROM rejections WHERE pixel = ?')
      .bind(pixel)
      .all<{ family: string; count: number }>();
    return new Map(results.map(({ family, count }) => [family, count]));
  };
  const names = (count: number, prefix = 'bot') => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
  const total = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);

  it.each([
    ['one batch', [200]],
    ['a batch after some', [45, 200]],
    ['many batches', [30, 30, 30, 30]],
    ['one by one', Array.from({ length: 60 }, () => 1)],
  ])('are limited, plus one for the rest, for %s', async (_, sizes) => {
    const { id } = await makePixel('UTC');
    for (const [turn, size] of sizes.entries()) await write(id, names(size, `bot${turn}-`));
    const counts = await seen(id);
    expect([...counts.keys()].filter((family) => family !== '(other)').length).toBeLessThanOrEqual(
      LIMITS.families,
    );
    expect(counts.size).toBeGreaterThanOrEqual(LIMITS.families);
    expect(total(counts)).toBe(sizes.reduce((a, b) => a + b, 0));
  });

  it('of a batch are stored by frequency, and existing ones stay separate', async () => {
    const { id } = await makePixel('UTC');
    const many = [...names(80), 'Often', 'Often'];
    await write(id, many, 'first');
    // A redelivery counts nothing twice.
    await write(id, many, 'first');
    expect((await seen(id)).get('Often')).toBe(2);
    await write(id, ['Often', 'never-seen']);
    const counts = await seen(id);
    expect(counts.get('Often')).toBe(3);
    expect(counts.has('never-seen')).toBe(false);
    expect(total(counts)).toBe(84);
  });
});

describe('what an owner creates', () => {
  const fill = (sql: string, count: number) =>
    db
      .prepare(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) ${sql}`)
      .run();

  it('is a bounded number of links a pixel', async () => {
    const [one, other] = [await makePixel('UTC'), await makePixel('UTC')];
    const link = (pixel: string, id: string) => ({
      id,
      pixel,
      name: 'Board',
      password: null,
      expires_at: null,
      created_at: 0,
      token: null,
      public_id: null,
      embed_origins: [],
    });
    for (let n = 0; n < LIMITS.links; n++)
      expect(await insertLink(db, link(one.id, `l${n}`), `h${n}`)).toBe(true);
    expect(await insertLink(db, link(one.id, 'more'), 'more')).toBe(false);
    expect(await insertLink(db, link(other.id, 'other'), 'other')).toBe(true);
    expect((await listLinks(db, one.id, 0)).length).toBe(LIMITS.links);
  });

  it('is a bounded number of tokens', async () => {
    const token = { id: 'more', name: 'A', scopes: ['stats:read'], pixel: null, created_at: 0 } as const;
    await fill(
      `INSERT INTO tokens (hash, id, name, scopes, created_at) SELECT 'h' || i, 't' || i, 'A', '[]', 0 FROM n`,
      LIMITS.tokens - 1,
    );
    expect(await insertToken(db, token, 'last')).toBe(true);
    expect(await insertToken(db, { ...token, id: 'over' }, 'over')).toBe(false);
  });

  it('is a bounded number of pixels', async () => {
    const pixel = (n: number) => ({
      id: `px_${randomBase58(16)}`,
      name: `Pixel ${n}`,
      url: 'https://site.example',
      timezone: 'UTC',
      settings: DEFAULT_SETTINGS,
      created_at: 0,
    });
    const there = (await db.prepare('SELECT count(*) AS n FROM pixels').first<number>('n')) ?? 0;
    await fill(
      `INSERT INTO pixels (id, name, url, timezone, settings, created_at) SELECT 'p' || i, 'P', 'https://site.example', 'UTC', '{}', 0 FROM n`,
      LIMITS.pixels - there - 1,
    );
    expect(await insertPixel(db, pixel(1))).toBe(true);
    expect(await insertPixel(db, pixel(2))).toBe(false);
  });
});
