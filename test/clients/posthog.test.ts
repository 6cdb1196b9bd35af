/** PostHog's libraries as they are published, against the Worker. */
import type { Browser, Page } from 'playwright-core';
import { PostHog } from 'posthog-node';
import { beforeAll, expect, test } from 'vitest';
import { USER_AGENT } from '../browser/chromium.ts';
import type { Site } from '../browser/site.ts';
import type { Speck } from '../e2e/harness.ts';
import { bundled } from './page.ts';
import { setUp } from './setup.ts';
import { fieldsOf, rejectionsOf, storedEvents } from './stored.ts';

let speck: Speck;
let site: Site;
let browser: Browser;
const clients = setUp();

beforeAll(async () => {
  ({ speck, site, browser } = await clients.start());
  const script = {
    headers: { 'content-type': 'text/javascript' },
    body: await bundled(`import posthog from 'posthog-js'; window.posthog = posthog;`),
  };
  site.on('/posthog.js', () => script);
  for (const path of ['/cart', '/thanks'])
    site.page(
      path,
      `<title>Shop</title><button>Buy</button><p style="height: 3000px"></p><script src="/posthog.js"></script>`,
    );
});

const COLUMNS = ['name', 'hostname', 'page', 'source', 'browser', 'value', 'currency'];
const NOWHERE = { hostname: '', page: '', source: '', browser: '', value: null, currency: '' };

test('posthog-node sends events in a batch, gzipped', async () => {
  const [pixel, { url, exchanges }] = [
    await clients.pixelFor('posthog', 'phc_node'),
    await clients.gateway(),
  ];
  const errors: unknown[] = [];
  const client = new PostHog('phc_node', { host: url, flushAt: 20 });
  client.on('error', (error: unknown) => errors.push(error));
  const there = { $current_url: 'https://shop.example/cart', $raw_user_agent: USER_AGENT };
  client.capture({ distinctId: 'u1', event: '$pageview', properties: { ...there, utm_source: 'news' } });
  client.capture({
    distinctId: 'u1',
    event: 'Order Completed',
    properties: { ...there, revenue: 9.5, currency: 'EUR', order_id: 'o-1', nested: { size: 'L' } },
  });
  client.identify({ distinctId: 'u1', properties: { plan: 'pro' } });
  client.alias({ distinctId: 'u1', alias: 'a1' });
  client.groupIdentify({ groupType: 'company', groupKey: 'c1', properties: {} });
  client.captureException(new TypeError('broken'), 'u1');
  await client.captureImmediate({ distinctId: 'u1', event: 'At once' });
  expect(await client.isFeatureEnabled('new-cart', 'u1')).toBeFalsy();
  await client.shutdown();
  const rows = await storedEvents(speck, pixel, 5);
  const cart = { hostname: 'shop.example', page: '/cart', browser: 'Chrome', value: null, currency: '' };
  expect(rows.map((row) => fieldsOf(row, ...COLUMNS))).toEqual([
    { ...NOWHERE, name: '$exception', props: { $exception_type: 'TypeError' } },
    { ...NOWHERE, name: 'At once', props: {} },
    {
      ...cart,
      name: 'Order Completed',
      source: '',
      value: 9_500_000,
      currency: 'EUR',
      props: { order_id: 'o-1', 'nested.size': 'L' },
    },
    { ...NOWHERE, name: 'engagement', props: {} },
    { ...cart, name: 'pageview', source: 'news', props: {} },
  ]);
  expect(rows.map(({ visitor }) => visitor)).toEqual(Array(5).fill(''));
  // All events are of the user.
  expect(new Set(rows.map(({ person }) => person)).size).toBe(1);
  expect(rows[0]?.['person']).toMatch(/^u./);
  expect([errors, await rejectionsOf(speck, pixel, '')]).toEqual([[], []]);
  expect(exchanges.filter(({ status }) => status !== 200)).toEqual([]);
  expect(exchanges.filter(({ path }) => path === '/batch/')).toHaveLength(2);
});

test('posthog-node with a token of Speck as its key sends times and visitors', async () => {
  const [pixel, { url }] = [await clients.pixelFor('posthog', 'phc_token'), await clients.gateway()];
  const response = await speck.api('POST', '/api/v1/tokens', {
    name: 'PostHog',
    scopes: ['events:write'],
    pixel,
  });
  const { token } = (await response.json()) as { token: string };
  const client = new PostHog(token, { host: url });
  const now = Date.now();
  for (const [event, timestamp] of [
    ['Past', new Date(now - 60_000)],
    ['Present', new Date(now)],
  ] as const) {
    client.capture({
      distinctId: 'u1',
      event,
      timestamp,
      properties: { $ip: '192.0.2.7', $raw_user_agent: USER_AGENT },
    });
  }
  await client.shutdown();
  const [past, present] = await storedEvents(speck, pixel, 2);
  expect(Number(present?.['ts']) - Number(past?.['ts'])).toBe(60_000);
  expect([past?.['authenticated'], past?.['visitor'] === present?.['visitor']]).toEqual([1, true]);
  expect(past?.['visitor']).not.toBe('');
});

