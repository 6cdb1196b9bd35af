/** A list of queries in one request: each gets what it would get alone, and counts and pays as if it were. */
import { exports } from 'cloudflare:workers';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { MAX_QUERIES } from '../../src/api/query-list.ts';
import { computeEachOnce, computeOnce } from '../../src/api/single-flight.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { applySchema, db, GOALS, makePixel, store } from '../fixtures.ts';

const worker = (exports as unknown as { readonly default: Fetcher }).default;
const ADMIN = 'test-admin-token';

interface Item {
  readonly results?: readonly { readonly metrics: readonly unknown[] }[];
  readonly status?: number;
  readonly reason?: string;
  readonly retry_after?: number;
  readonly errors?: readonly { readonly path: string }[];
}

let pixel: Pixel;
beforeAll(async () => {
  await applySchema();
  pixel = await makePixel('UTC', { goals: GOALS });
  const ts = Date.now() - 60_000;
  await store(pixel, [
    { ts, id: 'e1', name: 'pageview', visitor: 'v', page: '/' },
    { ts, id: 'e2', name: 'pageview', visitor: 'w', page: '/b' },
    { ts, id: 'e3', name: 'Signup', visitor: 'w', page: '/b' },
  ]);
});

const post = (
  body: unknown,
  { token = ADMIN, accept = 'application/json' }: { token?: string; accept?: string } = {},
): Promise<Response> =>
  worker.fetch('https://px.example.com/api/v2/query', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept },
    body: JSON.stringify(body),
  });

async function askAll(body: unknown, token = ADMIN): Promise<Item[]> {
  const response = await post(body, { token });
  expect(response.status).toBe(200);
  return response.json();
}

async function tokenOf(id: string, scopes: readonly string[]): Promise<string> {
  const response = await worker.fetch('https://px.example.com/api/v1/tokens', {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'lists', scopes, pixel: id }),
  });
  return ((await response.json()) as { token: string }).token;
}

const query = (more: object = {}): object => ({
  site_id: pixel.id,
  metrics: ['visitors', 'events'],
  date_range: '7d',
  ...more,
});

describe('a list of queries', () => {
  it('gets the results and problems that each gets alone, in its order', async () => {
    const bodies: unknown[] = [
      query(),
      query({ metrics: ['nothing'] }),
      query({ dimensions: ['event:page'], include: { total_rows: true } }),
      null,
      query({ date_range: ['1990-01-01', '1990-01-02'] }),
      [query()],
      query({ filters: [['is', 'event:goal', ['Signup']]], metrics: ['conversion_rate'] }),
      {},
      query({
        dimensions: ['time:day'],
        include: { time_labels: true, comparisons: { mode: 'previous_period' } },
      }),
      'text',
      query({ metrics: ['nothing'] }),
    ];
    const items = await askAll(bodies);
    expect(items).toHaveLength(bodies.length);
    for (const [index, body] of bodies.entries()) {
      // Alone, a list is not a query but a list.
      if (Array.isArray(body)) continue;
      expect(items[index], JSON.stringify(body)).toEqual(await (await post(body)).json());
    }
    expect(items.map(({ status = 200 }) => status)).toEqual([
      200, 400, 200, 400, 400, 400, 200, 400, 200, 400, 400,
    ]);
    expect(items[0]?.results).toEqual([{ dimensions: [], metrics: [2, 3] }]);
  });

  it('may be cached as one query may, unless something in it failed', async () => {
    const good = await post([query(), query({ dimensions: ['event:name'] })]);
    expect(good.headers.get('content-type')).toBe('application/json');
    expect(good.headers.get('cache-control')).toBe('private, max-age=30');
    expect(good.headers.get('etag')).toMatch(/^W\/"[\w-]+"$/);
    const again = await post([query(), query({ dimensions: ['event:name'] })]);
    expect(again.headers.get('etag')).toBe(good.headers.get('etag'));
    const other = await post([query({ dimensions: ['event:name'] }), query()]);
    expect(other.headers.get('etag')).not.toBe(good.headers.get('etag'));
    const failed = await post([query(), {}]);
    expect(failed.headers.get('cache-control')).toBe('no-store');
  });

  it('has a query at least, and a bound', async () => {
    for (const length of [0, MAX_QUERIES + 1, 500]) {
      const response = await post(Array(length).fill(query()));
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        reason: 'invalid_query',
        detail: `Send 1 to ${MAX_QUERIES} queries in a list.`,
      });
    }
    expect(await askAll(Array(MAX_QUERIES).fill(query()))).toHaveLength(MAX_QUERIES);
  });

  it('is about one pixel that the token reaches', async () => {
    const other = await makePixel('UTC');
    const mixed = await post([query(), {}, { ...query(), site_id: other.id }]);
    expect(mixed.status).toBe(400);
    expect(await mixed.json()).toMatchObject({ errors: [{ path: '[2].site_id' }] });
    // An invalid query about another pixel is about another pixel.
    expect((await post([query(), { site_id: other.id }])).status).toBe(400);
    const none = await post([{}, null, 7]);
    expect(none.status).toBe(400);
    expect(await none.json()).toMatchObject({ errors: [{ path: '[0].site_id' }] });
    expect((await post([{ ...query(), site_id: 'px_2222222222222222' }])).status).toBe(404);
    const token = await tokenOf(other.id, ['stats:read']);
    const refused = await post([query(), query()], { token });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ reason: 'wrong_pixel' });
    expect((await post([query()], { token: await tokenOf(pixel.id, ['events:write']) })).status).toBe(403);
  });

  it('is not answered as CSV, and the error says what to do', async () => {
    const response = await post([query()], { accept: 'text/csv' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      reason: 'invalid_query',
      detail: 'A list of queries is answered in JSON only. For CSV, send one query in each request.',
    });
  });
});

