/** Snowplow's trackers as they are published, against the Worker: @snowplow/node-tracker and @snowplow/browser-tracker. */
import {
  buildEcommerceTransaction,
  buildPagePing,
  buildPageView,
  buildSelfDescribingEvent,
  buildStructEvent,
  newTracker,
} from '@snowplow/node-tracker';
import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { USER_AGENT } from '../browser/chromium.ts';
import type { Site } from '../browser/site.ts';
import type { Speck } from '../e2e/harness.ts';
import { eventually } from '../eventually.ts';
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
    body: await bundled(`import * as sp from '@snowplow/browser-tracker'; window.sp = sp;`),
  };
  site.on('/sp.js', () => script);
  site.page('/cart', '<title>Cart</title><p style="height: 3000px"></p><script src="/sp.js"></script>');
});

const COLUMNS = ['name', 'hostname', 'page', 'source', 'browser', 'value', 'currency'];
const PAGE = {
  pageUrl: 'https://shop.example/cart?utm_source=news',
  pageTitle: 'Cart',
  referrer: 'https://www.google.com/',
};
const SIGNUP = {
  schema: 'iglu:com.acme/signup/jsonschema/1-0-0',
  data: { plan: 'pro', nested: { size: 'L' }, name: 'Zoë' },
};
const ACCOUNT = { schema: 'iglu:com.acme/account/jsonschema/1-0-0', data: { tier: 'gold' } };
const NOWHERE = { hostname: '', page: '', source: '', browser: '', value: null, currency: '', props: {} };
const EXPECTED = [
  {
    ...NOWHERE,
    name: 'Added',
    props: { category: 'Shop', label: 'Shoe', property: 'red', event_value: '3' },
  },
  { ...NOWHERE, name: 'engagement', hostname: 'shop.example', page: '/cart', source: 'news' },
  {
    ...NOWHERE,
    name: 'pageview',
    hostname: 'shop.example',
    page: '/cart',
    source: 'news',
    props: { tier: 'gold' },
  },
  { ...NOWHERE, name: 'signup', props: { plan: 'pro', 'nested.size': 'L', name: 'Zoë' } },
  { ...NOWHERE, name: 'transaction', value: 9_500_000, currency: 'EUR', props: { order_id: 'o-1' } },
];

test.each([
  ['post', true, 1],
  ['post', false, 10],
  ['get', true, 1],
  ['get', false, 1],
] as const)(
  '@snowplow/node-tracker sends by %s (base64: %s, buffer of %d)',
  async (eventMethod, encodeBase64, bufferSize) => {
    const app = `app-${eventMethod}-${encodeBase64}`;
    const [pixel, { url, exchanges }] = [await clients.pixelFor('snowplow', app), await clients.gateway()];
    const failures: unknown[] = [];
    const tracker = newTracker(
      { namespace: 'sp', appId: app, encodeBase64 },
      { endpoint: url, eventMethod, bufferSize, onRequestFailure: (failure) => failures.push(failure) },
    );
    tracker.setUserId('u1');
    tracker.track(buildPageView(PAGE), [ACCOUNT]);
    tracker.track(
      buildStructEvent({ category: 'Shop', action: 'Added', label: 'Shoe', property: 'red', value: 3 }),
    );
    tracker.track(buildSelfDescribingEvent({ event: SIGNUP }));
    tracker.track(buildEcommerceTransaction({ orderId: 'o-1', total: 9.5, currency: 'EUR' }));
    tracker.track(buildPagePing({ ...PAGE, minXOffset: 0, maxXOffset: 0, minYOffset: 0, maxYOffset: 500 }));
    await tracker.flush();
    const rows = await storedEvents(speck, pixel, 5);
    expect(rows.map((row) => fieldsOf(row, ...COLUMNS))).toEqual(EXPECTED);
    expect(rows.map(({ visitor, authenticated }) => [visitor, authenticated])).toEqual(
      Array(5).fill(['', 0]),
    );
    expect(rows.every(({ person }) => String(person).startsWith('u'))).toBe(true);
    expect([failures, await rejectionsOf(speck, pixel, '')]).toEqual([[], []]);
    expect(exchanges.map(({ status }) => status)).toEqual(Array(eventMethod === 'get' ? 5 : 1).fill(200));
  },
);

