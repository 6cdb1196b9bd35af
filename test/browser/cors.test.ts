/** Requests with credentials from a page of another site, by a real browser: the pixel answers them, the API does not. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_TOKEN, type Speck, startSpeck } from '../e2e/harness.ts';
import { launchChromium, USER_AGENT } from './chromium.ts';
import { eventually, type Site, startSite } from './site.ts';

let browser: Browser;
let site: Site;
let speck: Speck;
let pixel: string;
let page: Page;

beforeAll(async () => {
  [site, speck] = await Promise.all([startSite(), startSpeck()]);
  browser = await launchChromium({ '*.example': site.port });
  pixel = await speck.addPixel({ url: 'http://www.shop.example' });
  site.page('/', '<title>Shop</title>');
  page = await (await browser.newContext({ userAgent: USER_AGENT })).newPage();
  await page.goto('http://www.shop.example/');
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), speck?.close()]);
});

const stored = (name: string) =>
  eventually(async () => {
    const { results } = await speck.db.prepare('SELECT * FROM events WHERE name = ?').bind(name).all();
    return results.length > 0 ? results : null;
  }, `the event ${name}`);

test.each(['text/plain', 'application/json'])(
  'a beacon as %s is let through and its answer can be read',
  async (type) => {
    const name = type.split('/')[1] ?? '';
    const status = await page.evaluate(
      async ([url, body, contentType]) => {
        const response = await fetch(url, {
          method: 'POST',
          credentials: 'include',
          headers: { 'content-type': contentType },
          body,
        });
        return response.status;
      },
      [`${speck.url}/beacon`, JSON.stringify({ id: pixel, ev: name }), type] as const,
    );
    expect(status).toBe(204);
    expect(await stored(name)).toHaveLength(1);
  },
);

test('the reason of a refusal can be read', async () => {
  const answer = await page.evaluate(async (url) => {
    const response = await fetch(url, { method: 'POST', credentials: 'include', body: '{' });
    return [response.status, response.headers.get('x-speck-reason')];
  }, `${speck.url}/beacon`);
  expect(answer).toEqual([400, 'broken_json']);
});

test('an image loads, also one that asks with credentials', async () => {
  const widths = await page.evaluate(async (url) => {
    const load = (mode: string | null) =>
      new Promise<number>((resolve) => {
        const image = new Image();
        image.crossOrigin = mode;
        image.onload = () => resolve(image.naturalWidth);
        image.onerror = () => resolve(0);
        image.src = `${url}&mode=${mode}`;
      });
    return Promise.all([null, 'anonymous', 'use-credentials'].map(load));
  }, `${speck.url}/p.gif?id=${pixel}&ev=Image`);
  expect(widths).toEqual([1, 1, 1]);
});

test('a page cannot use the API, even with a token', async () => {
  const outcome = await page.evaluate(
    async ([url, token]) => {
      try {
        return (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status;
      } catch {
        return 'refused by the browser';
      }
    },
    [`${speck.url}/api/v1/pixels`, ADMIN_TOKEN] as const,
  );
  expect(outcome).toBe('refused by the browser');
});
