/** The Import view in a real Chromium: files are recognized, read, sent, paused, continued after a reload, kept and undone. */
import { gzipSync } from 'node:zlib';
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { overflow, violations } from './axe.ts';
import { launchChromium } from './chromium.ts';
import { openPage, settles, signIn, type Watched } from './dashboard.ts';

let speck: Speck;
let browser: Browser;
let watched: Watched;
let page: Page;
let pixel: string;

beforeAll(async () => {
  speck = await startSpeck();
  browser = await launchChromium();
  watched = await openPage(browser, speck);
  page = watched.page;
  await speck.addPixel({ name: 'Other' });
  await signIn(page, speck);
});
beforeEach(async () => {
  pixel = await speck.addPixel({ name: 'Teas', timezone: 'UTC', url: 'https://teas.example' });
  await open();
});
afterAll(async () => {
  await browser?.close();
  await speck?.close();
});

async function open(): Promise<void> {
  await page.goto(`${speck.url}/app/${pixel}/import`);
  await page.waitForSelector('h1:has-text("Import")');
}

const HEADER =
  '2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,Screen size,Location,FirstVisit,Date\n';
const FIRST = Date.parse('2025-03-01T00:00:00Z');

function csv(from: number, to: number): string {
  const rows = Array.from({ length: to - from }, (_, index) => {
    const number = from + index;
    const date = new Date(FIRST + number * 600_000).toISOString().replace('.000', '');
    const session = (0x1000000 + (number % 7)).toString(16);
    return `/page-${number % 5},T,0,,Firefox 120,Linux,${session},0,,,"1920,1080,1",DE,1,${date}\n`;
  });
  return HEADER + rows.join('');
}

const choose = (
  ...files: readonly { readonly name: string; readonly text: string | Buffer }[]
): Promise<void> =>
  page.setInputFiles(
    'input[type=file]',
    files.map(({ name, text }) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text) })),
  );

const card = (name: string): string => `section.file[aria-label="${name}"]`;
const phase = (name: string, wanted: string): Promise<unknown> =>
  page.waitForSelector(`${card(name)}[data-phase="${wanted}"]`);
const press = (within: string, text: string): Promise<void> =>
  page.click(`${within} button:has-text("${text}")`);

async function events(): Promise<number> {
  const { results } = await speck.db
    .prepare('SELECT count(*) AS n FROM events WHERE pixel = ?')
    .bind(pixel)
    .all<{ n: number }>();
  return results[0]?.n ?? 0;
}

/** Holds the requests with batches back from the given one on. */
async function holdFrom(first: number): Promise<() => Promise<void>> {
  let batches = 0;
  const held: Route[] = [];
  const pattern = /\/imports\/imp_\w+$/;
  await page.route(pattern, (route) => {
    if (route.request().method() !== 'POST' || batches++ < first) return route.continue();
    held.push(route);
    return undefined;
  });
  return async () => {
    for (const route of held) await route.continue();
    await page.unroute(pattern);
  };
}

