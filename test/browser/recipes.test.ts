/** The recipes of the Install view, each as its system would put it into a page: every one counts, in a real Chromium. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installSnippets, type Snippets } from '../../src/api/install.ts';
import { type Code, recipesOf } from '../../src/dashboard/recipes.ts';
import { withRelay } from '../../src/dashboard/relay-snippet.ts';
import { RELAY_STUB } from '../../src/model/stub.ts';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { violations } from './axe.ts';
import { launchChromium, USER_AGENT } from './chromium.ts';
import { openPage, signIn } from './dashboard.ts';
import { eventually, type Site, startSite } from './site.ts';

const SHOP = 'http://www.shop.example';
const ORDER = { id: 'sh-1', totalPrice: { amount: 49.9, currencyCode: 'EUR' } };

let speck: Speck;
let site: Site;
let browser: Browser;
beforeAll(async () => {
  [speck, site] = await Promise.all([startSpeck(), startSite()]);
  browser = await launchChromium({ 'www.shop.example': site.port });
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), speck?.close()]);
});

/** A page as the system serves it. */
function pageOf({ language, text }: Code): string {
  // What PHP prints between its parts of code.
  if (language === 'php') return text.split('\n').slice(1, -1).join('\n');
  if (language === 'html') return text.replaceAll(' is:inline', '');
  // Shopify calls a custom pixel with the events of the checkout.
  if (language === 'js') {
    const event = { id: ORDER.id, data: { checkout: ORDER }, context: { document: { location: {} } } };
    return `<script>
      const event = ${JSON.stringify(event)};
      event.context.document.location.origin = location.origin;
      const analytics = { subscribe: (name, run) => name === 'checkout_completed' && run(event) };
      ${text}</script>`;
  }
  // next/script creates the elements once the page is there, with all of their attributes.
  return `<script>${[...text.matchAll(/<Script ([^>]*?)(?: \/>|>\{`(.*?)`\}<\/Script>)/gs)]
    .map(([, attributes = '', inline = '']) => {
      const set = [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(
        ([, name, value]) => `s.setAttribute(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
      );
      return `{ const s = document.createElement('script'); ${set.join('')} s.text = ${JSON.stringify(inline)};
        document.documentElement.append(s); }`;
    })
    .join('\n')}</script>`;
}

async function eventsOf(pixel: string): Promise<readonly Record<string, unknown>[]> {
  const response = await speck.api('GET', `/api/v1/pixels/${pixel}/live`);
  return ((await response.json()) as { events: Record<string, unknown>[] }).events;
}

it.each([false, true])('count what they say, with conversions: %s', async (isRelayed) => {
  const response = await speck.api('POST', '/api/v1/pixels', { name: 'Shop', url: 'www.shop.example' });
  const { id, install } = (await response.json()) as { id: string; install: Snippets };
  // Its pages are not on this machine.
  const script = install.script.replace(' data-local', '');
  const given = isRelayed ? withRelay({ ...install, script }) : { ...install, script };
  const recipes = recipesOf({ pixel: id, install: given, isLocal: false, isRelayed });
  expect(recipes.map(({ name }) => name)).toEqual([
    'WordPress',
    'Google Tag Manager',
    'Shopify',
    'Next.js',
    'Astro',
    'Webflow',
  ]);
  const context = await browser.newContext({ userAgent: USER_AGENT });
  for (const [place, { name, codes }] of recipes.entries()) {
    for (const [index, code] of codes.entries()) {
      const path = `/${place}-${index}`;
      site.page(path, `<!doctype html><head>${pageOf(code)}</head><title>${name}</title>`);
      const page = await context.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      await page.goto(SHOP + path);
      // A call that has waited in the queue, or comes later, is counted by every snippet for pages.
      if (code.language !== 'js') {
        await page.waitForFunction(() => 'speck' in window);
        await page.evaluate((event) => window.speck('track', event), `Signup ${path}`);
      }
      const wanted = code.language === 'js' ? ['Purchase'] : ['pageview', `Signup ${path}`];
      for (const event of wanted) {
        const stored = await eventually(
          async () =>
            (await eventsOf(id)).find(
              (one) => one['name'] === event && (event === 'Purchase' || one['page'] === path),
            ),
          `${event} of ${name}: ${code.title}`,
        );
        expect(stored['hostname']).toBe('www.shop.example');
        if (event === 'Purchase') {
          expect(stored).toMatchObject({ page: '/checkout/completed', value: 49.9, currency: 'EUR' });
        }
      }
      expect(errors, name).toEqual([]);
      await page.close();
    }
  }
  await context.close();
});

it('say what a page on this machine needs, all of them', () => {
  const install = installSnippets('px_1', 'http://127.0.0.1:8787');
  const recipes = recipesOf({ pixel: 'px_1', install, isLocal: true, isRelayed: false });
  const forPages = recipes.flatMap(({ codes }) => codes.filter(({ language }) => language !== 'js'));
  expect(forPages.filter(({ text }) => !text.includes('data-local'))).toEqual([]);
  expect(forPages.filter(({ text }) => text.includes('data-relay'))).toEqual([]);
});

it('say what conversions need, all of them', () => {
  const install = withRelay(installSnippets('px_1', 'https://px.example.com'));
  const recipes = recipesOf({ pixel: 'px_1', install, isLocal: false, isRelayed: true });
  const forPages = recipes.flatMap(({ codes }) => codes.filter(({ language }) => language !== 'js'));
  for (const part of ['data-relay', RELAY_STUB, 'https://px.example.com/speck.all.js']) {
    expect(forPages.filter(({ text }) => !text.includes(part))).toEqual([]);
  }
});

it('are in the Install view, with the values of the pixel, for mouse and keyboard', async () => {
  const pixel = await speck.addPixel({ name: 'Installed' });
  const mine = await openPage(browser, speck, { bypassCSP: true });
  const { page } = mine;
  const scripts: string[] = [];
  page.on('request', (request) => scripts.push(new URL(request.url()).pathname));
  await signIn(page, speck);
  expect(scripts.filter((path) => path.includes('recipes'))).toEqual([]);
  await page.goto(`${speck.url}/app/${pixel}/install`);
  await page.click('[aria-label="Step by step"] [role=tab]:text-is("WordPress")');
  const seen: string[] = [];
  for (let step = 0; step < 6; step++) {
    const tab = page.locator('[aria-label="Step by step"] [role=tab][aria-selected=true]');
    expect(await tab.evaluate((element) => element === document.activeElement)).toBe(true);
    seen.push((await tab.textContent()) ?? '');
    const codes = await page.locator('[aria-label="Step by step"] pre').allTextContents();
    for (const code of codes) {
      expect(code).toContain(pixel);
      expect(code).toContain(speck.url);
    }
    await page.click('[aria-label="Step by step"] .copy >> nth=0');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(codes[0]);
    expect(await violations(page)).toEqual([]);
    await tab.focus();
    await page.keyboard.press('ArrowRight');
  }
  expect(seen).toEqual(['WordPress', 'Google Tag Manager', 'Shopify', 'Next.js', 'Astro', 'Webflow']);
  expect(mine.wrong).toEqual([]);
  await mine.close();
});
