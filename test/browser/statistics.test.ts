/** The statistics view over time: what is painted first, what is true at midnight, and what comes by itself. The clock is set. */
import type { Browser, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClockedSpeck, startClockedSpeck } from '../e2e/clock.ts';
import { ADMIN_TOKEN } from '../e2e/harness.ts';
import { launchChromium } from './chromium.ts';
import { openPage, settles, signIn, type Watched } from './dashboard.ts';
import { eventually } from './site.ts';

const ZONE = 'Europe/Berlin';

let speck: ClockedSpeck;
let browser: Browser;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  speck = await startClockedSpeck();
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await speck?.close();
});

/** Opens a browser in which it is the given time, as it is for Speck, and signs in. */
async function openAt(time: string, viewport = { width: 1280, height: 900 }): Promise<void> {
  await watched?.close();
  await speck.setClock(time);
  watched = await openPage(browser, speck, { viewport });
  page = watched.page;
  await page.clock.install({ time: new Date(time) });
  await signIn(page, speck);
}

/** Lets time pass for Speck and for the page. */
async function pass(from: string, seconds: number): Promise<void> {
  await speck.setClock(new Date(Date.parse(from) + seconds * 1000).toISOString());
  await page.clock.fastForward(seconds * 1000);
}

let written = 0;
/** One page view of a visitor of its own at each time, with an offset of UTC. */
async function write(pixel: string, times: readonly string[], more: object = {}): Promise<void> {
  const rows = times.map((ts) => ({
    id: `e${written++}`,
    ts: new Date(ts).toISOString(),
    name: 'pageview',
    visitor: `v${written}`,
    page: '/',
    hostname: 'site.example',
    country: 'DE',
    ...more,
  }));
  for (let start = 0; start < rows.length; start += 1000) {
    const part = rows.slice(start, start + 1000);
    const response = await fetch(`${speck.url}/api/v1/pixels/${pixel}/events`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      body: part.map((row) => JSON.stringify(row)).join('\n'),
    });
    expect(((await response.json()) as { rejected: unknown[] }).rejected).toEqual([]);
  }
}

const each = (from: string, minutes: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) =>
    new Date(Date.parse(from) + index * minutes * 60_000).toISOString(),
  );

const tile = (metric: string): Promise<string | null> =>
  page.textContent(`.headlines:not(.pending, .blank) [data-metric=${metric}] .value`);
const since = async (metric: string): Promise<string> =>
  ((await page.textContent(`[data-metric=${metric}] .since`)) ?? '').trim();
const legend = (): Promise<string[]> =>
  page.$$eval('.timeline > header p', (all) => all.map((one) => one.textContent?.trim() ?? ''));
const chart = (): Promise<string | null> => page.getAttribute('.chart[role=slider]', 'aria-valuetext');
const settled = (): Promise<unknown> =>
  eventually(
    async () =>
      (await page.$('.view[aria-busy="false"]')) !== null && (await page.$('.pending, .blank')) === null,
    'all answers',
    30_000,
  );

