/** Filters, rows and keys of the dashboard in a real Chromium: with known data, and by keyboard alone where one can. */
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, type Speck, startSpeck } from '../e2e/harness.ts';
import { overflow, violations } from './axe.ts';
import { launchChromium } from './chromium.ts';
import { openPage, settles, signIn, TALL, type Watched } from './dashboard.ts';
import { eventually } from './site.ts';

const DAY = 86_400_000;
/** What a country's visitors did: how many came in the last days, and how many in the week before. */
const COUNTRIES = [
  ['DE', 'Desktop', 9, 3],
  ['FR', 'Mobile', 6, 12],
  ['US', 'Mobile', 4, 4],
  ['JP', 'Tablet', 2, 0],
] as const;

let speck: Speck;
let browser: Browser;
let watched: Watched;
let page: Page;
let pixel: string;
let other: string;

beforeAll(async () => {
  [speck, browser] = await Promise.all([startSpeck(), launchChromium()]);
  pixel = await speck.addPixel({ name: 'Tea & Co', url: 'https://tea.example/shop' });
  other = await speck.addPixel({ name: 'Another' });
  await speck.api('PATCH', `/api/v1/pixels/${pixel}`, {
    settings: { goals: [{ name: 'Signed up', event: 'Signup' }] },
  });
  const visits = COUNTRIES.flatMap(([country, device, now, before]) =>
    [...Array(now + before).keys()].map((index) => ({ country, device, ago: index < now ? 1 : 8, index })),
  );
  const rows = visits.flatMap(({ country, device, ago, index }) => {
    const event = {
      ts: new Date(Date.now() - ago * DAY - index * 1000).toISOString(),
      visitor: `${country}${index}`,
      page: index % 3 ? '/tea, black' : '//evil.example/',
      hostname: 'tea.example',
      source: index % 2 ? 'Google' : 'Bing',
      channel: 'Organic Search',
      country,
      device,
      props: { plan: index % 2 ? 'pro' : 'free' },
    };
    const id = `${country}${ago}x${index}`;
    const signUp = { ...event, id: `${id}s`, name: 'Signup' };
    return [{ ...event, id, name: 'pageview' }, ...(country === 'JP' && ago === 1 ? [signUp] : [])];
  });
  const response = await fetch(`${speck.url}/api/v1/pixels/${pixel}/events`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    body: rows.map((row) => JSON.stringify(row)).join('\n'),
  });
  expect(await response.json()).toMatchObject({ rejected: [] });
  await speck.cron();
  watched = await openPage(browser, speck, { viewport: TALL });
  page = watched.page;
  await signIn(page, speck);
});
afterAll(async () => {
  await browser?.close();
  await speck?.close();
});

const search = (): string => decodeURIComponent(new URL(page.url()).search);
const focused = (): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute('aria-label') ?? element?.textContent?.trim() ?? '';
  });
const visitors = (): Promise<string | null> =>
  page.textContent('.headlines:not(.pending) [data-metric=visitors] .value');
const open = async (parameters: string): Promise<void> => {
  await page.goto(`${speck.url}/app/${pixel}${parameters}`);
  await page.waitForSelector('.headlines:not(.pending)');
};
const closed = (): Promise<unknown> => page.waitForSelector('dialog', { state: 'detached' });
/** Presses the Tab key until an element has the focus. */
async function tabTo(selector: string): Promise<void> {
  for (let step = 0; step < 150; step++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
  }
  throw new Error(`The focus never came to ${selector}`);
}

