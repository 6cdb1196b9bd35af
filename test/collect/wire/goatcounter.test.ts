/** GoatCounter, with requests as its count.js (v5) and senders to its API send them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { goatcounter } from '../../../src/collect/wire/goatcounter.ts';
import { newToken } from '../../../src/model/token.ts';
import { insertPixelKey } from '../../../src/store/pixel-key-changes.ts';
import { applySchema, db, makePixel } from '../../fixtures.ts';
import { eventsOf as read } from './read.ts';
import { BROWSER, eventOf, eventsOf, makeToken, rejectionsOf, senderTo } from './stored.ts';

const send = senderTo(goatcounter);
beforeAll(applySchema);

const FROM_PAGE = { origin: 'https://www.Site.example', referer: 'https://www.site.example/' };
const only = async (
  query: Record<string, string>,
  path = '/count',
  headers: Record<string, string> = FROM_PAGE,
) => {
  const events = await read(goatcounter, {
    method: 'POST',
    path,
    headers,
    query: new URLSearchParams({ s: '1920', b: '0', rnd: '8ytyu', t: 'T', ...query }).toString(),
  });
  expect(events).toHaveLength(1);
  return events[0];
};

describe('a hit of the script', () => {
  it('is a page view on the host of its page', async () => {
    expect(await only({ p: '/p?a=1', r: 'https://google.com/', q: '?a=2&utm_source=nl' })).toMatchObject({
      id: 'site.example',
      key: 'goatcounter',
      ev: '',
      dl: 'https://www.site.example/p?a=1&utm_source=nl',
      rl: 'https://google.com/',
      cd: [],
    });
  });

  it('keeps what its path says of a parameter, whatever the query of the page says', async () => {
    const many = Array.from({ length: 200 }, (_, index) => `a${index}=1`).join('&');
    const dl = (await only({ p: `/p?${many}`, q: `?${many}&utm_source=nl&utm_medium=` }))?.dl;
    expect(dl).toBe(`https://www.site.example/p?${many}&utm_source=nl`);
  });

  it.each([
    ['/p', 'https://www.site.example/p'],
    ['p', 'https://www.site.example/p'],
    ['//p', 'https://www.site.example/p'],
    ['https://other.example/p', 'https://other.example/p'],
    ['', ''],
  ])('with the path %j is at %s', async (p, dl) => {
    expect((await only({ p }))?.dl).toBe(dl);
  });

  it.each([
    ['true', 'click-x', 'click-x'],
    ['1', '/click-x', 'click-x'],
    ['true', 'pageview', 'Pageview'],
    ['true', '', ' '],
    ['false', 'click-x', ''],
  ])('with e=%s and p=%s is called %j', async (e, p, ev) => {
    expect((await only({ e, p }))?.ev).toBe(ev);
  });

  it('of a source that is no address names the source', async () => {
    expect(await only({ p: '/', r: 'newsletter' })).toMatchObject({
      dl: 'https://www.site.example/?ref=newsletter',
      rl: '',
    });
  });

  it.each([
    [{ origin: 'https://a.example' }, 'a.example'],
    [{ referer: 'https://a.example/x' }, 'a.example'],
    [{ origin: 'null', referer: 'https://a.example/x' }, 'a.example'],
    [{ origin: 'null' }, ''],
    [{}, ''],
  ])('with the headers %j is of the site %j', async (headers, id) => {
    const [event] = await read(goatcounter, {
      method: 'GET',
      path: '/count/px_1111111111111111',
      query: 'p=%2F',
      headers,
    });
    expect(event?.id).toBe('px_1111111111111111');
    if (id !== '') expect((await only({ p: '/' }, '/count', headers))?.id).toBe(id);
  });

  it.each(['GET', 'POST'])('by %s is answered with an image, and stored', async (method) => {
    const pixel = await makePixel('UTC');
    const name = `${method.toLowerCase()}.example`;
    await insertPixelKey(db, { tool: 'goatcounter', name, pixel: pixel.id, created_at: 0 });
    const headers = { origin: `https://www.${name}`, 'content-type': 'text/plain;charset=UTF-8' };
    const response = await send('/count?p=%2Fp&r=https%3A%2F%2Fgoogle.com%2F&rnd=1', { method, headers });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/gif']);
    expect(await eventOf(pixel.id)).toMatchObject({
      name: 'pageview',
      hostname: `www.${name}`,
      page: '/p',
      source: 'Google',
    });
  });

  it('of a browser that a program controls is a bot', async () => {
    const pixel = await makePixel('UTC');
    for (const b of ['153', '150', '9']) await send(`/count/${pixel.id}?p=%2F&b=${b}`);
    for (const b of ['0', '', 'x', '-1']) await send(`/count/${pixel.id}?p=%2F&b=${b}`);
    expect(await eventsOf(pixel.id)).toHaveLength(4);
    const { results } = await db
      .prepare('SELECT reason, family FROM rejections WHERE pixel = ? ORDER BY family')
      .bind(pixel.id)
      .all();
    expect(results).toEqual([
      { reason: 'bot', family: 'PhantomJS' },
      { reason: 'bot', family: 'WebDriver' },
      { reason: 'bot', family: 'script' },
    ]);
  });

  it('from nowhere is refused with the image', async () => {
    const response = await send('/count?p=%2F');
    expect([response.status, response.headers.get('content-type')]).toEqual([400, 'image/gif']);
    expect(response.headers.get('x-speck-reason')).toBe('missing_id');
  });
});

describe('a batch', () => {
  const batch = async (body: unknown, authorization?: string): Promise<[number, unknown]> => {
    const response = await send('/api/v0/count', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return [response.status, await response.json()];
  };
  const HIT = { ip: '192.0.2.7', user_agent: BROWSER };

  it('is stored with times, visitors and countries', async () => {
    const pixel = await makePixel('UTC');
    const token = await makeToken(pixel.id);
    const before = Date.now();
    const hits = [
      {
        ...HIT,
        path: '/p',
        title: 'T',
        ref: 'https://google.com/',
        query: 'utm_campaign=c',
        size: '1920,1080,1',
        location: 'NL',
        language: 'nl-NL',
        created_at: '2026-03-04T05:06:07Z',
      },
      { ...HIT, path: 'signup', event: true, created_at: '2026-03-04T05:06:08Z' },
      { path: '/s', session: 's-1', user_agent: BROWSER, created_at: '2026-03-04T05:06:09Z' },
      { path: '/now', session: 's-2', created_at: '0001-01-01T00:00:00Z' },
    ];
    expect(await batch({ hits, filter: [] }, `Bearer ${token}`)).toEqual([202, { status: 'ok' }]);
    const events = await eventsOf(pixel.id);
    expect(events).toMatchObject([
      {
        name: 'pageview',
        ts: Date.parse('2026-03-04T05:06:07Z'),
        hostname: 'site.example',
        page: '/p',
        source: 'Google',
        utm_campaign: 'c',
        country: 'NL',
        language: 'nl',
        browser: 'Firefox',
        authenticated: 1,
      },
      { name: 'signup', page: '' },
      { name: 'pageview', page: '/s' },
      { name: 'pageview', page: '/now', visitor: '' },
    ]);
    expect(events[3]?.ts).toBeGreaterThanOrEqual(before);
    const visitors = events.slice(0, 3).map(({ visitor }) => visitor);
    expect([visitors[0] === visitors[1], visitors[2] === visitors[0], visitors.includes('')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('says by their places which hits are none, and stores the others', async () => {
    const pixel = await makePixel('UTC');
    const basic = `Basic ${btoa(`user:${await makeToken(pixel.id)}`)}`;
    const hits = [{ ...HIT, path: '/a' }, { path: '/b' }, 7, { ...HIT }];
    const [status, body] = await batch({ hits }, basic);
    expect([status, Object.keys((body as { errors: object }).errors)]).toEqual([400, ['1', '2', '3']]);
    expect(await eventOf(pixel.id)).toMatchObject({ page: '/a' });
    expect((await batch({ hits: [{ path: '/c' }], no_sessions: true }, basic))[0]).toBe(202);
    expect(await eventsOf(pixel.id)).toHaveLength(2);
  });

  it('needs a token of the pixel', async () => {
    const pixel = await makePixel('UTC');
    const hits = [{ ...HIT, path: '/a' }];
    for (const authorization of [
      undefined,
      'Bearer guess',
      `Bearer ${newToken()}`,
      'Basic !',
      'Basic dTo=',
    ]) {
      const [status, body] = await batch({ hits }, authorization);
      expect([status, Object.keys(body as object)], authorization).toEqual([401, ['error']]);
    }
    expect(await eventsOf(pixel.id)).toEqual([]);
  });

  it.each([
    ['{', 400],
    ['{}', 400],
    ['{"hits":[]}', 400],
    [JSON.stringify({ hits: Array(201).fill({ ...HIT, path: '/' }) }), 413],
  ])('%.20s is refused', async (body, status) => {
    const token = await makeToken((await makePixel('UTC')).id);
    expect(await batch(body, `Bearer ${token}`)).toEqual([status, { error: expect.any(String) }]);
  });

  it('of which a time or a country is none is counted as a rejection', async () => {
    const pixel = await makePixel('UTC');
    const hits = [
      { ...HIT, path: '/a', created_at: 'never' },
      { ...HIT, path: '/b', location: 'ZZ' },
      { ...HIT, path: '/c', user_agent: 'Googlebot/2.1' },
      { ...HIT, path: '/d', bot: 151 },
    ];
    expect((await batch({ hits }, `Bearer ${await makeToken(pixel.id)}`))[0]).toBe(202);
    expect(await eventsOf(pixel.id)).toEqual([]);
    expect(await rejectionsOf(pixel.id)).toEqual(['bot', 'bot', 'invalid_override', 'invalid_time']);
  });
});
