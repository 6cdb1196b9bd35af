/**
 * GoatCounter against the Worker. Its script is in no package: its requests are made here as its count.js (v5) makes them, in a browser.
 */
import type { Browser, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import type { Site } from '../browser/site.ts';
import type { Speck } from '../e2e/harness.ts';
import { eventually } from '../eventually.ts';
import type { Gateway } from './gateway.ts';
import { openPage, SHOP } from './page.ts';
import { setUp } from './setup.ts';
import { fieldsOf, nameSite, rejectionsOf, storedEvents } from './stored.ts';

let speck: Speck;
let site: Site;
let browser: Browser;
let gateway: Gateway;
const clients = setUp();

beforeAll(async () => {
  ({ speck, site, browser } = await clients.start());
  gateway = await clients.gateway();
});

/** Counts by a beacon, or by an image if the browser sends no beacon. */
const count = (
  page: Page,
  endpoint: string,
  data: Record<string, unknown>,
  bySending = true,
): Promise<boolean> =>
  page.evaluate(
    ([address, fields, isBeacon]) => {
      const common = {
        r: document.referrer,
        t: document.title,
        s: window.screen.width,
        q: location.search,
        rnd: Math.random().toString(36).slice(2, 7),
      };
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries<unknown>({ ...common, ...fields })) {
        if (value !== '' && value !== false) query.set(name, String(value));
      }
      if (isBeacon) return navigator.sendBeacon(`${address}?${query}`);
      return new Promise<boolean>((resolve) => {
        const image = document.createElement('img');
        image.addEventListener('load', () => resolve(true));
        image.addEventListener('error', () => resolve(false));
        image.src = `${address}?${query}`;
        document.body.append(image);
      });
    },
    [endpoint, data, bySending] as const,
  );

test('what the script sends from a page is answered and stored', async () => {
  const pixel = await speck.addPixel({ url: SHOP });
  await nameSite(speck, 'goatcounter', 'shop.example', pixel);
  const { page, complaints } = await openPage(browser, site, gateway.url, '');
  const endpoint = `${gateway.url}/count`;
  const sent = [
    await count(page, endpoint, { p: '/cart?utm_source=news', b: 0 }),
    await count(page, endpoint, { p: 'click-x', e: true, t: 'X', b: 0 }),
    await count(page, `${endpoint}/${pixel}`, { p: '/canonical', b: 0 }, false),
    // Chromium says that a program controls it.
    await count(page, endpoint, { p: '/cart', b: 153 }),
  ];
  expect(sent).toEqual([true, true, true, true]);
  const rows = await storedEvents(speck, pixel, 3);
  const common = {
    hostname: 'www.shop.example',
    page: '/cart',
    source: 'news',
    browser: 'Chrome',
    language: 'de',
    props: {},
  };
  const columns = ['name', 'hostname', 'page', 'source', 'browser', 'language'];
  expect(rows.map((row) => fieldsOf(row, ...columns))).toEqual([
    // Of an event the script does not say the page. The browser names the site only.
    { ...common, name: 'click-x', page: '/', source: 'Google' },
    { ...common, name: 'pageview' },
    { ...common, name: 'pageview', page: '/canonical' },
  ]);
  expect(new Set(rows.map(({ visitor }) => visitor)).size).toBe(1);
  await eventually(async () => (await rejectionsOf(speck, pixel, '')).length > 0, 'the rejection');
  expect(await rejectionsOf(speck, pixel, '')).toEqual(['bot']);
  expect(complaints).toEqual([]);
  expect(gateway.exchanges.map(({ method, status }) => [method, status]).toSorted()).toEqual([
    ['GET', 200],
    ['POST', 200],
    ['POST', 200],
    ['POST', 200],
  ]);
  await page.context().close();
});

test('a batch to the API is stored with its times and visitors', async () => {
  const pixel = await speck.addPixel({ url: SHOP });
  const created = await speck.api('POST', '/api/v1/tokens', {
    name: 'Logs',
    scopes: ['events:write'],
    pixel,
  });
  const { token } = (await created.json()) as { token: string };
  const now = Date.now();
  const hits = [60_000, 0].map((ago) => ({
    path: '/cart',
    ref: 'https://www.google.com/',
    ip: '192.0.2.7',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
    created_at: new Date(now - ago).toISOString(),
  }));
  const response = await fetch(`${speck.url}/api/v0/count`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ hits }),
  });
  expect([response.status, await response.json()]).toEqual([202, { status: 'ok' }]);
  const [past, present] = await storedEvents(speck, pixel, 2);
  expect(Number(present?.['ts']) - Number(past?.['ts'])).toBe(60_000);
  expect(past).toMatchObject({
    name: 'pageview',
    hostname: 'www.shop.example',
    page: '/cart',
    authenticated: 1,
  });
  expect(past?.['visitor']).not.toBe('');
  expect(past?.['visitor']).toBe(present?.['visitor']);
});