describe('on a local day that has just begun', () => {
  let pixel: string;

  it('ten minutes after midnight, today is compared with yesterday until ten past', async () => {
    await openAt('2026-06-10T00:10:20+02:00');
    pixel = await speck.addPixel({ timezone: ZONE });
    // Three of yesterday's visitors came by ten past midnight, thirty later.
    await write(pixel, each('2026-06-09T00:03:00+02:00', 3, 3));
    await write(pixel, each('2026-06-09T08:00:00+02:00', 10, 30));
    await write(pixel, each('2026-06-10T00:01:00+02:00', 2, 4));
    await page.goto(`${speck.url}/app/${pixel}?period=day`);
    await settles(() => tile('visitors'), '4');
    await settles(() => since('visitors'), '↑ +33%, better from 3');
    expect((await legend()).join()).toMatch(/Tue, 9 Jun 2026, up to 0?0:10/);
  });

  it('the hour that has begun is a dot, and no hour after it is drawn', async () => {
    await settles(() => page.locator('.chart circle.point:not(.before)').count(), 1);
    await page.focus('.chart[role=slider]');
    await page.keyboard.press('Home');
    expect(await chart()).toMatch(/ 0:00, so far: 4, Tue.* 0:00: 3$/);
    await page.keyboard.press('ArrowRight');
    expect(await chart()).toMatch(/ 1:00: –, /);
    expect(await page.getAttribute('.chart .line:not(.open)', 'd')).toBe('');
  });

  it('has whole ticks for counts', async () => {
    await settled();
    const ticks = await page.$$eval('.chart text.tick[x="0"]', (all) => all.map((one) => one.textContent));
    for (const tick of ticks.filter((text) => !text?.includes(':'))) expect(tick).toMatch(/^\d+$/);
  });

  it('in the first minute after midnight, a page that stays open goes on to the new day', async () => {
    // Long enough before midnight for a slow machine.
    const before = '2026-06-10T23:50:00+02:00';
    await openAt(before);
    await page.goto(`${speck.url}/app/${pixel}?period=day`);
    await settles(() => tile('visitors'), '4');
    expect((await legend()).join()).toMatch(/^Wed, 10 Jun 2026/);
    await pass(before, 10 * 60 + 31);
    // 00:00:31. Nobody has come yet today, and nothing is compared with no time at all.
    await settles(() => page.textContent('.empty b'), 'No events in this period');
    await write(pixel, ['2026-06-11T00:00:20+02:00']);
    await pass('2026-06-11T00:00:31+02:00', 60);
    await settles(() => tile('visitors'), '1');
    await settles(async () => (await legend()).join().slice(0, 16), 'Thu, 11 Jun 2026');
    await settles(() => page.locator('.chart circle.point:not(.before)').count(), 1);
  });

  it.each([
    ['back', '2026-10-25T12:00:30+01:00', '2026-10-25T00:30:00+02:00', '2026-10-24T00:30:00+02:00', 13, 12],
    [
      'forward',
      '2026-03-29T12:00:30+02:00',
      '2026-03-29T00:30:00+01:00',
      '2026-03-28T00:30:00+01:00',
      11,
      12,
    ],
  ])(
    'on the day on which clocks go %s, noon is compared with noon',
    async (_, now, today, yesterday, hours, hoursBefore) => {
      await openAt(now);
      const changed = await speck.addPixel({ timezone: ZONE });
      // A visitor each hour: until noon, and of the day before also in the afternoon.
      await write(changed, each(today, 60, hours));
      await write(changed, each(yesterday, 60, hoursBefore + 6));
      await page.goto(`${speck.url}/app/${changed}?period=day`);
      await settles(() => tile('visitors'), String(hours));
      await settles(async () => (await since('visitors')).replace(/^.*from/, 'from'), `from ${hoursBefore}`);
      await settled();
      await page.focus('.chart[role=slider]');
      await page.keyboard.press('End');
      expect(await chart()).toMatch(/23:00: –, /);
      for (let back = 0; back < 11; back++) await page.keyboard.press('ArrowLeft');
      expect(await chart()).toMatch(/12:00, so far: /);
    },
  );
});

/** The lists of queries that the page sends, as their dimensions. */
function watchLists(): { readonly lists: string[][]; stop(): void } {
  const lists: string[][] = [];
  const note = (request: Request): void => {
    if (!request.url().endsWith('/api/v2/query')) return;
    const list = request.postDataJSON() as { dimensions?: string[] }[];
    lists.push(list.map(({ dimensions = [] }) => dimensions.join(' ')).toSorted());
  };
  page.on('request', note);
  return { lists, stop: () => page.off('request', note) };
}

const FIRST = ['', 'time:day', 'time:day'];
const ABOVE_THE_FOLD = ['event:page', 'visit:channel'];
const NOON = '2026-06-20T12:00:30+02:00';

