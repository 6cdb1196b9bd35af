/**
 * Clients of Google Analytics 4 against the Worker: @minimal-analytics/ga4 as it is published, from a page the requests of gtag.js, which
 * is not published as a package, and from a server the Measurement Protocol.
 */
import type { Browser, Page } from 'playwright-core';
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
    body: await bundled(`import { track } from '@minimal-analytics/ga4'; window.track = track;`),
  };
  site.on('/ga4.js', () => script);
  site.page(
    '/cart',
    '<title>Cart</title><a href="https://other.example/x">Out</a><script src="/ga4.js"></script>',
  );
});

async function visit(): Promise<{ readonly page: Page; readonly messages: readonly string[] }> {
  const page = await (await browser.newContext({ userAgent: USER_AGENT })).newPage();
  const messages: string[] = [];
  page.on('console', (message) => messages.push(message.text()));
  page.on('pageerror', (error) => messages.push(String(error)));
  await page.goto('http://www.shop.example/cart?utm_source=news', { referer: 'https://www.google.com/' });
  return { page, messages };
}

const COLUMNS = ['name', 'hostname', 'page', 'source', 'browser', 'value', 'currency'];
const COMMON = {
  hostname: 'www.shop.example',
  page: '/cart',
  source: 'news',
  browser: 'Chrome',
  value: null,
  currency: '',
  props: {},
};

test('@minimal-analytics/ga4 sends from another origin', async () => {
  const [pixel, { url, exchanges }] = [await clients.pixelFor('ga4', 'G-MINIMAL1'), await clients.gateway()];
  const { page, messages } = await visit();
  await page.evaluate((endpoint) => {
    // biome-ignore lint/suspicious/noExplicitAny: the library of the page
    const { track } = window as any;
    Object.assign(window, { minimalAnalytics: { analyticsEndpoint: endpoint, trackingId: 'G-MINIMAL1' } });
    track();
    track({
      type: 'purchase',
      event: {
        'ep.transaction_id': 'o-1',
        'epn.value': 9.5,
        'ep.currency': 'EUR',
        'ep.plan': 'pro',
      },
    });
    document.querySelector('a')?.addEventListener('click', (event) => event.preventDefault());
  }, `${url}/g/collect`);
  await storedEvents(speck, pixel, 2);
  await page.click('a');
  await storedEvents(speck, pixel, 4);
  await page.goto('about:blank');
  const rows = await storedEvents(speck, pixel, 5);
  expect(rows.filter(({ name }) => name !== 'engagement').map((row) => fieldsOf(row, ...COLUMNS))).toEqual([
    {
      ...COMMON,
      name: 'click',
      props: {
        link_text: 'Out',
        link_url: 'https://other.example/x',
        link_domain: 'other.example',
        outbound: 'true',
      },
    },
    { ...COMMON, name: 'pageview' },
    {
      ...COMMON,
      name: 'purchase',
      value: 9_500_000,
      currency: 'EUR',
      props: { transaction_id: 'o-1', plan: 'pro' },
    },
  ]);
  const reports = rows.filter(({ name }) => name === 'engagement');
  expect(reports.map(({ page: path, engaged }) => [path, Number(engaged) > 0])).toEqual([
    ['/cart', true],
    ['/cart', true],
  ]);
  expect(rows.find(({ name }) => name === 'purchase')?.['eid']).toBe('o-1');
  expect(new Set(rows.map(({ visitor }) => visitor)).size).toBe(1);
  expect([messages, await rejectionsOf(speck, pixel, '')]).toEqual([[], []]);
  expect(exchanges.map(({ method, status }) => `${method} ${status}`)).toEqual(Array(4).fill('POST 204'));
  await page.context().close();
});

