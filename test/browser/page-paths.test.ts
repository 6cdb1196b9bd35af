/** The tag under names of the owner's and behind a path of the owner's site, in a real Chromium, through the real Worker. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { launchChromium, USER_AGENT } from './chromium.ts';
import { eventually, type Site, startSite } from './site.ts';

const SHOP = 'http://www.shop.example';
const PUBLIC = `${SHOP}/stats`;
/** What lists of names block, and none of the requests may have. */
const BLOCKED = /speck|beacon|pixel|p\.gif|track|analytics|collect/;

let browser: Browser;
let site: Site;
let speck: Speck;
let install: Readonly<Record<string, string>>;
let id: string;

beforeAll(async () => {
  [site, speck] = await Promise.all([
    startSite(),
    // A real one has https.
    startSpeck({
      vars: { SCRIPT_PATH: '/a.js', COLLECT_PATH: '/x', PUBLIC_URL: 'https://www.shop.example/stats' },
    }),
  ]);
  browser = await launchChromium({ '*.example': site.port });
  // As a route of Cloudflare leads all below /stats/ to the Worker.
  const names = [
    'a.js',
    'a.plus.js',
    'a.meta.js',
    'a.all.js',
    'a.send.js',
    'a.hash.js',
    'x',
    'opt-out',
    'privacy',
  ];
  for (const name of names) {
    site.on(`/stats/${name}`, async ({ url, method, headers, body }) => {
      const { host, connection, 'content-length': _, ...rest } = headers;
      const response = await fetch(speck.url + url.pathname + url.search, {
        method,
        headers: Object.entries(rest).map(([key, value]) => [key, String(value)] as [string, string]),
        redirect: 'manual',
        ...(method === 'POST' ? { body } : {}),
      });
      const {
        'content-encoding': encoding,
        'content-length': length,
        ...kept
      } = Object.fromEntries(response.headers);
      return { status: response.status, headers: kept, body: new Uint8Array(await response.arrayBuffer()) };
    });
  }
  id = await speck.addPixel({ url: SHOP });
  const pixel = (await (await speck.api('GET', `/api/v1/pixels/${id}`)).json()) as {
    install: Record<string, string>;
  };
  install = Object.fromEntries(
    Object.entries(pixel.install).map(([name, text]) => [
      name,
      text.replaceAll('https://www.shop.example/stats', PUBLIC),
    ]),
  );
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), speck?.close()]);
});

/** Opens a page, and returns it with what it asked the Worker for. */
async function open(
  path: string,
  html: string,
  options: object = {},
): Promise<{ page: Page; asked: string[] }> {
  site.page(path, `<!doctype html>${html}`);
  const context = await browser.newContext({ userAgent: USER_AGENT, ...options });
  const page = await context.newPage();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(SHOP + path);
  return { page, asked: asked };
}

const stored = (path: string, count: number): Promise<Record<string, unknown>[]> =>
  eventually(async () => {
    const { results } = await speck.db
      .prepare("SELECT * FROM events WHERE pixel = ?1 AND page = ?2 AND name <> 'engagement' ORDER BY ts, id")
      .bind(id, path)
      .all();
    return results.length >= count && results;
  }, `${count} events of ${path}`);

const namesOf = (asked: readonly string[], path: string): string[] =>
  asked.filter((url) => new URL(url).pathname !== path).map((url) => new URL(url).pathname);

test.each([
  ['beacon', '', ['/stats/a.plus.js', '/stats/x']],
  ['fetch', 'navigator.sendBeacon = () => false;', ['/stats/a.plus.js', '/stats/a.send.js', '/stats/x']],
  [
    'image',
    'navigator.sendBeacon = undefined; window.fetch = undefined;',
    ['/stats/a.plus.js', '/stats/a.send.js', '/stats/x'],
  ],
])('the snippet of the Install view counts under its names: %s', async (transport, before, expected) => {
  const path = `/by-${transport}`;
  const { page, asked } = await open(path, `<script>${before}</script>${install['script']}`);
  await stored(path, 1);
  await page.evaluate(() => window.speck('track', 'Signup', { plan: 'pro' }));
  expect((await stored(path, 2)).map(({ name }) => name)).toEqual(['pageview', 'Signup']);
  const requests = namesOf(asked, path);
  expect([...new Set(requests)]).toEqual(expected);
  for (const request of requests) expect(request).not.toMatch(BLOCKED);
  await page.context().close();
});

test.each([
  ['options that the file lacks', '<script defer src="PUBLIC/a.js" data-pixel="ID" data-debug></script>'],
  ['a query in place of attributes', '<script defer src="PUBLIC/a.js?id=ID"></script>'],
  ['a module that does not know its element', '<script type="module" src="PUBLIC/a.js?id=ID"></script>'],
  [
    'speckPixel and a module',
    '<script>speckPixel = "ID"</script><script type="module" src="PUBLIC/a.plus.js"></script>',
  ],
])('the other files have its names, too: %s', async (what, html) => {
  const path = `/${encodeURIComponent(what).toLowerCase().replaceAll('%20', '-')}`;
  const { page, asked } = await open(path, html.replace('PUBLIC', PUBLIC).replace('ID', id));
  await stored(path, 1);
  const requests = namesOf(asked, path);
  expect(requests).toContain('/stats/a.all.js');
  for (const request of requests) expect(request).not.toMatch(BLOCKED);
  await page.context().close();
});

test('without JavaScript the image counts', async () => {
  const { page, asked } = await open('/plain', `${install['script']}${install['noscript']}`, {
    javaScriptEnabled: false,
  });
  expect(await stored('/plain', 1)).toMatchObject([{ name: 'pageview' }]);
  expect(namesOf(asked, '/plain')).toEqual(['/stats/x']);
  await page.context().close();
});

test('a visitor opts out by the page behind the path, and by the tag', async () => {
  const { page, asked } = await open('/left', install['script'] ?? '');
  await stored('/left', 1);
  await page.evaluate(() => {
    window.speck('optout');
    window.speck('track', 'Not counted');
  });
  await eventually(() => asked.some((url) => url === `${PUBLIC}/opt-out`), 'the opt-out');
  await page.goto(`${PUBLIC}/opt-out`);
  const links = await page
    .locator('a')
    .evaluateAll((all) => all.map((one) => (one as HTMLAnchorElement).href));
  for (const link of links.filter((one) => one.startsWith(SHOP))) expect(link).toMatch(`${PUBLIC}/`);
  await page.click('form button');
  await page.waitForLoadState();
  expect(new URL(page.url()).pathname).toBe('/stats/opt-out');
  expect((await stored('/left', 1)).map(({ name }) => name)).toEqual(['pageview']);
  await page.context().close();
});
