/** What public pages and badges cost the database, and how soon they end where responses are cached. */
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { badgeText, drawBadge, textWidth } from '../../src/api/badge-svg.ts';
import { route } from '../../src/api/router.ts';
import type { Env } from '../../src/env.ts';
import { newPublicId } from '../../src/model/token.ts';
import { insertLink, updateLink } from '../../src/store/links.ts';
import { applySchema, db, makePixel, store, testEnv } from '../fixtures.ts';

const NOON = Date.parse('2026-11-24T12:00:00Z');

/** The SQL that was prepared. */
let statements: string[] = [];
const counted: Env = {
  ...testEnv,
  DB: new Proxy(db, {
    get(target, property) {
      const value = Reflect.get(target, property);
      if (property === 'prepare') {
        return (sql: string) => {
          statements.push(sql);
          return target.prepare(sql);
        };
      }
      return typeof value === 'function' ? value.bind(target) : value;
    },
  }),
};

let pixel: string;
let page: string;
let network = 0;

beforeAll(applySchema);
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOON });
  network++;
  const made = await makePixel('UTC');
  pixel = made.id;
  page = newPublicId();
  await store(
    made,
    [1, 2, 3].map(
      (n) => ({ id: `e${n}`, ts: NOON - n, name: 'pageview', visitor: `v${n}`, page: '/' }) as never,
    ),
    NOON,
  );
  await addLink();
  statements = [];
});
afterEach(() => vi.useRealTimers());

async function addLink(expires_at: number | null = null): Promise<void> {
  const link = {
    id: 'lnk_1',
    pixel,
    name: 'A',
    password: null,
    created_at: 0,
    token: null,
    embed_origins: [],
  };
  await insertLink(db, { ...link, expires_at, public_id: page }, `hash of ${page}`);
}
const end = () =>
  updateLink(
    db,
    pixel,
    'lnk_1',
    { public_id: null, expires_at: undefined, embed_origins: undefined },
    Date.now(),
  );

