/** The libraries of Segment and RudderStack as they are published, against the Worker. */
import Rudder from '@rudderstack/rudder-sdk-node';
import { Analytics } from '@segment/analytics-node';
import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { USER_AGENT } from '../browser/chromium.ts';
import type { Site } from '../browser/site.ts';
import type { Speck } from '../e2e/harness.ts';
import type { Gateway } from './gateway.ts';
import { bundled } from './page.ts';
import { setUp } from './setup.ts';
import { fieldsOf, rejectionsOf, storedEvents } from './stored.ts';

let speck: Speck;
let site: Site;
let browser: Browser;
const clients = setUp();

beforeAll(async () => {
  ({ speck, site, browser } = await clients.start());
});

const PAGE = {
  url: 'https://shop.example/cart?utm_medium=mail',
  path: '/cart',
  referrer: 'https://www.google.com/',
  title: 'Cart',
};
const CONTEXT = {
  page: PAGE,
  campaign: { source: 'news', medium: 'ignored', name: 'spring' },
  ip: '192.0.2.7',
  userAgent: USER_AGENT,
  locale: 'de-AT',
};

/** Calls of all kinds, by a library whose calls take one object. */
function callAll(client: {
  track(call: object): unknown;
  page(call: object): unknown;
  screen(call: object): unknown;
  identify(call: object): unknown;
  group(call: object): unknown;
  alias(call: object): unknown;
}): void {
  client.page({
    userId: 'u1',
    name: 'Cart',
    category: 'Shop',
    properties: { ...PAGE, plan: 'pro' },
    context: CONTEXT,
  });
  client.track({
    userId: 'u1',
    event: 'Order Completed',
    properties: { revenue: 9.5, currency: 'EUR', order_id: 'o-1', total: 12, nested: { size: 'L' } },
    context: CONTEXT,
  });
  client.screen({ anonymousId: 'a1', name: 'Start', context: CONTEXT });
  client.identify({ userId: 'u1', traits: { plan: 'pro' }, context: CONTEXT });
  client.group({ userId: 'u1', groupId: 'g1' });
  client.alias({ userId: 'u1', previousId: 'a1' });
}

const COLUMNS = [
  'name',
  'hostname',
  'page',
  'source',
  'utm_medium',
  'utm_campaign',
  'browser',
  'language',
  'value',
  'currency',
];
const COMMON = {
  hostname: 'shop.example',
  page: '/cart',
  source: 'news',
  utm_medium: 'mail',
  utm_campaign: 'spring',
  browser: 'Chrome',
  language: 'de',
  value: null,
  currency: '',
  props: {},
};
const EXPECTED = [
  {
    ...COMMON,
    name: 'Order Completed',
    value: 9_500_000,
    currency: 'EUR',
    props: { order_id: 'o-1', total: '12', 'nested.size': 'L' },
  },
  { ...COMMON, name: 'engagement' },
  { ...COMMON, name: 'pageview', props: { name: 'Cart', category: 'Shop', plan: 'pro' } },
  { ...COMMON, name: 'screen', props: { name: 'Start' } },
];

/** Whether each request was sent once and accepted. */
function expectContent({ exchanges }: Gateway): void {
  expect(exchanges.length).toBeGreaterThan(0);
  expect(exchanges.filter(({ status }) => status >= 300)).toEqual([]);
  expect(exchanges.filter(({ headers }) => headers['x-retry-count'] !== undefined)).toEqual([]);
}

test('@segment/analytics-node sends calls of all kinds in a batch', async () => {
  const [pixel, { url, exchanges }] = [await clients.pixelFor('segment', 'wk-node'), await clients.gateway()];
  const errors: unknown[] = [];
  const client = new Analytics({ writeKey: 'wk-node', host: url });
  client.on('error', (error) => errors.push(error));
  callAll(client as never);
  await client.closeAndFlush();
  const rows = await storedEvents(speck, pixel, 4);
  expect(rows.map((row) => fieldsOf(row, ...COLUMNS))).toEqual(EXPECTED);
  // Without a token, an event from a server is of nobody.
  expect(rows.map(({ visitor, authenticated }) => [visitor, authenticated])).toEqual(Array(4).fill(['', 0]));
  expect([errors, await rejectionsOf(speck, pixel, '')]).toEqual([[], []]);
  expectContent({ exchanges } as Gateway);
});

test('@segment/analytics-node with a token of Speck as its write key sends times and visitors', async () => {
  const [pixel, { url, exchanges }] = [
    await clients.pixelFor('segment', 'wk-token'),
    await clients.gateway(),
  ];
  const response = await speck.api('POST', '/api/v1/tokens', {
    name: 'Segment',
    scopes: ['events:write'],
    pixel,
  });
  const { token } = (await response.json()) as { token: string };
  const client = new Analytics({ writeKey: token, host: url });
  const now = Date.now();
  for (const [event, timestamp] of [
    ['Past', new Date(now - 60_000)],
    ['Present', new Date(now)],
  ] as const) {
    client.track({ userId: 'u1', event, timestamp, context: CONTEXT });
  }
  await client.closeAndFlush();
  const [past, present] = await storedEvents(speck, pixel, 2);
  expect(Number(present?.['ts']) - Number(past?.['ts'])).toBe(60_000);
  expect([past?.['authenticated'], present?.['authenticated']]).toEqual([1, 1]);
  expect(past?.['visitor']).not.toBe('');
  expect(past?.['visitor']).toBe(present?.['visitor']);
  expectContent({ exchanges } as Gateway);
});

