/**
 * SECRET_KEY as a database lives with it: without one, from before there was one, over a rotation, and after a loss. The
 * codes of people stay the same wherever they can.
 */
import { createExecutionContext } from 'cloudflare:test';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { prepareBatch } from '../../src/enrich/prepare.ts';
import type { Env } from '../../src/env.ts';
import worker from '../../src/index.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { BLANK_EVENT, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { runJob } from '../../src/rollup/job.ts';
import { readSeals, sealKeys } from '../../src/store/sealed-keys.ts';
import { applySchema, db, makePixel, testEnv } from '../fixtures.ts';

const ONE = 'the first secret of 32 characters...';
const TWO = 'the second secret of 32 characters..';
const THREE = 'the third secret of 32 characters...';
const HOUR = 3_600_000;

beforeAll(applySchema);
beforeEach(async () => {
  await db.batch(['salts', 'keys', 'dead_letters'].map((table) => db.prepare(`DELETE FROM ${table}`)));
  vi.restoreAllMocks();
});

const envOf = (SECRET_KEY: string, SECRET_KEY_PREVIOUS = ''): Env => ({
  ...testEnv,
  SECRET_KEY,
  SECRET_KEY_PREVIOUS,
});

/** Of each test another date: an isolate remembers salts, which a test deletes. */
let date = Date.parse('2026-01-01T12:00:00Z');
const anotherDay = () => {
  date += 24 * HOUR;
  return date;
};

/** The codes that an event of Ann gets. */
async function ann(env: Env, pixel: Pixel, at: number) {
  const client = {
    ...UNKNOWN_CLIENT,
    ip: '192.0.2.1',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0',
  };
  const raw = { ...BLANK_EVENT, id: pixel.id, uid: 'ann', dl: 'https://site.example/' };
  const arrival = { id: 'e', receivedAt: at, head: false, client, overrides: null };
  const { batch } = await prepareBatch(env, [{ raw, arrival }], at);
  const [placed] = batch.events;
  return { visitor: placed?.event.visitor, person: placed?.event.person };
}

const keyOf = (pixel: Pixel) =>
  db.prepare('SELECT key FROM keys WHERE pixel = ?').bind(pixel.id).first<string>('key');

