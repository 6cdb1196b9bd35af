/** Umami's API for events, with requests as its script (3.0) and @umami/node 0.4.0 send them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { umami } from '../../../src/collect/wire/umami.ts';
import { insertPixelKey } from '../../../src/store/pixel-key-changes.ts';
import { applySchema, db, makePixel } from '../../fixtures.ts';
import { eventsOf as read, readingOf } from './read.ts';
import { BROWSER, eventOf, eventsOf, makeToken, propsOf, rejectionsOf, senderTo } from './stored.ts';

const send = senderTo(umami);
beforeAll(applySchema);

const PIXEL = 'px_1111111111111111';
const NODE = 'Mozilla/5.0 Umami/v24.0.0';
const PAGE = {
  screen: '1920x1080',
  language: 'en-US',
  title: 'T',
  hostname: 'site.example',
  url: 'https://site.example/p?utm_source=nl',
  referrer: 'https://google.com/',
};
const item = (payload: object, type = 'event') => ({ type, payload: { website: PIXEL, ...payload } });
const sample = (body: unknown, path = '/api/send', headers: Record<string, string> = {}) => ({
  method: 'POST' as const,
  path,
  headers,
  body: JSON.stringify(body),
});
const only = async (body: unknown, headers?: Record<string, string>) => {
  const events = await read(umami, sample(body, '/api/send', headers));
  expect(events).toHaveLength(1);
  return events[0];
};
const post = (body: unknown, headers: Record<string, string> = {}, path = '/api/send'): Promise<Response> =>
  send(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

describe('an event', () => {
  it('without a name is a page view', async () => {
    expect(await only(item({ ...PAGE, tag: 'b' }))).toMatchObject({
      id: PIXEL,
      ev: '',
      dl: PAGE.url,
      rl: PAGE.referrer,
      uid: '',
      // Title and screen are not stored.
      cd: [['tag', 'b']],
    });
  });

  it('has a name, data and revenue', async () => {
    const data = { revenue: 19.5, currency: 'EUR', plan: 'pro', items: [1], value: 7 };
    expect(await only(item({ ...PAGE, name: 'order', id: 'user-1', data }))).toMatchObject({
      ev: 'order',
      uid: 'user-1',
      cd: [
        ['value', 19.5],
        ['currency', 'EUR'],
        ['plan', 'pro'],
        ['items', '[1]'],
        ['event_value', 7],
      ],
    });
    const cdOf = async (more: object) => (await only(item({ name: 'order', data: more })))?.cd;
    expect(await cdOf({ revenue: '5' })).toEqual([
      ['value', '5'],
      ['currency', ''],
    ]);
    for (const revenue of ['high', '', ' ', true, { a: 1 }, [1]]) {
      expect((await cdOf({ revenue }))?.map(([key]) => key)).not.toContain('value');
    }
  });

  it.each([
    [{ url: '/p?a=1', hostname: 'site.example' }, 'https://site.example/p?a=1'],
    [{ url: 'p', hostname: 'site.example' }, 'https://site.example/p'],
    [{ url: '/p' }, '/p'],
    [{ hostname: 'site.example' }, ''],
    [{}, ''],
  ])('of %j is on the page %s', async (payload, dl) => {
    expect((await only(item(payload)))?.dl).toBe(dl);
  });

  it('has no referrer that is a page of its own', async () => {
    expect((await only(item({ ...PAGE, referrer: '/before' })))?.rl).toBe('');
  });

  it.each([
    ['pageview', 'Pageview'],
    ['engagement', 'Engagement'],
    ['', ' '],
    [{ a: 1 }, ' '],
    [7, '7'],
  ])('by the name %j is called %j', async (name, ev) => {
    expect((await only(item({ name })))?.ev).toBe(ev);
  });
});

describe('what is no event', () => {
  it('links a user, but keeps no traits', async () => {
    expect(
      await only(item({ ...PAGE, id: 'user-1', data: { email: 'ann@site.example' } }, 'identify')),
    ).toMatchObject({
      ev: 'engagement',
      uid: 'user-1',
      cd: [],
    });
  });

  it.each([
    ['identify', { data: { plan: 'pro' } }],
    ['performance', { ...PAGE, lcp: 1200, cls: 0.1 }],
  ])('of type %s is answered, and stores nothing', async (type, payload) => {
    const pixel = await makePixel('UTC');
    const response = await post(item({ website: pixel.id, ...payload }, type));
    expect([response.status, await response.json()]).toMatchObject([200, { cache: 'speck' }]);
    expect([await eventsOf(pixel.id), await rejectionsOf(pixel.id)]).toEqual([[], []]);
  });

  it.each([
    ['{', 'broken_json'],
    ['{}', 'missing_id'],
    ['null', 'missing_id'],
    ['[]', 'missing_id'],
    ['{"type":"event"}', 'missing_id'],
    ['{"type":"event","payload":{}}', 'missing_id'],
    ['{"type":"other","payload":{"website":"px_1111111111111111"}}', 'missing_id'],
  ])('and no other request, as %s, is refused', async (body, reason) => {
    const response = await post(body);
    expect([response.status, response.headers.get('x-speck-reason')]).toEqual([400, reason]);
  });
});

describe('the answer', () => {
  it('is the same for all visitors, and the script may send it back', async () => {
    const pixel = await makePixel('UTC');
    await insertPixelKey(db, {
      tool: 'umami',
      name: '50429a93-8479-4073-be80-d5d29c09c2ec',
      pixel: pixel.id,
      created_at: 0,
    });
    const answers: unknown[] = [];
    for (const headers of [{}, { 'user-agent': `${BROWSER} other` }, { 'x-umami-cache': 'speck' }]) {
      const response = await post(
        item({ ...PAGE, website: '50429A93-8479-4073-be80-d5d29c09c2ec' }),
        headers,
      );
      expect(response.status).toBe(200);
      answers.push(await response.json());
    }
    const nobody = '00000000-0000-0000-0000-000000000000';
    expect(answers).toEqual(Array(3).fill({ cache: 'speck', sessionId: nobody, visitId: nobody }));
    expect(await eventsOf(pixel.id)).toHaveLength(3);
    const preflight = await send('/api/send', {
      method: 'OPTIONS',
      headers: { origin: 'https://site.example' },
    });
    expect(preflight.headers.get('access-control-allow-headers')?.split(', ')).toContain('x-umami-cache');
  });

  it('to a batch says which of its items were none', async () => {
    const pixel = await makePixel('UTC');
    const website = pixel.id;
    const items = [
      item({ website, url: '/a' }),
      item({ website }, 'performance'),
      { type: 'x' },
      item({ website, name: 'B' }),
    ];
    const response = await post(items, {}, '/api/batch');
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        size: 4,
        processed: 3,
        errors: 1,
        details: [{ index: 2, response: { error: { message: 'This is not an event.', status: 400 } } }],
        cache: 'speck',
      },
    ]);
    expect((await eventsOf(pixel.id)).map(({ name }) => name)).toEqual(['pageview', 'B']);
    const many = await post(Array(201).fill(item({ website })), {}, '/api/batch');
    expect(many.status).toBe(413);
    expect((await post([], {}, '/api/batch')).status).toBe(200);
  });
});

describe('a server', () => {
  it('is known by its library, and has no visitor', async () => {
    const pixel = await makePixel('UTC');
    await post(item({ website: pixel.id, url: '/home', language: 'de-AT' }), { 'user-agent': NODE });
    expect(await eventOf(pixel.id)).toMatchObject({
      name: 'pageview',
      hostname: 'site.example',
      page: '/home',
      visitor: '',
      language: 'de',
      authenticated: 0,
    });
  });

  it('sends address, user agent and time of its visitors with a token only', async () => {
    const pixel = await makePixel('UTC');
    const visitor = { website: pixel.id, ip: '192.0.2.7', userAgent: BROWSER, timestamp: 1_772_600_000 };
    await post(item({ ...visitor, name: 'without' }));
    const authorization = `Bearer ${await makeToken(pixel.id)}`;
    expect(
      (await post(item({ ...visitor, name: 'with' }), { authorization, 'user-agent': NODE })).status,
    ).toBe(200);
    const [first, second] = await eventsOf(pixel.id);
    expect(first).toMatchObject({
      name: 'with',
      ts: 1_772_600_000_000,
      authenticated: 1,
      browser: 'Firefox',
    });
    expect(first?.visitor).not.toBe('');
    expect(second).toMatchObject({ name: 'without', visitor: '', authenticated: 0, browser: 'Firefox' });
    await post(item({ ...visitor, name: 'text', timestamp: '1772600001' }), { authorization });
    expect((await eventsOf(pixel.id))[1]).toMatchObject({ name: 'text', ts: 1_772_600_001_000 });
    for (const timestamp of [[[1]], 'never', {}])
      await post(item({ ...visitor, timestamp }), { authorization });
    expect(await rejectionsOf(pixel.id)).toEqual(Array(3).fill('invalid_time'));
  });
});

it('a pixel of Umami is an image, of which the Referer is the page', async () => {
  const pixel = await makePixel('UTC');
  await insertPixelKey(db, { tool: 'umami', name: 'xyabc123', pixel: pixel.id, created_at: 0 });
  for (const name of ['xyAbc123', pixel.id]) {
    const response = await send(`/p/${name}`, { headers: { referer: 'https://forum.example/thread' } });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/gif']);
  }
  expect((await eventsOf(pixel.id)).map(({ name, hostname, page }) => [name, hostname, page])).toEqual(
    Array(2).fill(['pageview', 'forum.example', '/thread']),
  );
  expect(await readingOf(umami, { method: 'GET', path: '/p/%00' })).toBe('missing_id');
});

it('data of people is not stored', async () => {
  const pixel = await makePixel('UTC');
  await post(
    item({ website: pixel.id, name: 'A', data: { mail: 'ann@site.example' }, title: 'ann@site.example' }),
  );
  expect(propsOf(await eventOf(pixel.id))).toEqual({ mail: '(email)' });
});
