/** Public pages in a real browser: opened by anyone, framed by listed sites without cookies, switched on and off in the settings. */
import type { Browser, BrowserContext, Frame, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawBadge } from '../../src/api/badge-svg.ts';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { violations } from './axe.ts';
import { launchChromium } from './chromium.ts';
import { openPage, settles, signIn } from './dashboard.ts';
import { type Site, startSite } from './site.ts';

const ALLOWED = 'http://board.example';
const OTHER = 'http://other.example';
/** Of the same site as an allowed one, and not listed. */
const SIBLING = 'http://www.board.example';

let speck: Speck;
let pixel: string;
let site: Site;
let browser: Browser;
let link: { id: string; public_url: string };

beforeAll(async () => {
  speck = await startSpeck();
  site = await startSite();
  browser = await launchChromium({ '*.example': site.port });
  pixel = await speck.addPixel({ name: 'Shop' });
  const events = Array.from({ length: 7 }, (_, index) => ({
    id: pixel,
    ip: `203.0.113.${index}`,
    ua: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
    dl: index < 4 ? 'https://site.example/' : 'https://site.example/pricing',
    country: 'DE',
  }));
  expect(await (await speck.api('POST', '/api/v1/events', { events })).json()).toMatchObject({ accepted: 7 });
  const made = await speck.api('POST', `/api/v1/pixels/${pixel}/links`, {
    name: 'Board',
    public: true,
    embed_origins: [ALLOWED],
  });
  link = (await made.json()) as typeof link;
});
afterAll(async () => {
  await browser.close();
  await site.close();
  await speck.close();
});

const visitors = (page: Page | Frame) => () => page.textContent('[data-metric=visitors] .value');
const rowsOf = (page: Page | Frame) => () =>
  page.$$eval('.panel[aria-label="Pages"] tbody tr bdi', (all) => all.map((one) => one.textContent));

/** A browser without third-party cookies, in whose frames storage cannot be used at all. */
async function guestContext(width: number): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width, height: 844 }, locale: 'en-GB' });
  context.setDefaultTimeout(30_000);
  await context.addInitScript(() => {
    if (window.top === window) return;
    const refuse = (): never => {
      throw new DOMException('Storage is blocked.', 'SecurityError');
    };
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches', 'BroadcastChannel']) {
      Object.defineProperty(window, name, { get: refuse });
    }
  });
  return context;
}

/** Opens a page of a site with a frame. Returns the frame's document, and what the console says. */
async function frameOn(context: BrowserContext, origin: string, src: string) {
  site.page(
    '/',
    `<!doctype html><input id="search" autofocus><iframe src="${src}" style="width:100%;height:1500px"></iframe>`,
  );
  const page = await context.newPage();
  const log: string[] = [];
  page.on('console', (message) => log.push(message.text()));
  page.on('pageerror', (error) => log.push(error.message));
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send(
    'Network.setCookieControls' as 'Network.enable',
    {
      enableThirdPartyCookieRestriction: true,
      disableThirdPartyCookieMetadata: true,
      disableThirdPartyCookieHeuristics: true,
    } as never,
  );
  await page.goto(origin, { waitUntil: 'load' });
  const frame = page.frames().find((one) => one !== page.mainFrame());
  if (!frame) throw new Error('there is no frame');
  return { page, frame, log };
}

