/**
 * How the dashboard shows numbers that are estimated from a sample. Samples come from production only, so the real answers of the
 * local Worker are given margins on their way to the page. Nothing else is played.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { overflow, violations } from './axe.ts';
import { launchChromium } from './chromium.ts';
import { openPage, settles, signIn, type Watched } from './dashboard.ts';

const DAY = 86_400_000;
const NOW = Date.now();

let speck: Speck;
let pixel: string;
let browser: Browser;

beforeAll(async () => {
  speck = await startSpeck();
  pixel = await speck.addPixel({ name: 'Busy' });
  const events = Array.from({ length: 60 }, (_, index) => ({
    id: pixel,
    ts: NOW - (index % 4) * DAY,
    ip: `203.0.113.${index % 40}`,
    ua: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
    dl: index % 3 === 0 ? 'https://site.example/' : 'https://site.example/prices',
    ...(index % 5 === 0 ? { ev: 'Purchase', cd: { value: '1200.50', currency: 'EUR' } } : {}),
  }));
  const response = await speck.api('POST', '/api/v1/events', { events });
  expect(await response.json()).toMatchObject({ accepted: events.length });
  await speck.cron();
  browser = await launchChromium({});
});
afterAll(async () => {
  await browser.close();
  await speck.close();
});

/** The metrics that a sample cannot tell. */
const UNKNOWN = ['visits', 'views_per_visit', 'bounce_rate', 'visit_duration'];
/** And those that it can. */
const TOLD = ['visitors', 'events', 'pageviews', 'total_revenue'];
/** A number a hundred times as large as the real one has a margin of one percent less and two percent more. */
const FACTOR = 100;

type Value = number | null | { readonly value: number; readonly currency: string };
interface Item {
  readonly results?: { metrics: Value[]; margins?: (readonly [number, number] | null)[] }[];
  readonly meta: Record<string, unknown>;
  readonly query: { readonly metrics: readonly string[] };
}

/** Makes estimates of an answer, in the form of docs/api.md. Zeros become another number first. */
function sampled(item: Item, zero = 0): Item {
  const { metrics } = item.query;
  for (const row of item.results ?? []) {
    const estimates = row.metrics.map((value, place): [Value, readonly [number, number] | null] => {
      if (value === null || !TOLD.includes(metrics[place] ?? '')) return [null, null];
      const real = typeof value === 'number' ? value || zero : value.value;
      const estimate = real * FACTOR;
      const margin = [estimate - real, estimate + 2 * real] as const;
      return [typeof value === 'number' ? estimate : { ...value, value: estimate }, margin];
    });
    row.metrics = estimates.map(([value]) => value);
    row.margins = estimates.map(([, margin]) => margin);
  }
  const lacking = metrics.filter((metric) => !TOLD.includes(metric));
  const warnings = Object.fromEntries(lacking.map((metric) => [metric, { code: 'sampled', warning: '' }]));
  const meta = { ...item.meta, sampled: { interval: 11.5, share: 0.1 }, metric_warnings: warnings };
  return { ...item, meta };
}

async function open(options: Parameters<typeof openPage>[2], isSampled = true, zero = 0): Promise<Watched> {
  const opened = await openPage(browser, speck, options);
  await signIn(opened.page, speck);
  if (isSampled) {
    await opened.page.route('**/api/v2/query', async (route) => {
      const response = await route.fetch();
      const items = (await response.json()) as Item[];
      await route.fulfill({
        response,
        json: items.map((item) => ('results' in item ? sampled(item, zero) : item)),
      });
    });
  }
  const close = async (): Promise<void> => {
    await opened.page.unrouteAll({ behavior: 'ignoreErrors' });
    await opened.close();
  };
  return { ...opened, close };
}

const text = (page: Page, selector: string): Promise<string | null> => page.textContent(selector);
const headline = (page: Page, metric: string): Promise<string | null> =>
  text(page, `[data-metric=${metric}] .value`);