async function answerOf(env: Env, method: string, path: string) {
  const request = new Request(`https://px.example.com${path}`, {
    method,
    headers: { authorization: `Bearer ${testEnv.ADMIN_TOKEN}` },
  });
  const response = await worker.fetch(
    request as Request<unknown, IncomingRequestCfProperties>,
    env,
    createExecutionContext(),
  );
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('without a secret', () => {
  it.each(['', 'short'])('%j: an event is stored of nobody, and no key is made', async (secret) => {
    const pixel = await makePixel('UTC');
    expect(await ann(envOf(secret, ONE), pixel, anotherDay())).toEqual({ visitor: '', person: '' });
    expect(await readSeals(db, [])).toEqual({ waiting: 0, unreadable: 0 });
    expect(await keyOf(pixel)).toBeNull();
  });
});

describe('a database from before the secret', () => {
  it('keeps its visitors and people, and the cron seals their keys', async () => {
    const [pixel, at] = [await makePixel('UTC'), anotherDay()];
    const day = new Date(at).toISOString().slice(0, 10);
    const [salt, key] = ['12'.repeat(32), 'ab'.repeat(32)];
    await db
      .prepare('INSERT INTO salts VALUES (?, ?, ?)')
      .bind(day, salt, at + 9 * HOUR)
      .run();
    await db.prepare('INSERT INTO keys VALUES (?, ?)').bind(pixel.id, key).run();
    const before = await ann(envOf(ONE), pixel, at);
    expect(before.visitor).toHaveLength(22);
    expect(before.person).toHaveLength(23);
    expect(await readSeals(db, [ONE])).toEqual({ waiting: 2, unreadable: 0 });

    await runJob(envOf(ONE), Math.floor(at / HOUR) * HOUR);
    expect(await readSeals(db, [ONE])).toEqual({ waiting: 0, unreadable: 0 });
    const dump = JSON.stringify([
      (await db.prepare('SELECT * FROM salts').all()).results,
      (await db.prepare('SELECT * FROM keys').all()).results,
    ]);
    expect(dump).not.toContain(salt);
    expect(dump).not.toContain(key);
    // With another secret as the current one nothing is remembered: the keys are read anew.
    expect(await ann(envOf(TWO, ONE), pixel, at)).toEqual(before);
  });

  it('is sealed once, even by multiple isolates at once', async () => {
    const pixels = await Promise.all(Array.from({ length: 30 }, () => makePixel('UTC')));
    const rows = pixels.map((pixel, index) => [pixel.id, index.toString(16).padStart(64, '0')]);
    await db.batch(rows.map((row) => db.prepare('INSERT INTO keys VALUES (?, ?)').bind(...row)));
    await Promise.all(Array.from({ length: 4 }, () => sealKeys(db, [ONE])));
    expect(await readSeals(db, [ONE])).toEqual({ waiting: 0, unreadable: 0 });
    // Under another current secret, so that it is the stored key that is opened.
    const codes = await Promise.all(pixels.map((pixel) => ann(envOf(TWO, ONE), pixel, date)));
    expect(new Set(codes.map(({ person }) => person)).size).toBe(30);
    expect(codes.every(({ person }) => person?.length === 23)).toBe(true);
  });
});

describe('a rotation', () => {
  it('keeps visitors and people, and needs the old secret only until the cron has run', async () => {
    const [pixel, at] = [await makePixel('UTC'), anotherDay()];
    const before = await ann(envOf(ONE), pixel, at);
    expect(await ann(envOf(TWO, ONE), pixel, at)).toEqual(before);
    expect(await readSeals(db, [TWO, ONE])).toEqual({ waiting: 2, unreadable: 0 });
    await sealKeys(db, [TWO, ONE]);
    expect(await readSeals(db, [TWO])).toEqual({ waiting: 0, unreadable: 0 });
    // Nor is it remembered by an isolate that has never seen the first secret.
    expect(await ann(envOf(THREE, TWO), pixel, at)).toEqual(before);
  });
});

describe('a secret that is lost or mistyped', () => {
  it('loses no key: events have no person until the right secret is back', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const [pixel, at] = [await makePixel('UTC'), anotherDay()];
    const before = await ann(envOf(ONE), pixel, at);
    const key = await keyOf(pixel);

    const lost = await ann(envOf(TWO), pixel, at);
    expect(lost.person).toBe('');
    // Visitors go on, as new ones.
    expect(lost.visitor).toHaveLength(22);
    expect(lost.visitor).not.toBe(before.visitor);
    await sealKeys(db, [TWO]);
    expect(await keyOf(pixel)).toBe(key);
    const path = `/api/v1/pixels/${pixel.id}/people?uid=ann`;
    for (const method of ['GET', 'DELETE']) {
      expect(await answerOf(envOf(TWO), method, path)).toMatchObject({
        status: 503,
        body: { reason: 'no_secret_key', detail: expect.stringContaining('SECRET_KEY_PREVIOUS') },
      });
    }
    expect(await answerOf({ ...envOf(TWO), DB: new Proxy(db, {}) }, 'GET', '/health')).toMatchObject({
      body: { status: 'degraded', secret_key: { state: 'set', unreadable: 1 } },
    });

    expect((await ann(envOf(TWO, ONE), pixel, at)).person).toBe(before.person);
    expect(await answerOf(envOf(TWO, ONE), 'GET', path)).toMatchObject({ status: 200 });
  });
});

describe('a warm isolate', () => {
  it('opens no key for an event: a cached visitor needs no crypto call', async () => {
    const [pixel, at] = [await makePixel('UTC'), anotherDay()];
    await ann(envOf(ONE), pixel, at);
    const calls = ['sign', 'encrypt', 'decrypt', 'importKey', 'deriveKey'].map((name) =>
      vi.spyOn(crypto.subtle, name as 'sign'),
    );
    await ann(envOf(ONE), pixel, at);
    for (const call of calls) expect(call).not.toHaveBeenCalled();
  });
});
