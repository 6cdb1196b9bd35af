/** The dashboard of a pixel with imported totals: they are added, named, and can be left out. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { launchChromium } from './chromium.ts';
import { openPage, settles, signIn, TALL, type Watched } from './dashboard.ts';

const DAY = 86_400_000;
const NOW = Date.now();
const dayAgo = (days: number): string => new Date(NOW - days * DAY).toISOString().slice(0, 10);

let speck: Speck;
let pixel: string;
let browser: Browser;
let watched: Watched;

beforeAll(async () => {
  speck = await startSpeck();
  pixel = await speck.addPixel({ name: 'Moved' });
  const events = Array.from({ length: 3 }, (_, index) => ({
    id: pixel,
    ts: NOW,
    ip: `203.0.113.${index}`,
    ua: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
    dl: 'https://site.example/',
  }));
  expect(await (await speck.api('POST', '/api/v1/events', { events })).json()).toMatchObject({ accepted: 3 });
  const path = `/api/v1/pixels/${pixel}/imports`;
  const begun = await speck.api('POST', path, {
    source: 'plausible',
    file: 'a.zip',
    fingerprint: 'f'.repeat(20),
  });
  const { id } = (await begun.json()) as { id: string };
  // Ten visitors on each of the ten days before yesterday.
  const counts = { visitors: 10, visits: 10, pageviews: 10, events: 10, bounces: 5, duration: 0 };
  const items = Array.from({ length: 10 }, (_, index) => dayAgo(index + 2)).flatMap((day) => [
    { day, dimension: '', value: '', ...counts },
    { day, dimension: 'event:page', value: '/old', ...counts },
  ]);
  const body = { from: 0, to: 20, items: items.map((totals, at) => ({ at, totals })), end: true };
  expect(await (await speck.api('POST', `${path}/${id}`, body)).json()).toMatchObject({
    import: { totals: 20 },
  });
  browser = await launchChromium({});
  watched = await openPage(browser, speck, { viewport: TALL });
  await signIn(watched.page, speck);
});
afterAll(async () => {
  await watched.close();
  await browser.close();
  await speck.close();
});

const visitors = () => watched.page.textContent('[data-metric=visitors] .value');
const note = async () => (await watched.page.textContent('.timeline .note')) ?? '';
const toggle = () => watched.page.getByRole('button', { name: 'Imported data' });

describe('a pixel with imported totals', () => {
  it('shows them by default, and says until when they go', async () => {
    const { page } = watched;
    await page.goto(`${speck.url}/app/${pixel}`);
    await settles(visitors, '103');
    await settles(async () => /Includes imported data until \d/.test(await note()), true);
    const pages = () =>
      page.$$eval('.panel[aria-label="Pages"] tbody tr', (all) =>
        all.map((one) => one.querySelector('bdi')?.textContent),
      );
    await settles(pages, ['/old', '/']);
  });

  it('leaves them out at a click, which the address says', async () => {
    const { page } = watched;
    await toggle().click();
    await settles(visitors, '3');
    expect(page.url()).toContain('imports=off');
    expect(await note()).not.toContain('mported');
    await page.reload();
    await settles(visitors, '3');
    await toggle().click();
    await settles(visitors, '103');
    expect(page.url()).not.toContain('imports');
  });

  it('says where they cannot be added', async () => {
    const { page } = watched;
    await page.goto(`${speck.url}/app/${pixel}?period=30d&by=hour`);
    await settles(async () => (await note()).includes('Imported data has no hours.'), true);
    await settles(visitors, '103');
    const panel = page.locator('.panel[aria-label="Pages"]');
    for (const filters of ['f=is,visit:browser,Firefox', 'f=is,event:page,/&f=is,visit:browser,Firefox']) {
      await page.goto(`${speck.url}/app/${pixel}?${filters}`);
      await settles(visitors, '3');
      await settles(async () => (await note()).includes('Imported data cannot be filtered like this.'), true);
      await settles(async () => (await panel.textContent())?.includes('Without imported data'), true);
    }
  });

  it('filters them by what they have', async () => {
    await watched.page.goto(`${speck.url}/app/${pixel}?f=is,event:page,/old`);
    await settles(visitors, '100');
  });

  it('is the same through a shared link', async () => {
    const { page } = watched;
    const made = await speck.api('POST', `/api/v1/pixels/${pixel}/links`, { name: 'Guests' });
    const { url } = (await made.json()) as { url: string };
    await page.goto(new URL(new URL(url).pathname + new URL(url).hash, speck.url).href);
    await settles(visitors, '103');
    await settles(async () => (await note()).includes('Includes imported data until'), true);
  });

  it('shows nothing of imports on days after them', async () => {
    const { page } = watched;
    await page.goto(`${speck.url}/app/${pixel}?period=day&compare=none`);
    await settles(visitors, '3');
    expect(await toggle().count()).toBe(0);
  });
});
