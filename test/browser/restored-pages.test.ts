/** What the dashboard keeps of answers: nothing for the next person; and what it says of those that are not the latest. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { launchChromium } from './chromium.ts';
import { openPage, settles, signIn, type Watched } from './dashboard.ts';

const DAY = 86_400_000;
const NOW = Date.now();
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';

let speck: Speck;
let browser: Browser;
let watched: Watched;
let mine: string;
let other: string;

/** A pixel with an event a day, as many days ago as is said, and with a property each. */
async function addPixel(name: string, events: Readonly<Record<string, number>>): Promise<string> {
  const id = await speck.addPixel({ name, timezone: 'Asia/Kolkata' });
  const sent = Object.entries(events).map(([key, ago]) => ({
    id,
    ts: NOW - ago * DAY,
    ip: '203.0.113.7',
    ua: AGENT,
    dl: `https://site.example/${name}`,
    cd: { [key]: 'yes' },
  }));
  const response = await speck.api('POST', '/api/v1/events', { events: sent });
  expect(await response.json()).toMatchObject({ accepted: sent.length });
  return id;
}

async function made(path: string, body: object): Promise<Record<string, string>> {
  const response = await speck.api('POST', path, body);
  expect(response.status).toBe(201);
  return (await response.json()) as Record<string, string>;
}

beforeAll(async () => {
  speck = await startSpeck();
  mine = await addPixel('mine', { fresh: 0, spring: 60, old: 300 });
  other = await addPixel('other', { fresh: 0 });
  await speck.cron();
  browser = await launchChromium({});
  watched = await openPage(browser, speck);
});
afterAll(async () => {
  await watched.close();
  await browser.close();
  await speck.close();
});

describe('whoever comes next in the same tab', () => {
  it('with another token sees none of the views before', async () => {
    const { page } = watched;
    const { token } = await made('/api/v1/tokens', { name: 'Theirs', scopes: ['stats:read'], pixel: other });
    const names = () => page.$$eval('.card h2', (all) => all.map((one) => one.textContent));
    await signIn(page, speck);
    await settles(names, ['mine', 'other']);
    await page.click('text=Sign out');
    await page.fill('input[type=password]', String(token));
    await page.keyboard.press('Enter');
    await page.waitForSelector('.card');
    await settles(names, ['other']);
    await page.click('text=Sign out');
    await page.waitForSelector('h1:has-text("Sign in")');
  });

  it('with another shared link sees what that shows', async () => {
    const { page } = watched;
    const links = await Promise.all(
      [mine, other].map((id) => made(`/api/v1/pixels/${id}/links`, { name: 'Board' })),
    );
    const pages = () =>
      page.$$eval('.panel[aria-label="Pages"] tbody bdi', (all) => all.map((one) => one.textContent));
    for (const [place, name] of ['mine', 'other'].entries()) {
      await page.goto(String(links[place]?.['url']));
      await settles(() => page.textContent('h1'), name);
      await settles(pages, [`/${name}`]);
    }
  });
});

describe('the statistics', () => {
  it.each([
    ['30d', ['fresh']],
    ['91d', ['fresh', 'spring']],
    ['12mo', ['fresh', 'old', 'spring']],
  ])('of %s have the properties of these days', async (period, keys) => {
    const { page } = watched;
    if (period === '30d') await signIn(page, speck);
    // Panels are loaded when they come near the visible part of the page.
    await page.setViewportSize({ width: 1280, height: 3000 });
    await page.goto(`${speck.url}/app/${mine}?period=${period}`);
    const options = async () =>
      (
        await page.$$eval('.panel[aria-label="Properties"] option', (all) =>
          all.map((one) => one.textContent),
        )
      ).toSorted();
    await settles(options, keys);
  });

  it('say as of when a large day is that has changed since, also one that is over', async () => {
    const { page } = watched;
    const note = () => page.textContent('.timeline .note');
    await page.goto(`${speck.url}/app/${mine}?period=91d`);
    await settles(note, 'Times are in Asia/Kolkata.');
    const at = Date.parse('2026-01-15T20:00:00Z');
    await speck.db
      .prepare('UPDATE days SET events = 50000, dirty = 1, rolled_at = ? WHERE pixel = ? AND day < ?')
      .bind(at, mine, new Date(NOW - 2 * DAY).toISOString().slice(0, 10))
      .run();
    await page.reload();
    // In the pixel's time zone, where it is the day after.
    await settles(
      async () =>
        /^Times are in Asia\/Kolkata\. Large days that changed since then are as of .*16 Jan.*1:30/.test(
          (await note()) ?? '',
        ),
      true,
    );
  });
});