describe('filters, by keyboard alone', () => {
  it('are added with several values, edited, negated and removed, and the focus stays with them', async () => {
    await open('?period=7d&compare=none');
    await settles(visitors, '21');
    await page.keyboard.press('f');
    await page.waitForSelector('dialog .values li');
    // The first field has the focus. What is typed chooses.
    await page.keyboard.type('Country');
    await page.waitForSelector('dialog .values label:has-text("Germany"):has-text("9")');
    await tabTo('dialog input[type=search]');
    await page.keyboard.type('fran');
    await page.keyboard.press('Enter');
    await page.keyboard.type('united st');
    await page.keyboard.press('Enter');
    expect(await page.textContent('dialog [role=status]')).toBe('2 selected.');
    await page.keyboard.press('Enter');
    await closed();
    expect(search()).toBe('?period=7d&compare=none&f=is,visit:country,FR,US');
    await settles(visitors, '10');
    expect(await focused()).toBe('Edit the filter: Country is France or United States');

    // Its values can be taken off and others put on; the other choice of the condition negates it.
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog .values label:has-text("Japan")');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    await tabTo('dialog .values input');
    await page.keyboard.press('Space');
    await page.waitForSelector('dialog [role=status]:text-is("1 selected.")');
    await tabTo('dialog button[type=submit]');
    await page.keyboard.press('Enter');
    await closed();
    expect(search()).toBe('?period=7d&compare=none&f=is_not,visit:country,US');
    await settles(visitors, '17');
    expect(await focused()).toBe('Edit the filter: Country is not United States');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog');
    await page.keyboard.press('Escape');
    await closed();
    expect(await focused()).toBe('Edit the filter: Country is not United States');

    // A pattern for a custom property, which the list of properties has.
    await page.keyboard.press('/');
    await page.waitForSelector('dialog option:text-is("plan")', { state: 'attached' });
    await page.keyboard.type('plan');
    await page.keyboard.press('Tab');
    await page.keyboard.type('matches');
    await tabTo('dialog input');
    await page.keyboard.type('^p|x');
    await page.keyboard.press('Enter');
    await closed();
    expect(search()).toMatch(/&f=matches,event:props:plan,\^p\|x$/);

    await tabTo('.chip .away');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    expect(await focused()).toBe('Remove the filter Country is not United States');
    await page.keyboard.press('Enter');
    await settles(focused, 'Remove the filter plan matches the pattern ^p|x');
    await page.keyboard.press('Enter');
    await settles(focused, '+ Filter');
    expect(search()).toBe('?period=7d&compare=none');
  });

  it('take what no event of the period has', async () => {
    await open('?period=7d&compare=none');
    await page.keyboard.press('f');
    await page.waitForSelector('dialog .values li');
    await tabTo('dialog input[type=search]');
    await page.keyboard.type('/soon');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog .values li:has-text("/soon") :checked');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.empty:has-text("Nothing in this period matches the filters")');
    expect(search()).toBe('?period=7d&compare=none&f=is,event:page,/soon');
  });
});

describe('rows', () => {
  const places = '.panel[aria-label="Places"]';
  const pages = '.panel[aria-label="Pages"]';

  it('filter, alone or with others, and a second click takes the filter off', async () => {
    await open('?period=7d&compare=none&f=is,visit:country,DE,FR');
    const germany = `${places} button.label:has-text("Germany")`;
    const france = `${places} button.label:has-text("France")`;
    await page.waitForSelector(`${germany}[aria-pressed=true]`);
    await page.click(germany, { modifiers: ['Control'] });
    await eventually(async () => search().endsWith('f=is,visit:country,FR'), 'one value less');
    await page.click(france);
    await eventually(async () => search() === '?period=7d&compare=none', 'no filter');
    await page.waitForSelector(`${germany}[aria-pressed=false]`);
    await page.click(germany);
    await settles(visitors, '9');
    await page.click(germany);
    await settles(visitors, '21');
  });

  it('tell their change, and open pages of the site only', async () => {
    await open('?period=7d');
    const cell = `${places} tr:has-text("France") td >> nth=0`;
    await settles(() => page.getAttribute(cell, 'title'), '↓ −50% from 12');
    await settles(() => page.textContent(`${places} tr:has-text("Japan") td >> nth=0`), '2, from 0');
    await page.waitForSelector(`${pages} tr:has-text("evil.example")`);
    expect(
      await page.$$eval(`${pages} a.open`, (all) => all.map((one) => (one as HTMLAnchorElement).href)),
    ).toEqual(['https://tea.example/tea,%20black']);
    const rel = await page.getAttribute(`${pages} a.open`, 'rel');
    expect(rel).toBe('noopener noreferrer');
    expect(await page.$$eval(`${places} .mark`, (all) => all.map((one) => one.textContent))).toContain('🇯🇵');
  });

  it('have a conversion rate under a filter by a goal', async () => {
    await open('?period=7d&compare=none&f=is,event:goal,Signed up');
    const row = `${places} tr:has-text("Japan")`;
    await page.waitForSelector(`${places} th:has-text("Conversion rate")`);
    expect(await page.$$eval(`${row} td`, (all) => all.map((one) => one.textContent))).toEqual([
      '2',
      '100.0%',
    ]);
  });
});