test('@snowplow/node-tracker with a token of Speck sends times and visitors', async () => {
  const [pixel, { url }] = [await clients.pixelFor('snowplow', 'app-token'), await clients.gateway()];
  const body = { name: 'Snowplow', scopes: ['events:write'], pixel };
  const { token } = (await (await speck.api('POST', '/api/v1/tokens', body)).json()) as { token: string };
  const failures: unknown[] = [];
  const tracker = newTracker(
    { namespace: 'sp', appId: 'app-token' },
    {
      endpoint: url,
      customHeaders: { Authorization: `Bearer ${token}` },
      onRequestFailure: (failure) => failures.push(failure),
    },
  );
  tracker.setIpAddress('192.0.2.7');
  tracker.setUseragent(USER_AGENT);
  const now = Date.now();
  tracker.track(buildStructEvent({ category: 'a', action: 'Past' }), null, {
    type: 'ttm',
    value: now - 60_000,
  });
  tracker.track(buildStructEvent({ category: 'a', action: 'Present' }), null, { type: 'dtm', value: now });
  await tracker.flush();
  const [past, present] = await storedEvents(speck, pixel, 2);
  expect([past?.['ts'], present?.['ts']]).toEqual([now - 60_000, now]);
  expect([past?.['browser'], past?.['authenticated'], past?.['visitor'] === present?.['visitor']]).toEqual([
    'Chrome',
    1,
    true,
  ]);
  expect([past?.['visitor'] === '', failures]).toEqual([false, []]);
});

test('@snowplow/node-tracker gives up what is rejected as a whole', async () => {
  const [pixel, { url, exchanges }] = [
    await clients.pixelFor('snowplow', 'app-wrong'),
    await clients.gateway(),
  ];
  const failures: { readonly status?: number; readonly willRetry?: boolean }[] = [];
  const tracker = newTracker(
    { namespace: 'sp', appId: 'app-wrong' },
    {
      endpoint: url,
      customHeaders: { Authorization: `Bearer speck_${'a'.repeat(40)}` },
      onRequestFailure: (failure) => failures.push(failure),
    },
  );
  tracker.track(buildStructEvent({ category: 'a', action: 'b' }));
  await tracker.flush();
  await eventually(async () => failures.length > 0, 'a failure of the tracker');
  expect(failures).toMatchObject([{ status: 401, willRetry: false }]);
  expect([exchanges.length, await storedEvents(speck, pixel, 0)]).toEqual([1, []]);
});

