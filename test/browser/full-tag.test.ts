/** The tag as the Worker serves it, in a real Chromium, to what is stored: what can only go wrong between the two. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { launchChromium, USER_AGENT } from './chromium.ts';
import { eventually, type Site, startSite } from './site.ts';

const SHOP = 'http://www.shop.example';
const PX = 'http://px.shop.example';

interface Pixel {
  readonly id: string;
  readonly install: { readonly script: string; readonly noscript: string };
}

let browser: Browser;
let site: Site;
let speck: Speck;
let context: BrowserContext;
let page: Page;
let pixel: Pixel;

beforeAll(async () => {
  [site, speck] = await Promise.all([startSite(), startSpeck()]);
  browser = await launchChromium({
    'px.shop.example': Number(new URL(speck.url).port),
    '*.example': site.port,
  });
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), speck?.close()]);
});
beforeEach(async () => {
  const id = await speck.addPixel({ url: SHOP });
  const { install } = (await (await speck.api('GET', `/api/v1/pixels/${id}`)).json()) as Pixel;
  const atPx = (html: string): string => html.replaceAll(speck.url, PX);
  pixel = { id, install: { script: atPx(install.script), noscript: atPx(install.noscript) } };
  context = await browser.newContext({ userAgent: USER_AGENT });
  page = await context.newPage();
});
afterEach(() => context.close());

/** The stored events of those names, or of all, once there are at least `count` of them. */
function stored(count: number, ...names: string[]): Promise<Record<string, unknown>[]> {
  const query = speck.db.prepare('SELECT * FROM events WHERE pixel = ?1 ORDER BY ts, id').bind(pixel.id);
  return eventually(async () => {
    const { results } = await query.all();
    const matches = results.filter(({ name }) => names.length === 0 || names.includes(String(name)));
    return matches.length >= count ? matches : null;
  }, `${count} events in the table`);
}

test('the snippet loads one script, and measures how a page is looked at', async () => {
  site.page('/', `<!doctype html>${pixel.install.script}<div style="height:3000px"></div>`);
  const requestPaths: string[] = [];
  page.on('request', (request) => requestPaths.push(new URL(request.url()).pathname));
  const before = performance.now();
  await page.goto(SHOP);
  await stored(1, 'pageview');
  expect(requestPaths.filter((path) => path.endsWith('.js'))).toEqual(['/speck.plus.js']);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await page.waitForTimeout(2200);
  await page.goto('about:blank');
  const spent = (performance.now() - before) / 1000;
  const [engagement] = await stored(1, 'engagement');
  expect(engagement).toMatchObject({ page: '/', scroll: 100 });

  const response = await speck.api('POST', '/api/v2/query', {
    site_id: pixel.id,
    date_range: 'day',
    dimensions: ['event:page'],
    metrics: ['pageviews', 'events', 'time_on_page', 'scroll_depth'],
  });
  const { results } = (await response.json()) as { results: { metrics: number[] }[] };
  const [pageviews, events, seconds, depth] = results[0]?.metrics ?? [];
  expect([pageviews, events, depth]).toEqual([1, 1, 100]);
  expect(seconds).toBeGreaterThanOrEqual(2);
  expect(seconds).toBeLessThanOrEqual(Math.ceil(spent));
});

test('a page view is stored although the tab is closed while the page still loads', async () => {
  let release = (): void => {};
  const never = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined);
  });
  site.on('/slow.png', () => never);
  site.page('/', `${pixel.install.script.replace('defer', '')}<img src="/slow.png">`);
  const tagRuns = page.waitForRequest((request) => request.url() === `${PX}/beacon`);
  await page.goto(SHOP, { waitUntil: 'commit' });
  await tagRuns;
  expect(await page.evaluate(() => document.readyState)).not.toBe('complete');
  await page.close({ runBeforeUnload: true });
  expect(await stored(1, 'pageview')).toMatchObject([{ page: '/' }]);
  release();
});

test.each(['speck', 'speck.plus'])('fifty events of one moment are stored: %s', async (file) => {
  site.page('/', pixel.install.script.replace('speck.plus', file));
  await page.goto(SHOP);
  await page.evaluate(() => {
    for (let n = 0; n < 50; n++) window.speck('track', 'Tick', { n });
  });
  const ticks = await stored(50, 'Tick');
  expect(new Set(ticks.map(({ props }) => props)).size).toBe(50);
  // Without an id of their own, which would cost the owner a second row.
  expect(new Set(ticks.map(({ eid }) => eid))).toEqual(new Set(['']));
});

test('events made offline are stored once there is a network', async () => {
  site.page('/', pixel.install.script);
  await page.goto(SHOP);
  await stored(1, 'pageview');
  await context.setOffline(true);
  await page.evaluate(() => window.speck('track', 'Offline'));
  await page.waitForTimeout(300);
  await context.setOffline(false);
  expect(await stored(1, 'Offline')).toHaveLength(1);
});

