/** What the dashboard keeps when Speck cannot be reached, and when a session ends. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, type Speck, startSpeck } from '../e2e/harness.ts';
import { violations } from './axe.ts';
import { launchChromium } from './chromium.ts';
import { openPage, settles, signIn, type Watched } from './dashboard.ts';
import { type Relay, startRelay } from './relay.ts';

let speck: Speck;
let relay: Relay;
let browser: Browser;
let watched: Watched;
let page: Page;
let pixel: string;
/** Speck behind the relay. */
let relayed: Speck;

beforeAll(async () => {
  speck = await startSpeck();
  relay = await startRelay(speck.url);
  relayed = { ...speck, url: relay.url };
  browser = await launchChromium();
  watched = await openPage(browser, relayed);
  page = watched.page;
  pixel = await speck.addPixel({ name: 'Teas' });
  const now = Date.now();
  await send(
    pixel,
    ['/', '/tea', '/cart'].flatMap((path, index) =>
      Array.from({ length: index + 1 }, (_, visitor) => ({
        id: `${path}${visitor}`,
        ts: new Date(now - 60_000 * (visitor + 1)).toISOString(),
        name: 'pageview',
        visitor: `v${visitor}`,
        page: path,
        hostname: 'teas.example',
      })),
    ),
  );
  await signIn(page, relayed);
});
afterAll(async () => {
  await browser?.close();
  await relay?.kill();
  await speck?.close();
});

async function send(id: string, rows: readonly object[]): Promise<void> {
  const response = await fetch(`${speck.url}/api/v1/pixels/${id}/events`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    body: rows.map((row) => JSON.stringify(row)).join('\n'),
  });
  expect(await response.json()).toMatchObject({ rejected: [] });
}

const visitors = (): Promise<string | null> => page.textContent('[data-metric=visitors] .value');
const statistics = (search = ''): string => `${relay.url}/app/${pixel}${search}`;

/** The browser's clock goes on by some time, so that answers in its cache are old. */
async function goOn(milliseconds: number): Promise<void> {
  await page.clock.fastForward(milliseconds);
}

describe('while the server is down', () => {
  it('the last data stay, dimmed, with their time, and come anew by themselves', async () => {
    await page.clock.install();
    await page.goto(statistics('?period=day'));
    await settles(visitors, '3');
    await page.waitForSelector('.panel[aria-label="Pages"] tbody tr');
    await page.waitForLoadState('networkidle');
    await page.selectOption('.controls select >> nth=0', '7d');
    await page.waitForLoadState('networkidle');
    await goOn(60_000);

    await relay.kill();
    await page.goBack();
    await page.waitForSelector('.banner:has-text("Speck cannot be reached")');
    await page.waitForSelector('.old .age:has-text("Numbers of ")');
    expect(await visitors()).toBe('3');
    for (const place of ['.old .headlines', '.old .chart', '.panel[aria-label="Pages"] .old tbody tr']) {
      await page.waitForSelector(place);
    }
    // The time is that of the answer, not of the failure.
    const ages = await page.$$eval('.age', (all) => all.map((one) => one.textContent));
    expect(new Set(ages).size).toBe(1);
    expect(ages[0]).toMatch(/^Numbers of \d\d?:\d\d$/);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page)).toEqual([]);
    }

    // What was never there cannot stay, and takes nothing else away.
    await page.selectOption('.controls select >> nth=0', '28d');
    await page.waitForSelector('.waiting:has-text("asked again by itself")');
    await page.waitForSelector('.timeline');
    await page.waitForSelector('.panel[aria-label="Pages"]');
    expect(await page.$('.error')).toBeNull();

    await send(pixel, [
      {
        id: 'late',
        ts: new Date().toISOString(),
        name: 'pageview',
        visitor: 'v9',
        page: '/',
        hostname: 'teas.example',
      },
    ]);
    await relay.start();
    await goOn(60_000);
    await settles(visitors, '4');
    await page.waitForSelector('.banner', { state: 'detached' });
    await page.waitForSelector(':is(.old, .age, .waiting)', { state: 'detached' });
  });

  it('"Try now" asks at once', async () => {
    await page.waitForLoadState('networkidle');
    await relay.kill();
    await page.selectOption('.controls select >> nth=0', '91d');
    await page.waitForSelector('.banner:has-text("Speck cannot be reached")');
    await relay.start();
    await page.click('.banner >> text=Try now');
    await settles(visitors, '4');
    await page.waitForSelector('.banner', { state: 'detached' });
  });

  it('signing out says that it did not work, and works afterwards', async () => {
    await relay.kill();
    await page.click('header >> text=Sign out');
    await page.waitForSelector('.banner:has-text("You are still signed in"):has-text("cannot be reached")');
    expect(await page.textContent('h1')).toBe('Teas');
    await relay.start();
    await page.click('text=Sign out again');
    await page.waitForSelector('h1:has-text("Sign in")');
    expect(await page.$('.notice')).toBeNull();
    await page.reload();
    await page.waitForSelector('h1:has-text("Sign in")');
    expect(await page.$('.notice')).toBeNull();
    await signIn(page, relayed);
  });

  it('the first view waits, and comes by itself', async () => {
    await page.route('**/api/v1/session', (route) => route.abort());
    await page.goto(statistics());
    await page.waitForSelector('h1:has-text("Speck cannot be reached")');
    await page.unroute('**/api/v1/session');
    await goOn(5000);
    await settles(visitors, '4');
  });
});

