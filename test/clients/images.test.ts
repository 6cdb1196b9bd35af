/**
 * Images and forms of tools without a package, from a page of another site in a browser: Meta's script sends its events so, and the
 * image tags of OpenAI Ads and LinkedIn are HTML.
 */
import type { Browser, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { USER_AGENT } from '../browser/chromium.ts';
import type { Site } from '../browser/site.ts';
import type { Speck } from '../e2e/harness.ts';
import type { Gateway } from './gateway.ts';
import { setUp } from './setup.ts';
import { fieldsOf, rejectionsOf, storedEvents } from './stored.ts';

let speck: Speck;
let site: Site;
let browser: Browser;
let gateway: Gateway;
const clients = setUp();

beforeAll(async () => {
  ({ speck, site, browser } = await clients.start());
  gateway = await clients.gateway();
});

/** Opens a page. @returns it with everything that its browser complained of. */
async function open(html: string): Promise<{ readonly page: Page; readonly messages: readonly string[] }> {
  site.page('/thanks', `<title>Thanks</title>${html}`);
  const page = await (await browser.newContext({ userAgent: USER_AGENT })).newPage();
  const messages: string[] = [];
  page.on('console', (message) => messages.push(message.text()));
  page.on('pageerror', (error) => messages.push(String(error)));
  await page.goto('http://www.shop.example/thanks');
  return { page, messages };
}

const COLUMNS = ['name', 'hostname', 'page', 'value', 'currency', 'eid'];

test('Meta: an image, a beacon of a form in parts, and a form in a frame', async () => {
  const pixel = await clients.pixelFor('meta', '377194366672297');
  const { page, messages } = await open('');
  const loaded = await page.evaluate(async (url) => {
    const fieldsOf = (ev: string) => ({
      id: '377194366672297',
      ev,
      dl: location.href,
      'cd[value]': '9.50',
      'cd[currency]': 'EUR',
      'cd[contents]': '[{"id":"s"}]',
      fbp: 'fb.1.1778869247376.52390506499288804',
      eid: `e-${ev}`,
    });
    const image = new Image();
    image.src = `${url}?${new URLSearchParams(fieldsOf('AddToCart'))}`;
    await image.decode();
    const parts = new FormData();
    for (const [name, value] of Object.entries(fieldsOf('Purchase'))) parts.append(name, value);
    const isSent = navigator.sendBeacon(url, parts);
    const frame = Object.assign(document.createElement('iframe'), { name: 'meta' });
    const form = Object.assign(document.createElement('form'), {
      action: url,
      method: 'post',
      target: 'meta',
    });
    for (const [name, value] of Object.entries(fieldsOf('Lead')))
      form.append(Object.assign(document.createElement('input'), { name, value }));
    document.body.append(frame, form);
    await new Promise((resolve) => setTimeout(resolve));
    const framed = new Promise((resolve) => frame.addEventListener('load', resolve));
    form.submit();
    await framed;
    return [image.naturalWidth, isSent];
  }, `${gateway.url}/tr/`);
  expect(loaded).toEqual([1, true]);
  const rows = await storedEvents(speck, pixel, 3);
  const expected = { hostname: 'www.shop.example', page: '/thanks', value: 9_500_000, currency: 'EUR' };
  expect(rows.map((row) => fieldsOf(row, ...COLUMNS))).toEqual(
    ['AddToCart', 'Lead', 'Purchase'].map((name) => ({
      ...expected,
      name,
      eid: `e-${name}`,
      props: { contents: '[{"id":"s"}]' },
    })),
  );
  expect(messages).toEqual([]);
  expect(await rejectionsOf(speck, pixel, '')).toEqual([]);
});

test('OpenAI Ads and LinkedIn: their image tags', async () => {
  const [openai, linkedin] = [
    await clients.pixelFor('openai', 'p1'),
    await clients.pixelFor('linkedin', '598434'),
  ];
  const { url } = gateway;
  const order =
    'pid=p1&event=order_created&event_id=evt_01&data[type]=contents&data[amount]=2599&data[currency]=USD';
  const { messages } = await open(`
    <img src="${url}/v1/sdk/events?pid=p1&event=page_viewed&data[type]=contents" width="1" height="1" alt="">
    <img src="${url}/v1/sdk/events?${order}&dl=http%3A%2F%2Fwww.shop.example%2Fthanks" width="1" height="1" alt="">
    <img src="${url}/collect/?pid=598434&fmt=gif" width="1" height="1" alt="">
    <img src="${url}/collect/?pid=598434&conversionId=1106164&fmt=gif" width="1" height="1" alt="">`);
  // Browsers tell an image of another host the host of its page only.
  const host = { hostname: 'www.shop.example', page: '/', value: null, currency: '', eid: '' };
  const ofOpenAi = await storedEvents(speck, openai, 2);
  expect(ofOpenAi.map((row) => fieldsOf(row, ...COLUMNS))).toEqual([
    {
      ...host,
      name: 'order_created',
      page: '/thanks',
      value: 25_990_000,
      currency: 'USD',
      eid: 'evt_01',
      props: {},
    },
    { ...host, name: 'pageview', props: {} },
  ]);
  const ofLinkedIn = await storedEvents(speck, linkedin, 2);
  expect(ofLinkedIn.map((row) => fieldsOf(row, ...COLUMNS))).toEqual([
    { ...host, name: 'conversion', props: { conversion_id: '1106164' } },
    { ...host, name: 'pageview', props: {} },
  ]);
  expect(messages.filter((message) => !message.includes('favicon'))).toEqual([]);
});