describe('a public page', () => {
  it('is open to anyone, without a cookie or storage, and can be filtered', async () => {
    const watched = await openPage(browser, speck);
    const { page, wrong } = watched;
    const cookiesOf: Promise<(string | undefined)[]>[] = [];
    page.on('request', (request) => {
      // A request that ends with its page has no headers to read.
      const cookies = request.allHeaders().then(
        ({ cookie }) => [cookie],
        () => [],
      );
      cookiesOf.push(cookies);
    });
    await page.context().addCookies([{ name: 'speck', value: 'x'.repeat(40), url: speck.url }]);
    await page.goto(`${link.public_url}?period=day`);
    await settles(visitors(page), '7');
    await settles(rowsOf(page), ['/', '/pricing']);
    expect(await page.textContent('h1')).toBe('Shop');
    expect(await page.$$('nav, button:has-text("Sign out"), a[href*="settings"]')).toEqual([]);
    await page.click('.panel[aria-label="Pages"] button.label:has-text("/pricing")');
    await settles(visitors(page), '3');
    expect(new URL(page.url()).search).toContain('f=is,event:page,/pricing');
    await page.reload();
    await settles(visitors(page), '3');
    const cookies = (await Promise.all(cookiesOf)).flat();
    expect(cookies.filter((cookie) => cookie !== undefined).length).toBeLessThan(cookies.length);
    const api = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
    expect(
      api.filter((name) =>
        /\/api\/(?!v2\/query|v1\/session|v1\/pixels\/\w+\/(properties|funnel|live))/.test(name),
      ),
    ).toEqual([]);
    expect(await violations(page)).toEqual([]);
    expect(wrong).toEqual([]);
    await watched.close();
  });

  it('is shown in a frame of a listed site without third-party cookies, and takes no focus', async () => {
    const context = await guestContext(390);
    const { page, frame, log } = await frameOn(
      context,
      ALLOWED,
      `${link.public_url}?embed=1&theme=dark&period=day`,
    );
    await settles(visitors(frame), '7');
    // Cookies are blocked in the frame, as was asked for.
    await frame.evaluate(() => {
      // biome-ignore lint/suspicious/noDocumentCookie: the oldest way, which every frame has.
      document.cookie = 'probe=1; SameSite=None; Secure';
    });
    expect(await frame.evaluate(() => document.cookie)).toBe('');
    expect(await frame.$$('header.top')).toEqual([]);
    expect(await frame.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('search');
    // Panels load when they come near, which in a frame is told by the page around it.
    await frame.locator('.panel[aria-label="Pages"]').scrollIntoViewIfNeeded();
    await frame.click('.panel[aria-label="Pages"] button.label:has-text("/pricing")');
    await settles(visitors(frame), '3');
    expect(frame.url()).toMatch(/[?&]embed=1&theme=dark/);
    expect(await frame.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    const pages = context.waitForEvent('page');
    await frame.click('a:has-text("Open in a new tab")');
    expect((await pages).url()).toBe(link.public_url);
    expect(log).toEqual([]);
    await context.close();
  });

  it.each([
    ['the page on a site that is not listed', OTHER, () => link.public_url],
    ['the page on a subdomain that is not listed', SIBLING, () => link.public_url],
    ['the sign-in page on a listed site', ALLOWED, () => `${speck.url}/app/?embed=1`],
    ['the settings on a listed site', ALLOWED, () => `${speck.url}/app/${pixel}/settings?embed=1`],
    ['a shared link on a listed site', ALLOWED, () => `${speck.url}/app/share?embed=1`],
    [
      'a page that is not public on a listed site',
      ALLOWED,
      () => `${speck.url}/app/public/pub_1111111111111111`,
    ],
  ])('is not framed: %s', async (_, origin, addressOf) => {
    const context = await guestContext(1280);
    const { page, frame, log } = await frameOn(context, origin, addressOf());
    expect(log.join()).toMatch(/Refused to (frame|display)|violates the following Content Security Policy/);
    expect(await frame.$$('#app')).toEqual([]);
    expect(page.frames()).toHaveLength(2);
    await context.close();
  });

  it('is switched on, embedded and switched off in the settings, by the keyboard alone', async () => {
    const watched = await openPage(browser, speck);
    const { page, wrong } = watched;
    await signIn(page, speck);
    await page.goto(`${speck.url}/app/${pixel}/settings`);
    const list = page.locator('section[aria-labelledby=links]');
    await list.getByLabel('Who it is for').fill('Readers');
    await page.keyboard.press('Enter');
    await list.getByText("Copy it now. It won't be shown again.").waitFor();
    const item = list.locator('li', { hasText: 'Readers' });
    expect(await item.innerText()).toContain('not used yet');
    await item.getByRole('button', { name: 'Edit Readers' }).press('Enter');
    await item.getByLabel('Public page').press('Space');
    await item
      .getByLabel('Sites that may embed the page')
      .fill('HTTPS://Blog.Example.com/\n\nhttps://*.example.org');
    await item.getByRole('button', { name: 'Save' }).press('Enter');
    await item.getByText('Saved.').waitFor();
    const url = (await item.locator('.snippet code').first().innerText()).trim();
    expect(url).toMatch(/\/app\/public\/pub_\w{16}$/);
    const embed = await item.locator('.snippet', { hasText: 'Embed' }).locator('pre').innerText();
    expect(embed).toContain(`<iframe src="${url}?embed=1" title="Statistics of Shop"`);
    expect(await item.getByLabel('Sites that may embed the page').inputValue()).toBe(
      'https://blog.example.com\nhttps://*.example.org',
    );
    await settles(() => item.locator('img').evaluate((image: HTMLImageElement) => image.naturalHeight), 20);
    expect(await violations(page)).toEqual([]);
    const policy = (await fetch(url)).headers.get('content-security-policy');
    expect(policy).toContain('frame-ancestors https://blog.example.com https://*.example.org');

    const reader = await openPage(browser, speck);
    await reader.page.goto(`${url}?period=day`);
    await settles(visitors(reader.page), '7');
    await reader.page.waitForSelector('.panel[aria-label="Pages"] button.label:has-text("/pricing")');
    await item.getByLabel('Public page').press('Space');
    await item.getByRole('button', { name: 'Save' }).press('Enter');
    await settles(() => item.locator('.snippet').count(), 0);
    expect(await item.innerText()).toMatch(/last used/);
    // Who has it open is told at the next click.
    await reader.page.click('.panel[aria-label="Pages"] button.label:has-text("/pricing")');
    await reader.page.waitForSelector('h1:has-text("Not public")');
    await reader.page.goto(url);
    await reader.page.waitForSelector('h1:has-text("Not public")');
    expect(reader.wrong).toEqual([]);
    await reader.close();

    await item.getByRole('button', { name: 'Revoke' }).press('Enter');
    await item.getByRole('button', { name: 'Revoke the link' }).press('Enter');
    await settles(() => item.count(), 0);
    expect(wrong).toEqual([]);
    await watched.close();
  });
});

describe('a badge', () => {
  it.each(['visitors, 30 days', 'WWWWWWWW', 'iiiiiiiil', '12.3K', 'Größe & «Maß»', 'читатели'])(
    'has room for its text: %s',
    async (label) => {
      const page = await browser.newPage();
      await page.setContent(drawBadge({ label, value: '1', title: label }));
      const [drawn, natural, box] = await page.$eval('svg text', (text) => {
        const element = text as SVGTextElement;
        const given = Number(element.getAttribute('textLength'));
        element.removeAttribute('textLength');
        const rect = element.previousElementSibling as SVGRectElement;
        return [given, element.getComputedTextLength(), Number(rect.getAttribute('width'))];
      });
      expect(drawn / natural).toBeGreaterThan(0.75);
      expect(drawn / natural).toBeLessThan(1.35);
      expect(box - drawn).toBeGreaterThanOrEqual(12);
      await page.close();
    },
  );
});