describe('an ended session', () => {
  const VIEWS = ['?period=7d', '/live', '/rejections', '/install', '/settings'] as const;

  it.each(VIEWS)('says so, and leads back to the same address: %s', async (view) => {
    await page.goto(statistics(view));
    await page.waitForSelector('h1');
    await page.waitForLoadState('networkidle');
    await speck.db.prepare('DELETE FROM sessions').run();
    // What a view does by itself or at the next click, it may do now.
    if (view === '/settings') await page.click('.block:has(h2:text("Collecting")) button[type=submit]');
    else if (view === '/rejections') await page.selectOption('main select', '90');
    else if (view === '/install') await page.click('text=Show the secret');
    else if (view.startsWith('?')) await page.selectOption('.controls select >> nth=0', '28d');
    else await goOn(10_000);
    await page.waitForSelector('.notice:text-is("Your session has ended. Sign in to continue.")');
    const address = page.url();
    expect(new URL(address).pathname).toBe(`/app/${pixel}${view.startsWith('?') ? '' : view}`);
    await page.fill('input[type=password]', ADMIN_TOKEN);
    await page.keyboard.press('Enter');
    await page.waitForSelector('header >> text=Sign out');
    expect(page.url()).toBe(address);
    await page.waitForSelector('h1:not(:has-text("Sign in"))');
  });

  it('in one tab is one in all, and so is a new one', async () => {
    const other = await page.context().newPage();
    await other.goto(statistics('/settings'));
    await other.waitForSelector('h1:has-text("Settings")');
    await page.goto(statistics('?period=28d'));
    await page.waitForLoadState('networkidle');
    await page.click('header >> text=Sign out');
    await other.waitForSelector('.notice:has-text("Your session has ended")');
    expect(await page.$('.notice')).toBeNull();
    await signIn(page, relayed);
    await other.waitForSelector('h1:has-text("Settings")');
    await other.close();
  });

  it('is told of after a reload, too', async () => {
    await page.goto(statistics('?period=28d'));
    await page.waitForLoadState('networkidle');
    await speck.db.prepare('DELETE FROM sessions').run();
    await page.reload();
    await page.waitForSelector('.notice:has-text("Your session has ended")');
    await signIn(page, relayed);
  });
});

it('in all this nothing went wrong by itself', () => {
  expect(watched.wrong).toEqual([]);
});
