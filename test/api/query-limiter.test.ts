/** How often and how much at once may be asked, and that what many ask at once is computed once, in requests of their own. */
import { exports } from 'cloudflare:workers';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Grant } from '../../src/api/grant.ts';
import { Problem } from '../../src/api/problem.ts';
import { withQueryLimits } from '../../src/api/query-limiter.ts';
import { computeOnce } from '../../src/api/single-flight.ts';
import { sizeOfProperties } from '../../src/store/properties.ts';
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

/** A new token of a pixel. */
async function tokenOf(pixel: string, scopes: readonly string[]): Promise<string> {
  const response = await worker.fetch('https://px.example.com/api/v1/tokens', {
    method: 'POST',
    headers: { authorization: 'Bearer test-admin-token', 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'asks', scopes, pixel }),
  });
  return ((await response.json()) as { token: string }).token;
}

async function statusOf(query: Promise<unknown>): Promise<number> {
  try {
    await query;
    return 200;
  } catch (error) {
    if (error instanceof Problem) return error.response().status;
    throw error;
  }
}

describe('query limits', () => {
  it.each([
    ['a shared link', link('l1'), 120],
    ['a token', token('t1'), 600],
  ])('allow %s so many queries a minute, and reset in the next minute', async (_, grant, most) => {
    vi.useFakeTimers({ now: Date.parse('2026-11-28T12:00:00Z'), toFake: ['Date'] });
    try {
      for (let query = 0; query < most; query++) await withQueryLimits(grant, async () => null);
      const rejected = withQueryLimits(grant, async () => null);
      await expect(rejected).rejects.toMatchObject({
        reason: 'too_many_requests',
        headers: { 'retry-after': '60' },
      });
      // Others are not held up.
      expect(await statusOf(withQueryLimits(link('l2'), async () => null))).toBe(200);
      expect(await statusOf(withQueryLimits(ADMIN, async () => null))).toBe(200);
      vi.setSystemTime(Date.parse('2026-11-28T12:01:00Z'));
      expect(await statusOf(withQueryLimits(grant, async () => null))).toBe(200);
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([
    ['a shared link', link('l7'), 60, '60'],
    ['a token', token('t7'), 240, '30'],
  ])('allow %s so much database time, which is refilled', async (_, grant, seconds, retryAfter) => {
    vi.useFakeTimers({ now: Date.parse('2026-11-28T12:00:00Z'), toFake: ['Date'] });
    try {
      const ask = (price: number) => withQueryLimits(grant, async (spend) => spend(price * 1e6));
      for (let spent = 0; spent < seconds; spent += 12) expect(await statusOf(ask(12))).toBe(200);
      await expect(ask(12)).rejects.toMatchObject({
        reason: 'too_many_requests',
        headers: { 'retry-after': retryAfter },
      });
      // What is refused costs nothing, and what costs nothing is answered.
      expect(await statusOf(ask(0))).toBe(200);
      expect(await statusOf(withQueryLimits(link('l8'), async (spend) => spend(12e6)))).toBe(200);
      expect(await statusOf(withQueryLimits(ADMIN, async (spend) => spend(1e12)))).toBe(200);
      vi.setSystemTime(Date.now() + Number(retryAfter) * 1000);
      expect(await statusOf(ask(12))).toBe(200);
      expect(await statusOf(ask(1))).toBe(429);
      // It never grows beyond what it was at first.
      vi.setSystemTime(Date.now() + 86_400_000);
      for (let spent = 0; spent < seconds; spent += 12) expect(await statusOf(ask(12))).toBe(200);
      expect(await statusOf(ask(1))).toBe(429);
    } finally {
      vi.useRealTimers();
    }
  });

  it('charge the price of a query before it runs', async () => {
    const pixel = await makePixel('UTC', { goals: GOALS });
    await store(pixel, [{ ts: Date.now() - 60_000, id: 'p1', name: 'pageview', visitor: 'v' }]);
    // As if the day had a million events.
    await db
      .prepare('UPDATE days SET rolled_at = 1, dirty = 0, events = 1000000 WHERE pixel = ?')
      .bind(pixel.id)
      .run();
    const secret = await tokenOf(pixel.id, ['stats:read']);
    const ask = (at: number) =>
      worker.fetch('https://px.example.com/api/v2/query', {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          site_id: pixel.id,
          metrics: ['visitors'],
          date_range: '7d',
          filters: [['is', 'event:page', [`/${at}`]]],
        }),
      });
    const statuses: number[] = [];
    for (let at = 0; at < 60 && statuses.at(-1) !== 429; at++) statuses.push((await ask(at)).status);
    // Some 7 s each.
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(20);
    expect(statuses.at(-1)).toBe(429);
    const batch = vi.spyOn(Object.getPrototypeOf(db) as D1Database, 'batch');
    const rejected = await ask(99);
    expect(rejected.status).toBe(429);
    expect(Number(rejected.headers.get('retry-after'))).toBeGreaterThan(0);
    // One looks what there is; nothing is asked.
    expect(batch.mock.calls.length).toBe(1);
    batch.mockRestore();
  });

  it('charge for listing property keys, and can reject it', async () => {
    const pixel = await makePixel('UTC');
    const ask = (from: string) =>
      worker.fetch(`https://px.example.com/api/v1/pixels/${pixel.id}/properties?from=${from}&to=2026-02-01`, {
        headers: { authorization: 'Bearer test-admin-token' },
      });
    // As if every day of 25 years had as many properties as are kept.
    await db
      .prepare(
        `WITH RECURSIVE past AS (SELECT 0 AS at UNION ALL SELECT at + 1 FROM past WHERE at < 9000)
         INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw, rolled_at, events)
         SELECT ?, date('2026-02-01', '-' || at || ' days'), 0, 0, 0, 2, 1, 100000 FROM past`,
      )
      .bind(pixel.id)
      .run();
    expect((await ask('2024-02-01')).status).toBe(200);
    const rejected = await ask('2001-08-01');
    expect(rejected.status).toBe(400);
    expect(await rejected.json()).toMatchObject({ reason: 'invalid_query', errors: [{ path: 'from' }] });
    // Days that wait for their rollup are read from events.
    await db
      .prepare('UPDATE days SET rolled_at = NULL, raw = 0, ends_at = 1e13 WHERE pixel = ? AND day = ?')
      .bind(pixel.id, '2026-02-01')
      .run();
    await store(pixel, [{ ts: Date.parse('2026-02-01T12:00:00Z'), id: 'p2', name: 'x', visitor: 'v' }]);
    expect(await sizeOfProperties(db, pixel.id, '2026-01-31', '2026-02-01')).toEqual({
      events: 1,
      rows: 5300,
    });
  });

  it("let two other queries run while one of the owner's runs", async () => {
    let end: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    let [now, peak] = [0, 0];
    const work = async (): Promise<void> => {
      peak = Math.max(peak, ++now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now--;
    };
    const owner = withQueryLimits(ADMIN, () => held);
    const others = () =>
      [link('l9'), token('t9')].flatMap((grant) =>
        Array.from({ length: 4 }, () => statusOf(withQueryLimits(grant, work))),
      );
    expect(new Set(await Promise.all(others()))).toEqual(new Set([200]));
    expect(peak).toBe(2);
    // The owner's wait for nobody.
    const otherQueries = others();
    expect(await statusOf(withQueryLimits(ADMIN, async () => null))).toBe(200);
    await Promise.all(otherQueries);
    end();
    await owner;
    peak = 0;
    await Promise.all(others());
    expect(peak).toBe(8);
  });

  it.each([
    ['a shared link', link('l3'), 4],
    ['a token', token('t3'), 8],
  ])(
    'let %s run so many queries at once; the fifteen of a dashboard view wait their turn',
    async (_, grant, most) => {
      let now = 0;
      let peak = 0;
      const work = async (): Promise<null> => {
        peak = Math.max(peak, ++now);
        await new Promise((resolve) => setTimeout(resolve, 5));
        now--;
        return null;
      };
      const all = await Promise.all(Array.from({ length: 20 }, () => statusOf(withQueryLimits(grant, work))));
      expect(all).toEqual(Array.from({ length: 20 }, () => 200));
      expect(peak).toBe(most);
    },
  );

  it('limit how many queries wait, and for how long', async () => {
    let end: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    const query = Array.from({ length: 60 }, () => statusOf(withQueryLimits(link('l4'), () => held)));
    const first = await Promise.race(query);
    expect(first).toBe(429);
    end();
    const all = await Promise.all(query);
    expect(all.filter((status) => status === 200)).toHaveLength(44);
  });

  it('release a slot if the query fails or its request is canceled', async () => {
    const failing = Array.from({ length: 20 }, () =>
      withQueryLimits(link('l5'), () => Promise.reject(new Error('gone'))).catch(() => 'gone'),
    );
    expect(new Set(await Promise.all(failing))).toEqual(new Set(['gone']));
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    try {
      // The runtime ends a request without a word: what it awaits is never settled.
      for (let turn = 0; turn < 4; turn++)
        void withQueryLimits(link('l6'), () => new Promise(() => undefined));
      vi.setSystemTime(Date.now() + 36_000);
      expect(await statusOf(withQueryLimits(link('l6'), async () => null))).toBe(200);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('the same query from multiple requests at once', () => {
  it('is computed once and answers all waiting requests, but no later ones', async () => {
    let computed = 0;
    const compute = async (): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return ++computed;
    };
    const all = await Promise.all(Array.from({ length: 50 }, () => computeOnce('k1', compute)));
    expect(new Set(all)).toEqual(new Set([1]));
    expect(await computeOnce('k1', compute)).toBe(2);
    expect(await Promise.all([computeOnce('k1', compute), computeOnce('k2', compute)])).toHaveLength(2);
    expect(computed).toBe(4);
  });

  it('is computed by another request if the first fails or is canceled', async () => {
    let tries = 0;
    const failing = async (): Promise<string> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (++tries === 1) throw new Error('lost');
      return 'found';
    };
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => computeOnce('k3', failing)));
    expect(all.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(tries).toBe(2);
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    try {
      void computeOnce('k4', () => new Promise(() => undefined));
      const waiting = computeOnce('k4', async () => 'found');
      // Till both have begun: their keys are hashed first.
      await new Promise((resolve) => setTimeout(resolve, 20));
      vi.setSystemTime(Date.now() + 11_000);
      expect(await waiting).toBe('found');
    } finally {
      vi.useRealTimers();
    }
  });

  it('is one database query for separate requests', async () => {
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
    // One looks what there is, and one asks: each by itself would be eighty. Those that come after an answer begin anew.
    expect(batch.mock.calls.length).toBeLessThan(20);
    batch.mockClear();
    // Later ones are answered anew.
    await store(pixel, [{ ts: Date.now() - 50_000, id: 'e2', name: 'pageview', visitor: 'w' }]);
    expect(await (await ask(filters)).json()).toMatchObject({ results: [{ metrics: [2] }] });
    batch.mockRestore();
  });
});
