/**
 * `npm run screenshots`: every view of the dashboard at two widths and in both themes, with the demo's traffic, into
 * docs/screenshots. `npm run screenshots -- URL TOKEN PIXEL` takes those of a Speck that runs already.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../test/browser/chromium.ts';
import build from '../test/build.ts';
import { ADMIN_TOKEN, startSpeck } from '../test/e2e/harness.ts';
import { fillDemo } from './lib/demo.ts';
import { ROOT } from './lib/wrangler.ts';

const FOLDER = join(ROOT, 'docs/screenshots');
const WIDTHS = [1280, 390];
/** The destination that is shown. */
const META = '.destination a:has-text("Meta")';
const THEMES = ['light', 'dark'] as const;
/** What is longer goes on in the same way. */
const LONGEST = 4000;

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly act?: (page: Page) => Promise<unknown>;
}

const [url, token, pixel] = process.argv.slice(2);
mkdirSync(FOLDER, { recursive: true });
if (url !== undefined && token !== undefined && pixel !== undefined) {
  await takeAll(url, token, pixel);
} else {
  build();
  const speck = await startSpeck();
  try {
    const demo = await fillDemo(speck.url, ADMIN_TOKEN, undefined, (sql) => speck.db.prepare(sql).run());
    await takeAll(speck.url, ADMIN_TOKEN, demo.pixel);
  } finally {
    await speck.close();
  }
}

async function takeAll(url: string, token: string, pixel: string): Promise<void> {
  const shots: readonly Shot[] = [
    { name: 'pixel', path: `/app/${pixel}`, act: (page) => page.waitForSelector('.map svg') },
    {
      name: 'filtered',
      path: `/app/${pixel}?period=28d&metric=visits&f=is,visit:source,Google`,
      act: (page) => page.hover('.chart', { position: { x: 180, y: 100 } }),
    },
    {
      name: 'all-rows',
      path: `/app/${pixel}?all=event:page`,
      act: (page) => page.waitForSelector('dialog td'),
    },
    {
      name: 'split',
      path: `/app/${pixel}?all=visit:source&split=visit:device`,
      act: (page) => page.waitForSelector('dialog .part'),
    },
    { name: 'overview', path: '/app/' },
    { name: 'live', path: `/app/${pixel}/live`, act: (page) => page.waitForSelector('.now') },
    {
      name: 'event',
      path: `/app/${pixel}/live`,
      act: async (page) => {
        await page.click('.stream button');
        await page.waitForSelector('dialog .fields');
      },
    },
    {
      name: 'conversions',
      path: `/app/${pixel}/conversions`,
      act: (page) => page.waitForSelector('.sentence'),
    },
    {
      name: 'conversions-destination',
      path: `/app/${pixel}/conversions`,
      act: (page) => follow(page, META, '.ledger li'),
    },
    {
      name: 'conversions-refused',
      path: `/app/${pixel}/conversions`,
      act: async (page) => {
        await follow(page, META, '.ledger li');
        await follow(page, '[data-delivery="refused"] a', '.delivery');
      },
    },
    {
      name: 'conversions-new',
      path: `/app/${pixel}/conversions/new?network=meta`,
      act: (page) => page.waitForSelector('.rules'),
    },
    {
      name: 'rejections',
      path: `/app/${pixel}/rejections`,
      act: (page) => page.waitForSelector('.chart, .empty'),
    },
    { name: 'install', path: `/app/${pixel}/install`, act: (page) => page.waitForSelector('.check.good') },
    { name: 'import', path: `/app/${pixel}/import`, act: (page) => page.waitForSelector('.empty, .imports') },
    { name: 'settings', path: `/app/${pixel}/settings`, act: (page) => page.waitForSelector('.block') },
    { name: 'tokens', path: '/app/tokens', act: (page) => page.waitForSelector('.block') },
    { name: 'new', path: '/app/new', act: (page) => page.waitForSelector('form') },
    { name: 'visitor-opt-out', path: '/opt-out' },
    { name: 'visitor-privacy', path: '/privacy' },
  ];
  const browser = await launchChromium();
  try {
    for (const width of WIDTHS) {
      for (const theme of THEMES) await takeEach(browser, url, token, width, theme, shots);
    }
  } finally {
    await browser.close();
  }
}

/** Clicks the first of some links, and waits for what it leads to. */
async function follow(page: Page, link: string, target: string): Promise<void> {
  await page.click(`${link} >> nth=0`);
  await page.waitForSelector(target);
  await page.waitForLoadState('networkidle');
}

/** Runs in the page: parts of it are loaded when they come near the visible part. */
async function scrollThrough(): Promise<void> {
  for (let y = 0; y < document.documentElement.scrollHeight; y += 300) {
    scrollTo(0, y);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  scrollTo(0, 0);
}

async function takeEach(
  browser: Browser,
  url: string,
  token: string,
  width: number,
  theme: (typeof THEMES)[number],
  shots: readonly Shot[],
): Promise<void> {
  const height = width > 600 ? 820 : 844;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const take = async (name: string, whole: boolean): Promise<void> => {
    const path = join(FOLDER, `${name}-${width}-${theme}.png`);
    const length = await page.evaluate(() => document.documentElement.scrollHeight);
    const clip = { x: 0, y: 0, width, height: whole ? Math.min(length, LONGEST) : height };
    await page.screenshot({ path, fullPage: whole, clip });
  };
  await page.goto(`${url}/app/`);
  await page.waitForSelector('input[type=password]');
  await take('sign-in', false);
  await page.fill('input[type=password]', token);
  await page.click('button[type=submit]');
  await page.waitForSelector('.card');
  for (const { name, path, act } of shots) {
    await page.goto(url + path);
    await page.waitForSelector('h1');
    await page.waitForLoadState('networkidle');
    await page.evaluate(scrollThrough);
    await act?.(page);
    await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null);
    await take(name, !(await page.$('dialog')));
  }
  await context.close();
}
