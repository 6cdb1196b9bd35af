/**
 * `npm run bench:dashboard -- [options]`: the size of the dashboard, and what its reader waits for in a real Chromium: a first view
 * with an empty cache, another range, a filter by country over 30 days and over twelve months, and a filter by a goal. All days are
 * rolled up. With `--beside PATH` another checkout of this repository is built and measured in turn with this one, with the same
 * history. It prints figures and asserts no time.
 *
 * Each round has a slightly different range, since the browser caches answers. An action within a view is a change of its address,
 * which is what a click on a row or a period does.
 */
import { execFileSync } from 'node:child_process';
import { constants, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext } from 'playwright-core';
import { addDays } from '../src/model/time-zone.ts';
import { launchChromium } from '../test/browser/chromium.ts';
import build from '../test/build.ts';
import { ADMIN_TOKEN, ROOT } from '../test/e2e/harness.ts';
import { cachedHistory } from './lib/cached-history.ts';
import { PIXEL } from './lib/history.ts';
import { rotated } from './lib/in-turns.ts';
import { machine } from './lib/machine.ts';
import { measureGoing, measureOpening, type Painting } from './lib/painting.ts';
import { DAYS, LAST_DAY } from './lib/queries.ts';
import { type RecordedSpeck, startRecorded } from './lib/recorded-speck.ts';
import { sizesAndOptions } from './lib/sizes.ts';
import { median } from './lib/statistics.ts';
import { table } from './lib/table.ts';

const TARGET = 'Target of a filter: the headline within 200 ms, everything above the fold within 400 ms.';
const VIEWPORT = { width: 1280, height: 900 };

const { sizes, worker, values } = sizesAndOptions('bench:dashboard', [57_000, 1_000_000], {
  beside: { type: 'string', usage: '--beside PATH  another checkout to measure in turn with this one' },
  rounds: { type: 'string', default: '9', usage: '--rounds N     rounds, besides one to warm up (9)' },
});
const rounds = Number(values['rounds']);
const other = values['beside'] === undefined ? undefined : resolve(String(values['beside']));
if (!(rounds > 0) || (other !== undefined && !existsSync(join(other, 'scripts/build.ts')))) {
  console.error('--rounds is a number, and --beside is a checkout of this repository.');
  process.exit(2);
}
build();
const speckDir = worker ?? `${ROOT}dist/modules`;
if (other !== undefined)
  execFileSync(process.execPath, ['scripts/build.ts'], { cwd: other, stdio: 'ignore' });

/** What one waits for. Its address is without the range. */
interface Action {
  readonly name: string;
  readonly days: number;
  /** The days and the filter of the view in which it begins; null: with nothing, as a first view. */
  readonly before: { readonly days: number } | null;
  readonly filter: string;
}

const MONTH = 30;
/** Rounds begin a day later each. */
const YEAR = DAYS - rounds - 1;
const COUNTRY = '&f=is,visit:country,AA';
const ACTIONS: readonly Action[] = [
  { name: 'first view, 30 days', days: MONTH, before: null, filter: '' },
  { name: 'another range: 12 months', days: YEAR, before: { days: MONTH }, filter: '' },
  { name: 'filter by country, 30 days', days: MONTH, before: { days: MONTH }, filter: COUNTRY },
  { name: 'filter by country, 12 months', days: YEAR, before: { days: YEAR }, filter: COUNTRY },
  {
    name: 'filter by goal, 30 days',
    days: MONTH,
    before: { days: MONTH },
    filter: '&f=is,event:goal,Signup',
  },
];

/** A version of Speck, and what was measured of each action. */
interface Contender {
  readonly name: string;
  readonly speck: RecordedSpeck;
  readonly context: BrowserContext;
  readonly paintings: Map<Action, Painting[]>;
}

