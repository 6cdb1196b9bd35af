/** Plausible's events API, with requests as @plausible-analytics/tracker 0.4.6, older scripts and servers send them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { plausible } from '../../../src/collect/wire/plausible.ts';
import { newToken } from '../../../src/model/token.ts';
import { insertPixelKey } from '../../../src/store/pixel-key-changes.ts';
import { applySchema, db, makePixel } from '../../fixtures.ts';
import { eventsOf as read, readingOf } from './read.ts';
import { BROWSER, eventOf, eventsOf, makeToken, propsOf, rejectionsOf, senderTo } from './stored.ts';

const send = senderTo(plausible);
beforeAll(applySchema);

const PIXEL = 'px_1111111111111111';
const sample = (event: unknown, headers: Record<string, string> = {}) => ({
  method: 'POST' as const,
  path: '/api/event',
  headers,
  body: JSON.stringify(event),
});
const only = async (event: object, headers?: Record<string, string>) => {
  const events = await read(plausible, sample({ n: 'pageview', d: PIXEL, ...event }, headers));
  expect(events).toHaveLength(1);
  return events[0];
};
const post = (event: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  send('/api/event', {
    method: 'POST',
    headers: { 'content-type': 'text/plain', origin: 'https://site.example', ...headers },
    body: typeof event === 'string' ? event : JSON.stringify(event),
  });

describe('an event', () => {
  it('has a name, a page, a referrer, properties and revenue', async () => {
    expect(
      await only({
        n: 'Signup',
        v: 36,
        u: 'https://site.example/p?utm_source=nl',
        r: 'https://google.com/',
        p: { plan: 'pro', trial: true, steps: 3 },
        $: { amount: 9.5, currency: 'USD' },
        i: false,
      }),
    ).toMatchObject({
      id: PIXEL,
      ev: 'Signup',
      dl: 'https://site.example/p?utm_source=nl',
      rl: 'https://google.com/',
      consent: '',
      cd: [
        ['value', 9.5],
        ['currency', 'USD'],
        ['plan', 'pro'],
        ['trial', true],
        ['steps', 3],
      ],
    });
  });

  it('has the same in the long names, and in JSON texts within JSON', async () => {
    const long = {
      name: 'Signup',
      url: 'https://site.example/p',
      domain: PIXEL,
      referrer: 'https://google.com/',
      revenue: '{"amount":"9.50","currency":"USD"}',
    };
    for (const props of [{ props: { a: 1 } }, { meta: '{"a":1}' }, { m: { a: 1 } }, { p: '{"a":1}' }]) {
      expect(await read(plausible, sample({ ...long, ...props }))).toMatchObject([
        {
          id: PIXEL,
          ev: 'Signup',
          dl: 'https://site.example/p',
          rl: 'https://google.com/',
          cd: [
            ['value', '9.50'],
            ['currency', 'USD'],
            ['a', 1],
          ],
        },
      ]);
    }
  });

  it('keeps properties that are called as revenue apart from it', async () => {
    expect((await only({ n: 'A', p: { value: 'x', currency: 'y' } }))?.cd).toEqual([
      ['event_value', 'x'],
      ['event_currency', 'y'],
    ]);
  });

  it.each([
    [{ sd: 60, e: 3608 }, 60, 3608],
    [{ sd: 255, e: 3608 }, undefined, 3608],
    [{ sd: null, e: 608 }, undefined, 608],
    [{ sd: 0, e: 0 }, 0, 0],
  ])('of engagement %j has attention and depth', async (fields, scroll, engaged) => {
    const event = await only({ n: 'engagement', p: { plan: 'pro' }, ...fields });
    expect(event?.ev).toBe('engagement');
    expect(Object.fromEntries(event?.cd ?? [])).toEqual({
      engaged,
      ...(scroll === undefined ? {} : { scroll }),
    });
  });

  it.each([
    ['https://site.example/base/#/about', 1, 'https://site.example/base/about'],
    ['https://site.example/?utm_source=nl#!/about', 1, 'https://site.example/about?utm_source=nl'],
    ['https://site.example/h?a=1#/about?tab=1', 1, 'https://site.example/h/about?a=1&tab=1'],
    ['https://site.example/base/#top', 1, 'https://site.example/base/#top'],
    ['https://site.example/base/#/about', undefined, 'https://site.example/base/#/about'],
    ['app://localhost/settings', undefined, 'https://localhost/settings'],
    ['data:text/html,x', undefined, 'data:text/html,x'],
    ['/p', undefined, '/p'],
  ])('at %s with h=%s is at %s', async (u, h, dl) => {
    expect((await only({ u, h }))?.dl).toBe(dl);
  });
});

describe('the sites', () => {
  it('are separated by commas, and each gets the event', async () => {
    const [one, two, unnamed] = await Promise.all([makePixel('UTC'), makePixel('UTC'), makePixel('UTC')]);
    await insertPixelKey(db, { tool: 'plausible', name: 'site.example', pixel: one.id, created_at: 0 });
    const response = await post({ n: 'A', u: 'https://site.example/', d: `www.Site.example, ${two.id}` });
    expect([response.status, response.headers.get('x-plausible-dropped')]).toEqual([202, null]);
    expect([(await eventOf(one.id)).name, (await eventOf(two.id)).name]).toEqual(['A', 'A']);
    expect(await eventsOf(unnamed.id)).toEqual([]);
  });

  it('are the host of the page if there are none', async () => {
    const events = await read(plausible, sample({ n: 'A', u: 'https://www.site.example/p' }));
    expect(events).toMatchObject([{ id: 'site.example', key: 'plausible' }]);
    expect(await readingOf(plausible, sample({ n: 'A', u: '/p' }))).toBe('missing_id');
  });

  it('are a bounded number', async () => {
    const d = Array.from({ length: 21 }, (_, index) => `site${index}.example`).join();
    expect(await readingOf(plausible, sample({ n: 'A', d }))).toBe('too_many_events');
  });
});

describe('the answer', () => {
  it('is what the script expects', async () => {
    const pixel = await makePixel('UTC');
    const response = await post({ n: 'pageview', u: 'https://site.example/', d: pixel.id });
    expect([response.status, await response.text()]).toEqual([202, 'ok']);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://site.example');
    expect(await eventOf(pixel.id)).toMatchObject({ name: 'pageview', hostname: 'site.example', page: '/' });
  });

  it('counts what is dropped, and so do rejections', async () => {
    const pixel = await makePixel('UTC');
    const response = await post({ u: 'https://site.example/', d: `${pixel.id},bad name` });
    expect([response.status, response.headers.get('x-plausible-dropped')]).toEqual([202, '2']);
    expect(await rejectionsOf(pixel.id)).toEqual(['invalid_name']);
  });

  it.each([
    ['{"n":', 400, 'broken_json'],
    ['', 400, 'broken_json'],
    ['[]', 400, 'missing_id'],
    ['{}', 400, 'missing_id'],
    ['"x"', 400, 'missing_id'],
    [`{"n":"${'x'.repeat(70_000)}"}`, 413, 'body_too_large'],
  ])('to the body %.20s says what is wrong', async (body, status, reason) => {
    const response = await post(body);
    expect([response.status, response.headers.get('x-speck-reason')]).toEqual([status, reason]);
  });
});

describe('a server', () => {
  const forwarded = { 'x-forwarded-for': '192.0.2.7, 198.51.100.1', 'user-agent': BROWSER };
  const fromServer = (event: object, headers: Record<string, string>): Promise<Response> =>
    send('/api/event', { method: 'POST', headers, body: JSON.stringify(event) });

  it('without a token makes no visitor of the address that it passes on', async () => {
    const pixel = await makePixel('UTC');
    const event = { name: 'A', url: 'https://site.example/', domain: pixel.id };
    expect((await fromServer(event, forwarded)).status).toBe(202);
    expect(await eventOf(pixel.id)).toMatchObject({ visitor: '', browser: 'Firefox', authenticated: 0 });
  });

  it('with a token sends its visitors', async () => {
    const pixel = await makePixel('UTC');
    const authorization = `Bearer ${await makeToken(pixel.id)}`;
    for (const address of ['192.0.2.7', '192.0.2.8', '192.0.2.8']) {
      const headers = { ...forwarded, 'x-forwarded-for': address, authorization };
      const response = await fromServer({ name: 'A', url: 'https://site.example/', domain: 'any' }, headers);
      expect(response.status).toBe(202);
    }
    const events = await eventsOf(pixel.id);
    expect(events.map(({ authenticated }) => authenticated)).toEqual([1, 1, 1]);
    expect(new Set(events.map(({ visitor }) => visitor)).size).toBe(2);
    expect(events.map(({ visitor }) => visitor)).not.toContain('');
  });

  it('with a wrong token is told so, and with another secret is any client', async () => {
    const pixel = await makePixel('UTC');
    const event = { name: 'A', url: 'https://site.example/', domain: pixel.id };
    const wrong = { ...forwarded, authorization: `Bearer ${newToken()}` };
    expect((await fromServer(event, wrong)).status).toBe(401);
    expect(await eventsOf(pixel.id)).toEqual([]);
    expect((await fromServer(event, { ...forwarded, authorization: 'Bearer plausible-key' })).status).toBe(
      202,
    );
    expect(await eventOf(pixel.id)).toMatchObject({ authenticated: 0, visitor: '' });
  });

  it('is no page or app: their addresses are their own', async () => {
    const pixel = await makePixel('UTC');
    const event = { n: 'A', u: 'https://site.example/', d: pixel.id };
    // A page behind a proxy, and an app, for which Cloudflare adds the header.
    await post(event, { 'x-forwarded-for': '10.0.0.1, 192.0.2.7' });
    await fromServer(event, { 'x-forwarded-for': '192.0.2.9', 'cf-connecting-ip': '192.0.2.9' });
    expect((await eventsOf(pixel.id)).map(({ visitor }) => visitor !== '')).toEqual([true, true]);
  });
});

it('consent and refusals are those of the headers', async () => {
  const pixel = await makePixel('UTC', { gpc: 'drop' });
  await post({ n: 'A', u: 'https://site.example/', d: pixel.id }, { 'sec-gpc': '1' });
  expect([await eventsOf(pixel.id), await rejectionsOf(pixel.id)]).toEqual([[], ['refused']]);
});

it('revenue that is none is a flaw, and the event is stored', async () => {
  const pixel = await makePixel('UTC');
  await post({ n: 'A', d: pixel.id, $: { amount: { a: 1 }, currency: 'EUR' }, p: { 'a@b.example': '1' } });
  expect(await eventOf(pixel.id)).toMatchObject({ name: 'A', value: null });
  expect(propsOf(await eventOf(pixel.id))).toEqual({ '(email)': '1' });
  expect(await rejectionsOf(pixel.id)).toEqual(['invalid_value']);
});
