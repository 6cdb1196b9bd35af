/**
 * `npm run bench:dashboard -- [options]`: the size of the dashboard, and the time from a click to the painted
 * chart of twelve months, in a real Chromium, with 1,000,000 events behind the answers. All days are rolled up. Each round
 * uses a slightly different range, since the browser caches answers. It prints figures and asserts no time.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { addDays } from '../src/model/time-zone.ts';
import { launchChromium } from '../test/browser/chromium.ts';
import build from '../test/build.ts';
import { ADMIN_TOKEN, ROOT } from '../test/e2e/harness.ts';
import { cachedHistory } from './lib/cached-history.ts';
import { PIXEL } from './lib/history.ts';
import { machine } from './lib/machine.ts';
import { DAYS, FIRST_DAY, LAST_DAY } from './lib/queries.ts';
import { startRecorded } from './lib/recorded-speck.ts';
import { sizesAndOptions } from './lib/sizes.ts';
import { median } from './lib/statistics.ts';
import { table } from './lib/table.ts';

const ROUNDS = 15;
const ASSETS = join(ROOT, 'dist/app/assets');

const { sizes, worker } = sizesAndOptions('bench:dashboard', [1_000_000]);
build();
const speckDir = worker ?? `${ROOT}dist/modules`;

console.log(`${machine()}\n`);
console.log(weights());
for (const events of sizes) await measure(events);

function weights(): string {
  const files = readdirSync(ASSETS).map((name) => {
    const content = readFileSync(join(ASSETS, name));
    return {
      name: name.replace(/-[\w-]{8}(?=\.)/, ''),
      bytes: content.length,
      gzip: gzipSync(content, { level: 9 }).length,
    };
  });
  const rows = files
    .toSorted((a, b) => b.gzip - a.gzip)
    .map(({ name, bytes, gzip }) => [name, bytes.toLocaleString('en'), gzip.toLocaleString('en')]);
  return table(['file', 'bytes', 'gzipped'], rows);
}

async function measure(events: number): Promise<void> {
  const directory = await cachedHistory(events, speckDir);
  const speck = await startRecorded({ speckDir, directory });
  const browser = await launchChromium();
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.goto(`${speck.url}/app/`);
    await page.fill('input[type=password]', ADMIN_TOKEN);
    await page.click('button[type=submit]');
    await page.waitForSelector('.card');

    const loads: number[] = [];
    const clicks: Painted[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const from = addDays(FIRST_DAY, round);
      await page.goto(`${speck.url}/app/${PIXEL}?from=${from}&to=${LAST_DAY}&compare=none`);
      loads.push(
        await page.evaluate(painted, { days: DAYS - round, since: 'load' as const }).then(({ ms }) => ms),
      );
      await page.goto(`${speck.url}/app/${PIXEL}?from=2026-10-01&to=${LAST_DAY}`);
      await page.waitForLoadState('networkidle');
      clicks.push(await clickThrough(page, from, round));
    }
    const rows = [
      ['page opened, to the chart', loads],
      ['click, to the chart', clicks.map(({ ms }) => ms)],
      ['click: longest task of the page', clicks.map(({ longest }) => longest)],
    ] as const;
    console.log(`\n${events.toLocaleString('en')} events, twelve months by day, ${ROUNDS} rounds\n`);
    console.log(
      table(
        ['', 'median ms', 'most ms'],
        rows.map(([name, times]) => [name, median(times).toFixed(0), Math.max(...times).toFixed(0)]),
      ),
    );
  } finally {
    await browser.close();
    await speck.close();
  }
}

async function clickThrough(page: Page, from: string, round: number): Promise<Painted> {
  await page.click('text=Change days');
  await page.fill('dialog input >> nth=0', from);
  await page.fill('dialog input >> nth=1', LAST_DAY);
  const seen = page.evaluate(painted, { days: DAYS - round, since: 'click' as const });
  await page.click('dialog button[type=submit]');
  return seen;
}

interface Painted {
  readonly ms: number;
  /** The longest that the page's thread was busy at a time, of what took over 50 ms; else 0. */
  readonly longest: number;
}

/** Runs in the page: waits until a chart of so many days has been painted. */
function painted({ days, since }: { days: number; since: 'load' | 'click' }): Promise<Painted> {
  return new Promise((resolve) => {
    let start = since === 'load' ? 0 : null;
    let longest = 0;
    const tasks = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
    });
    tasks.observe({ type: 'longtask' });
    addEventListener('click', ({ timeStamp }) => (start ??= timeStamp), { capture: true, once: true });
    const look = (): void => {
      const chart = document.querySelector('.chart:not(.pending)');
      if (start === null || chart?.getAttribute('aria-valuemax') !== String(days - 1)) {
        requestAnimationFrame(look);
        return;
      }
      // A frame later it is on the screen.
      requestAnimationFrame(() => {
        const ms = performance.now() - (start ?? 0);
        setTimeout(() => {
          tasks.disconnect();
          resolve({ ms, longest });
        });
      });
    };
    look();
  });
}