test('requests of gtag.js from a page of another origin are stored, with consent mode', async () => {
  const [pixel, { url, exchanges }] = [
    await clients.pixelFor('ga4', 'G-GTAG000001'),
    await clients.gateway(),
  ];
  const { page, messages } = await visit();
  const statuses = await page.evaluate(async (endpoint) => {
    const query = (fields: Record<string, string>): string =>
      new URLSearchParams({
        v: '2',
        tid: 'G-GTAG000001',
        gtm: '45je4bk0v9',
        _p: '1764000000000',
        gcd: '13l3l3l3l1l1',
        npa: '0',
        cid: '1.2',
        ul: 'en-us',
        sr: '1280x720',
        sid: '3',
        sct: '1',
        seg: '1',
        dl: location.href,
        dr: document.referrer,
        dt: document.title,
        ...fields,
      }).toString();
    // gtag.js sends by fetch where the browser keeps requests alive, by a beacon as the page is left.
    const send = async (fields: Record<string, string>, body?: string): Promise<number> => {
      const init: RequestInit = { method: 'POST', keepalive: true, credentials: 'include', mode: 'cors' };
      const response = await fetch(
        `${endpoint}?${query(fields)}`,
        body === undefined ? init : { ...init, body },
      );
      return response.status;
    };
    return [
      await send({ en: 'page_view', _fv: '1', _ss: '1', _s: '1', gcs: 'G111' }),
      await send(
        { _s: '2', gcs: 'G111', cu: 'EUR' },
        'en=purchase&_et=300&ep.transaction_id=o-1&epn.value=9.5&pr1=idS1~nmShoe~pr4.75~qt2\r\nen=sign_up&ep.method=mail&up.plan=pro',
      ),
      await send({ en: 'select', 'ep.a': 'b', _s: '3', gcs: 'G100' }),
      navigator.sendBeacon(
        `${endpoint}?${query({ en: 'user_engagement', _et: '4200', _s: '4', gcs: 'G111' })}`,
      ),
    ];
  }, `${url}/g/collect`);
  expect(statuses).toEqual([204, 204, 204, true]);
  const rows = await storedEvents(speck, pixel, 6);
  expect(rows.map((row) => fieldsOf(row, ...COLUMNS))).toEqual([
    { ...COMMON, name: 'engagement' },
    { ...COMMON, name: 'engagement' },
    { ...COMMON, name: 'pageview' },
    {
      ...COMMON,
      name: 'purchase',
      value: 9_500_000,
      currency: 'EUR',
      props: {
        transaction_id: 'o-1',
        items: '[{"item_id":"S1","item_name":"Shoe","price":"4.75","quantity":"2"}]',
      },
    },
    { ...COMMON, name: 'select' },
    { ...COMMON, name: 'sign_up', props: { method: 'mail', 'user.plan': 'pro' } },
  ]);
  expect(rows.flatMap(({ engaged }) => (engaged === null ? [] : [engaged]))).toEqual([300, 4200]);
  const visitors = rows.map(({ name, visitor }) => [name, visitor === '']);
  expect(visitors.filter(([, isNobody]) => isNobody)).toEqual([['select', true]]);
  expect([messages, await rejectionsOf(speck, pixel, '')]).toEqual([[], []]);
  expect(exchanges.map(({ method, status }) => `${method} ${status}`)).toEqual(Array(4).fill('POST 204'));
  await page.context().close();
});

test('a server sends events by the Measurement Protocol, with the times and visitors that a token of Speck allows', async () => {
  const [pixel, { url }] = [await clients.pixelFor('ga4', 'G-SERVER0001'), await clients.gateway()];
  const body = { name: 'GA4', scopes: ['events:write'], pixel };
  const { token } = (await (await speck.api('POST', '/api/v1/tokens', body)).json()) as { token: string };
  const now = Date.now();
  const send = (secret: string, at: number, name: string): Promise<Response> =>
    fetch(`${url}/mp/collect?measurement_id=G-SERVER0001&api_secret=${secret}`, {
      method: 'POST',
      body: JSON.stringify({
        client_id: '1.2',
        user_id: 'u1',
        timestamp_micros: at * 1000,
        ip_override: '192.0.2.7',
        user_agent: USER_AGENT,
        events: [
          {
            name,
            params: {
              value: 9.5,
              currency: 'EUR',
              method: 'mail',
              page_location: 'https://shop.example/cart',
            },
          },
        ],
      }),
    });
  const statuses = [
    (await send(token, now - 60_000, 'a_past')).status,
    (await send(token, now, 'b_present')).status,
    (await send('an-api-secret', now - 60_000, 'c_claimed')).status,
    (await send(`speck_${'a'.repeat(40)}`, now, 'd_wrong')).status,
  ];
  expect(statuses).toEqual([204, 204, 204, 401]);
  const [past, present, claimed] = await storedEvents(speck, pixel, 3);
  expect([past?.['ts'], present?.['ts'], Number(claimed?.['ts']) >= now]).toEqual([now - 60_000, now, true]);
  expect([
    past?.['visitor'] === present?.['visitor'],
    past?.['visitor'] === '',
    claimed?.['visitor'],
  ]).toEqual([true, false, '']);
  expect(fieldsOf(past ?? {}, ...COLUMNS)).toEqual({
    ...COMMON,
    name: 'a_past',
    hostname: 'shop.example',
    source: '',
    props: { event_value: '9.5', event_currency: 'EUR', method: 'mail' },
  });
});
