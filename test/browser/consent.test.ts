/**
 * Consent, signals and cookies in a real Chromium, with the real tag and the real Worker. Pages and Worker are under
 * `localhost`, where a browser takes cookies that are for https only.
 */
import { createServer, request as requestTo, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { launchChromium, USER_AGENT } from './chromium.ts';
import { eventually, type Site, startSite } from './site.ts';

const SHOP = 'http://www.shop.localhost';
const BLOG = 'http://blog.localhost';
const NEWS = 'http://news.localhost';
const PX = 'http://px.shop.localhost';
/** Another subdomain of the shop's site, whose pages are somebody else's. */
const USERS = 'http://users.shop.localhost';
const GUARDED = 'http://guarded.shop.localhost';
const PHONE =
  'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Mobile Safari/537.36';

let browser: Browser;
let site: Site;
let speck: Speck;
let guard: Server;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  [site, speck] = await Promise.all([startSite(), startSpeck()]);
  guard = await startGuard(speck.url);
  browser = await launchChromium({
    'px.shop.localhost': Number(new URL(speck.url).port),
    'guarded.shop.localhost': (guard.address() as AddressInfo).port,
    '*.localhost': site.port,
  });
});
afterEach(() => Promise.all(contexts.splice(0).map((context) => context.close())));
afterAll(async () => {
  await browser?.close();
  guard?.close();
  await Promise.all([site?.close(), speck?.close()]);
});

