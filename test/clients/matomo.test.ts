/**
 * Matomo's clients against the Worker: matomo-tracker as it is published, and from a page the requests of matomo.js, which is not
 * published as a package: an image, a beacon, a form by XMLHttpRequest with credentials, and a list of requests.
 */
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { USER_AGENT } from '../browser/chromium.ts';
import type { Site } from '../browser/site.ts';
import type { Speck } from '../e2e/harness.ts';
import { eventually } from '../eventually.ts';
import { setUp } from './setup.ts';
import { fieldsOf, rejectionsOf, storedEvents } from './stored.ts';

interface Tracker {
  on(event: 'error', listener: (error: unknown) => void): void;
  track(options: string | object): void;
  trackBulk(events: readonly object[], callback: (answer: string) => void): void;
}
/** The package has no types. */
const MatomoTracker = createRequire(import.meta.url)('matomo-tracker') as new (
  site: number | string,
  url: string,
) => Tracker;

let speck: Speck;
let site: Site;
let browser: Browser;
const clients = setUp();

beforeAll(async () => {
  ({ speck, site, browser } = await clients.start());
  site.page('/cart', '<title>Cart</title>');
});

const COLUMNS = ['name', 'hostname', 'page', 'source', 'browser', 'value', 'currency'];
const url = 'https://shop.example/cart?mtm_campaign=spring&mtm_source=news';
const there = {
  hostname: 'shop.example',
  page: '/cart',
  source: 'news',
  browser: '',
  value: null,
  currency: '',
  props: {},
};

test('matomo-tracker sends page views, events, orders and users, one at a time', async () => {
  const [pixel, { url: address, exchanges }] = [
    await clients.pixelFor('matomo', '7'),
    await clients.gateway(),
  ];
  const tracker = new MatomoTracker(7, `${address}/matomo.php`);
  const errors: unknown[] = [];
  tracker.on('error', (error) => errors.push(error));
  tracker.track(url);
  tracker.track({ url, action_name: 'Cart', ua: USER_AGENT, dimension1: 'a' });
  tracker.track({ url, e_c: 'Shop', e_a: 'Added', e_n: 'Shoe', e_v: 3, uid: 'u1' });
  tracker.track({
    url,
    idgoal: 0,
    ec_id: 'o-1',
    revenue: 9.5,
    ec_st: 8,
    ec_items: JSON.stringify([['sku', 'Shoe', 'Men', 4.75, 2]]),
  });
  tracker.track({ url, idgoal: 3, revenue: 5 });
  const rows = await storedEvents(speck, pixel, 5);
  expect(rows.map((row) => fieldsOf(row, ...COLUMNS)).toSorted(byPropsLength)).toEqual(
    [
      { ...there, name: 'pageview' },
      { ...there, name: 'Goal 3', value: 5_000_000 },
      { ...there, name: 'pageview', browser: 'Chrome', props: { dimension1: 'a' } },
      { ...there, name: 'Added', props: { category: 'Shop', name: 'Shoe', event_value: '3' } },
      {
        ...there,
        name: 'Purchase',
        value: 9_500_000,
        props: {
          order_id: 'o-1',
          subtotal: '8',
          items: '[{"sku":"sku","name":"Shoe","category":"Men","price":4.75,"quantity":2}]',
        },
      },
    ].toSorted(byPropsLength),
  );
  const person = (name: string): unknown => rows.find((row) => row['name'] === name)?.['person'];
  expect([person('Added'), person('Purchase')]).toEqual([expect.stringMatching(/^u./), '']);
  expect(rows.map(({ visitor, authenticated }) => [visitor, authenticated])).toEqual(Array(5).fill(['', 0]));
  expect([errors, await rejectionsOf(speck, pixel, '')]).toEqual([[], []]);
  expect(exchanges.map(({ status }) => status)).toEqual(Array(5).fill(200));
});

const byPropsLength = (one: object, other: object): number =>
  JSON.stringify(one).length - JSON.stringify(other).length;

test('matomo-tracker sends a list, with the times and visitors that a token of Speck allows', async () => {
  const [pixel, { url: address, exchanges }] = [
    await clients.pixelFor('matomo', '8'),
    await clients.gateway(),
  ];
  const body = { name: 'Matomo', scopes: ['events:write'], pixel };
  const { token } = (await (await speck.api('POST', '/api/v1/tokens', body)).json()) as { token: string };
  const tracker = new MatomoTracker(8, `${address}/matomo.php`);
  const errors: unknown[] = [];
  tracker.on('error', (error) => errors.push(error));
  const now = Math.floor(Date.now() / 1000);
  const common = { url, token_auth: token, cip: '192.0.2.7', ua: USER_AGENT, lang: 'de-AT' };
  const answer = await new Promise<string>((resolve) =>
    tracker.trackBulk(
      [
        { ...common, e_c: 'a', e_a: 'Past', cdt: now - 60 },
        { ...common, e_c: 'a', e_a: 'Present', cdt: now },
      ],
      resolve,
    ),
  );
  expect(JSON.parse(answer)).toEqual({ status: 'success', tracked: 2, invalid: 0, invalid_indices: [] });
  const [past, present] = await storedEvents(speck, pixel, 2);
  expect([past?.['ts'], present?.['ts']]).toEqual([(now - 60) * 1000, now * 1000]);
  expect([past?.['language'], past?.['authenticated'], past?.['visitor'] === present?.['visitor']]).toEqual([
    'de',
    1,
    true,
  ]);
  expect(past?.['visitor']).not.toBe('');
  expect([errors, exchanges.map(({ status }) => status)]).toEqual([[], [200]]);
});