test('posthog-node splits a batch of more events than a request may have', async () => {
  const [pixel, { url, exchanges }] = [
    await clients.pixelFor('posthog', 'phc_many'),
    await clients.gateway(),
  ];
  const client = new PostHog('phc_many', { host: url, flushAt: 1000 });
  for (let n = 0; n < 250; n++) client.capture({ distinctId: 'u1', event: `Event ${n}` });
  await client.shutdown();
  const rows = await storedEvents(speck, pixel, 250);
  expect(new Set(rows.map(({ name }) => name)).size).toBe(250);
  expect(exchanges.map(({ status }) => status)).toEqual([413, 200, 200]);
});

/** A page of a visitor, and everything that its browser complained of. */
async function visit(): Promise<{ readonly page: Page; readonly messages: readonly string[] }> {
  const context = await browser.newContext({ userAgent: USER_AGENT });
  // As in a browser that nobody controls: otherwise the library takes the visitor for a bot.
  await context.addInitScript(() => Object.defineProperty(navigator, 'webdriver', { get: () => false }));
  const page = await context.newPage();
  const messages: string[] = [];
  page.on('console', (message) => messages.push(`${message.type()} ${message.text()}`));
  page.on('pageerror', (error) => messages.push(String(error)));
  return { page, messages };
}

test('posthog-js in a browser starts, records nothing, and sends from another origin', async () => {
  const [pixel, { url, exchanges }] = [await clients.pixelFor('posthog', 'phc_js'), await clients.gateway()];
  const { page, messages } = await visit();
  await page.goto('http://www.shop.example/cart?utm_source=news', { referer: 'https://www.google.com/' });
  await page.evaluate((api_host) => {
    // biome-ignore lint/suspicious/noExplicitAny: the library of the page
    const { posthog } = window as any;
    posthog.init('phc_js', { api_host, defaults: '2025-05-24' });
  }, url);
  await storedEvents(speck, pixel, 1);
  await page.click('button');
  await page.evaluate(() => {
    // biome-ignore lint/suspicious/noExplicitAny: the library of the page
    const { posthog } = window as any;
    posthog.capture('Order Completed', { revenue: 9.5, currency: 'EUR', order_id: 'o-1' });
    posthog.identify('u1', { plan: 'pro' });
    scrollTo(0, 3000);
    history.pushState({}, '', '/thanks');
  });
  await storedEvents(speck, pixel, 6);
  await page.goto('about:blank');
  const rows = await storedEvents(speck, pixel, 7);
  const common = { hostname: 'www.shop.example', browser: 'Chrome', value: null, currency: '' };
  const cart = { ...common, page: '/cart', source: 'news' };
  const thanks = { ...common, page: '/thanks', source: 'Google' };
  expect(rows.map((row) => fieldsOf(row, ...COLUMNS))).toEqual([
    { ...cart, name: '$autocapture', props: { $event_type: 'click' } },
    { ...cart, name: 'Order Completed', value: 9_500_000, currency: 'EUR', props: { order_id: 'o-1' } },
    expect.objectContaining({ name: 'engagement', page: '/cart' }),
    expect.objectContaining({ name: 'engagement', page: '/cart' }),
    expect.objectContaining({ name: 'engagement', page: '/thanks' }),
    { ...cart, name: 'pageview', props: {} },
    { ...thanks, name: 'pageview', props: {} },
  ]);
  const reports = rows.filter(({ name, engaged }) => name === 'engagement' && engaged !== null);
  expect(reports.map(({ scroll }) => scroll)).toEqual([100, expect.any(Number)]);
  expect(new Set(rows.map(({ visitor }) => visitor)).size).toBe(1);
  expect(rows[0]?.['visitor']).not.toBe('');
  expect(messages).toEqual([]);
  expect(await rejectionsOf(speck, pixel, '')).toEqual([]);
  expect(exchanges.filter(({ status }) => status >= 300)).toEqual([]);
  // Flags are requested once, by `identify`.
  const requested = exchanges.map(({ path }) => path.replace(/[?].*/, '')).filter((path) => path !== '/e/');
  expect(requested).toEqual(['/array/phc_js/config.js', '/flags/']);
  await page.context().close();
});
