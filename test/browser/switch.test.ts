/** How an owner keeps another tool's client: the names of sites under Install, and the sites that no pixel has, in a real Chromium. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toolGuides } from '../../src/dashboard/tools.ts';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { overflow, violations } from './axe.ts';
import { launchChromium, USER_AGENT } from './chromium.ts';
import { openPage, signIn } from './dashboard.ts';
import { eventually } from './site.ts';

let speck: Speck;
let browser: Browser;
beforeAll(async () => {
  [speck, browser] = await Promise.all([startSpeck(), launchChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await speck?.close();
});

/** As Plausible's script sends a page view. */
async function sendPageView(domain: string, page: string): Promise<number> {
  const { status } = await fetch(`${speck.url}/api/event`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain', 'user-agent': USER_AGENT },
    body: JSON.stringify({ n: 'pageview', u: page, d: domain, r: null }),
  });
  return status;
}

async function pagesOf(pixel: string): Promise<string[]> {
  const { results } = await speck.db
    .prepare('SELECT page FROM events WHERE pixel = ? ORDER BY ts')
    .bind(pixel)
    .all<{ page: string }>();
  return results.map(({ page }) => page);
}

const unknown = async (): Promise<string[]> => {
  const response = await speck.api('GET', '/api/v1/unknown-keys');
  const { keys } = (await response.json()) as { keys: { name: string; count: number }[] };
  return keys.map(({ name, count }) => `${name} ${count}`);
};

it('shows events for a site that no pixel has, and counts them after one click', async () => {
  const pixel = await speck.addPixel({ name: 'Shop', url: 'https://shop.example' });
  expect(await sendPageView('shop.example', 'https://www.shop.example/before')).toBe(202);
  await eventually(async () => (await unknown()).includes('shop.example 1'), 'the unknown site');
  expect(await pagesOf(pixel)).toEqual([]);

  const { page, wrong, close } = await openPage(browser, speck, { bypassCSP: true });
  await signIn(page, speck);
  await page.goto(`${speck.url}/app/${pixel}/rejections`);
  await page.waitForSelector('text=Somebody sends events of Plausible for shop.example');
  expect(await page.textContent('.unknown-sites li')).toContain('from www.shop.example');
  expect(await violations(page)).toEqual([]);
  await page.click('button:has-text("Count them for Shop")');
  await page.waitForSelector('text=are counted here now');
  await page.waitForSelector('.unknown-sites li', { state: 'detached' });
  await sendPageView('SHOP.example', 'https://www.shop.example/after');
  await eventually(async () => (await pagesOf(pixel)).includes('/after'), 'the event');
  expect(await pagesOf(pixel)).toEqual(['/after']);

  await page.goto(`${speck.url}/app/${pixel}/install`);
  await page.waitForSelector('.switch .items:has-text("shop.example")');
  expect(wrong).toEqual([]);
  await close();
});

it('has the line to change for each tool, and takes and removes the name of a site, by keyboard', async () => {
  const pixel = await speck.addPixel({ name: 'Blog', url: 'https://blog.example' });
  const mine = await openPage(browser, speck, { bypassCSP: true, viewport: { width: 390, height: 844 } });
  const { page } = mine;
  await signIn(page, speck);
  await page.goto(`${speck.url}/app/${pixel}/install`);
  const guides = toolGuides({ pixel, origin: speck.url, site: 'blog.example' });
  const tab = page.locator('.switch [role=tab][aria-selected=true]');
  await tab.focus();
  for (const { label, changes, nameLabel } of guides) {
    expect(await tab.textContent()).toBe(label);
    expect(await page.locator('.switch pre').allTextContents()).toEqual(changes.map(({ text }) => text));
    expect(await page.locator('.switch form label').textContent()).toBe(`${nameLabel} in ${label}`);
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBe(0);
    await page.keyboard.press('ArrowRight');
  }
  await page.click('.switch [role=tab]:text-is("Matomo")');
  await page.fill('.switch form input', '7');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.switch .items:has-text("Matomo")');
  const keys = async () =>
    ((await (await speck.api('GET', `/api/v1/pixels/${pixel}/keys`)).json()) as { keys: unknown[] }).keys;
  expect(await keys()).toMatchObject([{ tool: 'matomo', name: '7' }]);

  await page.fill('.switch form input', 'two words');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.switch [role=alert]:has-text("without spaces")');
  await page.click('.switch .items button:has-text("Remove")');
  await page.click('button:has-text("Count no more events of Matomo")');
  await page.waitForSelector('.switch .items', { state: 'detached' });
  expect(await keys()).toEqual([]);
  expect(mine.wrong).toEqual([]);
  await mine.close();
});

it('shows neither to a token for one pixel, which may not add names', async () => {
  const pixel = await speck.addPixel({ name: 'Own' });
  const response = await speck.api('POST', '/api/v1/tokens', {
    name: 'Agency',
    scopes: ['pixels:write', 'stats:read'],
    pixel,
  });
  const { token } = (await response.json()) as { token: string };
  await sendPageView('other.example', 'https://other.example/');
  const { page, wrong, close } = await openPage(browser, speck);
  await signIn(page, speck, token);
  for (const view of ['install', 'rejections']) {
    await page.goto(`${speck.url}/app/${pixel}/${view}`);
    await page.waitForSelector('h1');
    if (view === 'install') await page.waitForSelector('.switch pre');
    expect(await page.locator('.unknown-sites').count()).toBe(0);
    expect(await page.locator('.switch form').count()).toBe(0);
  }
  expect(wrong).toEqual([]);
  await close();
});