test('matomo-tracker hears that its token is wrong', async () => {
  const [pixel, { url: address }] = [await clients.pixelFor('matomo', '9'), await clients.gateway()];
  const tracker = new MatomoTracker(9, `${address}/matomo.php`);
  const errors: unknown[] = [];
  tracker.on('error', (error) => errors.push(error));
  const answer = await new Promise<string>((resolve) =>
    tracker.trackBulk([{ url, token_auth: `speck_${'a'.repeat(40)}` }], resolve),
  );
  expect(JSON.parse(answer)).toMatchObject({ status: 'error', tracked: 0 });
  await eventually(async () => errors.length > 0, 'an error of the tracker');
  expect(errors).toEqual([401]);
  expect(await rejectionsOf(speck, pixel)).toEqual([]);
});

test('requests of matomo.js from a page of another origin are stored, and their answers can be read', async () => {
  const [pixel, { url: address, exchanges }] = [
    await clients.pixelFor('matomo', '10'),
    await clients.gateway(),
  ];
  const context = await browser.newContext({ userAgent: USER_AGENT });
  const page = await context.newPage();
  const messages: string[] = [];
  page.on('console', (message) => messages.push(message.text()));
  page.on('pageerror', (error) => messages.push(String(error)));
  await page.goto('http://www.shop.example/cart');
  const results = await page.evaluate(async (tracker) => {
    const type = 'application/x-www-form-urlencoded; charset=UTF-8';
    const request = (start: string): string =>
      `${start}&idsite=10&rec=1&r=123456&h=10&m=0&s=1&url=${encodeURIComponent(location.href)}&_id=aaaabbbbccccdddd&_idn=1&send_image=0&_refts=0&pv_id=abc123&pf_net=0&uadata=%7B%7D&pdf=1&cookie=1&res=1280x720`;
    const image = (query: string): Promise<boolean> =>
      new Promise((resolve) => {
        const one = new Image(1, 1);
        one.onload = () => resolve(true);
        one.onerror = () => resolve(false);
        one.src = `${tracker}?${query.replace('send_image=0', 'send_image=1')}`;
      });
    const xhr = (body: string): Promise<number> =>
      new Promise((resolve) => {
        const one = new XMLHttpRequest();
        one.open('POST', tracker, true);
        one.onloadend = () => resolve(one.status);
        one.setRequestHeader('Content-Type', type);
        one.withCredentials = true;
        one.send(body);
      });
    const list = JSON.stringify({
      requests: [`?${request('e_c=a&e_a=One&ca=1')}`, `?${request('e_c=a&e_a=Two&ca=1')}`],
      send_image: 0,
    });
    return [
      await image(request('action_name=Cart')),
      navigator.sendBeacon(
        `${tracker}?${request('link=https%3A%2F%2Fother.example%2F')}`,
        new Blob([], { type }),
      ),
      navigator.sendBeacon(tracker, new Blob([request('ping=1')], { type })),
      await xhr(request('e_c=Shop&e_a=Added&ca=1')),
      await xhr(list),
    ];
  }, `${address}/matomo.php`);
  expect(results).toEqual([true, true, true, 204, 204]);
  const rows = await storedEvents(speck, pixel, 6);
  const common = {
    hostname: 'www.shop.example',
    page: '/cart',
    source: '',
    browser: 'Chrome',
    value: null,
    currency: '',
  };
  expect(rows.map((row) => fieldsOf(row, ...COLUMNS))).toEqual(
    [
      { name: 'Added', props: { category: 'Shop' } },
      { name: 'One', props: { category: 'a' } },
      { name: 'Outbound Link: Click', props: { url: 'https://other.example/' } },
      { name: 'Two', props: { category: 'a' } },
      { name: 'engagement', props: {} },
      { name: 'pageview', props: {} },
    ].map((event) => ({ ...common, ...event })),
  );
  expect(new Set(rows.map(({ visitor }) => visitor)).size).toBe(1);
  expect(rows[0]?.['visitor']).not.toBe('');
  expect([messages, await rejectionsOf(speck, pixel, '')]).toEqual([[], []]);
  expect(exchanges.map(({ method, status }) => `${method} ${status}`).toSorted()).toEqual([
    'GET 200',
    ...Array<string>(4).fill('POST 204'),
  ]);
  await context.close();
});
