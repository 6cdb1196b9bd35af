/** The dashboard of a pixel that protects small groups: dashes and gaps where nothing may be told, and why. */

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { launchChromium } from './chromium.ts';
import { openPage, settles, signIn, TALL, type Watched } from './dashboard.ts';

const LEAST = 5;
const DAY = 86_400_000;
const NOW = Date.now();

let speck: Speck;
let pixel: string;
let browser: Browser;
let watched: Watched;

beforeAll(async () => {
  speck = await startSpeck();
  pixel = await speck.addPixel({ name: 'Quiet' });
  await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: { min_group: LEAST } });
  // 13 visitors three days ago, two the day after, and six today.
  const events = [...Array(13).fill(3), ...Array(2).fill(2), ...Array(6).fill(0)].map(
    (ago: number, index) => ({
      id: pixel,
      ts: NOW - ago * DAY,
      ip: `203.0.113.${index}`,
      ua: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
      dl: index % 13 < 11 ? 'https://site.example/' : 'https://site.example/secret',
    }),
  );
  const response = await speck.api('POST', '/api/v1/events', { events });
  expect(await response.json()).toMatchObject({ accepted: events.length });
  await speck.cron();
  browser = await launchChromium({});
  watched = await openPage(browser, speck, { viewport: TALL });
  await signIn(watched.page, speck);
});
afterAll(async () => {
  await watched.close();
  await browser.close();
  await speck.close();
});

describe('a pixel that protects small groups', () => {
  it('has a dash for today and for days that are too small', async () => {
    const { page } = watched;
    await page.goto(`${speck.url}/app/`);
    const figures = () =>
      page.$$eval(`[data-pixel="${pixel}"] .figures dd`, (all) => all.map((one) => one.textContent));
    await settles(figures, ['–', '–', '15']);
  });

  it('shows rounded numbers, gaps in the chart, the rows that are large enough, and says why', async () => {
    const { page } = watched;
    await page.goto(`${speck.url}/app/${pixel}?period=7d&compare=none`);
    await settles(() => page.textContent('[data-metric=visitors] .value'), '15');
    const rows = () =>
      page.$$eval('.panel[aria-label="Pages"] tbody tr', (all) =>
        all.map((one) => one.querySelector('bdi')?.textContent),
      );
    await settles(rows, ['/']);
    await page.focus('.chart');
    const values: (string | null)[] = [];
    for (let place = 0; place < 7; place++) {
      await page.keyboard.press(place === 0 ? 'Home' : 'ArrowRight');
      values.push((await page.getAttribute('.chart', 'aria-valuetext'))?.split(': ')[1] ?? null);
    }
    expect(values).toEqual(['–', '–', '–', '15', '–', '–', '–']);
    const note = await page.textContent('.timeline .note');
    expect(note).toContain(`Groups of fewer than ${LEAST} visitors are hidden`);
    await settles(() => page.textContent('.panel[aria-label="People"] .empty b'), 'People are not shown');
    await page.click('.panel[aria-label="Pages"] button.label');
    await settles(() => page.textContent('[data-metric=visitors] .value'), '10');
  });

  it('says why nothing is shown of today', async () => {
    const { page } = watched;
    await page.goto(`${speck.url}/app/${pixel}?period=day`);
    await page.waitForSelector('text=Nothing to show for this period');
    expect(await page.textContent('main')).toContain('days that are over');
    expect(watched.wrong).toEqual([]);
  });
});
