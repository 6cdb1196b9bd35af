/** What the dashboard's tests share: a page that is watched, and what it should show, in the reader's words. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { ADMIN_TOKEN, type Speck } from '../e2e/harness.ts';
import { eventually } from './site.ts';

export const LOCALE = 'en-GB';

/** High enough that all panels are in view, so all are loaded. */
export const TALL = { width: 1280, height: 6000 };

export interface Watched {
  readonly page: Page;
  /** What went wrong by itself: errors, breaches of the policy, requests to other hosts. */
  readonly wrong: string[];
  close(): Promise<void>;
}

/** A page of its own context, in which nothing may go wrong unnoticed. */
export async function openPage(
  browser: Browser,
  speck: Speck,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({
    locale: LOCALE,
    timezoneId: 'Europe/Berlin',
    viewport: { width: 1280, height: 900 },
    reducedMotion: 'reduce',
    acceptDownloads: true,
    ...options,
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: speck.url });
  const wrong: string[] = [];
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    // A refused request is logged by the browser itself.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      wrong.push(`console: ${message.text()}`);
    }
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== speck.url && protocol !== 'blob:') wrong.push(`request: ${request.url()}`);
  });
  return { page, wrong, close: () => context.close() };
}

export async function signIn(page: Page, speck: Speck, token = ADMIN_TOKEN): Promise<void> {
  await page.goto(`${speck.url}/app/`);
  await page.fill('input[type=password]', token);
  await page.keyboard.press('Enter');
  await page.waitForSelector('button:has-text("Sign out")');
}

export interface Row {
  readonly metrics: readonly Value[];
  readonly dimensions: readonly string[];
  readonly comparison?: { readonly metrics: readonly Value[]; readonly change: readonly (number | null)[] };
}
type Value = number | null | { readonly value: number; readonly currency: string };
export interface QueryResponse {
  readonly results: readonly Row[];
  readonly meta: { readonly time_labels?: string[]; readonly total_rows?: number };
}

export async function query(speck: Speck, body: object): Promise<QueryResponse> {
  const response = await speck.api('POST', '/api/v2/query', body);
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as QueryResponse;
}

const number = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 2 });
const tenths = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
const hundredths = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const share = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumFractionDigits: 1 });

/** A metric's value as it should be read. */
export function formatValue(metric: string, value: Value | undefined, short = false): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'object') {
    const { currency } = value;
    const digits = value.value >= 10_000 ? { maximumFractionDigits: 0 } : {};
    return new Intl.NumberFormat(LOCALE, { style: 'currency', currency, ...digits }).format(value.value);
  }
  if (/percentage|conversion/.test(metric)) return `${share.format(value)}%`;
  if (/rate|depth/.test(metric)) return `${tenths.format(value)}%`;
  if (/duration|time/.test(metric)) {
    return value < 60 ? `${value}s` : `${Math.floor(value / 60)}m ${String(value % 60).padStart(2, '0')}s`;
  }
  if (metric === 'views_per_visit') return hundredths.format(value);
  return short && value >= 10_000 ? compact.format(value) : number.format(value);
}

const regions = new Intl.DisplayNames(LOCALE, { type: 'region' });
const languages = new Intl.DisplayNames(LOCALE, { type: 'language' });

export function displayName(dimension: string, value: string): string {
  if (dimension === 'visit:country') return regions.of(value) ?? value;
  if (dimension.startsWith('person:') && value === '(unknown)') return 'Not identified';
  if (dimension === 'visit:language') return languages.of(value) ?? value;
  return value;
}

/** The rows of a table of the page: what each is called, and its numbers. */
export async function rowsOf(page: Page, selector: string): Promise<string[][]> {
  return page.$$eval(`${selector} tbody tr`, (rows) =>
    rows.map((row) => [
      row.querySelector('bdi')?.textContent ?? '',
      ...[...row.querySelectorAll('td')].map((cell) => {
        // Without what only screen readers say.
        const seen = [...cell.childNodes].filter((node) => !(node as Element).classList?.contains('hidden'));
        return seen.map((node) => node.textContent).join('');
      }),
    ]),
  );
}

/** The same rows as they should be by the API; of two dimensions, the second's values stand behind the first's. */
export function expectedRows(
  answer: QueryResponse,
  dimension: string,
  metrics: readonly string[],
  count: number,
): string[][] {
  return answer.results
    .slice(0, count)
    .map(({ dimensions: values, metrics: numbers }) => [
      [...new Set(values.map((value) => displayName(dimension, value)))].join(' '),
      ...metrics.map((metric, place) => formatValue(metric, numbers[place])),
    ]);
}

/** Waits until the page shows what it should; fails with both. */
export async function settles<T>(ask: () => Promise<T>, wanted: T): Promise<void> {
  let last: T | undefined;
  await eventually(
    async () => {
      last = await ask();
      return JSON.stringify(last) === JSON.stringify(wanted);
    },
    'the page to show what it should',
    15_000,
  ).catch(() => expect(last).toEqual(wanted));
}
