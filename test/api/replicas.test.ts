/**
 * What a read replica may answer. Two real databases play the primary and a replica that is behind: see test/replica.ts. All
 * requests go through the API's router.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import schema from '../../schema.sql?raw';
import { api } from '../../src/api/api.ts';
import { hashToken } from '../../src/api/hash.ts';
import { Problem } from '../../src/api/problem.ts';
import { ROUTES } from '../../src/api/routes.ts';
import type { Env } from '../../src/env.ts';
import { newToken, type Scope } from '../../src/model/token.ts';
import { runJob } from '../../src/rollup/job.ts';
import { writeBatch } from '../../src/store/events.ts';
import { insertToken } from '../../src/store/tokens.ts';
import { applySchema, place, db as primary, testEnv } from '../fixtures.ts';
import { type ReplicaOptions, type ReplicatedDatabase, replicated } from '../replica.ts';

const REPLICA = (testEnv as unknown as { readonly REPLICA: D1Database }).REPLICA;
const ORIGIN = 'https://px.example.com';
const HEADER = 'x-d1-bookmark';
const ANY = 'first-unconstrained';
const ADMIN = 'test-admin-token';

const statements = schema.split(/;\s*$/m).filter((text) => text.replaceAll(/^--.*$/gm, '').trim() !== '');
const TABLES = statements.flatMap((text) => /CREATE TABLE IF NOT EXISTS (\w+)/.exec(text)?.[1] ?? []);

beforeAll(async () => {
  await applySchema();
  await REPLICA.batch(statements.map((text) => REPLICA.prepare(text)));
});

let cloud: ReplicatedDatabase;
let env: Env;

/** Begins with two empty databases. */
async function begin(options?: ReplicaOptions): Promise<void> {
  for (const one of [primary, REPLICA]) await empty(one);
  cloud = replicated(primary, REPLICA, options);
  env = { ...testEnv, DB: cloud.db } as Env;
}
const empty = (one: D1Database) => one.batch(TABLES.map((table) => one.prepare(`DELETE FROM ${table}`)));
beforeEach(() => begin());

interface Sent {
  readonly token?: string;
  readonly bookmark?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}
interface Answer {
  readonly status: number;
  readonly bookmark: string | null;
  readonly body: Record<string, unknown>;
}

