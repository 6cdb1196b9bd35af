/** How often and how much at once may be asked, and that what many ask at once is computed once, in requests of their own. */
import { exports } from 'cloudflare:workers';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Grant } from '../../src/api/auth.ts';
import { once } from '../../src/api/flights.ts';
import { Problem } from '../../src/api/problem.ts';
import { inTurn } from '../../src/api/turns.ts';
import { applySchema, db, GOALS, makePixel, store } from '../fixtures.ts';

beforeAll(applySchema);

const worker = (exports as unknown as { readonly default: Fetcher }).default;

const link = (name: string): Grant => ({
  admin: false,
  scopes: ['stats:read'],
  pixel: 'px_1',
  token: null,
  shared: true,
  link: name,
});
const token = (name: string): Grant => ({ admin: false, scopes: ['stats:read'], pixel: null, token: name });
const ADMIN: Grant = { admin: true, scopes: ['pixels:write', 'stats:read'], pixel: null, token: null };

async function statusOf(asked: Promise<unknown>): Promise<number> {
  try {
    await asked;
    return 200;
  } catch (error) {
    if (error instanceof Problem) return error.response().status;
    throw error;
  }
}

describe('turns', () => {
  it.each([
    ['a shared link', link('l1'), 120],
    ['a token', token('t1'), 600],
  ])('of %s are so many a minute, and come back with the next', async (_, grant, most) => {
    vi.useFakeTimers({ now: Date.parse('2026-11-28T12:00:00Z'), toFake: ['Date'] });
    try {
      for (let asked = 0; asked < most; asked++) await inTurn(grant, async () => null);
      const refused = inTurn(grant, async () => null);
      await expect(refused).rejects.toMatchObject({
        reason: 'too_many_requests',
        headers: { 'retry-after': '60' },
      });
      // Others are not held up.
      expect(await statusOf(inTurn(link('l2'), async () => null))).toBe(200);
      expect(await statusOf(inTurn(ADMIN, async () => null))).toBe(200);
      vi.setSystemTime(Date.parse('2026-11-28T12:01:00Z'));
      expect(await statusOf(inTurn(grant, async () => null))).toBe(200);
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([
    ['a shared link', link('l3'), 4],
    ['a token', token('t3'), 8],
  ])('of %s are so many at once; the fifteen questions of a view wait for theirs', async (_, grant, most) => {
    let now = 0;
    let peak = 0;
    const work = async (): Promise<null> => {
      peak = Math.max(peak, ++now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now--;
      return null;
    };
    const all = await Promise.all(Array.from({ length: 20 }, () => statusOf(inTurn(grant, work))));
    expect(all).toEqual(Array.from({ length: 20 }, () => 200));
    expect(peak).toBe(most);
  });

  it('are not waited for by more than a few views, nor for ever', async () => {
    let end: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    const asked = Array.from({ length: 60 }, () => statusOf(inTurn(link('l4'), () => held)));
    const first = await Promise.race(asked);
    expect(first).toBe(429);
    end();
    const all = await Promise.all(asked);
    expect(all.filter((status) => status === 200)).toHaveLength(44);
  });

  it('end when the work fails, and when the request of it was given up', async () => {
    const failing = Array.from({ length: 20 }, () =>
      inTurn(link('l5'), () => Promise.reject(new Error('gone'))).catch(() => 'gone'),
    );
    expect(new Set(await Promise.all(failing))).toEqual(new Set(['gone']));
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    try {
      // The runtime ends a request without a word: what it awaits is never settled.
      for (let turn = 0; turn < 4; turn++) void inTurn(link('l6'), () => new Promise(() => undefined));
      vi.setSystemTime(Date.now() + 36_000);
      expect(await statusOf(inTurn(link('l6'), async () => null))).toBe(200);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('what is asked by several at once', () => {
  it('is computed once, and given to all who asked meanwhile, but to nobody later', async () => {
    let computed = 0;
    const compute = async (): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return ++computed;
    };
    const all = await Promise.all(Array.from({ length: 50 }, () => once('k1', compute)));
    expect(new Set(all)).toEqual(new Set([1]));
    expect(await once('k1', compute)).toBe(2);
    expect(await Promise.all([once('k1', compute), once('k2', compute)])).toHaveLength(2);
    expect(computed).toBe(4);
  });

  it('is computed by somebody else when it fails, or its request was given up', async () => {
    let tries = 0;
    const failing = async (): Promise<string> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (++tries === 1) throw new Error('lost');
      return 'found';
    };
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => once('k3', failing)));
    expect(all.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(tries).toBe(2);
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    try {
      void once('k4', () => new Promise(() => undefined));
      const waiting = once('k4', async () => 'found');
      // Till both have begun: their keys are hashed first.
      await new Promise((resolve) => setTimeout(resolve, 20));
      vi.setSystemTime(Date.now() + 11_000);
      expect(await waiting).toBe('found');
    } finally {
      vi.useRealTimers();
    }
  });

  it('is one question to the database, from requests of their own', async () => {
    const pixel = await makePixel('UTC', { goals: GOALS });
    await store(pixel, [{ ts: Date.now() - 60_000, id: 'e1', name: 'pageview', visitor: 'v' }]);
    const ask = (filters: unknown) =>
      worker.fetch('https://px.example.com/api/v2/query', {
        method: 'POST',
        headers: { authorization: 'Bearer test-admin-token', 'content-type': 'application/json' },
        body: JSON.stringify({ site_id: pixel.id, metrics: ['visitors'], date_range: '7d', filters }),
      });
    expect((await ask([])).status).toBe(200);
    const batch = vi.spyOn(Object.getPrototypeOf(db) as D1Database, 'batch');
    const filters = [['is_not', 'event:page', ['/nothing']]];
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(filters)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 40 }, () => 200));
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    expect(new Set(bodies).size).toBe(1);
    // One looks what there is, and one asks; each by itself would be eighty.
    expect(batch.mock.calls.length).toBeLessThanOrEqual(6);
    batch.mockClear();
    // Later ones are answered anew.
    await store(pixel, [{ ts: Date.now() - 50_000, id: 'e2', name: 'pageview', visitor: 'w' }]);
    expect(await (await ask(filters)).json()).toMatchObject({ results: [{ metrics: [2] }] });
    batch.mockRestore();
  });
});
