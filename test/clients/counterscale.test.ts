/** Counterscale's trackers as they are published, in a browser and on a server, against the Worker. */
import { readFileSync } from 'node:fs';
import * as server from '@counterscale/tracker/server';
import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { eventually, type Site } from '../browser/site.ts';
import { ROOT, type Speck } from '../e2e/harness.ts';
import type { Gateway } from './gateway.ts';
import { bundled, openPage } from './page.ts';
import { setUp } from './setup.ts';
import { fieldsOf, rejectionsOf, storedEvents } from './stored.ts';

let speck: Speck;
let site: Site;
let browser: Browser;
const clients = setUp();

beforeAll(async () => {
  ({ speck, site, browser } = await clients.start());
});

async function start(name: string): Promise<[string, Gateway]> {
  return [await clients.pixelFor('counterscale', name), await clients.gateway()];
}

const COLUMNS = ['name', 'hostname', 'page', 'source', 'utm_source', 'browser', 'language'];
const CART = {
  name: 'pageview',
  hostname: 'www.shop.example',
  page: '/cart',
  source: 'news',
  utm_source: 'news',
  browser: 'Chrome',
  language: 'de',
  props: {},
};

const requestsOf = ({ exchanges }: Gateway) =>
  exchanges.map(({ method, path, status }) => [method, path.split('?')[0], status]);

test('@counterscale/tracker sends page views, and stores nothing in the browser', async () => {
  const [pixel, gateway] = await start('shop');
  const script = await bundled(`
    import * as Counterscale from '@counterscale/tracker';
    window.Counterscale = Counterscale;
    Counterscale.init({ siteId: 'shop', reporterUrl: '${gateway.url}/collect' });
  `);
  const { page, complaints } = await openPage(browser, site, gateway.url, script);
  await storedEvents(speck, pixel, 1);
  await page.evaluate(() => history.pushState({}, '', '/thanks?order=1'));
  const rows = await storedEvents(speck, pixel, 2);
  expect(rows.map((row) => fieldsOf(row, ...COLUMNS))).toEqual([
    CART,
    { ...CART, page: '/thanks', source: 'Google', utm_source: '' },
  ]);
  expect(new Set(rows.map(({ visitor }) => visitor)).size).toBe(1);
  expect(rows[0]?.['visitor']).not.toBe('');
  // Each asks how often the browser was here, and has nothing to send back.
  expect(requestsOf(gateway)).toEqual([
    ['GET', '/cache', 200],
    ['GET', '/collect', 200],
    ['GET', '/cache', 200],
    ['GET', '/collect', 200],
  ]);
  const { exchanges } = gateway;
  expect(exchanges.filter(({ headers }) => headers['if-modified-since'] ?? headers['if-none-match'])).toEqual(
    [],
  );
  expect([complaints, await rejectionsOf(speck, pixel, '')]).toEqual([[], []]);
  await page.context().close();
});

test('its script for pages sends the same', async () => {
  const [pixel, gateway] = await start('shop-2');
  const file = readFileSync(`${ROOT}/node_modules/@counterscale/tracker/dist/loader/tracker.js`, 'utf8');
  // As the element of Counterscale's instructions, with the Worker's address in the place of Counterscale's.
  const element = `
    const script = document.createElement('script');
    script.id = 'counterscale-script';
    script.dataset.siteId = 'shop-2';
    script.type = 'text/plain';
    script.src = '${gateway.url}/tracker.js';
    document.body.append(script);
  `;
  const { page, complaints } = await openPage(browser, site, gateway.url, `${element}\n${file}`);
  const rows = await storedEvents(speck, pixel, 1);
  expect(rows.map((row) => fieldsOf(row, ...COLUMNS))).toEqual([CART]);
  await eventually(() => requestsOf(gateway).length === 2, 'the answers');
  expect(requestsOf(gateway).map(([, path, status]) => [path, status])).toEqual([
    ['/cache', 200],
    ['/collect', 200],
  ]);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('@counterscale/tracker/server sends page views without a visitor', async () => {
  const [pixel, gateway] = await start('shop-3');
  server.init({ siteId: 'shop-3', reporterUrl: `${gateway.url}/collect` });
  await server.trackPageview({
    url: 'https://www.shop.example/cart?utm_source=news',
    referrer: 'https://www.google.com/search?q=x',
  });
  await server.trackPageview({ url: '/thanks', hostname: 'www.shop.example' });
  const rows = await storedEvents(speck, pixel, 2);
  const nobody = { browser: '', language: '' };
  expect(rows.map((row) => fieldsOf(row, ...COLUMNS))).toEqual([
    { ...CART, ...nobody },
    { ...CART, ...nobody, page: '/thanks', source: '', utm_source: '' },
  ]);
  expect(rows.map(({ visitor }) => visitor)).toEqual(['', '']);
  expect(requestsOf(gateway)).toEqual(Array(2).fill(['GET', '/collect', 200]));
  expect(await rejectionsOf(speck, pixel, '')).toEqual([]);
});