/** The Worker as a browser sees it that neither keeps nor sends cookies: headless Chromium can only block third parties'. */
async function startGuard(url: string): Promise<Server> {
  const server = createServer((request, answer) => {
    const { cookie: _, ...headers } = request.headers;
    const { method, url: path = '/' } = request;
    const forwarded = requestTo(url + path, { method, headers }, (response) => {
      const { 'set-cookie': __, ...answered } = response.headers;
      answer.writeHead(response.statusCode ?? 502, answered);
      response.pipe(answer);
    });
    request.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function open(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ userAgent: USER_AGENT, ...options });
  contexts.push(context);
  return context.newPage();
}

/** In a browser that blocks third-party cookies, as most do by default or in private windows. */
async function openBlocked(): Promise<Page> {
  const page = await open();
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('Network.enable');
  await devTools.send('Network.setCookieControls', { enableThirdPartyCookieRestriction: true });
  return page;
}

/** A pixel of these settings, and a page with its tag. */
async function addPixel(settings: Record<string, unknown>, attributes = '', px = PX): Promise<string> {
  const id = await speck.addPixel({ url: SHOP });
  await speck.api('PATCH', `/api/v1/pixels/${id}`, { settings });
  const tag = `<script src="${px}/speck.js" data-pixel="${id}" data-local ${attributes}></script>`;
  for (const path of ['/', '/next']) site.page(path, `<!doctype html><title>Shop</title>${tag}`);
  return id;
}

const rows = async (sql: string, pixel: string) => (await speck.db.prepare(sql).bind(pixel).all()).results;

/** A pixel's events, once there are so many. */
const stored = (pixel: string, count: number) =>
  eventually(async () => {
    const result = await rows('SELECT * FROM events WHERE pixel = ? ORDER BY ts, id', pixel);
    return result.length >= count ? result : null;
  }, `${count} events`);

const speckCookie = async (page: Page) =>
  (await page.context().cookies()).find(({ name }) => name === '__Host-speck_id');

async function people(pixel: string): Promise<unknown> {
  const response = await speck.api('POST', '/api/v2/query', {
    site_id: pixel,
    date_range: 'day',
    metrics: ['people', 'cross_device_people'],
  });
  return ((await response.json()) as { results: { metrics: unknown }[] }).results[0]?.metrics;
}

test('without consent there is no cookie, and nobody is known', async () => {
  const pixel = await addPixel({ cookie: 'first_party' });
  const page = await open();
  await page.goto(`${SHOP}/`);
  await page.goto(`${SHOP}/next`);
  const events = await stored(pixel, 2);
  expect(events.map(({ person }) => person)).toEqual(['', '']);
  expect(await page.context().cookies()).toEqual([]);
});

test('consent makes a person by a cookie that scripts cannot read, and its withdrawal removes it at once', async () => {
  const pixel = await addPixel({ cookie: 'first_party' });
  const page = await open();
  await page.goto(`${SHOP}/`);
  await stored(pixel, 1);
  await page.evaluate(() => window.speck('consent', 'granted'));
  const cookie = await eventually(() => speckCookie(page), 'a cookie');
  expect(cookie).toMatchObject({
    domain: 'px.shop.localhost',
    httpOnly: true,
    secure: true,
    sameSite: 'Lax',
    value: expect.stringMatching(/^[\w-]{22}$/),
  });
  expect(cookie.expires - Date.now() / 1000).toBeGreaterThan(394 * 86_400);
  await page.evaluate(() => {
    for (let count = 0; count < 5; count++) window.speck('track', `Event ${count}`);
  });
  // 1 page view without, 1 signal, 5 events.
  const events = await stored(pixel, 7);
  expect(new Set(events.slice(1).map(({ person }) => person)).size).toBe(1);
  expect(events[1]?.['person']).toMatch(/^c/);
  expect(await people(pixel)).toEqual([1, 0]);

  await page.evaluate(() => window.speck('consent', 'denied'));
  await eventually(async () => !(await speckCookie(page)), 'no cookie');
  await page.evaluate(() => window.speck('track', 'Afterwards'));
  // A withdrawal itself is not stored: there is nothing in it, and nobody it is of.
  const [last] = (await stored(pixel, 8)).slice(-1);
  expect(last).toMatchObject({ name: 'Afterwards', person: '', visitor: '' });
});

test('the events of one tick are one person’s, before any cookie could be set, and so is the next page', async () => {
  const pixel = await addPixel({ cookie: 'first_party' }, 'data-consent="granted"');
  const page = await open();
  await page.goto(`${SHOP}/`);
  await page.evaluate(() => {
    for (let count = 0; count < 20; count++) window.speck('track', 'Click');
  });
  await stored(pixel, 21);
  await page.goto(`${SHOP}/next`);
  const events = await stored(pixel, 22);
  expect(new Set(events.map(({ person }) => person)).size).toBe(1);
  expect(events[0]?.['person']).not.toBe('');
});

test('a consent for a pixel that allows no cookie sets none', async () => {
  const pixel = await addPixel({ cookie: 'off' }, 'data-consent="granted"');
  const page = await open();
  await page.goto(`${SHOP}/`);
  expect(await stored(pixel, 1)).toMatchObject([{ person: '', name: 'pageview' }]);
  expect(await page.context().cookies()).toEqual([]);
});

test('on another site a cookie is of that site only, if the pixel lets it be', async () => {
  const lax = await addPixel({ cookie: 'first_party' }, 'data-consent="granted"');
  const first = await open();
  await first.goto(`${BLOG}/`);
  await stored(lax, 1);
  expect(await first.context().cookies()).toEqual([]);

  const wide = await addPixel({ cookie: 'third_party' }, 'data-consent="granted"');
  const page = await open();
  await page.goto(`${BLOG}/`);
  const onBlog = await eventually(() => speckCookie(page), 'a cookie');
  expect(onBlog.sameSite).toBe('None');
  await page.goto(`${SHOP}/`);
  await stored(wide, 2);
  await eventually(
    async () =>
      (await page.context().cookies()).filter(({ name }) => name === '__Host-speck_id').length === 2,
    'a cookie of each site',
  );
  const values = (await page.context().cookies()).map(({ value }) => value);
  expect(new Set(values).size).toBe(2);
  expect(await people(wide)).toEqual([2, 0]);
});

test('third-party cookies blocked: a person is one on a site, and nobody follows it to the next', async () => {
  const pixel = await addPixel({ cookie: 'third_party' }, 'data-consent="granted"');
  const page = await openBlocked();
  await page.goto(`${BLOG}/`);
  await eventually(() => speckCookie(page), 'a cookie');
  await page.goto(`${BLOG}/next`);
  await stored(pixel, 2);
  await page.goto(`${NEWS}/`);
  const events = await stored(pixel, 3);
  const [first, second, other] = events.map(({ person }) => person);
  expect(first).toMatch(/^c/);
  expect(second).toBe(first);
  expect(other).toMatch(/^c/);
  expect(other).not.toBe(first);
  const sites = async () => (await page.context().cookies()).map(({ partitionKey }) => partitionKey);
  await eventually(async () => (await sites()).length === 2, 'a cookie of each site');
  expect(new Set(await sites())).toEqual(new Set([BLOG, NEWS]));
  expect(await people(pixel)).toEqual([2, 0]);
});

test('third-party cookies blocked: an opt-out holds on the site where it was made', async () => {
  const pixel = await addPixel({ cookie: 'off' });
  const page = await openBlocked();
  await page.goto(`${BLOG}/`);
  await stored(pixel, 1);
  await page.evaluate(() => window.speck('optout'));
  const cookies = await eventually(async () => {
    const result = await page.context().cookies();
    return result.length > 0 && result;
  }, 'an opt-out cookie');
  // The one that sites share was refused: this browser does block.
  expect(cookies).toMatchObject([{ name: '__Host-speck_optout', partitionKey: BLOG }]);
  await page.goto(`${BLOG}/next`);
  await eventually(async () => {
    const [row] = await rows("SELECT count FROM rejections WHERE pixel = ? AND reason = 'opted_out'", pixel);
    return row ?? null;
  }, 'a refusal counted');
  await page.goto(`${NEWS}/`);
  expect((await stored(pixel, 2)).map(({ hostname }) => hostname)).toEqual([
    'blog.localhost',
    'news.localhost',
  ]);
});

test('a cookie that a browser would refuse from another site is not set: events are counted without a person', async () => {
  const pixel = await addPixel({ cookie: 'first_party' }, 'data-consent="granted"');
  const page = await openBlocked();
  await page.goto(`${BLOG}/`);
  await stored(pixel, 1);
  await page.goto(`${BLOG}/next`);
  const events = await stored(pixel, 2);
  expect(events.map(({ page: path }) => path)).toEqual(['/', '/next']);
  expect(new Set(events.map(({ visitor }) => visitor)).size).toBe(1);
  expect(events.map(({ person }) => person)).toEqual(['', '']);
  expect(await people(pixel)).toEqual([0, 0]);
  expect(await page.context().cookies()).toEqual([]);
});

test('cookies blocked: events are counted all the same', async () => {
  const pixel = await addPixel({ cookie: 'first_party' }, 'data-consent="granted"', GUARDED);
  const page = await open();
  await page.goto(`${SHOP}/`);
  await stored(pixel, 1);
  await page.goto(`${SHOP}/next`);
  const events = await stored(pixel, 2);
  expect(events.map(({ page: path }) => path)).toEqual(['/', '/next']);
  expect(new Set(events.map(({ visitor }) => visitor)).size).toBe(1);
  // Nothing tells the Worker that its cookie was refused.
  expect(await people(pixel)).toEqual([2, 0]);
  expect(await page.context().cookies()).toEqual([]);
});

test('with Global Privacy Control scripts and images count, and nobody is known, whatever consent says', async () => {
  const pixel = await addPixel({ cookie: 'first_party' }, 'data-consent="granted" data-use="all"');
  const scripted = await open({ extraHTTPHeaders: { 'sec-gpc': '1' } });
  await scripted.goto(`${SHOP}/?utm_source=news`);
  await scripted.evaluate(() => {
    window.speck('identify', 'customer-1');
    window.speck('track', 'Purchase', { value: 5, currency: 'EUR', plan: 'pro' });
  });
  await stored(pixel, 2);
  site.page('/image', `<img src="${PX}/p.gif?id=${pixel}&amp;ev=Seen">`);
  const plain = await open({ extraHTTPHeaders: { 'sec-gpc': '1' }, javaScriptEnabled: false });
  await plain.goto(`${SHOP}/image`);
  const events = await stored(pixel, 3);
  expect(events.map(({ name }) => name)).toEqual(['pageview', 'Purchase', 'Seen']);
  for (const event of events) {
    expect(event).toMatchObject({ visitor: '', person: '', props: '', value: null, city: '' });
  }
  expect(await scripted.context().cookies()).toEqual([]);
});

test('a person is one on phone and laptop, who signs in on both', async () => {
  const pixel = await addPixel({ cookie: 'first_party' }, 'data-consent="granted" data-use="engagement"');
  for (const userAgent of [PHONE, USER_AGENT]) {
    const page = await open({ userAgent });
    await page.goto(`${SHOP}/`);
    await page.evaluate(() => window.speck('identify', 'customer-1', { email: ' Erika@Mail.Example ' }));
    await eventually(() => speckCookie(page), 'a cookie');
  }
  await eventually(async () => {
    const links = await rows('SELECT alias FROM person_links WHERE pixel = ?', pixel);
    return links.length === 3 || null;
  }, 'two cookies and an address linked');
  expect(await people(pixel)).toEqual([1, 1]);
});

test('speck("optout") is for good: nothing of this browser is stored, from this page or the next', async () => {
  const pixel = await addPixel({ cookie: 'first_party' }, 'data-consent="granted"');
  const page = await open();
  await page.goto(`${SHOP}/`);
  await eventually(() => speckCookie(page), 'a cookie');
  await page.evaluate(() => {
    window.speck('optout');
    window.speck('track', 'Not sent');
  });
  await eventually(
    async () => (await page.context().cookies()).some(({ name }) => name === '__Host-speck_optout'),
    'an opt-out cookie',
  );
  expect(await speckCookie(page)).toBeUndefined();
  await page.goto(`${SHOP}/next`);
  await eventually(async () => {
    const [row] = await rows("SELECT count FROM rejections WHERE pixel = ? AND reason = 'opted_out'", pixel);
    return row ?? null;
  }, 'a refusal counted');
  expect((await stored(pixel, 1)).map(({ name }) => name)).toEqual(['pageview']);
});

describe('another page', () => {
  const PLANTED = 'P'.repeat(22);
  const granted = (pixel: string) => `id=${pixel}&consent=granted&cid=${PLANTED}`;
  const seen = (page: Page, event: string) =>
    page.evaluate(
      ([address, body]) => fetch(address, { method: 'POST', body, mode: 'no-cors', credentials: 'include' }),
      [`${PX}/beacon`, event] as const,
    );

  it('of the same site cannot plant a person’s cookie, nor take an opt-out back', async () => {
    const pixel = await addPixel({ cookie: 'first_party' }, 'data-consent="granted"');
    const page = await open();
    site.page('/plant', '<!doctype html><title>Plant</title>');
    await page.goto(`${USERS}/plant`);
    const plant = (text: string) =>
      page.evaluate((cookie) => {
        // biome-ignore lint/suspicious/noDocumentCookie: as a page does that plants one.
        document.cookie = cookie;
      }, text);
    for (const name of ['__Host-speck_id', 'speck_id']) {
      for (const path of ['/', '/beacon', '/p.gif']) {
        await plant(`${name}=${PLANTED}; Domain=shop.localhost; Path=${path}; Secure`);
      }
    }
    // What an older Speck would have gone by is there; the new name is refused.
    const planted = await page.context().cookies();
    expect(new Set(planted.map(({ name }) => name))).toEqual(new Set(['speck_id']));
    await page.goto(`${SHOP}/`);
    const cookie = await eventually(() => speckCookie(page), 'a cookie');
    expect(cookie.value).not.toBe(PLANTED);
    await page.goto(`${SHOP}/next`);
    const [first, second] = await stored(pixel, 2);
    expect(second?.['person']).toBe(first?.['person']);
    for (const name of ['__Host-speck_id', 'speck_id']) {
      const result = await fetch(`${speck.url}/privacy?id=${pixel}`, {
        headers: { 'user-agent': PHONE, cookie: `${name}=${PLANTED}` },
      });
      expect(await result.text()).toContain('We have nothing about you today.');
    }

    await page.evaluate(() => window.speck('optout'));
    await eventually(
      async () => (await page.context().cookies()).some(({ name }) => name === '__Host-speck_optout'),
      'an opt-out cookie',
    );
    await page.goto(`${USERS}/plant`);
    for (const name of ['__Host-speck_optout', 'speck_optout']) {
      for (const path of ['/', '/beacon']) {
        await plant(`${name}=0; Domain=shop.localhost; Path=${path}; Secure`);
      }
    }
    await page.goto(`${SHOP}/next`);
    await eventually(async () => {
      const [row] = await rows(
        "SELECT count FROM rejections WHERE pixel = ? AND reason = 'opted_out'",
        pixel,
      );
      return row ?? null;
    }, 'a refusal counted');
    expect(await stored(pixel, 2)).toHaveLength(2);
  });

  it.each(['first_party', 'third_party'])(
    'cannot have a %s cookie set by a link, a form, a redirect, a frame or an address',
    async (cookie) => {
      const pixel = await addPixel({ cookie });
      const target = `${PX}/p.gif?${granted(pixel)}`;
      site.page('/link', `<a href="${target}">Look</a>`);
      site.page('/frame', `<iframe src="${target}"></iframe><object data="${target}"></object>`);
      site.page(
        '/form',
        `<form method="post" action="${PX}/beacon"><input name="id" value="${pixel}">
        <input name="consent" value="granted"><input name="cid" value="${PLANTED}"><button>Go</button></form>`,
      );
      site.on('/redirect', () => ({ status: 302, headers: { location: target } }));
      const page = await open();
      let sent = 0;
      for (const origin of [SHOP, USERS, BLOG]) {
        await page.goto(`${origin}/link`);
        await page.click('a');
        await stored(pixel, ++sent);
        await page.goto(`${origin}/redirect`);
        await stored(pixel, ++sent);
        await page.goto(`${origin}/form`);
        await page.click('button');
        await stored(pixel, ++sent);
        await page.goto(`${origin}/frame`);
        await stored(pixel, ++sent);
      }
      await page.goto(target);
      const events = await stored(pixel, ++sent);
      expect(await page.context().cookies()).toEqual([]);
      expect(new Set(events.map(({ person }) => person))).toEqual(new Set(['']));
    },
  );

  it.each(['first_party', 'third_party'])(
    'of the same site cannot say that a visitor consents to a %s cookie, nor link theirs to a user of its own',
    async (cookie) => {
      const pixel = await addPixel({ cookie }, 'data-consent="granted"');
      const page = await open();
      site.page('/forge', `<!doctype html><img src="${PX}/p.gif?${granted(pixel)}">`);
      await page.goto(`${USERS}/forge`);
      await seen(page, JSON.stringify({ id: pixel, consent: 'granted', cid: PLANTED }));
      await stored(pixel, 2);
      expect(await page.context().cookies()).toEqual([]);
      // A visitor who has consented on the shop's own pages keeps its cookie to these.
      await page.goto(`${SHOP}/`);
      await eventually(() => speckCookie(page), 'a cookie');
      await page.goto(`${USERS}/forge`);
      await seen(page, JSON.stringify({ id: pixel, consent: 'granted', uid: 'mallory' }));
      const events = await stored(pixel, 5);
      expect(events.map(({ person }) => String(person)[0] ?? '')).toEqual(['', '', 'c', '', 'u']);
      expect(await rows('SELECT alias FROM person_links WHERE pixel = ?', pixel)).toEqual([]);
    },
  );
});