describe('what is loaded', () => {
  let pixel: string;

  beforeAll(async () => {
    // The second row of panels is further than 200 pixels below.
    await openAt(NOON, { width: 1280, height: 700 });
    pixel = await speck.addPixel({ timezone: ZONE });
    await speck.api('PATCH', `/api/v1/pixels/${pixel}`, {
      settings: { goals: [{ name: 'Bought', event: 'Purchase' }] },
    });
    await write(pixel, each('2026-06-12T12:00:00+02:00', 60, 24), { country: 'FR' });
    await write(pixel, each('2026-06-19T12:00:00+02:00', 30, 20), { country: 'DE' });
    const sale = { name: 'Purchase', page: '/thanks', country: 'DE' };
    await write(pixel, each('2026-06-19T13:00:00+02:00', 30, 4), { ...sale, value: 25, currency: 'EUR' });
    await write(pixel, each('2026-06-12T13:00:00+02:00', 30, 2), { ...sale, value: 10, currency: 'EUR' });
  });

  it('first is the headline with the chart, then the panels in view; the others when they come near, together', async () => {
    const { lists, stop } = watchLists();
    await page.goto(`${speck.url}/app/${pixel}?period=7d`);
    await settled();
    await settles(async () => lists, [FIRST, ABOVE_THE_FOLD]);
    await page.evaluate(() =>
      scrollTo(0, document.querySelector('.panels')?.getBoundingClientRect().top ?? 0),
    );
    await settles(async () => lists.length, 3);
    expect(lists[2]).toEqual(expect.arrayContaining(['visit:utm_campaign', 'visit:device']));
    await page.waitForSelector('.panel[aria-label="Devices"] table');
    // What was loaded is not loaded again by scrolling back.
    await page.evaluate(() => scrollTo(0, 0));
    await page.waitForTimeout(300);
    expect(lists).toHaveLength(3);
    stop();
  });

  it('a filter asks for what is in view, in two requests', async () => {
    const { lists, stop } = watchLists();
    await page.evaluate(() => {
      history.pushState(null, '', `${location.pathname}?period=7d&f=is,visit:country,DE`);
      dispatchEvent(new PopStateEvent('popstate'));
    });
    await settled();
    await settles(() => tile('visitors'), '24');
    await settles(async () => lists, [FIRST, ABOVE_THE_FOLD]);
    // Panels that were loaded before do not keep numbers without the filter.
    await settles(() => page.locator('.panel[aria-label="Devices"] table').count(), 0);
    stop();
  });

  it('a bar and aria-busy tell that something is on its way, and no number of before stays', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/api/v2/query', async (route) => {
      await held;
      await route.continue().catch(() => undefined);
    });
    expect(await page.$('.progress')).toBeNull();
    await page.selectOption('.controls select >> nth=0', '28d');
    await page.waitForSelector('.view[aria-busy="true"] .progress');
    // The chart says at once which days are to come.
    expect((await legend()).join()).toMatch(/^24 May/);
    const numbers = (): Promise<string> =>
      page.$$eval('.headline .value, .headline .since, .chart svg text, .panel td', (all) =>
        all.map((one) => one.textContent?.trim()).join(''),
      );
    await settles(numbers, '');
    expect(await page.$$eval('.chart path', (all) => all.map((one) => one.getAttribute('d')).join(''))).toBe(
      '',
    );
    release();
    await settles(() => tile('visitors'), '26');
    await page.waitForSelector('.view[aria-busy="false"]');
    expect(await page.$('.progress')).toBeNull();
    await page.unrouteAll({ behavior: 'wait' });
  });

  it('while the headline is on its way, the chart does not draw today as finished', async () => {
    await page.route('**/api/v2/query', async (route) => {
      const list = route.request().postDataJSON() as { dimensions?: string[] }[];
      // The chart's answers come alone.
      if (list.some(({ dimensions }) => !dimensions)) {
        const response = await route.fetch();
        const items = (await response.json()) as unknown[];
        const json = items.map((item, index) =>
          list[index]?.dimensions ? item : { status: 503, detail: 'Later.' },
        );
        await route.fulfill({ response, json });
      } else await route.continue();
    });
    await page.goto(`${speck.url}/app/${pixel}?period=7d`);
    await page.waitForSelector('.error:has-text("Later.")');
    await page.unrouteAll({ behavior: 'wait' });
    await page.click('.error button');
    await settled();
    await page.focus('.chart[role=slider]');
    expect(await chart()).toMatch(/20 Jun 2026, so far: 0, /);
    expect(await page.getAttribute('.chart .line.open', 'd')).toMatch(/^M/);
  });

  it('a filter by a goal shows conversions, their rate and revenue', async () => {
    await page.goto(`${speck.url}/app/${pixel}?period=7d&f=is,event:goal,Bought`);
    await settled();
    const names = await page.$$eval('.headline .name', (all) => all.map((one) => one.textContent));
    expect(names).toEqual(['Unique conversions', 'Total conversions', 'Conversion rate', 'Revenue']);
    const values = (): Promise<unknown> =>
      page.$$eval('.headline .value', (all) => all.map((one) => one.textContent));
    // 24 visitors came in these days.
    await settles(values, ['4', '4', '16.7%', '€100']);
    expect(await since('total_revenue')).toBe('↑ +400%, better from €20');
    await page.click('.headline[data-metric=conversion_rate]');
    await page.waitForSelector('.chart[aria-label="Conversion rate, by day"]');
    const choices = await page.$$eval('.timeline select >> nth=0 >> option', (all) =>
      all.map((one) => one.getAttribute('value')),
    );
    expect(choices).not.toContain('bounce_rate');
    // A metric that means nothing here gives way to conversions.
    await page.goto(`${speck.url}/app/${pixel}?period=7d&metric=bounce_rate&f=is,event:goal,Bought`);
    await page.waitForSelector('.headline[data-metric=visitors][aria-pressed=true]');
  });
});

