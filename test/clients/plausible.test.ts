/** Plausible's tracker as it is published, in a browser, against the Worker. */
import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import type { Site } from '../browser/site.ts';
import type { Speck } from '../e2e/harness.ts';
import type { Gateway } from './gateway.ts';
import { bundled, openPage, SHOP } from './page.ts';
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

/** The tracker sends nothing for a browser that a program controls, unless its own tests say so. */
const CONTROLLED = 'window.__plausible = true';

test('@plausible-analytics/tracker sends page views, events, revenue and engagement, for two sites', async () => {
  const [pixel, other] = await Promise.all([speck.addPixel({ url: SHOP }), speck.addPixel({ url: SHOP })]);
  await nameSite(speck, 'plausible', 'shop.example', pixel);
  const script = await bundled(`
    import { init, track } from '@plausible-analytics/tracker';
    init({ domain: 'shop.example,${other}', endpoint: '${gateway.url}/api/event', outboundLinks: true, formSubmissions: true });
    window.track = track;
  `);
  const { page, complaints } = await openPage(browser, site, gateway.url, script, CONTROLLED);
  const statuses = await page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: the tracker of the page
    const { track } = window as any;
    const signup = await new Promise((callback) =>
      track('Signup', {
        props: { plan: 'pro', value: 'x' },
        revenue: { amount: 9.5, currency: 'EUR' },
        interactive: false,
        callback,
      }),
    );
    history.pushState({}, '', '/thanks?order=1');
    return [signup];
  });
  expect(statuses).toEqual([{ status: 202 }]);
  const rows = await storedEvents(speck, pixel, 4);
  const columns = ['name', 'hostname', 'page', 'source', 'browser', 'language', 'value', 'currency'];
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
  expect(rows.map((row) => fieldsOf(row, ...columns))).toEqual([
    {
      ...common,
      name: 'Signup',
      value: 9_500_000,
      currency: 'EUR',
      props: { plan: 'pro', event_value: 'x' },
    },
    { ...common, name: 'engagement' },
    { ...common, name: 'pageview' },
    // The tracker sends the page's own referrer with each.
    { ...common, name: 'pageview', page: '/thanks', source: 'Google' },
  ]);
  const engagement = rows.find(({ name }) => name === 'engagement');
  expect([engagement?.['scroll'], typeof engagement?.['engaged']]).toEqual([100, 'number']);
  expect(new Set(rows.map(({ visitor }) => visitor)).size).toBe(1);
  expect(rows[0]?.['visitor']).not.toBe('');
  expect(await storedEvents(speck, other, 4)).toHaveLength(4);
  expect(await rejectionsOf(speck, pixel, other, '')).toEqual([]);
  expect(complaints).toEqual([]);
  // Text, so the browser asks for no permission first.
  expect(gateway.exchanges.map(({ method, path, status }) => [method, path, status])).toEqual(
    Array(4).fill(['POST', '/api/event', 202]),
  );
  await page.context().close();
});
