/** Counterscale, with requests as @counterscale/tracker 3.4.1 sends them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { counterscale } from '../../../src/collect/wire/counterscale.ts';
import { insertPixelKey } from '../../../src/store/pixel-key-changes.ts';
import { applySchema, db, makePixel } from '../../fixtures.ts';
import { eventsOf as read } from './read.ts';
import { eventOf, eventsOf, rejectionsOf, senderTo } from './stored.ts';

const send = senderTo(counterscale);
beforeAll(applySchema);

const only = async (query: Record<string, string>, headers: Record<string, string> = {}) => {
  const fields = { sid: 'site-1', p: '/p', h: 'https://site.example', r: '', ht: '1', ...query };
  const events = await read(counterscale, {
    method: 'GET',
    path: '/collect',
    headers,
    query: new URLSearchParams(fields).toString(),
  });
  expect(events).toHaveLength(1);
  return events[0];
};

describe('a page view', () => {
  it('has a page, a referrer and a campaign', async () => {
    const campaign = { us: 'nl', um: 'mail', uc: 'c d', uco: 'x', ut: 't' };
    expect(await only({ r: 'https://google.com/x', ...campaign })).toMatchObject({
      id: 'site-1',
      key: 'counterscale',
      ev: '',
      dl: 'https://site.example/p?utm_source=nl&utm_medium=mail&utm_campaign=c+d&utm_content=x&utm_term=t',
      rl: 'https://google.com/x',
      cd: [],
    });
  });

  it.each([
    [{ h: 'site.example' }, 'https://site.example/p'],
    [{ h: '' }, '/p'],
    [{ p: '' }, 'https://site.example/'],
    [{ p: '//x', h: '' }, '/x'],
    [{ p: '', h: '' }, ''],
    // The value of a parameter of the page.
    [{ r: 'hn' }, 'https://site.example/p?ref=hn'],
  ])('of %j is at %s', async (query, dl) => {
    expect((await only(query))?.dl).toBe(dl);
  });

  it('counts alike, whatever it says of hits and bounces', async () => {
    const pixel = await makePixel('UTC');
    await insertPixelKey(db, { tool: 'counterscale', name: 'site-2', pixel: pixel.id, created_at: 0 });
    const headers = { 'cf-connecting-ip': '192.0.2.7', origin: 'https://site.example' };
    for (const more of ['&ht=1', '&ht=2', '&ht=3', '&ht=x&b=1', '']) {
      const response = await send(`/collect?p=%2F&h=https%3A%2F%2Fsite.example&r=&sid=site-2${more}`, {
        headers,
      });
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/gif']);
      expect(response.headers.get('last-modified')).toBe(null);
    }
    const events = await eventsOf(pixel.id);
    expect(events.map(({ name }) => name)).toEqual(Array(5).fill('pageview'));
    expect(new Set(events.map(({ visitor }) => visitor)).size).toBe(1);
  });

  it('of a server has no visitor', async () => {
    const pixel = await makePixel('UTC');
    const headers = { 'user-agent': 'Counterscale-Tracker-Server/3.2.0' };
    await send(`/collect?p=%2F&h=https%3A%2F%2Fsite.example&sid=${pixel.id}&ht=1`, { headers });
    expect(await eventOf(pixel.id)).toMatchObject({ name: 'pageview', page: '/', visitor: '', browser: '' });
  });

  it('without a site is refused with the image', async () => {
    const response = await send('/collect?p=%2F&h=https%3A%2F%2Fsite.example');
    expect([response.status, response.headers.get('x-speck-reason')]).toEqual([400, 'missing_id']);
  });
});

it.each([[{}], [{ 'if-modified-since': 'Sun, 29 Nov 2026 00:00:02 GMT' }], [{ 'if-modified-since': 'x' }]])(
  'a request for the hits of a browser leaves nothing there, and finds nothing: %j',
  async (headers) => {
    const pixel = await makePixel('UTC');
    const response = await send(`/cache?sid=${pixel.id}`, {
      headers: { origin: 'https://site.example', ...headers },
    });
    expect([response.status, await response.json()]).toEqual([200, { ht: 1 }]);
    expect(response.headers.get('cache-control')).toBe('no-store');
    for (const name of ['last-modified', 'etag', 'expires', 'set-cookie']) {
      expect(response.headers.get(name), name).toBe(null);
    }
    expect([await eventsOf(pixel.id), await rejectionsOf(pixel.id)]).toEqual([[], []]);
  },
);