test.each(['speck', 'speck.plus'])(
  'a page that comes back from the back/forward cache is another page view: %s',
  async (file) => {
    site.page(
      '/',
      `<script>shown = []; addEventListener('pageshow', ({ persisted }) => shown.push(persisted))</script>
      ${pixel.install.script.replace('speck.plus', file)}`,
    );
    site.page('/elsewhere', 'Elsewhere');
    await page.goto(SHOP);
    await stored(1, 'pageview');
    await page.goto(`${SHOP}/elsewhere`);
    // What comes back has loaded long ago; a page loaded anew would be shown once, and not as persisted.
    await page.goBack({ waitUntil: 'commit' });
    await page.waitForFunction('shown.length > 1');
    expect(await page.evaluate('shown')).toEqual([false, true]);
    await page.evaluate(() => window.speck('track', 'Later'));
    await stored(1, 'Later');
    expect(await stored(2, 'pageview')).toMatchObject([{ page: '/' }, { page: '/' }]);
  },
);

test.each([
  ['hosts', `script-src ${PX} 'nonce-abc'`],
  ['nonces', "script-src 'nonce-abc'"],
  ['nonces and strict-dynamic', "script-src 'nonce-abc' 'strict-dynamic'"],
])('a strict content security policy of %s lets the snippet work', async (_, policy) => {
  const violations: string[] = [];
  page.on('console', (message) => violations.push(message.text()));
  site.page(
    '/',
    pixel.install.script.replace('speck.plus', 'speck').replaceAll('<script', '<script nonce="abc"'),
    { 'content-security-policy': `default-src 'none'; base-uri 'none'; connect-src ${PX}; ${policy}` },
  );
  await page.goto(SHOP);
  await page.evaluate(() => window.speck('track', 'Signup'));
  expect(await stored(1, 'Signup')).toHaveLength(1);
  expect(await stored(1, 'pageview')).toHaveLength(1);
  expect(violations).toEqual([]);
});

test("the tag in another site's frame counts the framed page", async () => {
  site.page('/widget', pixel.install.script);
  site.page('/blog', `<iframe src="${SHOP}/widget"></iframe>`, { 'referrer-policy': 'unsafe-url' });
  await page.goto('http://blog.example/blog');
  expect(await stored(1, 'pageview')).toMatchObject([
    { hostname: 'www.shop.example', page: '/widget', referrer: 'blog.example/blog' },
  ]);
});

test('a page of a site that shares nothing with the Worker is counted', async () => {
  site.page('/partner', pixel.install.script);
  await page.goto('http://partner.example/partner');
  expect(await stored(1, 'pageview')).toMatchObject([{ hostname: 'partner.example', page: '/partner' }]);
});

test('with JavaScript off the image counts the page', async () => {
  site.page('/plain', pixel.install.script + pixel.install.noscript);
  const plain = await browser.newContext({ userAgent: USER_AGENT, javaScriptEnabled: false });
  await (await plain.newPage()).goto(`${SHOP}/plain`);
  expect(await stored(1)).toMatchObject([{ name: 'pageview', page: '/plain' }]);
  await plain.close();
});

test("Meta's base code works with only its host and its pixel's id changed", async () => {
  const meta = (host: string, imageHost: string, id: string): string => `<!-- Meta Pixel Code -->
<script>
!function(f,b,e,v,n,t,s)
{if(f.fbq)return;n=f.fbq=function(){n.callMethod?
n.callMethod.apply(n,arguments):n.queue.push(arguments)};
if(!f._fbq)f._fbq=n;n.push=n;n.loaded=!0;n.version='2.0';
n.queue=[];t=b.createElement(e);t.async=!0;
t.src=v;s=b.getElementsByTagName(e)[0];
s.parentNode.insertBefore(t,s)}(window, document,'script',
'${host}/en_US/fbevents.js');
fbq('init', '${id}');
fbq('track', 'PageView');
</script>
<noscript><img height="1" width="1" style="display:none"
src="${imageHost}/tr?id=${id}&ev=PageView&noscript=1"
/></noscript>
<!-- End Meta Pixel Code -->`;
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  site.page('/', meta(PX, PX, pixel.id));
  await page.goto(SHOP);
  await stored(1, 'pageview');
  await page.evaluate(() => {
    const { fbq } = window as unknown as { fbq: (...call: unknown[]) => void };
    fbq('track', 'Purchase', { value: 30.5, currency: 'USD', content_ids: ['a', 'b'] }, { eventID: 'A-17' });
    fbq('track', 'Purchase', { value: 30.5, currency: 'USD', content_ids: ['a', 'b'] }, { eventID: 'A-17' });
    history.pushState(null, '', '/thanks');
  });
  await stored(2, 'pageview');
  expect(await stored(2, 'pageview')).toMatchObject([{ page: '/' }, { page: '/thanks' }]);
  const props = '{"content_ids":"[\\"a\\",\\"b\\"]"}';
  const purchase = { page: '/', value: 30_500_000, currency: 'USD', eid: 'A-17', props };
  expect(await stored(1, 'Purchase')).toMatchObject([purchase]);
  expect(await stored(3)).toHaveLength(3);
  expect(errors).toEqual([]);
});