describe('all rows, by keyboard alone', () => {
  const table = (): Promise<string[]> =>
    page.$$eval('dialog tbody tr', (all) =>
      all.map((row) => [...row.querySelectorAll('bdi, td')].map((one) => one.textContent).join(' ')),
    );

  it('are sorted by each column, split, searched, and saved as they are shown', async () => {
    await open('?period=7d');
    await page.waitForSelector('.panel[aria-label="Places"] table');
    await tabTo('.panel[aria-label="Places"] footer button');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog td');
    const names = async (): Promise<string[]> => (await table()).map((row) => row.split(' ')[0] ?? '');
    await settles(names, ['Germany', 'France', 'United', 'Japan']);
    expect(await page.getAttribute('dialog thead th >> nth=1', 'aria-sort')).toBe('descending');
    await tabTo('dialog .sort');
    await page.keyboard.press('Enter');
    await settles(names, ['France', 'Germany', 'Japan', 'United']);
    expect(await focused()).toMatch(/^Country/);
    expect(await page.getAttribute('dialog thead th >> nth=0', 'aria-sort')).toBe('ascending');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await settles(names, ['Japan', 'United', 'France', 'Germany']);
    expect(search()).toBe('?period=7d&all=visit:country&sort=visitors');
    // What was not there before has no change: last in both directions.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await settles(names, ['Germany', 'United', 'France', 'Japan']);
    await page.keyboard.press('Enter');
    await settles(names, ['France', 'United', 'Germany', 'Japan']);
    expect((await table())[0]).toMatch(/^France 6 ↓ −50% 28\.6%/);

    await page.focus('dialog select');
    await page.keyboard.type('by device');
    await page.waitForSelector('dialog .part');
    await settles(
      async () => (await table()).map((row) => row.split(' ').slice(0, 2).join(' ')),
      ['Germany Desktop', 'France Mobile', 'United States', 'Japan Tablet'],
    );
    await tabTo('dialog .sort');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await settles(names, ['Germany', 'France', 'United', 'Japan']);
    await page.fill('dialog input[type=search]', 'mobile');
    await settles(names, ['France', 'United']);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click('dialog button:has-text("CSV")'),
    ]);
    expect(download.suggestedFilename()).toMatch(
      /^tea-co_countries-by-device_\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d\.csv$/,
    );
    const lines = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\r\n');
    expect(lines[0]).toMatch(
      /^\ufeffCountry code,Country,Device,Visitors,Visitors before,Change \(%\),Share \(%\),/,
    );
    expect(lines.slice(1).map((line) => line.split(',').slice(0, 6).join())).toEqual([
      'FR,France,Mobile,6,12,-50',
      'US,United States,Mobile,4,4,0',
    ]);
    await page.keyboard.press('Escape');
    await closed();
    expect(search()).toBe('?period=7d');
  });
});

describe('what is kept', () => {
  it('are period, comparison and filters beyond Live and a reload; period and comparison for other pixels and visits', async () => {
    await open('?period=7d&f=is,visit:country,DE');
    await page.click('.panel[aria-label="Pages"] [role=tab]:text-is("Entry")');
    await page.selectOption('.controls select >> nth=0', '28d');
    await page.selectOption('.controls select >> nth=1', 'none');
    const chosen = '?period=28d&compare=none&f=is,visit:country,DE&tab=visit:entry_page';
    await eventually(async () => search() === chosen, 'the choice in the address');
    await page.reload();
    await page.waitForSelector('table[data-dimension="visit:entry_page"]');
    await page.click('nav >> text=Live');
    await page.waitForSelector('h1:text-is("Live")');
    await page.click('nav >> text=Statistics');
    await page.waitForSelector('.chip:has-text("Country is Germany")');
    expect(search()).toBe(chosen);

    await page.selectOption('.which select', other);
    await page.waitForSelector('h1:text-is("Another")');
    expect(search()).toBe('?period=28d&compare=none');
    await open('');
    await eventually(async () => search() === '?period=28d&compare=none', 'what was chosen last');
    // Back to the default is a choice, too.
    await page.selectOption('.controls select >> nth=0', '30d');
    await page.selectOption('.controls select >> nth=1', 'previous_period');
    await eventually(async () => search() === '', 'the defaults');
    await page.goBack();
    await eventually(async () => search() === '?compare=none', 'the choice before');
    await open('');
    expect(search()).toBe('');
  });

  it('are no views and periods that do not exist', async () => {
    await open('?period=2w&compare=never&f=is,visit:country&from=2026-02-31&to=2026-03-01');
    expect(await page.textContent('main .error')).toBe(
      'Ignored, since it is unknown: period=2w, compare=never, f=is,visit:country, from=2026-02-31, to=2026-03-01',
    );
    expect(await page.inputValue('.controls select >> nth=0')).toBe('30d');
    await page.goto(`${speck.url}/app/${pixel}/nosuch`);
    await page.waitForSelector('.empty:has-text("This page does not exist")');
  });
});

