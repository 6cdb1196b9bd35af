/** The visitor's pages in a real Chromium without JavaScript: a visitor who reads, erases, opts out, and comes back. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { overflow, violations } from './axe.ts';
import { launchChromium, USER_AGENT } from './chromium.ts';
import { signIn } from './dashboard.ts';
import { eventually, type Site, startSite } from './site.ts';

let browser: Browser;
let site: Site;
let speck: Speck;
/** The Worker under a name of its own: browsers take secure cookies from `*.localhost`. */
let worker: string;

beforeAll(async () => {
  [site, speck] = await Promise.all([startSite(), startSpeck()]);
  const port = Number(new URL(speck.url).port);
  worker = `http://px.localhost:${port}`;
  browser = await launchChromium({ 'px.localhost': port, '*.example': site.port });
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), speck?.close()]);
});

async function open(options: object = {}): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({
    userAgent: USER_AGENT,
    javaScriptEnabled: false,
    ...options,
  });
  return { context, page: await context.newPage() };
}

/** A page with a pixel, and how many of its events are stored. */
async function pageWithPixel(
  path: string,
): Promise<{ events: () => Promise<number>; rejections: () => Promise<number> }> {
  const id = await speck.addPixel({ name: 'Shoe shop' });
  await speck.api('PATCH', `/api/v1/pixels/${id}`, { settings: { cookie: 'third_party' } });
  site.page(
    path,
    `<title>Shoes</title><img alt="" src="${worker}/p.gif?id=${id}&consent=granted&dl=http://shop.example${path}">`,
  );
  const count = async (sql: string): Promise<number> => {
    const { results } = await speck.db.prepare(sql).bind(id).all<{ n: number | null }>();
    return Number(results[0]?.n ?? 0);
  };
  return {
    events: () => count('SELECT count(*) AS n FROM events WHERE pixel = ?'),
    rejections: () => count('SELECT sum(count) AS n FROM rejections WHERE pixel = ?'),
  };
}

test('a visitor sees what is kept and erases it, by clicks alone', async () => {
  const { events } = await pageWithPixel('/shoes');
  const { context, page } = await open();
  await page.goto('http://shop.example/shoes');
  await eventually(async () => (await events()) === 1, 'an event');

  await page.goto(`${worker}/privacy`);
  // The site's host, not what its owner calls the pixel.
  expect(await page.locator('.site h2').textContent()).toBe('site.example');
  const row = page.getByRole('row').nth(1);
  expect(await row.textContent()).toContain('shop.example/shoes');
  // Whoever is found by address and browser is shown pages and times, and no more.
  expect(await row.textContent()).not.toContain('Chrome');
  await page.getByRole('button', { name: 'Delete for good' }).click();
  expect(page.url()).toBe(`${worker}/privacy?erased=1`);
  expect(await page.getByRole('status').textContent()).toContain('1 event deleted');
  expect(await page.getByRole('button').count()).toBe(0);
  expect(await events()).toBe(0);
  await context.close();
});

test('who opts out is not stored on that site, until it is taken back', async () => {
  const { events, rejections } = await pageWithPixel('/quiet');
  const { context, page } = await open();
  await page.goto(`${worker}/opt-out`);
  await page.getByRole('button', { name: 'Opt out' }).click();
  expect(page.url()).toBe(`${worker}/opt-out?done`);
  expect(await page.locator('.card').textContent()).toContain('This browser has opted out.');
  await page.goto('http://shop.example/quiet');
  await eventually(async () => (await rejections()) === 1, 'a refusal');
  expect(await events()).toBe(0);

  await page.goto(`${worker}/opt-out`);
  await page.getByRole('button', { name: 'Opt back in' }).click();
  expect(page.url()).toBe(`${worker}/opt-out`);
  await page.goto('http://shop.example/quiet');
  await eventually(async () => (await events()) === 1, 'an event');
  expect(await rejections()).toBe(1);
  await context.close();
});

test("another site's form can opt a visitor out, but neither back in nor erase", async () => {
  const { events } = await pageWithPixel('/mine');
  const { context, page } = await open();
  const form = (path: string, field: string) =>
    `<form method="post" action="${worker}${path}"><input name="${field}" value="1"><button>Go</button></form>`;
  site.page('/evil-erase', form('/privacy', 'x'));
  site.page('/evil-undo', form('/opt-out', 'undo'));
  site.page('/opt-out', form('/opt-out', 'x'));
  await page.goto('http://shop.example/mine');
  await eventually(async () => (await events()) === 1, 'an event');

  await page.goto('http://evil.example/evil-erase');
  await page.click('button');
  expect(await page.locator('h1').textContent()).toBe('Nothing was done');
  expect(await events()).toBe(1);

  await page.goto('http://evil.example/opt-out');
  await page.click('button');
  expect(await page.locator('.card').textContent()).toContain('This browser has opted out.');
  await page.goto('http://evil.example/evil-undo');
  await page.click('button');
  expect(await page.locator('h1').textContent()).toBe('Nothing was done');
  await page.goto(`${worker}/opt-out`);
  expect(await page.locator('.card').textContent()).toContain('This browser has opted out.');
  await context.close();
});