test.each([
  ['post', false],
  ['post', true],
  ['get', false],
] as const)(
  '@snowplow/browser-tracker sends by %s from another origin (keepalive: %s)',
  async (eventMethod, keepalive) => {
    const app = `web-${eventMethod}-${keepalive}`;
    const [pixel, { url, exchanges }] = [await clients.pixelFor('snowplow', app), await clients.gateway()];
    const context = await browser.newContext({ userAgent: USER_AGENT });
    const page = await context.newPage();
    const messages: string[] = [];
    page.on('console', (message) => messages.push(message.text()));
    page.on('pageerror', (error) => messages.push(String(error)));
    await page.goto('http://www.shop.example/cart?utm_source=news', { referer: 'https://www.google.com/' });
    await page.evaluate(
      ({ endpoint, appId, method, isKept, signup, account }) => {
        // biome-ignore lint/suspicious/noExplicitAny: the library of the page
        const { sp } = window as any;
        const failures: unknown[] = [];
        Object.assign(window, { failures });
        sp.newTracker('sp', endpoint, {
          appId,
          eventMethod: method,
          keepalive: isKept,
          contexts: { webPage: true, session: true, browser: true },
          onRequestFailure: (failure: unknown) => failures.push(failure),
        });
        sp.enableActivityTracking({ minimumVisitLength: 1, heartbeatDelay: 1 });
        sp.setUserId('u1');
        sp.trackPageView({ context: [account] });
        sp.trackStructEvent({ category: 'Shop', action: 'Added', label: 'Shoe', property: 'red', value: 3 });
        sp.trackSelfDescribingEvent({ event: signup });
      },
      {
        endpoint: url,
        appId: app,
        method: eventMethod,
        isKept: keepalive,
        signup: SIGNUP,
        account: ACCOUNT,
      },
    );
    await storedEvents(speck, pixel, 3);
    // Until the first page ping, which needs activity.
    await page.mouse.wheel(0, 5000);
    await page.mouse.move(10, 20);
    const sql = `SELECT count(*) AS count FROM events WHERE pixel = '${pixel}' AND name = 'engagement'`;
    const pings = async (): Promise<number> =>
      Number((await speck.db.prepare(sql).all<{ count: number }>()).results[0]?.count);
    while ((await pings()) === 0) {
      await page.mouse.wheel(0, 10);
      await page.waitForTimeout(200);
    }
    const failures = await page.evaluate(() => (window as unknown as { failures: unknown[] }).failures);
    await context.close();
    const { results } = await speck.db
      .prepare('SELECT * FROM events WHERE pixel = ? ORDER BY name')
      .bind(pixel)
      .all<Record<string, unknown>>();
    const common = {
      hostname: 'www.shop.example',
      page: '/cart',
      source: 'news',
      browser: 'Chrome',
      value: null,
      currency: '',
      props: {},
    };
    expect(
      results.filter(({ name }) => name !== 'engagement').map((row) => fieldsOf(row, ...COLUMNS)),
    ).toEqual([
      {
        ...common,
        name: 'Added',
        props: { category: 'Shop', label: 'Shoe', property: 'red', event_value: '3' },
      },
      { ...common, name: 'pageview', props: { tier: 'gold' } },
      { ...common, name: 'signup', props: { plan: 'pro', 'nested.size': 'L', name: 'Zoë' } },
    ]);
    const scrolled = results.filter(({ name }) => name === 'engagement').map(({ scroll }) => Number(scroll));
    expect(Math.max(...scrolled)).toBe(100);
    expect(new Set(results.map(({ visitor }) => visitor)).size).toBe(1);
    expect(results[0]?.['visitor']).not.toBe('');
    expect([failures, messages, await rejectionsOf(speck, pixel, '')]).toEqual([[], [], []]);
    expect(exchanges.filter(({ status }) => status >= 300)).toEqual([]);
    const preflights = exchanges.filter(({ method }) => method === 'OPTIONS').length;
    expect(preflights > 0).toBe(eventMethod !== 'get');
  },
);

test('@snowplow/browser-tracker that tracks anonymously has no visitor', async () => {
  const [pixel, { url, exchanges }] = [
    await clients.pixelFor('snowplow', 'web-anonymous'),
    await clients.gateway(),
  ];
  const context = await browser.newContext({ userAgent: USER_AGENT });
  const page = await context.newPage();
  await page.goto('http://www.shop.example/cart');
  await page.evaluate((endpoint) => {
    // biome-ignore lint/suspicious/noExplicitAny: the library of the page
    const { sp } = window as any;
    sp.newTracker('sp', endpoint, {
      appId: 'web-anonymous',
      anonymousTracking: { withServerAnonymisation: true, withSessionTracking: true },
    });
    sp.trackPageView();
  }, url);
  const [event] = await storedEvents(speck, pixel, 1);
  expect([event?.['name'], event?.['visitor'], event?.['person']]).toEqual(['pageview', '', '']);
  expect(exchanges.map(({ method, status }) => `${method} ${status}`)).toEqual(['OPTIONS 204', 'POST 200']);
  await context.close();
});
