/** The whole way of an event: from a page in a real Chromium, through the Worker, to the answer of a query. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { launchChromium, USER_AGENT } from './chromium.ts';
import { eventually, type Site, startSite } from './site.ts';

/** A link on another site, and where it leads. */
const NEWS = 'http://www.news.example/stories/shoes';
const SHOP = 'http://www.shop.example';
const CAMPAIGN = 'utm_source=news&utm_medium=referral&utm_campaign=spring&utm_content=top&utm_term=shoes';

let browser: Browser;
let site: Site;
let speck: Speck;

beforeAll(async () => {
  [site, speck] = await Promise.all([startSite(), startSpeck()]);
  browser = await launchChromium({ '*.example': site.port });
  site.page(
    new URL(NEWS).pathname,
    `<a id="scripted" href="${SHOP}/scripted?${CAMPAIGN}#top">A</a> <a id="image" href="${SHOP}/image?${CAMPAIGN}">B</a>`,
    { 'referrer-policy': 'unsafe-url' },
  );
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), speck?.close()]);
});

/** A pixel, with the snippets that its owner would paste. */
async function addPixel(): Promise<{ id: string; install: { script: string; noscript: string } }> {
  const id = await speck.addPixel({ url: SHOP });
  return (await (await speck.api('GET', `/api/v1/pixels/${id}`)).json()) as Awaited<
    ReturnType<typeof addPixel>
  >;
}

/** Visits pages as one person does: always the same address and user agent. */
async function visit(options: BrowserContextOptions, steps: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ userAgent: USER_AGENT, locale: 'en-GB', ...options });
  const page = await context.newPage();
  await page.goto(NEWS);
  await steps(page);
  await context.close();
}

/** A pixel's stored events, engagements aside, once there are at least `count` of them, in the order they came. */
function events(pixel: string, count: number): Promise<Record<string, unknown>[]> {
  const query = speck.db
    .prepare("SELECT * FROM events WHERE pixel = ?1 AND name <> 'engagement' ORDER BY ts, id")
    .bind(pixel);
  return eventually(async () => {
    const { results } = await query.all();
    return results.length >= count ? results : null;
  }, `${count} events in the table`);
}

async function totals(pixel: string, metrics: string[]): Promise<unknown> {
  const response = await speck.api('POST', '/api/v2/query', { site_id: pixel, metrics, date_range: 'day' });
  expect(response.status).toBe(200);
  return ((await response.json()) as { results: { metrics: number[] }[] }).results[0]?.metrics;
}

test('a visitor with and without JavaScript is one visitor with two page views', async () => {
  const { id, install } = await addPixel();
  site.page('/scripted', `<title>Shoes</title>${install.script}${install.noscript}`);
  site.page('/image', `<title>Shoes</title>${install.script}${install.noscript}`);

  await visit({}, async (page) => {
    await page.click('#scripted');
    await events(id, 1);
  });
  await visit({ javaScriptEnabled: false }, async (page) => {
    await page.click('#image');
    await events(id, 2);
  });

  const stored = await events(id, 2);
  const common = {
    pixel: id,
    name: 'pageview',
    hostname: 'www.shop.example',
    utm_source: 'news',
    utm_medium: 'referral',
    utm_campaign: 'spring',
    utm_content: 'top',
    utm_term: 'shoes',
    device: 'Desktop',
    browser: 'Chrome',
    os: 'Windows',
    language: 'en',
    agent_class: 'human',
    props: '',
  };
  expect(stored).toMatchObject([
    {
      ...common,
      page: '/scripted',
      referrer: 'news.example/stories/shoes',
      eid: '',
    },
    // An image cannot tell where its page was linked from: the Referer header names the page itself.
    { ...common, page: '/image', referrer: '', eid: '' },
  ]);
  const visitors = stored.map(({ visitor }) => visitor);
  expect(visitors[0]).toMatch(/^[\w-]{22}$/);
  expect(visitors[1]).toBe(visitors[0]);
  expect(await totals(id, ['visitors', 'visits', 'pageviews', 'events'])).toEqual([1, 1, 2, 2]);
});

test('another user agent is another visitor', async () => {
  const { id, install } = await addPixel();
  site.page('/scripted', install.script);
  await visit({}, async (page) => {
    await page.click('#scripted');
    await events(id, 1);
  });
  await visit({ userAgent: USER_AGENT.replace('153', '152') }, async (page) => {
    await page.click('#scripted');
    await events(id, 2);
  });
  expect(await totals(id, ['visitors', 'pageviews'])).toEqual([2, 2]);
});

test('a visit to a single-page application arrives whole, with its revenue', async () => {
  const { id, install } = await addPixel();
  site.page('/scripted', install.script);
  await visit({}, async (page) => {
    await page.click('#scripted');
    await events(id, 1);
    await page.evaluate(() => history.pushState(null, '', '/cart?step=2'));
    await events(id, 2);
    await page.evaluate(() =>
      window.speck('track', 'Purchase', { value: 49.9, currency: 'EUR', order: 'A-17' }),
    );
    await events(id, 3);
  });

  expect(await events(id, 3)).toMatchObject([
    { name: 'pageview', page: '/scripted', value: null, currency: '' },
    { name: 'pageview', page: '/cart', referrer: '', value: null, currency: '' },
    { name: 'Purchase', page: '/cart', value: 49_900_000, currency: 'EUR', props: '{"order":"A-17"}' },
  ]);
  expect(await totals(id, ['visitors', 'visits', 'pageviews', 'events'])).toEqual([1, 1, 2, 3]);
});

test.each([['beacon'], ['fetch'], ['image']])(
  'the Worker takes the event by every transport: %s',
  async (transport) => {
    const { id, install } = await addPixel();
    site.page(
      '/scripted',
      `<script>
      if ('${transport}' !== 'beacon') navigator.sendBeacon = () => false;
      if ('${transport}' === 'image') window.fetch = undefined;
    </script>${install.script}`,
    );
    await visit({}, async (page) => {
      await page.click('#scripted');
      await events(id, 1);
      await page.evaluate(() =>
        window.speck('track', 'Über', { value: 1.5, 'a&b': 'ü=1', list: [1, { x: 2 }] }),
      );
      await events(id, 2);
    });
    expect(await events(id, 2)).toMatchObject([
      { name: 'pageview', page: '/scripted', referrer: 'news.example/stories/shoes', utm_campaign: 'spring' },
      { name: 'Über', value: 1_500_000, props: '{"a&b":"ü=1","list":"[1,{\\"x\\":2}]"}' },
    ]);
  },
);

test('an event that arrived by two transports is stored once', async () => {
  const { id, install } = await addPixel();
  // The page takes over fetch: it lets the request through, and then says that it failed.
  site.page(
    '/scripted',
    `<script>
      navigator.sendBeacon = () => false;
      const before = window.fetch;
      window.fetch = async (...request) => { await before(...request); throw new TypeError('Failed to fetch'); };
    </script>${install.script}`,
  );
  const paths: string[] = [];
  await visit({}, async (page) => {
    page.on('requestfinished', (request) => paths.push(new URL(request.url()).pathname));
    await page.click('#scripted');
    await eventually(() => paths.includes('/beacon') && paths.includes('/p.gif'), 'both requests');
    await events(id, 1);
    await page.evaluate(() => window.speck('track', 'Later'));
    await events(id, 2);
    // The events of a moment are written together, at most 50 ms after the first of them.
    await page.waitForTimeout(500);
  });
  const stored = await events(id, 2);
  expect(stored.map(({ name }) => name)).toEqual(['pageview', 'Later']);
});