describe.each([
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
  ['dark', 390],
] as const)('estimates, %s and %i wide', (colorScheme, width) => {
  it('are told from exact numbers, with their margins, to all readers', async () => {
    const mine = await open({ colorScheme, viewport: { width, height: 5000 } });
    const { page } = mine;
    await page.goto(`${speck.url}/app/${pixel}?period=7d&compare=none`);
    // 40 visitors, of whom each came on one of four days.
    await settles(() => headline(page, 'visitors'), '≈about 4,000');
    await settles(() => text(page, '[data-metric=visitors] .margin'), '3,960 to 4,080 ');
    // A sample cannot tell visits. The dash says so.
    for (const metric of UNKNOWN) {
      expect(await headline(page, metric), metric).toBe('–');
      expect(await text(page, `[data-metric=${metric}] .since`)).toBe('Unknown: sampled');
    }
    // In the rows: by sight, by pointer, and for screen readers.
    const cell = '.panel[aria-label="Pages"] tbody tr:first-child td.number';
    await settles(() => text(page, cell), '≈about 3,300, 3,267 to 3,366');
    expect(await page.getAttribute(cell, 'title')).toBe('3,267 to 3,366');
    // In the chart.
    await page.focus('.chart');
    await page.keyboard.press('End');
    expect(await page.getAttribute('.chart', 'aria-valuetext')).toMatch(/: about 1,000, 990 to 1,020$/);
    expect(await text(page, '.tip')).toMatch(/^≈1,000.*990 to 1,020/);
    expect(await text(page, '.timeline .note')).toContain('kept one of up to 12 events');
    // Once all panels are read: long numbers have room, and what only screen readers read takes none.
    await settles(() => page.$$eval('[aria-busy=true]', (all) => all.length), 0);
    expect(await text(page, '.panel[aria-label="People"] tbody')).toContain('€1,440,600');
    const scrolled = (all: Element[]) => all.filter((one) => one.scrollWidth > one.clientWidth).length;
    expect(await page.$$eval('.panel .scroll', scrolled)).toBe(0);
    expect(await overflow(page)).toBe(0);
    expect(await violations(page)).toEqual([]);
    expect(mine.wrong).toEqual([]);
    await mine.close();
  });
});

describe('estimates', () => {
  it('of amounts have margins in the same currency', async () => {
    const mine = await open({ viewport: { width: 1280, height: 5000 } });
    await mine.page.goto(`${speck.url}/app/${pixel}?period=7d&compare=none&metric=total_revenue`);
    await settles(() => text(mine.page, '[data-metric=total_revenue] .margin'), '€1.4m to €1.5m ');
    await mine.close();
  });

  it.each([320, 390, 1280])('are read within the chart, however long their text, %i wide', async (width) => {
    // The names of Wednesday and September are the longest in English, and no event is as old: numbers are in place of zeros.
    const mine = await open({ viewport: { width, height: 5000 } }, true, 1_234_567);
    const { page } = mine;
    for (const step of ['day', 'hour']) {
      await page.goto(`${speck.url}/app/${pixel}?from=2026-09-24&to=2026-09-30&by=${step}`);
      await page.waitForSelector('.chart[aria-busy=false]');
      await page.focus('.chart');
      await page.keyboard.press('Home');
      const last = Number(await page.getAttribute('.chart', 'aria-valuemax'));
      expect(last).toBe(step === 'day' ? 6 : 167);
      for (let at = 0; at <= last; at += step === 'day' ? 1 : 7) {
        expect(await page.getAttribute('.chart', 'aria-valuenow')).toBe(`${at}`);
        const beyond = await page.$eval('.tip', (tip) => {
          const [inner, outer] = [tip.getBoundingClientRect(), tip.parentElement?.getBoundingClientRect()];
          if (!outer) throw new Error('The tip is in no chart');
          return Math.max(outer.left - inner.left, inner.right - outer.right);
        });
        expect(beyond, `${step} ${at}`).toBeLessThanOrEqual(0.5);
        await page.keyboard.press(step === 'day' ? 'ArrowRight' : 'PageUp');
      }
      expect(await overflow(page)).toBe(0);
    }
    await mine.close();
  });

  it('are marked in the list of pixels', async () => {
    const mine = await open({});
    await mine.page.goto(`${speck.url}/app/`);
    const figures = () =>
      mine.page.$$eval(`[data-pixel="${pixel}"] .figures dd`, (all) => all.map((one) => one.textContent));
    await settles(figures, ['≈about 1,000', '≈about 1,000', '≈about 4,000']);
    await mine.close();
  });

  it('are not spoken of where numbers are exact', async () => {
    const mine = await open({ viewport: { width: 1280, height: 5000 } }, false);
    const { page } = mine;
    await page.goto(`${speck.url}/app/${pixel}?period=7d&compare=none`);
    await settles(() => headline(page, 'visitors'), '40');
    await settles(() => text(page, '.panel[aria-label="Pages"] tbody tr:first-child td.number'), '33');
    expect(await page.textContent('body')).not.toMatch(/≈|sample/);
    await mine.close();
  });
});