describe('a comparison', () => {
  let pixel: string;
  const compare = '.controls label:has-text("Compare with") select';

  beforeAll(async () => {
    await openAt(NOON);
    pixel = await speck.addPixel({ timezone: ZONE });
    await write(pixel, each('2026-04-15T12:00:00+02:00', 24 * 60, 66));
    await page.goto(`${speck.url}/app/${pixel}`);
    await settled();
  });

  it('of a month begins on the same weekday, unless one switches that off', async () => {
    // 22 May is a Friday; thirty days before is a Wednesday.
    expect((await legend()).join()).toMatch(/^22 May\D+20 Jun 2026\s+24 Apr\D+23 May 2026, up to 12:00/);
    await page.click('button:has-text("Match weekdays")');
    expect(new URL(page.url()).search).toBe('?weekdays=any');
    await settles(async () => /22 Apr\D+21 May 2026, up to 12:00/.test((await legend()).join()), true);
    expect(await page.getAttribute('button:has-text("Match weekdays")', 'aria-pressed')).toBe('false');
    await page.click('button:has-text("Match weekdays")');
    await settles(async () => /24 Apr\D+23 May 2026, up to 12:00/.test((await legend()).join()), true);
    // Weeks are matched in any case.
    await page.selectOption('.controls select >> nth=0', '7d');
    await settles(() => page.locator('button:has-text("Match weekdays")').count(), 0);
  });

  it('may be with any days, which are in the address', async () => {
    await page.selectOption(compare, 'custom');
    await page.waitForSelector('dialog[open] h2:has-text("Compare with")');
    // The last of these days counts until noon, as today does.
    await page.fill('dialog input >> nth=0', '2026-05-01');
    await page.fill('dialog input >> nth=1', '2026-05-05');
    await page.click('dialog button[type=submit]');
    await settles(() => since('visitors').then((text) => text.replace(/^.*from/, 'from')), 'from 4');
    expect(new URL(page.url()).search).toBe(
      '?period=7d&compare=custom&compare_from=2026-05-01&compare_to=2026-05-05',
    );
    expect(await page.$eval(compare, (select: HTMLSelectElement) => select.selectedOptions[0]?.text)).toMatch(
      /^vs 1\s–\s5 May 2026$/,
    );
    await page.reload();
    await settles(() => since('visitors').then((text) => text.replace(/^.*from/, 'from')), 'from 4');
    await page.selectOption(compare, 'none');
    await settles(() => since('visitors'), '');
    expect(new URL(page.url()).search).toBe('?period=7d&compare=none');
  });

  it('is left out where there was nothing before', async () => {
    await page.goto(`${speck.url}/app/${pixel}?period=7d&compare=year_over_year`);
    await settled();
    expect(await page.$$eval('.since', (all) => all.map((one) => one.textContent?.trim()).join(''))).toBe('');
    expect((await legend()).join()).toContain('Nothing in');
    expect(await page.getAttribute('.chart path.before', 'd')).toBe('');
  });
});