async function send(
  method: string,
  path: string,
  { token = ADMIN, bookmark, headers = {}, body }: Sent = {},
): Promise<Answer> {
  const request = new Request(ORIGIN + path, {
    method,
    headers: {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(bookmark === undefined ? {} : { [HEADER]: bookmark }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const response = await api(request, env).catch((error: unknown) => {
    if (error instanceof Problem) return error.response();
    throw error;
  });
  const text = await response.text();
  const { status } = response;
  return { status, bookmark: response.headers.get(HEADER), body: text === '' ? {} : JSON.parse(text) };
}

async function addPixel(settings: Record<string, unknown> = {}): Promise<string> {
  const { body } = await send('POST', '/api/v1/pixels', {
    body: { name: 'Before', url: 'https://site.example', settings },
  });
  return String(body['id']);
}

async function addToken(
  scopes: readonly Scope[],
  pixel: string | null,
): Promise<{ id: string; token: string }> {
  const { body } = await send('POST', '/api/v1/tokens', { body: { name: 'T', scopes, pixel } });
  return { id: String(body['id']), token: String(body['token']) };
}

const visitors = (pixel: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  site_id: pixel,
  metrics: ['visitors'],
  // Seven days: midnight may pass while a test runs.
  date_range: '7d',
  ...more,
});

/** Stores events of now, each of another visitor. */
async function storeVisits(pixel: string, count: number, prefix = 'v'): Promise<void> {
  const ts = Date.now();
  const events = Array.from({ length: count }, (_, index) =>
    place(
      { id: pixel, timezone: 'UTC' } as never,
      {
        id: `${prefix}${index}`,
        ts,
        name: 'pageview',
        visitor: `${prefix}${index}`,
        page: '/',
      } as never,
    ),
  );
  await writeBatch(env.DB, { id: `${prefix}batch`, events, rejections: [] }, ts, true);
}

const countOf = ({ body }: Answer): unknown =>
  (body['results'] as { metrics: unknown[] }[] | undefined)?.[0]?.metrics[0];

describe('an owner', () => {
  /** What is saved, and what is read then: by whom it shows that it was saved. */
  const SAVED: readonly (readonly [
    what: string,
    save: (pixel: string) => Promise<Answer>,
    read: (pixel: string, sent: Sent) => Promise<unknown>,
  ])[] = [
    [
      'a new pixel',
      () => send('POST', '/api/v1/pixels', { body: { name: 'New', url: 'https://new.example' } }),
      async (_, sent) => (await send('GET', '/api/v1/pixels', sent)).body['pixels'],
    ],
    [
      'a name',
      (pixel) => send('PATCH', `/api/v1/pixels/${pixel}`, { body: { name: 'After' } }),
      async (pixel, sent) => (await send('GET', `/api/v1/pixels/${pixel}`, sent)).body['name'],
    ],
    [
      'a goal',
      (pixel) =>
        send('PATCH', `/api/v1/pixels/${pixel}`, {
          body: { settings: { goals: [{ name: 'Any', event: 'pageview' }] } },
        }),
      async (pixel, sent) =>
        (
          await send('POST', '/api/v2/query', {
            ...sent,
            body: [visitors(pixel, { dimensions: ['event:goal'] })],
          })
        ).body,
    ],
    [
      'a funnel',
      (pixel) =>
        send('PATCH', `/api/v1/pixels/${pixel}`, {
          body: {
            settings: {
              goals: [
                { name: 'A', event: 'pageview' },
                { name: 'B', event: 'Buy' },
              ],
              funnels: [{ name: 'F', steps: ['A', 'B'], within: 'visit' }],
            },
          },
        }),
      async (pixel, sent) => (await send('GET', `/api/v1/pixels/${pixel}/funnel?name=F`, sent)).status,
    ],
    [
      'events of a server',
      (pixel) =>
        send('POST', '/api/v1/events', {
          body: { events: [{ id: pixel, ev: 'pageview', dl: 'https://site.example/' }] },
        }),
      async (pixel, sent) =>
        (await send('GET', `/api/v1/pixels/${pixel}/stats?metrics=pageviews&period=7d`, sent)).body[
          'results'
        ],
    ],
    [
      'the deletion of a pixel',
      (pixel) => send('DELETE', `/api/v1/pixels/${pixel}`),
      async (pixel, sent) => (await send('GET', `/api/v1/pixels/${pixel}`, sent)).status,
    ],
  ];

  it.each(SAVED)('sees %s at once: by the bookmark, and without any header', async (_, save, read) => {
    const pixel = await addPixel();
    await storeVisits(pixel, 2);
    await cloud.sync();
    const before = await read(pixel, { bookmark: ANY });
    const saved = await save(pixel);
    expect(saved.status).toBeLessThan(300);
    expect(saved.bookmark).toMatch(/^[\da-f-]{20,}$/);

    // The replica is behind, and a reader to whom that does not matter is answered by it.
    expect(await read(pixel, { bookmark: ANY })).toEqual(before);
    // What a client sends that is neither is not passed on.
    for (const bookmark of [undefined, '', 'first-primary', 'latest', `${saved.bookmark} `.repeat(3)]) {
      expect(await read(pixel, bookmark === undefined ? {} : { bookmark })).not.toEqual(before);
    }
    const after = await read(pixel, { bookmark: saved.bookmark ?? '' });
    expect(after).not.toEqual(before);
    await cloud.sync();
    expect(await read(pixel, { bookmark: ANY })).toEqual(after);
  });

  it('sees what a change conflicts with', async () => {
    const pixel = await addPixel();
    const first = await send('GET', `/api/v1/pixels/${pixel}`);
    await cloud.sync();
    await send('PATCH', `/api/v1/pixels/${pixel}`, { body: { name: 'Of another' } });
    const refused = await send('PATCH', `/api/v1/pixels/${pixel}`, {
      body: { name: 'Mine' },
      headers: { 'if-match': `"${first.body['etag']}"` },
    });
    expect(refused.status).toBe(412);
    expect(refused.bookmark).toMatch(/^[\da-f-]{20,}$/);
    const again = await send('GET', `/api/v1/pixels/${pixel}`, { bookmark: refused.bookmark ?? '' });
    expect(again.body['name']).toBe('Of another');
  });

  it('never sees less than before, by the bookmarks of answers', async () => {
    const routes = ['primary', 'replica'] as const;
    let next = 0;
    await begin({ route: () => routes[next++ % 2] ?? 'replica' });
    const pixel = await addPixel();
    await cloud.sync();
    await storeVisits(pixel, 5);
    let [bookmark, last] = [ANY, 0];
    for (let read = 0; read < 12; read++) {
      const answer = await send('POST', '/api/v2/query', { bookmark, body: visitors(pixel) });
      const count = Number(countOf(answer));
      expect(count).toBeGreaterThanOrEqual(last);
      expect(answer.bookmark).not.toBeNull();
      [bookmark, last] = [answer.bookmark ?? '', count];
      if (read === 6) await storeVisits(pixel, 3, 'w');
    }
    expect(last).toBe(8);
  });

  it('shares no result with a request that began at an older state', async () => {
    let [count, held] = [0, Number.POSITIVE_INFINITY];
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let reach = (): void => {};
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    await begin({
      answering: () => {
        if (++count !== held) return undefined;
        reach();
        return gate;
      },
    });
    const pixel = await addPixel();
    await cloud.sync();
    await storeVisits(pixel, 4);
    const { bookmark } = await send('PATCH', `/api/v1/pixels/${pixel}`, { body: { name: 'After' } });
    const ask = (start: string) => send('POST', '/api/v2/query', { bookmark: start, body: visitors(pixel) });
    await ask(ANY);
    // The last statement of the next one is executed, and its answer is held back.
    held = 2 * count;
    const old = ask(ANY);
    await reached;
    const current = ask(bookmark ?? '');
    await Promise.race([current, scheduler.wait(500)]);
    release();
    expect([countOf(await old), countOf(await current)]).toEqual([0, 4]);
  });
});

describe('what is revoked', () => {
  /** Each makes access, says how it is used, and revokes it. */
  const ACCESS: readonly (readonly [
    what: string,
    make: (pixel: string) => Promise<{ sent: Sent; revoke: () => Promise<Answer> }>,
  ])[] = [
    [
      'a token',
      async (pixel) => {
        const { id, token } = await addToken(['stats:read'], pixel);
        return { sent: { token }, revoke: () => send('DELETE', `/api/v1/tokens/${id}`) };
      },
    ],
    [
      "an owner's token",
      async () => {
        const { id, token } = await addToken(['stats:read', 'pixels:write'], null);
        return { sent: { token }, revoke: () => send('DELETE', `/api/v1/tokens/${id}`) };
      },
    ],
    [
      'a session, by signing out',
      async () => {
        const sent = await signIn({ token: ADMIN });
        return { sent, revoke: () => send('DELETE', '/api/v1/session', sent) };
      },
    ],
    [
      'the session of a token',
      async () => {
        const { id, token } = await addToken(['stats:read', 'pixels:write'], null);
        return { sent: await signIn({ token }), revoke: () => send('DELETE', `/api/v1/tokens/${id}`) };
      },
    ],
    [
      'the session of a link',
      async (pixel) => {
        const { body } = await send('POST', `/api/v1/pixels/${pixel}/links`, { body: { name: 'L' } });
        const sent = await signIn({ link: String(body['url']).split('#')[1] ?? '' }, 'link');
        return { sent, revoke: () => send('DELETE', `/api/v1/pixels/${pixel}/links/${body['id']}`) };
      },
    ],
    [
      'a public page',
      async (pixel) => {
        const { body } = await send('POST', `/api/v1/pixels/${pixel}/links`, {
          body: { name: 'L', public: true },
        });
        const id = String(body['public_url']).split('/').at(-1) ?? '';
        return {
          sent: { token: '', headers: { 'x-speck-public': id } },
          revoke: () =>
            send('PATCH', `/api/v1/pixels/${pixel}/links/${body['id']}`, { body: { public: false } }),
        };
      },
    ],
    [
      'a link that has expired',
      async (pixel) => {
        const { body } = await send('POST', `/api/v1/pixels/${pixel}/links`, { body: { name: 'L' } });
        const sent = await signIn({ link: String(body['url']).split('#')[1] ?? '' }, 'link');
        const { id } = body;
        return {
          sent,
          revoke: async () => {
            await env.DB.prepare('UPDATE links SET expires_at = 1 WHERE id = ?').bind(id).run();
            return { status: 200, bookmark: null, body: {} };
          },
        };
      },
    ],
  ];

  async function signIn(body: Record<string, string>, kind = 'owner'): Promise<Sent> {
    const headers = { origin: ORIGIN, 'sec-fetch-site': 'same-origin', 'x-speck-session': kind };
    const request = new Request(`${ORIGIN}/api/v1/session`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    const response = await api(request, env);
    const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
    return { token: '', headers: { cookie, 'x-speck-session': kind } };
  }

  it.each(ACCESS)('is refused at once, whatever state the request begins with: %s', async (_, make) => {
    const pixel = await addPixel();
    const { sent, revoke } = await make(pixel);
    await cloud.sync();
    const query = (bookmark: string) =>
      send('POST', '/api/v2/query', { ...sent, bookmark, body: visitors(pixel) });
    const before = await query(ANY);
    expect(before.status).toBe(200);
    expect((await revoke()).status).toBeLessThan(300);
    // The replica still has it.
    for (const bookmark of [ANY, before.bookmark ?? ANY, 'first-primary']) {
      expect((await query(bookmark)).status).toBe(401);
    }
  });

  it('a token that was just made is known at once', async () => {
    await cloud.sync();
    const token = newToken();
    const hash = await hashToken(token);
    await insertToken(
      env.DB,
      { id: 'tok_new', name: 'T', scopes: ['stats:read'], pixel: null, created_at: 0 },
      hash,
    );
    expect((await send('GET', '/api/v1/pixels', { token, bookmark: ANY })).status).toBe(200);
  });
});

describe('small groups that an owner has hidden', () => {
  it('are hidden at once from everyone but owners, whatever state their requests begin with', async () => {
    const pixel = await addPixel();
    await storeVisits(pixel, 3);
    const guest = (await addToken(['stats:read'], pixel)).token;
    const reader = (await addToken(['stats:read'], null)).token;
    const owner = (await addToken(['stats:read', 'pixels:write'], pixel)).token;
    const { bookmark } = await send('PATCH', `/api/v1/pixels/${pixel}`, { body: { name: 'Before' } });
    await cloud.sync();
    await send('PATCH', `/api/v1/pixels/${pixel}`, { body: { settings: { min_group: 50 } } });
    const ask = (token: string, begin: string) =>
      send('POST', '/api/v2/query', { token, bookmark: begin, body: visitors(pixel) });
    for (const begin of [ANY, bookmark ?? '']) {
      for (const token of [guest, reader]) {
        const answer = await ask(token, begin);
        expect((answer.body['meta'] as { min_group?: number }).min_group).toBe(50);
        expect(countOf(answer)).not.toBe(3);
      }
      // An owner could change the setting back.
      expect(countOf(await ask(owner, begin))).toBe(3);
    }
  });

  it('do not keep a guest from a replica whose settings are right', async () => {
    const pixel = await addPixel();
    const { token } = await addToken(['stats:read'], pixel);
    await cloud.sync();
    await storeVisits(pixel, 3);
    const before = cloud.answered.replica;
    const answer = await send('POST', '/api/v2/query', { token, bookmark: ANY, body: visitors(pixel) });
    expect(countOf(answer)).toBe(0);
    expect(cloud.answered.replica).toBeGreaterThan(before);
  });
});

describe('the primary', () => {
  it('answers all routes that do not say otherwise', async () => {
    const pixel = await addPixel();
    await cloud.sync();
    const before = cloud.answered.replica;
    for (const { method, path, replica, query } of ROUTES) {
      if (replica || method !== 'GET') continue;
      const needs = query && /people/.test(path) ? '?uid=ann' : '';
      await send('GET', path.replace(':id', pixel) + needs, { bookmark: ANY });
    }
    expect(cloud.answered.replica).toBe(before);
    expect(ROUTES.filter(({ replica }) => replica).map(({ name }) => name)).toEqual([
      'readPixels',
      'readPixel',
      'readRejections',
      'readStats',
      'readFunnel',
      'readProperties',
      'query',
    ]);
  });

  it('answers all that a writing request reads', async () => {
    const pixel = await addPixel();
    await cloud.sync();
    const before = cloud.answered.replica;
    await send('PATCH', `/api/v1/pixels/${pixel}`, { bookmark: ANY, body: { timezone: 'Asia/Kolkata' } });
    await send('POST', `/api/v1/pixels/${pixel}/links`, { bookmark: ANY, body: { name: 'L' } });
    await send('DELETE', `/api/v1/pixels/${pixel}`, { bookmark: ANY });
    expect(cloud.answered.replica).toBe(before);
  });
});

describe('a query of several statements', () => {
  const DAY = 86_400_000;

  /** Events of a past day, which the cron then rolls up and purges. At the position, the replica has only the events. */
  async function history(
    options: ReplicaOptions,
  ): Promise<{ pixel: string; range: string; position: number }> {
    await begin(options);
    const pixel = await addPixel({ retention_days: 1 });
    const then = Date.now() - 5 * DAY;
    const events = Array.from({ length: 12 }, (_, index) =>
      place(
        { id: pixel, timezone: 'UTC' } as never,
        {
          id: `e${index}`,
          ts: then,
          name: 'pageview',
          visitor: `v${index % 7}`,
          page: index % 2 === 0 ? '/a' : '/b',
          country: index % 3 === 0 ? 'DE' : 'FR',
        } as never,
      ),
    );
    await writeBatch(env.DB, { id: 'b', events, rejections: [] }, Date.now(), true);
    const position = cloud.position();
    // The events of a past day are stored for some days, so that late ones may join them.
    for (const at of [Date.now(), Date.now() + 4 * DAY]) {
      for (let more = true; more; ) {
        const report = await runJob(env, at);
        expect(report.failed).toBe(0);
        more = report.more;
      }
    }
    const { results } = await primary.prepare('SELECT count(*) AS n FROM events').all<{ n: number }>();
    expect(results[0]?.n).toBe(0);
    return { pixel, range: new Date(then).toISOString().slice(0, 10), position };
  }

  const queries = (pixel: string, range: string): readonly Record<string, unknown>[] => {
    const base = { site_id: pixel, metrics: ['visitors', 'pageviews'], date_range: [range, range] };
    return [
      base,
      { ...base, dimensions: ['event:page'], order_by: [['event:page', 'asc']] },
      { ...base, filters: [['is', 'visit:country', ['DE']]] },
      { ...base, filters: [['is', 'event:page', ['/a']]], dimensions: ['visit:country'] },
    ];
  };

  /** The answers for every way in which the first statements may go to the primary or the replica. */
  async function answersOf(
    forgets: boolean,
  ): Promise<{ expected: string[]; torn: number; answered: number }> {
    let routes: readonly ('primary' | 'replica')[] = [];
    let next = 0;
    const { pixel, range, position } = await history({ route: () => routes[next++] ?? 'replica', forgets });
    let torn = 0;
    let expected: string[] = [];
    for (let way = 0; way < 32; way++) {
      routes = Array.from({ length: 5 }, (_, bit) => (((way >> bit) & 1) === 1 ? 'replica' : 'primary'));
      const found: string[] = [];
      for (const query of queries(pixel, range)) {
        await empty(REPLICA);
        await cloud.restore(position);
        next = 0;
        const { status, body } = await send('POST', '/api/v2/query', { bookmark: ANY, body: query });
        found.push(JSON.stringify([status, body['results']]));
      }
      if (way === 0) expected = found;
      if (JSON.stringify(found) !== JSON.stringify(expected)) torn++;
    }
    return { expected, torn, answered: cloud.answered.replica };
  }

  it('is answered by one history, wherever each statement goes', async () => {
    const { expected, torn, answered } = await answersOf(false);
    expect(expected[0]).toBe('[200,[{"metrics":[7,12],"dimensions":[]}]]');
    expect(answered).toBeGreaterThan(100);
    expect(torn).toBe(0);
  });

  it('would be torn without what the session has seen', async () => {
    expect((await answersOf(true)).torn).toBeGreaterThan(0);
  });
});

it('plays a replica that ends up equal to the primary', async () => {
  const pixel = await addPixel();
  await storeVisits(pixel, 20);
  await send('PATCH', `/api/v1/pixels/${pixel}`, { body: { timezone: 'Asia/Kolkata' } });
  await runJob(env, Date.now());
  await cloud.sync();
  for (const table of TABLES) {
    const all = async (one: D1Database) => (await one.prepare(`SELECT * FROM ${table}`).all()).results;
    expect(await all(REPLICA), table).toEqual(await all(primary));
  }
});