test.each([390, 1280])('nothing is wider than the window at %i pixels, and styles apply', async (width) => {
  const { events } = await pageWithPixel(`/${'a-long-name-'.repeat(30)}`);
  const { context, page } = await open({ viewport: { width, height: 800 }, javaScriptEnabled: true });
  await page.goto(`http://shop.example/${'a-long-name-'.repeat(30)}`);
  await eventually(async () => (await events()) === 1, 'an event');
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  for (const path of ['/privacy', '/opt-out?done', '/privacy?id=none']) {
    await page.goto(worker + path);
    const size = await page.evaluate(() => ({
      overflow: document.documentElement.scrollWidth - innerWidth,
      styled: getComputedStyle(document.body).marginTop === '0px',
      headings: document.querySelectorAll('h1').length,
    }));
    expect(size).toEqual({ overflow: 0, styled: true, headings: 1 });
  }
  // The status 404 is told there; a style or a form that the policy forbids would be, too.
  expect(complaints.filter((text) => !text.includes('404'))).toEqual([]);
  await context.close();
});

test.each([
  ['light', 1280],
  ['dark', 390],
] as const)('axe finds nothing wrong with any state of the pages, %s at %i', async (colorScheme, width) => {
  const { events } = await pageWithPixel('/shoes');
  // With JavaScript, which axe itself needs; the pages have none.
  const { context, page } = await open({
    colorScheme,
    javaScriptEnabled: true,
    viewport: { width, height: 800 },
  });
  await page.goto('http://shop.example/shoes');
  await eventually(async () => (await events()) === 1, 'an event');
  const site = `/privacy?id=${await speck.addPixel()}`;
  for (const path of ['/opt-out', '/privacy', '/privacy?id=px_1111111111111111', '/opt-out?done', site]) {
    for (const lang of ['en', 'de', 'fr', 'es', 'pt']) {
      const place = `${path}${path.includes('?') ? '&' : '?'}lang=${lang}`;
      // Beyond ten requests a minute, the page is another one; each language has an address of its own.
      await context.setExtraHTTPHeaders({ 'cf-connecting-ip': `198.51.100.${lang.charCodeAt(0)}` });
      await page.goto(worker + place);
      expect(await violations(page), place).toEqual([]);
      expect(await overflow(page), place).toBe(0);
    }
  }
  await context.close();
});

test('an owner says in the settings who runs the site, and a visitor reads it', async () => {
  const id = await speck.addPixel();
  const { context, page } = await open({ javaScriptEnabled: true });
  await signIn(page, speck);
  await page.goto(`${speck.url}/app/${id}/settings`);
  const form = page.locator('.block:has(h2:text("Who runs this site"))');
  await form.getByLabel('Name').fill('Fern & Kettle');
  await form.getByLabel('Contact').fill('nobody');
  await form.getByRole('button').click();
  await form.locator('.error', { hasText: 'Send an e-mail address' }).waitFor();
  await form.getByLabel('Contact').fill('privacy@shop.example');
  await form.getByLabel('Privacy policy').fill('https://shop.example/privacy');
  await form.getByRole('button').click();
  await form.getByText('Saved.').waitFor();
  // The form of the other settings does not take it back.
  const other = page.locator('.block:has(h2:text("Collecting"))');
  await other.locator('input[type=number]').first().fill('400');
  await other.getByRole('button').click();
  await other.getByText('Saved.').waitFor();
  await form.getByRole('link', { name: 'Opt out' }).click();
  const owner = page.locator('.owner');
  expect(await owner.textContent()).toContain('Fern & Kettle');
  const links = await owner
    .getByRole('link')
    .evaluateAll((all) => all.map((one) => one.getAttribute('href')));
  expect(links).toEqual(['mailto:privacy@shop.example', 'https://shop.example/privacy']);
  await context.close();
});

test('a reader gets the pages in the language of the browser, and another one by a link', async () => {
  const id = await speck.addPixel();
  const settings = { owner_name: 'Fern & Kettle', owner_contact: 'http://shop.example/contact' };
  await speck.api('PATCH', `/api/v1/pixels/${id}`, { settings });
  site.page('/contact', '<h1>Contact us</h1>');
  const { context, page } = await open({ locale: 'fr-CH' });
  await page.goto(`${worker}/opt-out?id=${id}`);
  expect(await page.getAttribute('html', 'lang')).toBe('fr');
  await page.getByRole('button', { name: 'Ne plus compter' }).click();
  await page.getByText('Les visites de ce navigateur ne sont pas comptées.').waitFor();
  // The choice of a language survives links and actions, and is kept nowhere but in the address.
  await page.getByRole('link', { name: 'Deutsch' }).click();
  expect(await page.getAttribute('html', 'lang')).toBe('de');
  await page.getByRole('button', { name: 'Wieder mitzählen' }).click();
  await page.getByText('Besuche mit diesem Browser werden gezählt.').waitFor();
  await page.getByRole('link', { name: 'Ihre Daten' }).click();
  expect(await page.textContent('h1')).toBe('Was über Sie gespeichert ist');
  expect(await context.cookies()).toEqual([]);
  expect(await page.textContent('.owner')).toContain('Fern & Kettle');
  await page.getByRole('link', { name: 'Kontakt' }).click();
  expect(await page.textContent('h1')).toBe('Contact us');
  await context.close();
});
