/**
 * How the tag finds its element, its options and the Worker: by attributes, by the URL that it was loaded from, or by speckPixel, as
 * a classic script, a module, or one that another script adds.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SCRIPTS } from './recorder.ts';
import { openShop, PIXEL, PX, SHOP, STUB } from './shop.ts';

const shop = openShop();

/** The scripts of the tag. All but the module are in pages everywhere. */
const FILES = ['speck', 'speck.plus', 'speck.meta', 'speck.all'];

/** Ways to load a script, as HTML. Tag managers use the last two. */
const WAYS: Readonly<Record<string, (url: string, attributes: string) => string>> = {
  'a deferred script': (url, attributes) => `<script defer src="${url}" ${attributes}></script>`,
  'a module': (url, attributes) => `<script type="module" src="${url}" ${attributes}></script>`,
  'a script that another one adds': (url, attributes) =>
    `<script>{ const s = document.createElement('script'); s.src = ${JSON.stringify(url)};
      for (const [, name, value] of ${JSON.stringify(attributes)}.matchAll(/([\\w-]+)="([^"]*)"/g)) s.setAttribute(name, value);
      document.head.append(s); }</script>`,
  'an asynchronous script whose element is removed at once': (url, attributes) =>
    `<script>{ const s = document.createElement('script'); s.async = true; s.src = ${JSON.stringify(url)};
      for (const [, name, value] of ${JSON.stringify(attributes)}.matchAll(/([\\w-]+)="([^"]*)"/g)) s.setAttribute(name, value);
      document.head.append(s); s.onload = () => s.remove(); }</script>`,
};

/** Ways to say what the pixel is, and that forms count. */
const SAYS: Readonly<
  Record<string, (file: string) => { url: string; attributes?: string; before?: string }>
> = {
  attributes: (file) => ({
    url: `${PX}/${file}.js`,
    attributes: `data-pixel="${PIXEL}" data-use="forms" data-consent="granted"`,
  }),
  "the script's query": (file) => ({ url: `${PX}/${file}.js?id=${PIXEL}&use=forms&consent=granted` }),
  'a query with what caches add': (file) => ({
    url: `${PX}/${file}.js?ver=6.4&id=${PIXEL}&use=outbound%2Cforms&consent=granted#top`,
  }),
  'a query, last': (file) => ({ url: `${PX}/${file}.js?consent=granted&use=forms&id=${PIXEL}` }),
  speckPixel: (file) => ({
    url: `${PX}/${file}.js`,
    before: `<script>window.speckPixel = '${PIXEL}&use=forms&consent=granted'</script>`,
  }),
};

const CASES = Object.keys(WAYS).flatMap((way) =>
  Object.keys(SAYS).flatMap((says) => FILES.map((file) => [says, way, file] as const)),
);

test.each(CASES)('%s of %s: %s', async (says, way, file) => {
  const { url, attributes = '', before = '' } = SAYS[says]?.(file) ?? { url: '' };
  shop.site.page(
    '/',
    `${before}${STUB}${WAYS[way]?.(url, attributes)}<form method="dialog"><button>b</button></form>`,
  );
  await shop.page.goto(SHOP);
  await shop.events(1);
  await shop.page.click('button');
  await shop.page.evaluate(() => window.speck('track', 'Signup'));
  const events = await shop.allEvents();
  expect(events).toMatchObject([
    { id: PIXEL, ev: 'pageview', dl: `${SHOP}/`, consent: 'granted' },
    { id: PIXEL, ev: 'Form: Submission' },
    { id: PIXEL, ev: 'Signup' },
  ]);
  expect(shop.noise).toEqual([]);
});

test('attributes come before the query and speckPixel', async () => {
  shop.site.page(
    '/',
    `<script>window.speckPixel = 'px_another'</script>
      <script src="${PX}/speck.js?id=px_other&consent=granted" data-pixel="${PIXEL}"></script>`,
  );
  await shop.page.goto(SHOP);
  const events = await shop.allEvents();
  expect(events).toMatchObject([{ id: PIXEL, ev: 'pageview' }]);
  expect(events[0]).not.toHaveProperty('consent');
  expect(shop.recorder.requests.map(({ url }) => url.pathname)).toEqual(['/speck.js', '/beacon', '/beacon']);
});

test.each([
  ['hash', '/#/about', `${SHOP}/about`],
  ['url=https%3A%2F%2Fshop.example%2Fvirtual%3Fa%3Db', '/', 'https://shop.example/virtual?a=b'],
  // What is no encoding is taken as it is.
  ['url=100%', '/', '100%'],
])('an option in the query: %s', async (option, path, reported) => {
  shop.site.page('/', `<script defer src="${PX}/speck.all.js?id=${PIXEL}&${option}"></script>`);
  await shop.page.goto(SHOP + path);
  expect(await shop.events(1)).toMatchObject([{ ev: 'pageview', dl: reported }]);
  expect(shop.noise).toEqual([]);
});

test.each([
  ['/stats/', 'speck.js', 'data-use="forms"'],
  ['/stats/', 'speck.js?id=PIXEL&use=forms', null],
  ['/a/b.c/', 'speck.plus.js?from=/x/y', ''],
  ['/stats/', 'speck.meta.js', ''],
  ['/stats/', 'speck.all.js', 'data-debug'],
  ['/', 'en_US/fbevents.js', ''],
  ['/stats/', 'de_DE/fbevents.js', ''],
])('all that the tag asks for lies beside it: %s%s %s', async (folder, file, attributes) => {
  const paths: string[] = [];
  for (const [path, built] of Object.entries({
    ...SCRIPTS,
    [`/${file}`]: SCRIPTS[file.endsWith('fbevents.js') ? '/speck.meta.js' : `/${file.replace(/\?.*/, '')}`],
  })) {
    shop.recorder.on(folder + path.slice(1), () => ({
      headers: { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' },
      body: readFileSync(built as URL),
    }));
  }
  shop.recorder.on(`${folder}beacon`, () => ({ status: 204 }));
  shop.recorder.on(`${folder}opt-out`, () => ({ status: 204 }));
  shop.page.on('request', (request) => paths.push(new URL(request.url()).pathname));
  // Neither beacons nor fetch: the image is the last.
  await shop.page.addInitScript(() => {
    navigator.sendBeacon = () => false;
    window.fetch = () => Promise.reject(new TypeError());
  });
  const pixel = attributes === null ? '' : `data-pixel="${PIXEL}" ${attributes}`;
  const isMeta = file.endsWith('fbevents.js');
  shop.site.page(
    '/',
    `${isMeta ? `<script>fbq = function () { fbq.queue.push(arguments) }; fbq.queue = []; fbq('init', '${PIXEL}'); fbq('track', 'PageView')</script>` : ''}
      <script src="${PX}${folder}${file.replace('PIXEL', PIXEL)}" ${isMeta ? '' : pixel}></script>`,
  );
  await shop.page.goto(SHOP);
  await expect.poll(() => paths.includes(`${folder}p.gif`), { timeout: 20_000 }).toBe(true);
  expect(paths.slice(1).filter((path) => !path.startsWith(folder))).toEqual([]);
  expect(paths).toContain(`${folder}speck.send.js`);
});