describe('the Import view', () => {
  it('shows what is in a file, imports it, lists and undoes it', async () => {
    await page.waitForSelector('.empty:has-text("Nothing has been imported")');
    await choose({ name: 'hits.csv.gz', text: gzipSync(csv(0, 700)) });
    await phase('hits.csv.gz', 'ready');
    const text = (await page.textContent(card('hits.csv.gz'))) ?? '';
    expect(text).toContain('GoatCounter');
    expect(text).toMatch(/700 events, 1\s?–\s?5 Mar 2025/);
    expect(text).toContain('What is not carried over');
    expect(await events()).toBe(0);
    expect(await violations(page)).toEqual([]);

    await press(card('hits.csv.gz'), 'Import');
    await phase('hits.csv.gz', 'done');
    expect(await page.textContent(card('hits.csv.gz'))).toContain('Imported: 700 of 700 lines, 100%');
    expect(await events()).toBe(700);
    await page.waitForSelector('li[data-state="complete"]');
    expect(await page.textContent('li[data-state="complete"]')).toMatch(
      /hits\.csv\.gz.*GoatCounter · 700 events, 1\s?–\s?5 Mar 2025/,
    );

    await press('li[data-import]', 'Undo');
    await press('li[data-import]', 'Delete its 700 events');
    await page.waitForSelector('li[data-import]', { state: 'detached' });
    expect(await events()).toBe(0);
    expect(watched.wrong).toEqual([]);
  });

  it('pauses, and continues after a reload with the same file, without counting twice', async () => {
    const file = { name: 'long.csv', text: csv(0, 2000) };
    await choose(file);
    await phase('long.csv', 'ready');
    const release = await holdFrom(2);
    await press(card('long.csv'), 'Import');
    await settles(events, 500);
    await press(card('long.csv'), 'Pause');
    await release();
    await phase('long.csv', 'paused');
    const paused = await events();
    expect(paused).toBe(750);
    expect(await page.textContent('li[data-state="open"]')).toContain(
      'Choose the same file again to continue',
    );

    await page.reload();
    await page.waitForSelector('li[data-state="open"]');
    await choose(file);
    await phase('long.csv', 'ready');
    await press(card('long.csv'), 'Import');
    await phase('long.csv', 'done');
    expect(await events()).toBe(2000);
    expect(await page.$$('li[data-import]')).toHaveLength(1);
    expect(await page.textContent(card('long.csv'))).not.toContain('stored before');
  });

  it('continues by itself when Speck can be reached again, and asks before the reader leaves', async () => {
    await choose({ name: 'outage.csv', text: csv(0, 1000) });
    await phase('outage.csv', 'ready');
    let requests = 0;
    let isOver = false;
    const held: Route[] = [];
    await page.route(/\/imports\/imp_\w+$/, (route) => {
      requests++;
      // Before Speck sees the batch, and then before the page sees the answer.
      if (requests === 1) return route.abort('connectionrefused');
      if (requests === 2) return route.fetch().then(() => route.abort('connectionreset'));
      if (isOver) return route.continue();
      held.push(route);
      return undefined;
    });
    await press(card('outage.csv'), 'Import');
    await phase('outage.csv', 'sending');
    await page.click('nav[aria-label="Views"] a:has-text("Settings")');
    await page.waitForSelector('dialog:has-text("An import is running")');
    await press('dialog', 'Stay');
    await settles(async () => held.length, 1);
    isOver = true;
    await held[0]?.continue();
    await phase('outage.csv', 'done');
    await page.unroute(/\/imports\/imp_\w+$/);
    expect(await events()).toBe(1000);
    expect(await page.textContent(card('outage.csv'))).not.toContain('stored before');
  });

  it('says what to do about a file that it does not know, and reads it as the reader says', async () => {
    await choose({ name: 'odd.bin', text: 'nothing, of any tool\n' });
    await phase('odd.bin', 'unknown');
    expect(await page.textContent(card('odd.bin'))).toContain('does not look like an export');
    await page.selectOption(`${card('odd.bin')} select`, 'goatcounter');
    await page.waitForSelector(
      `${card('odd.bin')}[data-phase="ready"], ${card('odd.bin')}[data-phase="failed"]`,
    );
    expect(await page.textContent(card('odd.bin'))).toMatch(/cannot be read|Nothing in it can be imported/);
    await press(card('odd.bin'), 'Remove');
    expect(await page.$(card('odd.bin'))).toBeNull();
  });

  it('imports the days that the reader chooses, shows what was left out, and keeps an import for good', async () => {
    await speck.api('POST', '/api/v1/events', { events: [{ id: pixel, dl: '/', ts: Date.now() }] });
    await choose({ name: 'days.csv', text: csv(0, 700) });
    await phase('days.csv', 'ready');
    await page.selectOption(`${card('days.csv')} select`, 'days');
    await page.fill(`${card('days.csv')} input[type=date] >> nth=0`, '2025-03-03');
    await page.fill(`${card('days.csv')} input[type=date] >> nth=1`, '2025-03-02');
    expect(await page.isDisabled(`${card('days.csv')} button:has-text("Import")`)).toBe(true);
    await page.fill(`${card('days.csv')} input[type=date] >> nth=1`, '2025-03-03');
    await press(card('days.csv'), 'Import');
    await phase('days.csv', 'done');
    expect(await events()).toBe(1 + 144);
    expect(await page.textContent(card('days.csv'))).toContain('left out: Before the first day to import.');
    await press('li[data-import]', 'Keep for good');
    await press('li[data-import]', 'Give up the undo');
    await page.waitForSelector('li[data-state="kept"]');
    expect(await page.$('li[data-import] button:has-text("Undo")')).toBeNull();
  });

  it('never freezes while it reads: the page answers while a large file is read', async () => {
    await page.evaluate(() => {
      let last = performance.now();
      let longest = 0;
      const tick = (): void => {
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        (window as unknown as { turns: number }).turns =
          ((window as unknown as { turns?: number }).turns ?? 0) + 1;
        setTimeout(tick, 0);
      };
      tick();
    });
    const before = await page.evaluate(() => (window as unknown as { turns: number }).turns);
    await choose({ name: 'large.csv', text: csv(0, 60_000) });
    await phase('large.csv', 'ready');
    const turns = (await page.evaluate(() => (window as unknown as { turns: number }).turns)) - before;
    // Reading it at once would be one turn.
    expect(turns).toBeGreaterThan(10);
  });

  it.each([1280, 390])('fits %d pixels', async (width) => {
    await page.setViewportSize({ width, height: 900 });
    await choose({ name: `a-file-with-a-very-long-name-${'x'.repeat(120)}.csv`, text: csv(0, 300) });
    await page.waitForSelector('section.file[data-phase="ready"]');
    await press('section.file', 'Import');
    await page.waitForSelector('section.file[data-phase="done"]');
    await page.waitForSelector('li[data-state="complete"]');
    expect(await overflow(page)).toBe(0);
    expect(await violations(page)).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 900 });
  });
});
