/** What an owner sees: refusals explained, events as they arrive, health; and how guessing tokens is slowed down. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCHEMA_VERSION } from '../../src/model/version.ts';
import { eventually } from '../eventually.ts';
import { ADMIN_TOKEN, SECRET_KEY, type Speck, startSpeck } from './harness.ts';

let speck: Speck;
let pixel: string;

beforeAll(async () => {
  speck = await startSpeck();
  pixel = await speck.addPixel();
});
afterAll(() => speck.close());

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';

const view = (ua: string, path = '/', headers: Record<string, string> = {}) =>
  fetch(`${speck.url}/p.gif?id=${pixel}&dl=${encodeURIComponent(`https://site.example${path}`)}`, {
    headers: { 'user-agent': ua, ...headers },
  });

interface RejectionReport {
  days: {
    day: string;
    rejections: { reason: string; count: number; families?: Record<string, number>; samples: unknown[] }[];
  }[];
}
const rejectionReport = async (query = '') =>
  (await (await speck.api('GET', `/api/v1/pixels/${pixel}/rejections${query}`)).json()) as RejectionReport;

/** Today's refusals, once there are so many. */
const rejectionCount = (count: number) =>
  eventually(async () => {
    const answer = await rejectionReport();
    const counts = answer.days[0]?.rejections.map((rejection) => rejection.count) ?? [];
    return counts.reduce((sum, one) => sum + one, 0) >= count && answer;
  }, `${count} refusals`);