describe('the limits of queries', () => {
  it('count each query of a list', async () => {
    const token = await tokenOf(pixel.id, ['stats:read']);
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    try {
      const list = Array.from({ length: MAX_QUERIES }, (_, index) =>
        query({ pagination: { limit: index + 1 } }),
      );
      const statuses: number[] = [];
      for (let sent = 0; sent < 600; sent += MAX_QUERIES - 1) {
        const items = await askAll([...list.slice(1), {}], token);
        statuses.push(...items.map(({ status = 200 }) => status));
      }
      // A query that has errors counts no more than alone: not at all.
      expect(statuses.filter((status) => status === 400)).toHaveLength(32);
      expect(statuses.filter((status) => status === 200)).toHaveLength(600);
      expect(statuses.filter((status) => status === 429)).toHaveLength(8);
      const [item] = await askAll([query()], token);
      expect(item).toMatchObject({ status: 429, reason: 'too_many_requests', retry_after: 60 });
      const alone = await post(query(), { token });
      expect([alone.status, alone.headers.get('retry-after')]).toEqual([429, '60']);
      expect(await alone.json()).toEqual(item);
    } finally {
      vi.useRealTimers();
    }
  });

  it('charge each query of a list', async () => {
    const large = await makePixel('UTC');
    await store(large, [{ ts: Date.now() - 60_000, id: 'p1', name: 'pageview', visitor: 'v' }]);
    // As if the day had a million events: some 7 s a query, of 240.
    await db
      .prepare('UPDATE days SET rolled_at = 1, dirty = 0, events = 1000000 WHERE pixel = ?')
      .bind(large.id)
      .run();
    const token = await tokenOf(large.id, ['stats:read']);
    const list = (round: number): object[] =>
      Array.from({ length: MAX_QUERIES }, (_, index) => ({
        ...query({ filters: [['is', 'event:page', [`/${round}/${index}`]]] }),
        site_id: large.id,
      }));
    const first = await askAll(list(0), token);
    expect(first.map(({ status = 200 }) => status)).toEqual(Array(MAX_QUERIES).fill(200));
    const second = (await askAll(list(1), token)).map(({ status = 200 }) => status);
    const answered = second.filter((status) => status === 200).length;
    expect(answered).toBeGreaterThan(0);
    expect(answered).toBeLessThan(MAX_QUERIES);
    expect(second.filter((status) => status === 429)).toHaveLength(MAX_QUERIES - answered);
    expect((await post(list(2)[0], { token })).status).toBe(429);
  });

  it('bound what a list may hold of results', async () => {
    const wide = await makePixel('UTC');
    const ts = Date.now() - 60_000;
    await store(
      wide,
      Array.from({ length: 2300 }, (_, index) => ({
        ts,
        id: `w${index}`,
        name: 'pageview',
        visitor: `v${index % 9}`,
        props: JSON.stringify(
          Object.fromEntries(['a', 'b', 'c', 'd'].map((key) => [key, `${key}${index}`.padEnd(490, 'x')])),
        ),
      })),
    );
    const rows = (limit: number): object => ({
      ...query({
        dimensions: ['a', 'b', 'c', 'd'].map((key) => `event:props:${key}`),
        pagination: { limit },
      }),
      site_id: wide.id,
    });
    const items = await askAll([rows(2300), rows(2299), rows(2298), rows(5)]);
    const failed = items.filter(({ status }) => status !== undefined);
    // Some 4.5 MB each. Which of them has no room depends on which is ready last; a small one still has.
    expect(failed).toMatchObject([{ reason: 'invalid_query', errors: [{ path: 'pagination.limit' }] }]);
    expect(items[3]?.results).toHaveLength(5);
  });
});

describe('equal queries', () => {
  it('of a list, and of other requests at the same time, are computed once', async () => {
    await post(query());
    const batch = vi.spyOn(Object.getPrototypeOf(db) as D1Database, 'batch');
    const filtered = query({ filters: [['is_not', 'event:page', ['/nothing']]] });
    const other = query({ filters: [['is_not', 'event:page', ['/nowhere']]] });
    const [alone, ...lists] = await Promise.all([
      post(filtered),
      ...Array.from({ length: 10 }, () => post([filtered, other, filtered])),
    ]);
    const expected = await alone?.json();
    for (const response of lists) {
      const items = (await response.json()) as unknown[];
      expect(items[0]).toEqual(expected);
      expect(items[2]).toEqual(expected);
    }
    // Each query looks at its days, and reads its rows. Each by itself would be 62.
    expect(batch.mock.calls.length).toBeLessThanOrEqual(16);
    batch.mockRestore();
  });

  it('that failed elsewhere are computed again', async () => {
    let tries = 0;
    const failing = async (): Promise<string> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      tries++;
      throw new Error('lost');
    };
    const first = computeOnce('each1', failing).catch(() => 'failed');
    const calls: (readonly number[])[] = [];
    const promises = await computeEachOnce(['each0', 'each1', 'each0', 'each2'], (indexes) => {
      calls.push(indexes);
      return indexes.map(async (index) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return `result ${index}`;
      });
    });
    expect(await Promise.all(promises)).toEqual(['result 0', 'result 1', 'result 0', 'result 3']);
    expect(calls).toEqual([[0, 3], [1]]);
    expect(await first).toBe('failed');
    expect(tries).toBe(1);
  });

  it('fail by themselves', async () => {
    const promises = await computeEachOnce(['each5', 'each6'], (indexes) =>
      indexes.map((index) => (index === 0 ? Promise.reject(new Error('lost')) : Promise.resolve(index))),
    );
    const settled = await Promise.allSettled(promises);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });
});