const ask = (
  path: string,
  { method = 'GET', body, id = page }: { method?: string; body?: unknown; id?: string } = {},
) =>
  route(
    new Request(`https://px.example${path}`, {
      method,
      headers: { 'x-speck-public': id, 'cf-connecting-ip': `198.51.100.${network}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
    counted,
  );
const query = (more: object = {}) =>
  ask('/api/v2/query', {
    method: 'POST',
    body: { site_id: pixel, metrics: ['visitors'], date_range: 'day', ...more },
  });
const badge = (search = '') => ask(`/badge/${page}.svg?period=day&${search}`);
const readLookups = () => statements.filter((sql) => sql.includes('public_id = ?')).length;
const readOthers = () => statements.filter((sql) => !/public_id = \?|UPDATE links/.test(sql)).length;

describe('a public page', () => {
  it('is answered from the cache for a minute, after its link is looked up', async () => {
    const answers = [await (await query()).text()];
    const first = readOthers();
    expect(first).toBeGreaterThan(0);
    for (let n = 0; n < 10; n++) answers.push(await (await query()).text());
    expect(new Set(answers).size).toBe(1);
    expect([readOthers(), readLookups()]).toEqual([first, 11]);
    vi.setSystemTime(NOON + 59_999);
    await query();
    expect(readOthers()).toBe(first);
    vi.setSystemTime(NOON + 60_000);
    await query();
    expect(readOthers()).toBeGreaterThan(first);
  });

  it('has a cache for each page, question and format', async () => {
    await query();
    for (const other of [
      () => query({ metrics: ['visits'] }),
      () => query({ filters: [['is', 'event:page', ['/']]] }),
      () => ask(`/api/v1/pixels/${pixel}/stats?period=day`),
      () => ask(`/api/v1/pixels/${pixel}/stats?period=day&format=csv`),
      () => ask(`/api/v1/pixels/${pixel}/live`),
      () => ask(`/api/v1/pixels/${pixel}/properties`),
    ]) {
      const before = readOthers();
      const response = await other();
      expect(response.status).toBe(200);
      expect(readOthers()).toBeGreaterThan(before);
      const again = readOthers();
      await other();
      expect(readOthers()).toBe(again);
    }
  });

  it('never caches a list with a query that failed', async () => {
    const body = [
      { site_id: pixel, metrics: ['visitors'], date_range: 'day' },
      { site_id: pixel, metrics: ['nothing'], date_range: 'day' },
    ];
    await ask('/api/v2/query', { method: 'POST', body });
    const before = readOthers();
    await ask('/api/v2/query', { method: 'POST', body });
    expect(readOthers()).toBeGreaterThan(before);
  });

  it('ends at once, also what was cached', async () => {
    expect((await query()).status).toBe(200);
    await end();
    expect((await query()).status).toBe(401);
  });

  it('that does not exist is looked up once, and many of them are refused, while tokens still sign in', async () => {
    const missing = newPublicId();
    const statuses: number[] = [];
    for (let n = 0; n < 30; n++) statuses.push((await ask('/api/v1/session', { id: missing })).status);
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(readLookups()).toBe(1);
    for (let n = 0; n < 30; n++) statuses.push((await ask('/api/v1/session', { id: newPublicId() })).status);
    expect(statuses.slice(30).filter((status) => status === 429).length).toBe(11);
    expect(readLookups()).toBe(20);
    const admin = await route(
      new Request('https://px.example/api/v1/pixels', {
        headers: {
          authorization: `Bearer ${testEnv.ADMIN_TOKEN}`,
          'cf-connecting-ip': `198.51.100.${network}`,
        },
      }),
      testEnv,
    );
    expect(admin.status).toBe(200);
  });

  it('records its use once an hour, whatever is loaded of it', async () => {
    const writes = () => statements.filter((sql) => sql.startsWith('UPDATE links')).length;
    await Promise.all([query(), badge(), ask('/api/v1/session')]);
    const first = writes();
    expect(first).toBeGreaterThan(0);
    for (let n = 0; n < 5; n++) await query({ metrics: ['visits'] });
    expect(writes()).toBe(first);
    vi.setSystemTime(NOON + 3_600_000);
    await query();
    expect(writes()).toBe(first + 1);
  });
});

describe('a badge', () => {
  it('costs the database nothing more, however often and with whatever label it is loaded', async () => {
    expect(await (await badge()).text()).toContain('<title>visitors, today: 3</title>');
    const [others, lookups] = [readOthers(), readLookups()];
    for (let n = 0; n < 200; n++) expect((await badge(`label=${n}`)).status).toBe(200);
    expect([readOthers(), readLookups()]).toEqual([others, lookups]);
    for (let half = 1; half <= 9; half++) {
      vi.setSystemTime(NOON + half * 30_000);
      for (let n = 0; n < 5; n++) await badge();
    }
    expect([readOthers(), readLookups()]).toEqual([others, lookups + 9]);
    vi.setSystemTime(NOON + 300_000);
    await badge();
    expect(readOthers()).toBeGreaterThan(others);
  });

  it('ends half a minute after its page, and with its expiry at once', async () => {
    expect((await badge()).status).toBe(200);
    await end();
    vi.setSystemTime(NOON + 30_000);
    expect((await badge()).status).toBe(404);
    page = newPublicId();
    await addLink(NOON + 40_000);
    const response = await badge();
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'public, max-age=10']);
    vi.setSystemTime(NOON + 40_000);
    expect((await badge()).status).toBe(404);
  });

  it('shows no group that is too small', async () => {
    pixel = (await makePixel('UTC', { min_group: 5 })).id;
    page = newPublicId();
    await addLink();
    const svg = await (await badge()).text();
    expect(svg).toContain('<title>visitors, today: not shown</title>');
    expect(svg).toContain('>–</text>');
  });

  it('is an image of text, whatever its parameters are', async () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        '<script>alert(1)</script>',
        '"><svg onload=alert(1)>',
        ']]>',
        '&#x3c;',
        '\u202egnp',
        '\u0000',
        '\ufffe',
        '<!--',
      ),
    );
    await fc.assert(
      fc.asyncProperty(nasty, fc.option(nasty), fc.option(nasty), async (label, metric, period) => {
        const search = new URLSearchParams({ label });
        if (metric !== null) search.set('metric', metric);
        if (period !== null) search.set('period', period);
        const response = await ask(`/badge/${page}.svg?${search}`);
        const text = await response.text();
        if (metric !== null || period !== null || [...label].length > 60) {
          expect(response.status).toBe(400);
          expect(response.headers.get('content-type')).toBe('application/problem+json');
          return;
        }
        expect(response.status).toBe(200);
        expect(text).toMatch(
          /^<svg [^<>]*><title>[^<>]*<\/title><g [^<>]*>(<rect [^<>]*\/><text [^<>]*>[^<>]*<\/text>){1,2}<\/g><\/svg>$/,
        );
        expect(text).not.toMatch(
          /[\p{Cc}\uFFFE\uFFFF\u202A-\u202E\u2066-\u2069]|\p{Cs}|&(?!(?:amp|lt|gt|quot|#39);)/u,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('is as wide as its texts', () => {
    const widthOf = (label: string, value: string) =>
      Number(/ width="(\d+)"/.exec(drawBadge({ label, value, title: '' }))?.[1]);
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 30 }),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
        (label, value) => {
          const [left, right] = [badgeText(label), badgeText(value)];
          const fields = [left, right].filter((text) => text !== '');
          const sum = fields.reduce((all, text) => all + Math.ceil(textWidth(text) + 12), 0);
          expect(widthOf(left, right)).toBe(sum);
        },
      ),
    );
    expect(textWidth('WWW')).toBeGreaterThan(textWidth('iii') * 3);
    expect(textWidth('訪問')).toBe(22);
    expect(textWidth('e\u0301')).toBe(textWidth('e'));
  });
});
