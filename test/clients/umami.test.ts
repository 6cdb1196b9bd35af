/**
 * Umami's library for servers as it is published, against the Worker. Its script for browsers is in no package: its requests are made
 * here as its version 3.0 makes them.
 */
import { Umami } from '@umami/node';
import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import type { Site } from '../browser/site.ts';
import type { Speck } from '../e2e/harness.ts';
import { openPage } from './page.ts';
import { setUp } from './setup.ts';
import { fieldsOf, rejectionsOf, storedEvents } from './stored.ts';

let speck: Speck;
let site: Site;
let browser: Browser;
const clients = setUp();

beforeAll(async () => {
  ({ speck, site, browser } = await clients.start());
});

const COLUMNS = ['name', 'hostname', 'page', 'source', 'browser', 'language', 'value', 'currency'];

test('@umami/node sends page views, events, revenue and identify', async () => {
  const websiteId = '50429a93-8479-4073-be80-d5d29c09c2ec';
  const [pixel, gateway] = [await clients.pixelFor('umami', websiteId), await clients.gateway()];
  const client = new Umami({ websiteId, hostUrl: gateway.url });
  const responses = [
    await client.track({
      url: '/cart?utm_source=news',
      hostname: 'www.shop.example',
      referrer: 'https://www.google.com/',
      language: 'de-AT',
      title: 'Cart',
      screen: '1x1',
    }),
    await client.track('order', { revenue: 9.5, currency: 'EUR', plan: 'pro' }),
    await client.identify({ plan: 'pro' }),
    await client.send({ website: websiteId, id: 'u1' } as never, 'identify'),
  ];
  for (const response of responses) {
    expect([response.status, await response.json()]).toMatchObject([200, { cache: 'speck' }]);
  }
  const rows = await storedEvents(speck, pixel, 3);
  const common = { browser: '', language: '', value: null, currency: '', source: '', props: {} };
  expect(rows.map((row) => fieldsOf(row, ...COLUMNS))).toEqual([
    { ...common, name: 'engagement', hostname: '', page: '' },
    {
      ...common,
      name: 'order',
      hostname: '',
      page: '',
      value: 9_500_000,
      currency: 'EUR',
      props: { plan: 'pro' },
    },
    {
      ...common,
      name: 'pageview',
      hostname: 'www.shop.example',
      page: '/cart',
      source: 'news',
      language: 'de',
    },
  ]);
  // An event from a server is of nobody, and is no bot's.
  expect(rows.map(({ visitor, authenticated }) => [visitor, authenticated])).toEqual(Array(3).fill(['', 0]));
  expect(await rejectionsOf(speck, pixel, '')).toEqual([]);
  expect(gateway.exchanges.map(({ path, status }) => [path, status])).toEqual(
    Array(4).fill(['/api/send', 200]),
  );
});

test('what the script sends from a page is let through, answered and stored', async () => {
  const website = '60429a93-8479-4073-be80-d5d29c09c2ec';
  const [pixel, gateway] = [await clients.pixelFor('umami', website), await clients.gateway()];
  const { page, complaints } = await openPage(browser, site, gateway.url, '');
  const answers = await page.evaluate(
    async ([url, id]) => {
      let cache: string | undefined;
      const send = async (more: object, type = 'event') => {
        const payload = {
          website: id,
          screen: '1920x1080',
          language: navigator.language,
          title: document.title,
          hostname: location.hostname,
          url: location.href,
          referrer: document.referrer,
          ...more,
        };
        const response = await fetch(`${url}/api/send`, {
          keepalive: true,
          method: 'POST',
          body: JSON.stringify({ type, payload }),
          headers: {
            'Content-Type': 'application/json',
            ...(cache === undefined ? {} : { 'x-umami-cache': cache }),
          },
          credentials: 'omit',
        });
        const data = (await response.json()) as { cache: string; disabled?: boolean };
        cache = data.cache;
        return [response.status, data.cache, data.disabled ?? false];
      };
      return [
        await send({}),
        await send({ name: 'order', data: { revenue: 9.5, currency: 'EUR', plan: 'pro' }, tag: 'b' }),
        await send({ id: 'u1', data: { plan: 'pro' } }, 'identify'),
        await send({ lcp: 1200 }, 'performance'),
      ];
    },
    [gateway.url, website] as const,
  );
  expect(answers).toEqual(Array(4).fill([200, 'speck', false]));
  const rows = await storedEvents(speck, pixel, 3);
  const common = {
    hostname: 'www.shop.example',
    page: '/cart',
    source: 'news',
    browser: 'Chrome',
    language: 'de',
    value: null,
    currency: '',
    props: {},
  };
  expect(rows.map((row) => fieldsOf(row, ...COLUMNS))).toEqual([
    { ...common, name: 'engagement' },
    { ...common, name: 'order', value: 9_500_000, currency: 'EUR', props: { tag: 'b', plan: 'pro' } },
    { ...common, name: 'pageview' },
  ]);
  expect(new Set(rows.map(({ visitor }) => visitor)).size).toBe(1);
  expect(rows[0]?.['visitor']).not.toBe('');
  expect([complaints, await rejectionsOf(speck, pixel, '')]).toEqual([[], []]);
  const statuses = gateway.exchanges.map(({ method, status }) => [method, status]);
  expect(statuses.filter(([method]) => method === 'POST')).toEqual(Array(4).fill(['POST', 200]));
  // The first permission covers the header that the script adds to the next request.
  expect(statuses.filter(([method]) => method === 'OPTIONS')).toEqual([['OPTIONS', 204]]);
  await page.context().close();
});