console.log(`${machine()}\n`);
console.log(weights());
const temporary = mkdtempSync(join(tmpdir(), 'speck-dashboard-'));
try {
  for (const events of sizes) await measure(events);
  console.log(`\n${TARGET}`);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

function weights(): string {
  const assets = join(ROOT, 'dist/app/assets');
  const files = readdirSync(assets).map((name) => {
    const content = readFileSync(join(assets, name));
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
  const history = await cachedHistory(events, speckDir);
  const browser = await launchChromium();
  const contenders: Contender[] = [];
  try {
    contenders.push(await start(browser, history, 'this version', speckDir));
    if (other !== undefined) {
      contenders.push(await start(browser, history, 'the other', join(other, 'dist/modules')));
    }
    for (let round = 0; round <= rounds; round++) {
      for (const action of ACTIONS) {
        for (const contender of rotated(contenders, round)) {
          const painting = await perform(browser, contender, action, round);
          // The first round warms caches up.
          if (round > 0) contender.paintings.get(action)?.push(painting);
        }
      }
      console.error(`${events.toLocaleString('en')} events: round ${round} of ${rounds}`);
    }
    console.log(`\n### ${events.toLocaleString('en')} events, ${rounds} rounds\n\n${reportOf(contenders)}`);
  } finally {
    await browser.close();
    for (const { speck } of contenders) await speck.close();
  }
}

async function start(browser: Browser, history: string, name: string, dir: string): Promise<Contender> {
  const directory = mkdtempSync(join(temporary, 'copy-'));
  cpSync(history, directory, { recursive: true, mode: constants.COPYFILE_FICLONE });
  const speck = await startRecorded({ speckDir: dir, directory });
  const context = await browser.newContext({ viewport: VIEWPORT });
  const page = await context.newPage();
  await page.goto(`${speck.url}/app/`);
  await page.fill('input[type=password]', ADMIN_TOKEN);
  await page.click('button[type=submit]');
  await page.waitForSelector('.card');
  await page.close();
  return { name, speck, context, paintings: new Map(ACTIONS.map((action) => [action, []])) };
}

async function perform(
  browser: Browser,
  { speck, context }: Contender,
  { days, before, filter }: Action,
  round: number,
): Promise<Painting> {
  const to = addDays(LAST_DAY, -round);
  const address = (length: number, what = ''): string =>
    `/app/${PIXEL}?from=${addDays(to, 1 - length)}&to=${to}${what}`;
  if (before === null) {
    // A context of its own has an empty cache.
    const fresh = await browser.newContext({
      viewport: VIEWPORT,
      storageState: await context.storageState(),
    });
    try {
      return await measureOpening(await fresh.newPage(), speck.url + address(days));
    } finally {
      await fresh.close();
    }
  }
  const page = await context.newPage();
  try {
    await measureOpening(page, speck.url + address(before.days));
    return await measureGoing(page, address(days, filter));
  } finally {
    await page.close();
  }
}

function reportOf(contenders: readonly Contender[]): string {
  const head = [
    'what one waits for',
    ...(contenders.length > 1 ? ['version'] : []),
    'headline, ms (most)',
    'above the fold, ms (most)',
    'requests',
    'kB',
    'worst layout shift',
  ];
  const rows = ACTIONS.flatMap((action) =>
    contenders.map(({ name, paintings }) => {
      const own = paintings.get(action) ?? [];
      const column = (pick: (painting: Painting) => number): number[] => own.map(pick);
      const ms = (pick: (painting: Painting) => number): string =>
        `${median(column(pick)).toFixed(0)} (${Math.max(...column(pick)).toFixed(0)})`;
      return [
        action.name,
        ...(contenders.length > 1 ? [name] : []),
        ms(({ headline }) => headline),
        ms(({ fold }) => fold),
        median(column(({ requests }) => requests)).toFixed(0),
        (median(column(({ bytes }) => bytes)) / 1000).toFixed(1),
        Math.max(...column(({ shift }) => shift)).toFixed(3),
      ];
    }),
  );
  return table(head, rows);
}