describe('keys', () => {
  it('choose periods, go to the one before, and are listed', async () => {
    await open('?period=7d&compare=none');
    await page.keyboard.press('y');
    await eventually(async () => search() === '?period=year&compare=none', 'this year');
    await page.keyboard.press('d');
    await page.keyboard.press('ArrowRight');
    await eventually(async () => search() === '?period=day&compare=none', 'no day after today');
    await page.keyboard.press('ArrowLeft');
    await eventually(async () => search() === '?period=yesterday&compare=none', 'yesterday');
    await page.keyboard.press('x');
    await eventually(async () => search() === '?period=yesterday', 'a comparison');
    await page.click('button[aria-label="Next period"]');
    await eventually(async () => search() === '?period=day', 'today again');
    expect(await page.getAttribute('button[aria-label="Next period"]', 'aria-disabled')).toBe('true');

    // Not on the slider, in a choice, in tabs, or while one types.
    await page.waitForSelector('.chart[role=slider]');
    await page.focus('.chart[role=slider]');
    await page.keyboard.press('ArrowLeft');
    await page.focus('.panel [role=tab][aria-selected=true]');
    await page.keyboard.press('ArrowRight');
    expect(search()).toBe('?period=day&tab=visit:entry_page');
    await page.keyboard.press('?');
    await page.waitForSelector('dialog:has-text("Keyboard shortcuts")');
    await page.keyboard.press('w');
    await page.keyboard.press('Space');
    await page.keyboard.press('Escape');
    await closed();
    await page.keyboard.press('w');
    await page.click('text=Keyboard shortcuts');
    await page.waitForSelector('dialog');
    expect(search()).toBe('?period=day&tab=visit:entry_page');
    await page.keyboard.press('Space');
    await page.keyboard.press('Escape');
    await closed();
    await page.keyboard.press('w');
    await eventually(async () => search().startsWith('?period=7d'), 'keys again');
  });
});

describe('for everyone', () => {
  it.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)(
    'axe finds nothing wrong with the dialogs, and the bar stays, %s and %i wide',
    async (colorScheme, width) => {
      const mine = await openPage(browser, speck, {
        colorScheme,
        viewport: { width, height: 844 },
        bypassCSP: true,
      });
      await signIn(mine.page, speck);
      const issues: string[] = [];
      const look = async (view: string): Promise<void> => {
        issues.push(...(await violations(mine.page)).map((one) => `${view}: ${one}`));
        expect([view, await overflow(mine.page)]).toEqual([view, 0]);
      };
      await mine.page.goto(
        `${speck.url}/app/${pixel}?period=7d&f=is,visit:country,DE,FR&f=contains,event:page,tea`,
      );
      await mine.page.waitForSelector('.headlines:not(.pending)');
      await mine.page.waitForSelector('.panel table');
      for (const [name, button, ready] of [
        ['values', '.chip .what >> nth=0', '.values li'],
        ['texts', '.chip .what >> nth=1', 'dialog input'],
        ['keys', 'text=Keyboard shortcuts', 'dialog kbd'],
      ] as const) {
        await mine.page.click(button);
        await mine.page.waitForSelector(ready);
        await look(name);
        await mine.page.keyboard.press('Escape');
        await mine.page.waitForSelector('dialog', { state: 'detached' });
      }
      await mine.page.evaluate(() => scrollTo(0, 700));
      await look('scrolled');
      const bar = await mine.page.$eval('.sticky', (one) => one.getBoundingClientRect().bottom);
      expect(bar).toBeGreaterThan(40);
      expect(bar).toBeLessThan(844 / 5);
      expect(await mine.page.isVisible('.chip .what >> nth=0')).toBe(true);
      for (const parameters of ['all=event:page', 'all=visit:country&split=visit:device']) {
        await mine.page.goto(`${speck.url}/app/${pixel}?period=7d&${parameters}`);
        await mine.page.waitForSelector('dialog td');
        await look(parameters);
      }
      expect(issues).toEqual([]);
      expect(mine.wrong).toEqual([]);
      await mine.close();
    },
  );
});

it('in all this nothing went wrong by itself', () => {
  expect(watched.wrong).toEqual([]);
});
