/** Somebody with a shared link, or a token for statistics, at a pixel that protects small groups: all they may ask for. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { type Speck, startSpeck } from './harness.ts';
import { day } from './noon.ts';

const LEAST = 5;
const NOW = Date.now();
const YESTERDAY = NOW - 86_400_000;
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';
const BOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

let speck: Speck;
let pixel: string;
/** Headers of a token that may read statistics, and of a link's session. */
let readers: Readonly<Record<string, string>>[];

beforeAll(async () => {
  speck = await startSpeck();
  pixel = await speck.addPixel();
  const settings = {
    min_group: LEAST,
    goals: [{ name: 'Seen', event: 'pageview' }],
    funnels: [{ name: 'F', steps: ['Seen', 'Seen'], within: 'visit' }],
  };
  await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings });
  // Seven visitors yesterday, and one who has something of its own.
  await send(
    Array.from({ length: 8 }, (_, index) => ({
      ts: YESTERDAY + index,
      ip: `203.0.113.${index}`,
      dl: index < 7 ? 'https://site.example/' : 'https://site.example/hiv-test',
      cd: index < 7 ? { plan: 'free' } : { 'patient-4711': 'yes' },
    })),
  );
  await speck.cron();
  readers = [await tokenReader(), await linkReader()];
});
afterAll(() => speck.close());

async function send(events: readonly object[]): Promise<void> {
  const all = events.map((event) => ({ id: pixel, ua: FIREFOX, ...event }));
  const response = await speck.api('POST', '/api/v1/events', { events: all });
  expect(await response.json()).toMatchObject({ accepted: events.length });
}

async function tokenReader(): Promise<Record<string, string>> {
  const response = await speck.api('POST', '/api/v1/tokens', { name: 'R', scopes: ['stats:read'], pixel });
  const { token } = (await response.json()) as { token: string };
  return { authorization: `Bearer ${token}` };
}

async function linkReader(): Promise<Record<string, string>> {
  const response = await speck.api('POST', `/api/v1/pixels/${pixel}/links`, { name: 'L' });
  const { url } = (await response.json()) as { url: string };
  const session = await fetch(`${speck.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ link: url.split('#')[1] }),
  });
  const cookie = (session.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  return { cookie, 'x-speck-session': 'link', origin: speck.url };
}

const get = async (headers: Readonly<Record<string, string>>, path: string, accept = 'application/json') =>
  fetch(`${speck.url}/api/v1/pixels/${pixel}${path}`, { headers: { ...headers, accept } });
const query = async (headers: Readonly<Record<string, string>>, body: object) =>
  fetch(`${speck.url}/api/v2/query`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ site_id: pixel, metrics: ['visitors', 'events'], ...body }),
  });

/** Everything that somebody may read who may only read statistics, as text, but for when it was read. */
async function readAll(headers: Readonly<Record<string, string>>): Promise<string[]> {
  const period = `from=${day(-3)}&to=${day(0)}`;
  const answers = await Promise.all([
    ...[
      '',
      '&by=page',
      '&by=hour',
      '&by=day,page',
      '&by=country&compare=previous_period',
      '&filter=page==/',
    ].flatMap((more) => [
      get(headers, `/stats?${period}${more}`),
      get(headers, `/stats?${period}${more}`, 'text/csv'),
    ]),
    get(headers, `/stats?period=day&by=hour`),
    get(headers, `/funnel?name=F&${period}`),
    get(headers, `/properties?${period}`),
    query(headers, { date_range: 'all', dimensions: ['event:props:plan'], include: { total_rows: true } }),
  ]);
  return Promise.all(
    answers.map(
      async (response) => `${response.status} ${response.headers.get('etag')} ${await response.text()}`,
    ),
  );
}

describe('of a pixel that protects small groups', () => {
  it('a reader learns of groups, not of single visitors', async () => {
    for (const headers of readers) {
      const answers = await readAll(headers);
      expect(answers.filter((answer) => !answer.startsWith('200'))).toEqual([]);
      const text = answers.join('\n');
      for (const single of ['hiv-test', 'patient-4711', 'yes']) expect(text).not.toContain(single);
      const pages = await get(headers, `/stats?from=${day(-1)}&to=${day(-1)}&by=page`);
      expect(((await pages.json()) as { results: unknown }).results).toEqual([
        expect.objectContaining({ page: '/', visitors: 5 }),
      ]);
      const { properties } = (await (await get(headers, '/properties')).json()) as { properties: unknown };
      expect(properties).toEqual([{ key: 'plan', events: 5 }]);
    }
  });

  it('no answer moves when somebody comes, in no form', async () => {
    const before = await Promise.all(readers.map(readAll));
    for (let index = 0; index < 6; index++) {
      await send([
        {
          ts: NOW - 1000 + index,
          ip: `198.51.100.${index}`,
          dl: 'https://site.example/',
          cd: { plan: 'free' },
        },
      ]);
      expect(await Promise.all(readers.map(readAll))).toEqual(before);
    }
    await speck.cron();
    expect(await Promise.all(readers.map(readAll))).toEqual(before);
  });

  it('moments, single events, exports, live view and people are refused', async () => {
    const at = new Date(YESTERDAY).toISOString();
    for (const [place, headers] of readers.entries()) {
      const moment = await query(headers, { date_range: [at, at] });
      expect(moment.status).toBe(400);
      expect(await moment.json()).toMatchObject({ errors: [{ path: 'date_range' }] });
      const routes = [
        '/events',
        '/rollups',
        '/live',
        '/people?uid=x',
        ...(place === 0 ? [] : ['/rejections']),
      ];
      for (const route of routes) expect((await get(headers, route)).status, route).toBe(403);
    }
  });

  it('rejections are told of days that are over, rounded, and without samples, but to the owner', async () => {
    const [reader] = readers as [Record<string, string>];
    const view = (ua: string, more = '') =>
      fetch(`${speck.url}/p.gif?id=${pixel}&dl=https://site.example/account/4711${more}`, {
        headers: { 'user-agent': ua },
      });
    for (let index = 0; index < 7; index++) await view(BOT);
    await view(FIREFOX, '&cd[value]=abc');
    const visitorCounts = async (headers: Record<string, string>) =>
      (await (await get(headers, '/rejections')).json()) as { days: { rejections: { count: number }[] }[] };
    const owner = { authorization: 'Bearer test-admin-token' };
    const all = await eventually(async () => {
      const answer = await visitorCounts(owner);
      return answer.days[0]?.rejections.length === 2 && answer.days[0].rejections[0]?.count === 7 && answer;
    }, 'eight rejections');
    expect(JSON.stringify(all)).toContain('/account/4711');
    expect(await visitorCounts(reader)).toMatchObject({ days: [] });
    // As if it had been yesterday.
    await speck.db.prepare('UPDATE rejections SET day = ? WHERE pixel = ?').bind(day(-1), pixel).run();
    expect(await visitorCounts(reader)).toMatchObject({
      days: [
        {
          day: day(-1),
          rejections: [{ reason: 'bot', count: 5, last_at: null, families: { Googlebot: 5 }, samples: [] }],
        },
      ],
    });
    expect((await visitorCounts(reader)).days[0]?.rejections).toHaveLength(1);
  });
});