describe('what comes by itself', () => {
  let pixel: string;

  beforeAll(async () => {
    await openAt(NOON);
    pixel = await speck.addPixel({ timezone: ZONE });
    // More than is shown in full.
    await write(pixel, each('2026-06-20T08:00:00+02:00', 0.01, 12_340));
    await page.goto(`${speck.url}/app/${pixel}?period=day`);
    await settled();
  });

  it('a rounded number has the exact one as its title and for screen readers', async () => {
    await settles(() => page.textContent('[data-metric=visitors] .value [title="12,340"]'), '12.3k');
    expect(await page.textContent('[data-metric=visitors] .value .hidden')).toBe('12,340');
  });

  it('today is refreshed each minute, without moving the focus, and on request', async () => {
    await page.focus('.headline[data-metric=visits]');
    await settles(() => page.textContent('.timeline time'), '12:00');
    await write(pixel, ['2026-06-20T12:00:40+02:00'], { name: 'Signup' });
    const { lists, stop } = watchLists();
    await pass(NOON, 61);
    await settles(() => page.textContent('[data-metric=visitors] .value .hidden'), '12,341');
    await settles(() => page.textContent('.timeline time'), '12:01');
    expect(await page.$('.pending, .loading:not([aria-busy=false])')).toBeNull();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-metric'))).toBe('visits');
    expect(lists.length).toBeLessThanOrEqual(2);
    stop();
    await write(pixel, ['2026-06-20T12:01:20+02:00']);
    await page.click('button:has-text("Updated")');
    await settles(() => page.textContent('[data-metric=visitors] .value .hidden'), '12,342');
  });

  it('days that are over are not asked for again', async () => {
    await page.goto(`${speck.url}/app/${pixel}?period=yesterday`);
    await page.waitForLoadState('networkidle');
    const { lists, stop } = watchLists();
    await page.clock.fastForward(180_000);
    await page.waitForTimeout(300);
    expect(lists).toEqual([]);
    stop();
  });

  it('a badge has the visitors of the last minutes, under the filters, and leads to the live view', async () => {
    await speck.setClock('2026-06-20T12:10:00+02:00');
    await write(pixel, each('2026-06-20T12:06:00+02:00', 1, 3), { country: 'FR' });
    await write(pixel, each('2026-06-20T12:07:00+02:00', 1, 2), { country: 'DE' });
    await page.goto(`${speck.url}/app/${pixel}?period=day`);
    const badge = (): Promise<string> =>
      page.textContent('.badge').then((text) => text?.trim().split(' ')[0] ?? '');
    await settles(badge, '5');
    await write(pixel, ['2026-06-20T12:09:30+02:00'], { country: 'DE' });
    await page.clock.fastForward(31_000);
    await settles(badge, '6');
    await page.goto(`${speck.url}/app/${pixel}?period=day&f=is,visit:country,DE`);
    await settles(badge, '3');
    await page.click('.badge');
    await page.waitForSelector('h1:has-text("Live")');
    expect(new URL(page.url()).search).toBe('?period=day&f=is,visit:country,DE');
  });

  it('the live view counts each minute, under the filters, in plain words', async () => {
    await settles(() => page.textContent('[data-of=visitors]'), '3');
    const titles = (): Promise<(string | null)[]> =>
      page.$$eval('.minutes i', (all) => all.map((one) => one.getAttribute('title')));
    await settles(async () => (await titles()).length, 30);
    await settles(
      async () => (await titles()).slice(-4),
      [
        '12:07: 1 visitor, 1 event',
        '12:08: 1 visitor, 1 event',
        '12:09: 1 visitor, 1 event',
        '12:10: 0 visitors, 0 events',
      ],
    );
    await page.waitForSelector('.stream li:has-text("Viewed"):has-text("Germany")');
    expect(await page.$('.stream li:has-text("France")')).toBeNull();
    await page.click('.chip .away');
    await settles(() => page.textContent('[data-of=visitors]'), '6');
    await page.click('.stream button >> nth=0');
    await page.waitForSelector('dialog dd:has-text("a browser or app of a person")');
    await page.keyboard.press('Escape');
  });
});

it('in all this nothing went wrong by itself', () => {
  expect(watched.wrong).toEqual([]);
});