describe('rejections', () => {
  it('are told by day and reason, bots by what they call themselves, samples without anything personal', async () => {
    await view(
      'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
      '/a?mail=ann@mail.example',
    );
    await view('Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)');
    await view('Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)');
    await view(FIREFOX, '/', { 'sec-purpose': 'prefetch' });
    const answer = await rejectionCount(4);
    expect(answer.days).toHaveLength(1);
    const [bots, prefetched] = answer.days[0]?.rejections ?? [];
    expect(bots).toMatchObject({ reason: 'bot', count: 3, families: { Googlebot: 2, bingbot: 1 } });
    expect(prefetched).toMatchObject({ reason: 'prefetch', count: 1, samples: [{ page: '/' }] });
    const text = JSON.stringify(answer);
    for (const personal of ['127.0.0.1', 'ann@mail.example', 'Mozilla/5.0'])
      expect(text).not.toContain(personal);
  });

  it('are none for days before, and a wrong day is refused', async () => {
    expect((await rejectionReport('?from=2020-01-01&to=2020-01-31')).days).toEqual([]);
    for (const query of ['?from=2020-02-30', '?from=2020-02-02&to=2020-02-01']) {
      const response = await speck.api('GET', `/api/v1/pixels/${pixel}/rejections${query}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ reason: 'invalid_query', errors: [{ path: 'from' }] });
    }
  });

  it('tell of a page on an origin that is not allowed', async () => {
    await speck.api('PATCH', `/api/v1/pixels/${pixel}`, {
      settings: { origins: ['site.example', '*.shop.example'] },
    });
    await view(FIREFOX, '/', { referer: 'https://evil.example/' });
    await view(FIREFOX, '/allowed', { referer: 'https://www.shop.example/' });
    const answer = await rejectionCount(5);
    await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: { origins: [] } });
    expect(answer.days[0]?.rejections.find(({ reason }) => reason === 'origin_not_allowed')).toMatchObject({
      count: 1,
      samples: [{ detail: expect.stringContaining('evil.example') }],
    });
  });
});

describe('the live view', () => {
  it('shows events as they arrive, the youngest first, and no visitor', async () => {
    const before = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await view(FIREFOX, '/first');
    await view(FIREFOX, '/second');
    const ask = async () =>
      (await (await speck.api('GET', `/api/v1/pixels/${pixel}/live?since=${before}`)).json()) as {
        visitors: number;
        events: Record<string, unknown>[];
      };
    const answer = await eventually(async () => {
      const live = await ask();
      return live.events.length >= 2 && live;
    }, 'two events');
    expect(answer.events.map(({ page }) => page)).toEqual(['/second', '/first']);
    expect(answer.visitors).toBe(1);
    expect(answer.events[0]).toMatchObject({ name: 'pageview', browser: 'Firefox', value: null, props: {} });
    expect(answer.events[0]).not.toHaveProperty('visitor');
    for (const query of ['since=now', 'limit=101', 'filters=[', 'filters=[["is","event:goal",["None"]]]']) {
      const refused = await speck.api('GET', `/api/v1/pixels/${pixel}/live?${query}`);
      expect([query, refused.status]).toEqual([query, 400]);
    }
  });

  it('counts minute by minute what filters let through', async () => {
    const counts = async (query: string) =>
      (await (await speck.api('GET', `/api/v1/pixels/${pixel}/live?limit=0&${query}`)).json()) as {
        now: string;
        visitors: number;
        minutes: { minute: string; visitors: number; events: number; pageviews: number }[];
      };
    const first = await counts(`filters=${JSON.stringify([['is', 'event:page', ['/first']]])}`);
    const sums = first.minutes.filter(({ events }) => events > 0);
    expect(sums.map(({ visitors, events, pageviews }) => [visitors, events, pageviews])).toEqual([[1, 1, 1]]);
    const starts = first.minutes.map(({ minute }) => Date.parse(minute));
    expect(starts.every((start, index) => start === (starts[0] ?? 0) + index * 60_000)).toBe(true);
    expect(Date.parse(first.now) - (starts[29] ?? 0)).toBeLessThan(60_000);
    expect(first).not.toHaveProperty('events');
    const none = await counts(`filters=${JSON.stringify([['is', 'visit:browser', ['Lynx']]])}`);
    expect([none.visitors, none.minutes.length, none.minutes.some(({ events }) => events > 0)]).toEqual([
      0,
      30,
      false,
    ]);
  });
});

describe('health', () => {
  it('says how storing, rolling up and spilling are doing, and holds no secret', async () => {
    await speck.cron();
    const response = await fetch(`${speck.url}/health`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('public, max-age=5');
    const health = await response.json();
    expect(health).toMatchObject({
      status: 'ok',
      version: expect.any(String),
      schema: { version: SCHEMA_VERSION, expected: SCHEMA_VERSION },
      secret_key: { state: 'set', waiting: 0, unreadable: 0 },
      store: { round_trip_ms: expect.any(Number) },
      ingest: { mode: 'direct', spilling: 'on', spilled_batches: 0, dead_batches: 0, lost_events: 0 },
      rollup: { oldest_dirty_day_seconds: 0, last_cron: expect.any(String) },
    });
    for (const secret of [ADMIN_TOKEN, SECRET_KEY]) expect(JSON.stringify(health)).not.toContain(secret);
  });
});

describe('the address itself', () => {
  it('leads whoever opens it to the dashboard', async () => {
    const response = await fetch(speck.url);
    expect(response.status).toBe(404);
    expect(((await response.json()) as { detail: string }).detail).toContain('/app/');
  });
});

describe('guessing tokens', () => {
  it('is answered with 429 after some attempts, while the owner is let in from another address', async () => {
    const guess = () => fetch(`${speck.url}/api/v1/pixels`, { headers: { authorization: 'Bearer guess' } });
    let last = await guess();
    for (let attempt = 0; attempt < 25; attempt++) last = await guess();
    expect(last.status).toBe(429);
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await last.json()).toMatchObject({ reason: 'too_many_attempts' });
    const owner = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const from = (address: string) =>
      fetch(`${speck.url}/api/v1/pixels`, { headers: { ...owner, 'cf-connecting-ip': address } });
    expect((await from('198.51.100.7')).status).toBe(200);
  });
});