test('@rudderstack/rudder-sdk-node sends calls of all kinds, gzipped', async () => {
  const [pixel, { url, exchanges }] = [
    await clients.pixelFor('segment', 'wk-rudder'),
    await clients.gateway(),
  ];
  const client = new Rudder('wk-rudder', { dataPlaneUrl: url, flushAt: 20 });
  callAll(client as never);
  await new Promise<void>((resolve, reject) => {
    client.flush((error?: unknown) => (error ? reject(error) : resolve()));
  });
  const rows = await storedEvents(speck, pixel, 4);
  expect(rows.map((row) => fieldsOf(row, ...COLUMNS))).toEqual(EXPECTED);
  expect(exchanges.map(({ headers }) => headers['content-encoding'])).toContain('gzip');
  expectContent({ exchanges } as Gateway);
});

/** A page with the browser library. @returns it with what its browser complained of, and the requests to anywhere but `url`. */
async function openPage(url: string) {
  const script = await bundled(
    `import { AnalyticsBrowser } from '@segment/analytics-next'; window.AnalyticsBrowser = AnalyticsBrowser;`,
  );
  site.page('/cart', '<title>Cart</title><script src="/next.js"></script>');
  site.on('/next.js', () => ({
    headers: { 'content-type': 'text/javascript' },
    body: script,
  }));
  const page = await (await browser.newContext({ userAgent: USER_AGENT, locale: 'de-AT' })).newPage();
  const [messages, foreign]: [string[], string[]] = [[], []];
  page.on('console', (message) => messages.push(message.text()));
  page.on('pageerror', (error) => messages.push(String(error)));
  page.on('request', (request) => {
    const { origin } = new URL(request.url());
    if (origin !== url && origin !== 'http://www.shop.example') foreign.push(request.url());
  });
  await page.goto('http://www.shop.example/cart?utm_source=news', { referer: 'https://www.google.com/' });
  return { page, messages, foreign };
}

test('@segment/analytics-next in a browser starts with the settings from here, and sends from another origin', async () => {
  const [pixel, { url, exchanges }] = [await clients.pixelFor('segment', 'wk-next'), await clients.gateway()];
  const { page, messages, foreign } = await openPage(url);
  const failures = await page.evaluate(async (cdnURL) => {
    const failed: string[] = [];
    // biome-ignore lint/suspicious/noExplicitAny: the library of the page
    const [analytics] = await (window as any).AnalyticsBrowser.load({ writeKey: 'wk-next', cdnURL });
    analytics.on('error', (error: unknown) => failed.push(String(error)));
    await analytics.page('Shop', 'Cart', { plan: 'pro' });
    await analytics.track('Order Completed', { revenue: 9.5, currency: 'EUR', order_id: 'o-1' });
    await analytics.identify('u1', { plan: 'pro' });
    return failed;
  }, url);
  const rows = await storedEvents(speck, pixel, 3);
  const common = {
    hostname: 'www.shop.example',
    page: '/cart',
    source: 'news',
    browser: 'Chrome',
    value: null,
  };
  const columns = ['name', 'hostname', 'page', 'source', 'browser', 'value'];
  expect(rows.map((row) => fieldsOf(row, ...columns))).toEqual([
    { ...common, name: 'Order Completed', value: 9_500_000, props: { order_id: 'o-1' } },
    { ...common, name: 'engagement', props: {} },
    { ...common, name: 'pageview', props: { name: 'Cart', category: 'Shop', plan: 'pro' } },
  ]);
  expect([failures, messages, foreign]).toEqual([[], [], []]);
  expect(await rejectionsOf(speck, pixel, '')).toEqual([]);
  expect(exchanges.filter(({ method }) => method === 'OPTIONS').length).toBeGreaterThan(0);
  expectContent({ exchanges } as Gateway);
  await page.context().close();
});

test('@segment/analytics-next sends a batch', async () => {
  const [pixel, { url, exchanges }] = [
    await clients.pixelFor('segment', 'wk-batch'),
    await clients.gateway(),
  ];
  const { page, messages, foreign } = await openPage(url);
  await page.evaluate(async (cdnURL) => {
    const deliveryStrategy = { strategy: 'batching', config: { size: 3, timeout: 100 } };
    const integrations = { 'Segment.io': { deliveryStrategy } };
    // biome-ignore lint/suspicious/noExplicitAny: the library of the page
    const { AnalyticsBrowser } = window as any;
    const [analytics] = await AnalyticsBrowser.load({ writeKey: 'wk-batch', cdnURL }, { integrations });
    await Promise.all([analytics.page('Cart'), analytics.track('Signup'), analytics.track('Order')]);
  }, url);
  const rows = await storedEvents(speck, pixel, 3);
  expect(rows.map(({ name }) => name)).toEqual(['Order', 'Signup', 'pageview']);
  expect(exchanges.filter(({ method }) => method === 'POST').map(({ path }) => path)).toEqual(['/v1/b']);
  expect([messages, foreign]).toEqual([[], []]);
  expectContent({ exchanges } as Gateway);
  await page.context().close();
});
