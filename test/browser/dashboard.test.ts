/** The dashboard in a real Chromium, against the real Worker: it shows the API's numbers, and lets one do what it says. */
import { readFileSync } from 'node:fs';
import type { Browser, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DemoHistory, type Row as HistoryRow } from '../../scripts/lib/demo-history.ts';
import { DEMO_PIXEL } from '../../scripts/lib/demo-shop.ts';
import { ADMIN_TOKEN, type Speck, startSpeck } from '../e2e/harness.ts';
import { TIME_ZONE } from '../e2e/noon.ts';
import { overflow, violations } from './axe.ts';
import { launchChromium, USER_AGENT } from './chromium.ts';
import {
  displayName,
  expectedRows,
  formatValue,
  LOCALE,
  openPage,
  query,
  type Row,
  rowsOf,
  settles,
  signIn,
  TALL,
  type Watched,
} from './dashboard.ts';
import { eventually, type Site, startSite } from './site.ts';

/** Days of the demo's history that are written. */
const DAYS = 16;
const SHOP = 'http://www.shop.example';

let speck: Speck;
let browser: Browser;
let site: Site;
let pixel: string;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  [speck, site] = await Promise.all([startSpeck(), startSite()]);
  browser = await launchChromium({ '*.shop.example': site.port });
  watched = await openPage(browser, speck, { viewport: TALL });
  page = watched.page;
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), speck?.close()]);
});

async function put(id: string, rows: readonly object[]): Promise<void> {
  for (let start = 0; start < rows.length; start += 1000) {
    const response = await fetch(`${speck.url}/api/v1/pixels/${id}/events`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      body: rows
        .slice(start, start + 1000)
        .map((row) => JSON.stringify(row))
        .join('\n'),
    });
    const { rejected } = (await response.json()) as { rejected: unknown[] };
    expect(rejected).toEqual([]);
  }
}

/** The people, and a third of the other visitors: each view asks for all that is there, and these have all there is to show. */
const isWritten = ({ visitor, person }: HistoryRow): boolean =>
  person !== '' || String(visitor).charCodeAt(0) % 3 === 0;

async function addFilledPixel(): Promise<string> {
  const response = await speck.api('POST', '/api/v1/pixels', { ...DEMO_PIXEL, timezone: TIME_ZONE });
  const { id } = (await response.json()) as { id: string };
  const days: HistoryRow[][] = [...new DemoHistory(TIME_ZONE).days(Date.now())];
  await put(id, days.slice(-DAYS).flat().filter(isWritten));
  for (let run = 0; run < 3; run++) await speck.cron();
  return id;
}

const heading = (): Promise<string | null> => page.textContent('h1');
const search = (): string => decodeURIComponent(new URL(page.url()).search);

describe('the first run', () => {
  it('asks for a token, and says what is wrong with another', async () => {
    await page.goto(`${speck.url}/app/`);
    await page.fill('input[type=password]', 'not-the-token');
    await page.click('button[type=submit]');
    await page.waitForSelector('.error:has-text("That token isn\'t valid")');
    await signIn(page, speck);
    expect(await heading()).toBe('Add a pixel');
  });

  it('adds a pixel, says what goes wrong, and turns green with the first event', async () => {
    expect(await page.inputValue('select')).toBe('Europe/Berlin');
    await page.fill('input[required] >> nth=0', 'My shop');
    // Nothing is to be deleted before one types or pastes.
    expect(await page.inputValue('input[inputmode=url]')).toBe('');
    await page.fill('input[inputmode=url]', 'a shop');
    await page.click('button[type=submit]');
    await page.waitForSelector('.error:has-text("such as example.com")');
    await page.fill('input[inputmode=url]', 'www.shop.example');
    await page.click('button[type=submit]');
    await page.waitForSelector('h1:has-text("Install")');
    await page.waitForSelector('.check:has-text("Waiting for the first event")');
    const id = /px_\w+/.exec(page.url())?.[0] ?? '';

    expect(await (await speck.api('GET', `/api/v1/pixels/${id}`)).json()).toMatchObject({
      url: 'https://www.shop.example',
    });

    const codeOf = (title: string): Promise<string | null> =>
      page.textContent(`.snippet:has(h2:text-is("${title}")) pre`);
    const script = (await codeOf('Pages')) ?? '';
    // Whoever tries it on this machine would wait for ever without it.
    expect(script).toContain(' data-local>');
    expect(await codeOf("Instead of Meta's pixel")).toContain(' data-local>');
    await page.click('.snippet >> nth=0 >> button');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(script);
    await page.waitForSelector('.recipes [role=tab]');
    const titles = await page.$$eval('.snippet h2', (all) => all.map((one) => one.textContent));
    expect(titles).toEqual([
      'Pages',
      'Without JavaScript',
      'E-mails',
      "Instead of Meta's pixel",
      'From a server',
      'Signed user ids',
    ]);

    const robot = {
      'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    };
    await fetch(`${speck.url}/p.gif?id=${id}`, { headers: robot });
    await page.waitForSelector('.check.bad:has-text("bot")');

    site.page('/', `<title>Shop</title>${script}`);
    site.page('/meta', `<title>Shop</title>${await codeOf("Instead of Meta's pixel")}`);
    const visitor = await browser.newContext({ userAgent: USER_AGENT });
    const visit = await visitor.newPage();
    await visit.goto(`${SHOP}/`);
    await page.waitForSelector('.check.good:has-text("It works"):has-text("in Europe/Berlin")');
    // The alias for Meta's pixel sends what its pages send, but for the page view, which is counted already.
    await visit.goto(`${SHOP}/meta`);
    await visit.evaluate(() => {
      const { fbq } = window as unknown as { fbq: (...call: unknown[]) => void };
      fbq('init', '123');
      fbq('track', 'PageView');
      fbq('track', 'Lead', { plan: 'pro' });
    });
    const stored = await eventually(async () => {
      const { events } = (await (await speck.api('GET', `/api/v1/pixels/${id}/live`)).json()) as {
        events: { name: string }[];
      };
      const counted = events.filter(({ name }) => name !== 'engagement');
      return counted.length >= 3 ? counted : null;
    }, 'three events');
    expect(stored.map(({ name }) => name)).toEqual(['Lead', 'pageview', 'pageview']);
    await visitor.close();
    await page.click('text=See the statistics');
    await page.waitForSelector('.headlines');
    expect(await heading()).toBe('My shop');
    await speck.api('DELETE', `/api/v1/pixels/${id}`);
  });
});

const HEADLINES = ['visitors', 'visits', 'pageviews', 'views_per_visit', 'bounce_rate', 'visit_duration'];

async function headlines(): Promise<string[]> {
  return page.$$eval('.headlines:not(.pending) .headline', (all) =>
    all.map(
      (one) => `${one.querySelector('.value')?.textContent} ${one.querySelector('.since')?.textContent}`,
    ),
  );
}

/** What the headline should say of a range. */
async function expectHeadlines(request: object, mode: string | null = 'previous_period'): Promise<void> {
  const { results } = await query(speck, {
    site_id: pixel,
    metrics: [...HEADLINES, 'events'],
    ...request,
    ...(mode ? { include: { comparisons: { mode } } } : {}),
  });
  const [row] = results;
  const wanted = HEADLINES.map((metric, place) => {
    const value = formatValue(metric, row?.metrics[place], true);
    // Nothing is compared with days without events.
    if (!row?.comparison?.metrics.at(-1)) return `${value} `;
    const from = `from ${formatValue(metric, row.comparison.metrics[place], true)}`;
    // How much more something is than nothing, nobody can say.
    if (row.comparison.metrics[place] === 0) return `${value}  ${from}`;
    const change = row.comparison.change[place] ?? 0;
    const unit = metric === 'bounce_rate' ? ' pt' : '%';
    const signed = new Intl.NumberFormat(LOCALE, { signDisplay: 'exceptZero', maximumFractionDigits: 0 });
    const text = `${signed.format(change).replace('-', '\u2212')}${unit}`;
    const arrow = text.startsWith('+') ? '↑ ' : text.startsWith('\u2212') ? '↓ ' : '';
    const mood = change === 0 ? '' : change > 0 === (metric !== 'bounce_rate') ? ', better' : ', worse';
    return `${value} ${arrow}${text}${mood} ${from}`;
  });
  await settles(headlines, wanted);
}

describe("a pixel's statistics", () => {
  beforeAll(async () => {
    pixel = await addFilledPixel();
    await page.goto(`${speck.url}/app/${pixel}?period=7d`);
    await page.waitForSelector('.headlines');
  });

  it('begin with the headline, and how it changed', async () => {
    await expectHeadlines({ date_range: '7d' });
  });

  it.each([
    ['Pages', ['event:page', 'visit:entry_page', 'visit:exit_page', 'event:hostname']],
    ['Sources', ['visit:channel', 'visit:source', 'visit:referrer']],
    [
      'Campaigns',
      ['visit:utm_campaign', 'visit:utm_source', 'visit:utm_medium', 'visit:utm_content', 'visit:utm_term'],
    ],
    ['Places', ['visit:country', 'visit:region_name', 'visit:city', 'visit:language']],
    ['Devices', ['visit:device', 'visit:browser', 'visit:browser_version', 'visit:os', 'visit:os_version']],
    ['Goals and events', ['event:goal', 'event:name', 'event:currency']],
  ] as const)('have a panel of %s with the numbers of the API', async (title, dimensions) => {
    const panel = `.panel[aria-label="${title}"]`;
    for (const [place, dimension] of dimensions.entries()) {
      await page.click(`${panel} [role=tab] >> nth=${place}`);
      const metrics = await page
        .waitForSelector(`${panel} table[data-dimension="${dimension}"]`)
        .then((table) => table.$$eval('thead th.number', (all) => all.length));
      const requestedMetrics = metricsOf(dimension);
      expect(requestedMetrics).toHaveLength(metrics);
      const answer = await query(speck, {
        site_id: pixel,
        metrics: requestedMetrics,
        date_range: '7d',
        dimensions: [...(WHOSE[dimension] ?? []), dimension],
        pagination: { limit: 10 },
      });
      // Whoever came by no campaign would leave nothing to be seen of the others.
      const results = answer.results.filter(
        ({ dimensions: [value] }) =>
          (title !== 'Campaigns' && dimension !== 'event:currency') || value !== '(not set)',
      );
      await settles(
        () => rowsOf(page, `${panel} table[data-dimension="${dimension}"]`),
        expectedRows({ ...answer, results }, dimension, requestedMetrics, 9),
      );
    }
    await page.click(`${panel} [role=tab] >> nth=0`);
  });

  it('have a map, of which each country tells its name and number', async () => {
    const { results } = await query(speck, {
      site_id: pixel,
      metrics: ['visitors', 'percentage'],
      date_range: '7d',
      dimensions: ['visit:country'],
    });
    const titledCountries = page.locator('.map .country.some');
    await settles(() => titledCountries.count(), results.length);
    const captionOf = (row: Row | undefined): string =>
      `${displayName('visit:country', row?.dimensions[0] ?? '')} ${formatValue('visitors', row?.metrics[0])} visitors ${formatValue('percentage', row?.metrics[1])}`;
    await titledCountries.nth(0).hover();
    const said = await page.textContent('.map figcaption');
    expect(results.map(captionOf)).toContain(said);
  });

  it('say of a version whose it is, and filter by both', async () => {
    const devices = '.panel[aria-label="Devices"]';
    await page.click(`${devices} [role=tab]:text-is("Versions")`);
    await page.click(`${devices} button.label:has-text("Chrome 1") >> nth=0`);
    await page.waitForSelector('.chip:has-text("Browser version is")');
    expect(search()).toMatch(
      /^\?period=7d&f=is,visit:browser,(Mobile )?Chrome&f=is,visit:browser_version,1\d+&tab=visit:browser_version$/,
    );
    await page.goto(`${speck.url}/app/${pixel}?period=7d`);

    // A pixel that protects small groups answers one dimension at a time.
    const protect = (min_group: number): Promise<Response> =>
      speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: { min_group } });
    await protect(2);
    await page.reload();
    await page.click(`${devices} [role=tab]:text-is("Versions")`);
    const requestedMetrics = ['visitors', 'percentage'];
    const ofVersions = { site_id: pixel, metrics: requestedMetrics, date_range: '7d' };
    const answer = await query(speck, { ...ofVersions, dimensions: ['visit:browser_version'] });
    await settles(
      () => rowsOf(page, `${devices} table`),
      expectedRows(answer, 'visit:browser_version', requestedMetrics, 9),
    );
    await protect(0);

    // Days that have neither events nor columns are answered from rollups, one dimension at a time.
    const alone = await query(speck, { ...ofVersions, dimensions: ['visit:browser_version'] });
    const refused: unknown[] = [];
    await page.route('**/api/v2/query', async (route) => {
      const list = route.request().postDataJSON() as SentQuery[];
      const response = await route.fetch();
      const items = (await response.json()) as unknown[];
      const answers = items.map((item, index) => {
        if (String(list[index]?.dimensions) !== 'visit:browser,visit:browser_version') return item;
        refused.push(list[index]);
        return { status: 400, reason: 'beyond_retention', detail: 'This pixel has neither any more.' };
      });
      await route.fulfill({ response, json: answers });
    });
    await page.reload();
    await page.click(`${devices} [role=tab]:text-is("Versions")`);
    await settles(
      () => rowsOf(page, `${devices} table`),
      expectedRows(alone, 'visit:browser_version', requestedMetrics, 9),
    );
    expect(refused).not.toEqual([]);
    await page.unrouteAll({ behavior: 'wait' });

    await page.goto(`${speck.url}/app/${pixel}?period=7d`);
    await page.waitForLoadState('networkidle');
  });

  it('have funnels, properties and people', async () => {
    const response = await speck.api(
      'GET',
      `/api/v1/pixels/${pixel}/funnel?name=${encodeURIComponent('To a purchase')}&period=7d`,
    );
    const { steps } = (await response.json()) as {
      steps: { goal: string; count: number; of_first: number }[];
    };
    const funnel = '.panel[aria-label="Funnels"]';
    await settles(
      () =>
        page.$$eval(`${funnel} li`, (all) =>
          all.map((one) => [
            one.querySelector('bdi')?.textContent,
            one.querySelector('.number')?.textContent,
          ]),
        ),
      steps.map(({ goal, count, of_first }) => [
        goal,
        `${formatValue('visits', count)} ${formatValue('percentage', of_first)}`,
      ]),
    );

    const properties = '.panel[aria-label="Properties"]';
    for (const key of ['tea', 'payment']) {
      await page.selectOption(`${properties} select`, key);
      const dimension = `event:props:${key}`;
      const answer = await query(speck, {
        site_id: pixel,
        metrics: ['visitors', 'events'],
        date_range: '7d',
        dimensions: [dimension],
      });
      const results = answer.results.filter(({ dimensions: [value] }) => value !== '(none)');
      await settles(
        () => rowsOf(page, `${properties} table[data-dimension="${dimension}"]`),
        expectedRows({ ...answer, results }, dimension, ['visitors', 'events'], 9),
      );
    }

    const people = '.panel[aria-label="People"]';
    const totals = ['people', 'new_people', 'cross_device_people'];
    const { results } = await query(speck, { site_id: pixel, metrics: totals, date_range: '7d' });
    expect(Number(results[0]?.metrics[0])).toBeGreaterThan(0);
    for (const [place, metric] of totals.entries()) {
      await settles(
        () => page.textContent(`${people} [data-metric="${metric}"] dd`),
        formatValue(metric, results[0]?.metrics[place]),
      );
    }
    for (const [label, dimension] of [
      ['Devices', 'person:devices'],
      ['First source', 'person:first_source'],
      ['Last campaign', 'person:last_utm_campaign'],
    ] as const) {
      await page.click(`${people} [role=tab]:text-is("${label}")`);
      const requestedMetrics = ['people', 'total_revenue'];
      const answer = await query(speck, {
        site_id: pixel,
        metrics: requestedMetrics,
        date_range: '7d',
        dimensions: [dimension],
      });
      // Who is not identified comes last.
      const isLast = ({ dimensions: [value] }: Row): boolean => value === '(unknown)';
      const results = answer.results.toSorted((one, other) => Number(isLast(one)) - Number(isLast(other)));
      await settles(
        () => rowsOf(page, `${people} table[data-dimension="${dimension}"]`),
        expectedRows({ ...answer, results }, dimension, requestedMetrics, 9),
      );
    }
  });

  it.each([
    ['visitors', 'day'],
    ['bounce_rate', 'day'],
    ['events', 'hour'],
    ['total_revenue', 'day'],
  ])('draw %s by %s, point by point, beside the days before', async (metric, step) => {
    await page.selectOption('.timeline select >> nth=0', metric);
    await page.selectOption('.timeline select >> nth=1', step);
    const series = async (date_range: unknown): Promise<{ labels: string[]; values: string[] }> => {
      const { results, meta } = await query(speck, {
        site_id: pixel,
        metrics: [metric],
        date_range,
        dimensions: [`time:${step}`],
        include: { time_labels: true },
      });
      const labels = meta.time_labels ?? [];
      const at = new Map(results.map((row) => [row.dimensions[0], row.metrics[0]]));
      const none = metric === 'bounce_rate' ? null : 0;
      const currency = [...at.values()].find((value) => typeof value === 'object' && value !== null);
      return {
        labels,
        values: labels.map((label) => {
          const value = at.get(label) ?? none;
          const money = value === 0 && typeof currency === 'object' ? { ...currency, value } : value;
          return formatValue(metric, money as number);
        }),
      };
    };
    const { meta } = (await query(speck, {
      site_id: pixel,
      metrics: ['visitors'],
      date_range: '7d',
      include: { comparisons: { mode: 'previous_period' } },
    })) as unknown as { meta: { comparison_date_range: [string, string] } };
    const now = await series('7d');
    const before = await series(meta.comparison_date_range);

    const chart = page.locator('.chart[role=slider]');
    await eventually(
      async () => Number(await chart.getAttribute('aria-valuemax')) === now.labels.length - 1,
      'all points',
    );
    const legend = async (): Promise<string[]> =>
      ((await chart.getAttribute('aria-valuetext')) ?? '')
        .split(/, (?=\w{3},? \d)/)
        .map((part) => part.replace(/^.*?: (?=\S+( .*)?$)/, ''));
    await chart.focus();
    await page.keyboard.press('Home');
    await eventually(async () => (await legend()).length === 2, 'the comparison');
    for (const place of now.labels.keys()) {
      if (place > 30) break;
      const [value, other] = await legend();
      expect([place, value?.split(': ').at(-1), other?.split(': ').at(-1)]).toEqual([
        place,
        now.values[place],
        before.values[place],
      ]);
      await page.keyboard.press('ArrowRight');
    }
    await page.keyboard.press('Escape');
  });

  it('draw no hour that has not begun, and save what they draw', async () => {
    await page.goto(`${speck.url}/app/${pixel}?period=day&metric=events`);
    const chart = page.locator('.chart[role=slider]');
    await eventually(
      async () => Number(await chart.getAttribute('aria-valuemax')) > 20,
      'the hours of a day',
    );
    const hour = new Intl.DateTimeFormat('en', {
      hour: 'numeric',
      hourCycle: 'h23',
      timeZone: TIME_ZONE,
    });
    const now = Number(hour.format());
    await chart.focus();
    await page.keyboard.press('Home');
    for (let at = 0; at < 24; at++) {
      const label = ((await chart.getAttribute('aria-valuetext')) ?? '').split(/, (?=\w{3},? \d)/)[0];
      // An hour may begin while they are read.
      if (at !== now + 1) expect([at, label?.endsWith(': –')]).toEqual([at, at > now]);
      await page.keyboard.press('ArrowRight');
    }
    await page.keyboard.press('Escape');

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click('.timeline button:has-text("Save as CSV")'),
    ]);
    const saved = readFileSync(await download.path(), 'utf8');
    // Excel takes what begins without the mark for another character set.
    expect(saved.split('\r\n')[0]).toBe('\ufeffHour,Events');
    expect(download.suggestedFilename()).toMatch(/^fern-kettle_events-by-hour_(\d{4}-\d\d-\d\d)_\1\.csv$/);
  });

  it('are filtered by a click, and the address has it', async () => {
    await page.goto(`${speck.url}/app/${pixel}?period=7d`);
    await page.click('.panel[aria-label="Sources"] [role=tab]:has-text("Sources")');
    await page.click('.panel[aria-label="Sources"] button.label:has-text("Google")');
    const filters = [['is', 'visit:source', ['Google']]];
    await expectHeadlines({ date_range: '7d', filters });
    expect(search()).toBe('?period=7d&f=is,visit:source,Google&tab=visit:source');

    const funnelQuery = `name=To%20a%20purchase&period=7d&filters=${encodeURIComponent(JSON.stringify(filters))}`;
    const funnel = (await (
      await speck.api('GET', `/api/v1/pixels/${pixel}/funnel?${funnelQuery}`)
    ).json()) as {
      steps: { count: number }[];
    };
    expect(funnel.steps[0]?.count).toBeGreaterThan(0);
    await settles(
      () => page.$$eval('.funnel .number b', (all) => all.map((one) => one.textContent)),
      funnel.steps.map(({ count }) => formatValue('visits', count)),
    );

    await page.click('.panel[aria-label="Places"] [role=tab]:has-text("Countries")');
    await page.click('.panel[aria-label="Places"] button.label:has-text("Germany")');
    const both = [...filters, ['is', 'visit:country', ['DE']]];
    await expectHeadlines({ date_range: '7d', filters: both });

    // Whoever opens the address sees the same.
    const address = page.url();
    await page.goto('about:blank');
    await page.goto(address);
    await expectHeadlines({ date_range: '7d', filters: both });
    await page.click('.chip:has-text("Country") .what');
    await page.selectOption('dialog select >> nth=1', 'is_not');
    await page.click('dialog button[type=submit]');
    await expectHeadlines({ date_range: '7d', filters: [...filters, ['is_not', 'visit:country', ['DE']]] });
    await page.goBack();
    await expectHeadlines({ date_range: '7d', filters: both });
    await page.click('.chip:has-text("Country") .away');
    await page.click('.chip:has-text("Source") .away');
    await expectHeadlines({ date_range: '7d' });

    await page.click('text=+ Filter');
    await page.selectOption('dialog select >> nth=0', 'event:page');
    await page.selectOption('dialog select >> nth=1', 'contains');
    await page.fill('dialog input', '/journal/');
    await page.click('dialog button[type=submit]');
    await expectHeadlines({ date_range: '7d', filters: [['contains', 'event:page', ['/journal/']]] });
    await page.click('.chip .away');
  });

  it('are of any days', async () => {
    await page.selectOption('.controls select >> nth=0', 'day');
    await expectHeadlines({ date_range: 'day' });
    await page.selectOption('.controls select >> nth=0', '28d');
    await expectHeadlines({ date_range: '28d' });
    await page.selectOption('.controls select >> nth=1', 'year_over_year');
    await expectHeadlines({ date_range: '28d' }, 'year_over_year');
    await page.selectOption('.controls select >> nth=1', 'none');
    await expectHeadlines({ date_range: '28d' }, null);
    await page.selectOption('.controls select >> nth=1', 'previous_period');

    const to = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10);
    const from = new Date(Date.now() - 6 * 86_400_000).toISOString().slice(0, 10);
    await page.click('button:text-is("Custom range")');
    await page.fill('dialog input >> nth=0', from);
    await page.fill('dialog input >> nth=1', to);
    await page.click('dialog button[type=submit]');
    await expectHeadlines({ date_range: [from, to] });
    const parameters = new URLSearchParams(search());
    // The tab that was chosen before stays.
    parameters.delete('tab');
    expect(String(parameters)).toBe(`from=${from}&to=${to}`);
  });

  it('have all rows of a dimension, to be searched and saved', async () => {
    await page.goto(`${speck.url}/app/${pixel}?period=28d&compare=none`);
    await page.click('.panel[aria-label="Pages"] button:has-text("See all ")');
    const metrics = ['visitors', 'percentage', 'pageviews', 'time_on_page', 'scroll_depth'];
    const request = { site_id: pixel, metrics, date_range: '28d', dimensions: ['event:page'] };
    const answer = await query(speck, request);
    await settles(() => rowsOf(page, 'dialog table'), expectedRows(answer, 'event:page', metrics, 50));
    await page.fill('dialog input[type=search]', 'JOURNAL/');
    const matching = {
      ...answer,
      results: answer.results.filter(({ dimensions: [path] }) => path?.includes('/journal/')),
    };
    await settles(() => rowsOf(page, 'dialog table'), expectedRows(matching, 'event:page', metrics, 50));

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click('dialog button:has-text("CSV")'),
    ]);
    // The file has what is shown, no more.
    const [head, ...lines] = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\r\n');
    expect(head).toBe('\ufeffPage,Visitors,Share (%),Page views,Time on page (seconds),Scroll depth (%)');
    expect(lines).toEqual(matching.results.map((row) => [...row.dimensions, ...row.metrics].join(',')));
    expect(download.suggestedFilename()).toMatch(/^fern-kettle_pages_\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d\.csv$/);
    await page.keyboard.press('Escape');
    await eventually(async () => (await page.$('dialog')) === null, 'the window to close');
    expect(search()).toBe('?period=28d&compare=none');
  });

  it('say what to do where there is nothing', async () => {
    await page.goto(`${speck.url}/app/${pixel}?period=7d&f=is,visit:source,Nowhere`);
    await page.waitForSelector('.empty:has-text("Nothing in this period matches the filters")');
    expect(await page.$('.panels')).toBeNull();
    await page.click('text=Clear all filters');
    await page.waitForSelector('.panels');
    expect(search()).toBe('?period=7d');

    const fresh = await speck.addPixel({ name: 'Fresh' });
    await page.goto(`${speck.url}/app/`);
    await page.click(`[data-pixel="${fresh}"] >> text=Check the installation`);
    await page.waitForSelector('.check:has-text("Waiting for the first event")');
    await page.click('nav >> text=Statistics');
    await page.waitForSelector('.empty:has-text("No events in this period")');
    await page.click('text=Show all time');
    await page.waitForSelector('.empty:has-text("No events yet")');
    await page.click('.empty >> text=Check the installation');
    await page.waitForSelector('h1:has-text("Install")');
    await speck.api('DELETE', `/api/v1/pixels/${fresh}`);
  });

  it('stay, and say that they may be old, while the device is offline', async () => {
    await page.goto(`${speck.url}/app/${pixel}?period=7d`);
    await page.waitForSelector('.map svg');
    await page.context().setOffline(true);
    await page.waitForSelector('.banner:has-text("offline")');
    expect(await page.$$eval('.headline', (all) => all.length)).toBe(HEADLINES.length);
    await page.selectOption('.controls select >> nth=0', 'month');
    await page.waitForSelector('.waiting:has-text("cannot be reached")');
    await page.context().setOffline(false);
    // Nobody has to ask for it again.
    await page.waitForSelector('.headlines');
    expect(await page.$('.banner')).toBeNull();
  });

  it('say so when an answer needs events that are gone, or when nobody answers', async () => {
    await page.route('**/api/v2/query', (route) => route.abort());
    await page.goto(`${speck.url}/app/${pixel}?period=91d`);
    await page.waitForSelector('.waiting:has-text("cannot be reached")');
    await page.waitForSelector('.banner:has-text("Speck cannot be reached")');
    await page.unroute('**/api/v2/query');
    // The device was online all along: nothing but time brings the answer.
    await page.waitForSelector('.headlines');
    await page.route('**/api/v2/query', (route) =>
      route.fulfill({
        status: 400,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          status: 400,
          reason: 'beyond_retention',
          detail: 'Raw events up to May are gone.',
        }),
      }),
    );
    await page.reload();
    await page.waitForSelector('.error:has-text("Raw events up to May are gone.")');
    await page.unroute('**/api/v2/query');
    await page.click('text=Try again');
    await page.waitForSelector('.headlines');
  });
});

interface SentQuery {
  readonly site_id: string;
  readonly date_range: unknown;
  readonly dimensions?: readonly string[];
  readonly filters?: readonly unknown[];
}

/** The lists of queries that the page sends, and those of them that it gives up. */
function watchLists(): { readonly sent: SentQuery[][]; readonly aborted: SentQuery[][]; stop(): void } {
  const [sent, aborted]: [SentQuery[][], SentQuery[][]] = [[], []];
  const listOf = (request: Request): SentQuery[] | null =>
    request.url().endsWith('/api/v2/query') ? (request.postDataJSON() as SentQuery[]) : null;
  const onSent = (request: Request): void => void sent.push(...[listOf(request) ?? []].filter(hasAny));
  const onFailed = (request: Request): void => {
    if (request.failure()?.errorText === 'net::ERR_ABORTED') {
      aborted.push(...[listOf(request) ?? []].filter(hasAny));
    }
  };
  page.on('request', onSent);
  page.on('requestfailed', onFailed);
  return {
    sent,
    aborted,
    stop: () => {
      page.off('request', onSent);
      page.off('requestfailed', onFailed);
    },
  };
}
const hasAny = (list: readonly unknown[]): boolean => list.length > 0;

/** Holds the API's answers to queries until they are released. */
async function holdQueries(): Promise<() => Promise<void>> {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/api/v2/query', async (route) => {
    await held;
    // The page may have given it up.
    await route.continue().catch(() => undefined);
  });
  return async () => {
    release();
    await page.unroute('**/api/v2/query');
  };
}

describe('the queries of a view', () => {
  const allAnswered = () =>
    eventually(async () => (await page.$('main [aria-busy="true"]')) === null, 'all answers', 30_000);

  beforeAll(async () => {
    await page.goto(`${speck.url}/app/${pixel}?period=7d`);
    await page.waitForLoadState('networkidle');
  });

  it('are three requests: what is looked at first, the panels, and what takes long', async () => {
    const { sent, stop } = watchLists();
    await page.click('.panel[aria-label="Places"] button.label:has-text("Germany")');
    await page.waitForSelector('.chip:has-text("Country")');
    await eventually(async () => sent.length === 3, 'all requests');
    await allAnswered();
    stop();
    expect(
      sent.map((list) =>
        list.map(({ dimensions = [] }) => dimensions.join(' ').replace(/props:.*/, 'props')).toSorted(),
      ),
    ).toEqual([
      ['', 'time:day', 'time:day'],
      [
        'event:goal',
        'event:page',
        'event:props',
        'visit:channel',
        'visit:country',
        'visit:device',
        'visit:utm_campaign',
      ],
      ['', 'person:devices'],
    ]);
    for (const list of sent) for (const one of list) expect(one.filters).toHaveLength(1);
    await expectHeadlines({ date_range: '7d', filters: [['is', 'visit:country', ['DE']]] });
    await page.click('.chip .away');
    await expectHeadlines({ date_range: '7d' });
    await allAnswered();
  });

  it('are given up when others replace them, and old numbers are not shown for long', async () => {
    const lists = watchLists();
    const release = await holdQueries();
    // On the 28th, the last 28 days would be those of the month.
    await page.selectOption('.controls select >> nth=0', '91d');
    await eventually(async () => lists.sent.length === 1, 'the first request');
    const blank = () =>
      page.$$eval('.headline .value', (all) => all.every((one) => one.textContent?.trim() === ''));
    await eventually(blank, 'the old numbers to go');
    expect(await page.getAttribute('.headlines', 'aria-busy')).toBe('true');
    expect(await page.getAttribute('.chart[role=slider]', 'aria-busy')).toBe('true');
    expect(await page.textContent('.view > [role=status]')).toBe('Loading the statistics');
    expect(await page.$$eval('.panel table', (all) => all.length)).toBe(0);
    expect(await page.$$eval('.panel .loading', (all) => all.length)).toBeGreaterThan(5);
    expect(lists.aborted).toEqual([]);

    await page.selectOption('.controls select >> nth=0', 'month');
    await eventually(async () => lists.sent.length === 2 && lists.aborted.length === 1, 'it to be aborted');
    expect(lists.aborted).toEqual(lists.sent.slice(0, 1));
    await release();
    await expectHeadlines({ date_range: 'month' });
    expect(await page.getAttribute('.headlines', 'aria-busy')).toBe('false');
    expect(await page.textContent('.view > [role=status]')).toBe('');
    await page.waitForSelector('.panel table');
    await allAnswered();
    lists.stop();
    // The panels of the period that was left at once were never asked for.
    const dimensionsIn = (range: string): string[] =>
      lists.sent
        .flat()
        .filter(({ date_range }) => date_range === range)
        .map(({ dimensions = [] }) => dimensions.join(' '));
    expect(dimensionsIn('91d').filter((name) => /^(event|visit|person):(?!props)/.test(name))).toEqual([]);
    expect(dimensionsIn('month')).toContain('event:page');
    expect(dimensionsIn('month')).toContain('person:devices');
  });

  it('fail one by one', async () => {
    await page.route('**/api/v2/query', async (route) => {
      const response = await route.fetch();
      const bodies = route.request().postDataJSON() as SentQuery[];
      const items = (await response.json()) as object[];
      const problem = { status: 400, reason: 'invalid_query', detail: 'Pages are too many.' };
      const json = items.map((item, index) =>
        bodies[index]?.dimensions?.[0] === 'event:page' ? problem : item,
      );
      // The page may have given it up.
      await route.fulfill({ response, json }).catch(() => undefined);
    });
    await page.goto(`${speck.url}/app/${pixel}?period=7d`);
    await page.waitForSelector('.panel[aria-label="Pages"] .error:has-text("Pages are too many.")');
    await page.waitForSelector('.panel[aria-label="Devices"] table');
    await page.unroute('**/api/v2/query');
    await page.click('.panel[aria-label="Pages"] .error button');
    await page.waitForSelector('.panel[aria-label="Pages"] table');
  });
});

describe('all rows, split by a second dimension', () => {
  const metrics = ['visitors', 'percentage', 'visits', 'pageviews', 'bounce_rate', 'visit_duration'];
  const dimensions = ['visit:source', 'visit:device'];
  const split = (): Promise<string[][]> =>
    page.$$eval('dialog tbody tr', (rows) =>
      rows.map((row) => [...row.querySelectorAll('bdi, td')].map((cell) => cell.textContent?.trim() ?? '')),
    );
  const expected = ({ results }: { readonly results: readonly Row[] }): string[][] =>
    results
      .slice(0, 50)
      .map((row) => [
        ...row.dimensions,
        ...metrics.map((metric, place) => formatValue(metric, row.metrics[place])),
      ]);

  it('are those of the API, in the address and in the CSV', async () => {
    await page.goto(`${speck.url}/app/${pixel}?period=28d&compare=none&all=visit:source`);
    await page.waitForSelector('dialog td');
    const choice = 'dialog label:has-text("Split by") select';
    // By keyboard: what is typed chooses.
    await page.focus(choice);
    await page.keyboard.type('by device');
    const request = { site_id: pixel, metrics, date_range: '28d', dimensions };
    const answer = await query(speck, request);
    await settles(split, expected(answer));
    expect(search()).toBe('?period=28d&compare=none&all=visit:source&split=visit:device');
    expect(await page.textContent('dialog h2')).toMatch(/^Sources by device, \d/);
    expect(
      await page.$$eval('dialog thead th', (all) => all.slice(0, 2).map((one) => one.textContent)),
    ).toEqual(['Source', 'Device']);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click('dialog button:has-text("CSV")'),
    ]);
    const lines = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\r\n')
      .slice(1);
    expect(lines).toEqual(answer.results.map((row) => [...row.dimensions, ...row.metrics].join(',')));
    expect(download.suggestedFilename()).toMatch(/^fern-kettle_sources-by-device_/);

    // Whoever opens the address sees the same.
    await page.reload();
    await settles(split, expected(answer));
    await page.fill('dialog input[type=search]', 'mobile');
    const mobile = answer.results.filter(({ dimensions: [, device] }) => device === 'Mobile');
    await settles(split, expected({ results: mobile }));
    await page.fill('dialog input[type=search]', 'no such thing');
    await page.click('dialog .empty:has-text("No rows match") button');
    await settles(split, expected(answer));
  });

  it('filter by both values, and are one list again without it', async () => {
    const [first] = (await split())[0] ?? [];
    const name = await page.textContent('dialog tbody button >> nth=0');
    expect(name).toMatch(new RegExp(`^Filter by ${first} and (Mobile|Desktop|Tablet)$`));
    await page.click('dialog tbody button >> nth=0');
    await page.waitForSelector('.chip:has-text("Device is")');
    expect(search()).toMatch(/^\?period=28d&compare=none&f=is,visit:source,.+&f=is,visit:device,\w+$/);
    await page.goBack();
    await page.waitForSelector('dialog td');
    await page.selectOption('dialog label:has-text("Split by") select', '');
    const answer = await query(speck, {
      site_id: pixel,
      metrics,
      date_range: '28d',
      dimensions: dimensions.slice(0, 1),
    });
    await settles(() => rowsOf(page, 'dialog table'), expectedRows(answer, 'visit:source', metrics, 50));
    expect(search()).toBe('?period=28d&compare=none&all=visit:source');
    // A page belongs to an event: what describes complete visits is left out.
    await page.selectOption('dialog label:has-text("Split by") select', 'event:page');
    await page.waitForSelector('dialog th:has-text("Scroll depth")');
    expect(await page.$('dialog .error')).toBeNull();
    // A version is that of a browser, with a second dimension as without.
    await page.goto(`${speck.url}/app/${pixel}?period=28d&all=visit:browser_version&split=visit:country`);
    await page.waitForSelector('dialog th.part:has-text("Germany")');
    expect(await page.textContent('dialog tbody button >> nth=0')).toMatch(/^Filter by \D+ [\d.]+ and /);
  });

  it('say when there is nothing, and do not take what is no dimension', async () => {
    await page.goto(
      `${speck.url}/app/${pixel}?period=28d&f=is,visit:source,Nowhere&all=visit:source&split=visit:device`,
    );
    await page.waitForSelector('dialog .empty:has-text("No data for this period")');
    await page.goto(`${speck.url}/app/${pixel}?period=28d&all=visit:source&split=visit:nothing`);
    await page.waitForSelector('dialog td');
    expect(await page.$('dialog .part')).toBeNull();
    await page.goto(`${speck.url}/app/${pixel}?period=28d&all=person:devices&split=visit:device`);
    await page.waitForSelector('dialog td');
    expect(await page.$('dialog select')).toBeNull();
  });

  it('are not offered by a pixel that protects small groups', async () => {
    const protect = (min_group: number): Promise<Response> =>
      speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: { min_group } });
    await protect(2);
    await page.goto(`${speck.url}/app/${pixel}?period=28d&all=visit:source&split=visit:device`);
    await page.waitForSelector('dialog td');
    expect(await page.$('dialog select')).toBeNull();
    expect(await page.$('dialog .part')).toBeNull();
    expect(await page.$('dialog .error')).toBeNull();
    await protect(0);
    await page.goto(`${speck.url}/app/${pixel}?period=7d`);
    await page.waitForLoadState('networkidle');
  });
});

/** Dimensions whose values say little without another's. */
const WHOSE: Readonly<Record<string, readonly string[]>> = {
  'visit:browser_version': ['visit:browser'],
  'visit:os_version': ['visit:os'],
};

/** As the panels ask for them. */
function metricsOf(dimension: string): string[] {
  if (dimension === 'event:page') return ['visitors', 'pageviews'];
  if (dimension === 'event:goal') return ['visitors', 'conversion_rate', 'total_revenue'];
  if (dimension === 'event:currency') return ['events', 'total_revenue', 'average_revenue'];
  return dimension.startsWith('event:') ? ['visitors', 'events'] : ['visitors', 'percentage'];
}

describe('the other views', () => {
  it('show all pixels, today beside yesterday', async () => {
    await page.goto(`${speck.url}/app/`);
    const { results, meta } = await query(speck, {
      site_id: pixel,
      metrics: ['visitors'],
      date_range: '30d',
      dimensions: ['time:day'],
      include: { time_labels: true },
    });
    const at = new Map(results.map(({ dimensions, metrics }) => [dimensions[0], metrics[0]]));
    const values = (meta.time_labels ?? []).map((label) => Number(at.get(label) ?? 0));
    const all = values.reduce((sum, value) => sum + value, 0);
    const card = `[data-pixel="${pixel}"]`;
    for (const [of, value] of [
      ['today', values.at(-1)],
      ['yesterday', values.at(-2)],
      ['month', all],
    ] as const) {
      await settles(() => page.textContent(`${card} [data-of=${of}] dd`), formatValue('visitors', value));
    }
    await page.click(`${card} a`);
    await page.waitForSelector('.headlines');
  });

  it('show what happens now, event by event', async () => {
    await fetch(`${speck.url}/beacon`, {
      method: 'POST',
      headers: { 'user-agent': USER_AGENT },
      body: JSON.stringify({
        id: pixel,
        ev: 'Hello',
        dl: 'https://fernandkettle.example/live',
        cd: { who: 'Ann' },
      }),
    });
    await page.click('nav >> text=Live');
    await page.waitForSelector('.stream button:has-text("Hello")');
    const live = async (): Promise<{ visitors: number }> =>
      (await (await speck.api('GET', `/api/v1/pixels/${pixel}/live`)).json()) as { visitors: number };
    await settles(
      () => page.textContent('[data-of=visitors]'),
      formatValue('visitors', (await live()).visitors),
    );
    await page.click('.stream button:has-text("Hello")');
    const fields = (await page.textContent('dialog[open]')) ?? '';
    for (const text of ['Hello', 'fernandkettle.example', '/live', 'who', 'Ann', 'Chrome', 'Windows']) {
      expect(fields).toContain(text);
    }
    expect(fields).toContain(`in ${TIME_ZONE}`);
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });

    await fetch(`${speck.url}/beacon`, {
      method: 'POST',
      headers: { 'user-agent': USER_AGENT },
      body: JSON.stringify({
        id: pixel,
        ev: 'engagement',
        dl: 'https://fernandkettle.example/live',
        cd: { engaged: 83_000, scroll: 40 },
      }),
    });
    await page.click('.stream button:has-text("Read for 1m 23s, scrolled to 40%"):has-text("/live")');
    for (const text of ['83000 1m 23s', '40 40%']) {
      await page.waitForSelector(`dialog[open] dd:has-text("${text}")`);
    }
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
  });

  it('show what was rejected, and why, also at the former address', async () => {
    const robot = { 'user-agent': 'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)' };
    const image = `${speck.url}/p.gif?id=${pixel}&dl=https://fernandkettle.example/tea`;
    for (let time = 0; time < 3; time++) await fetch(image, { headers: robot });
    await eventually(async () => {
      const response = await speck.api('GET', `/api/v1/pixels/${pixel}/rejections`);
      return (await response.text()).includes('"count":3');
    }, 'the rejections');
    const crawler = { 'user-agent': 'Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)' };
    await fetch(image, { headers: crawler });
    await eventually(async () => {
      const response = await speck.api('GET', `/api/v1/pixels/${pixel}/rejections`);
      return (await response.text()).includes('"GPTBot":1');
    }, 'the rejection of the crawler');
    await page.click('nav >> text=Rejected events');
    await page.waitForSelector('[data-reason=bot] .number:text("4")');
    // The agents of AI companies are shown by name, and not again among the others.
    expect(await page.innerText('[data-group=ai]')).toMatch(
      /GPTBot\s+1 OpenAI, collects texts to train models/,
    );
    expect(await page.$('[data-reason=bot] .tag:has-text("GPTBot")')).toBeNull();
    await page.click('[data-reason=bot] summary');
    await page.waitForSelector('[data-reason=bot] .tag:has-text("bingbot")');
    // Four times the same tells no more than once.
    expect(await page.$$eval('[data-reason=bot] .sample', (all) => all.length)).toBe(1);
    expect(await page.$$eval('svg title', (all) => all.map((one) => one.textContent).at(-1))).toMatch(
      /: 4 rejected$/,
    );
    await page.goto(`${speck.url}/app/${pixel}/refusals`);
    await page.waitForSelector('h1:text-is("Rejected events")');
    await page.waitForSelector('nav [aria-current=page]:has-text("Rejected events")');
  });

  it('let the owner set things', async () => {
    await page.click('nav >> text=Settings');
    const settings = async (): Promise<Record<string, unknown>> =>
      (
        (await (await speck.api('GET', `/api/v1/pixels/${pixel}`)).json()) as {
          settings: Record<string, unknown>;
        }
      ).settings;
    const collecting = '.block:has(h2:text("Collecting"))';
    await page.fill(`${collecting} input[type=number] >> nth=0`, '400');
    await page.fill(`${collecting} textarea >> nth=1`, 'q\npage');
    await page.click(`${collecting} button[type=submit]`);
    await page.waitForSelector(`${collecting} .saved:has-text("Saved")`);
    expect(await settings()).toMatchObject({ retention_days: 400, query_params: ['q', 'page'], origins: [] });
    await page.fill(`${collecting} textarea >> nth=0`, 'http://no.host');
    await page.click(`${collecting} button[type=submit]`);
    await page.waitForSelector(`${collecting} .error:has-text("without scheme")`);
    await page.fill(`${collecting} textarea >> nth=0`, ' *.example.com \n\n');
    await page.selectOption(`${collecting} select >> nth=0`, 'drop');
    await page.selectOption(`${collecting} select >> nth=1`, 'first_party');
    await page.fill(`${collecting} input[type=number] >> nth=1`, '500');
    await page.fill(`${collecting} input[type=number] >> nth=2`, '0');
    await page.click(`${collecting} button[type=submit]`);
    await page.waitForSelector(`${collecting} .saved:has-text("Saved")`);
    expect(await page.$(`${collecting} .error`)).toBeNull();
    expect(await settings()).toMatchObject({
      retention_days: 400,
      keep_days: 500,
      origins: ['*.example.com'],
      gpc: 'drop',
      cookie: 'first_party',
      min_group: 0,
    });
    await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: { origins: [], gpc: 'anonymous' } });

    const goals = '.block:has(h2:text("Goals"))';
    await page.fill(`${goals} input >> nth=0`, 'Said hello');
    await page.fill(`${goals} input >> nth=1`, 'Hello');
    await page.click(`${goals} button[type=submit]`);
    await page.waitForSelector(`${goals} li:has-text("Said hello")`);
    expect((await settings())['goals']).toContainEqual({ name: 'Said hello', event: 'Hello' });

    const funnels = '.block:has(h2:text("Funnels"))';
    await page.fill(`${funnels} input >> nth=0`, 'From tea to hello');
    await page.selectOption(`${funnels} select`, 'Bought tea');
    await page.selectOption(`${funnels} select`, 'Said hello');
    await page.click(`${funnels} button[type=submit]`);
    await page.waitForSelector(`${funnels} li:has-text("From tea to hello")`);
    expect((await settings())['funnels']).toContainEqual({
      name: 'From tea to hello',
      steps: ['Bought tea', 'Said hello'],
      within: 'visit',
    });

    // A goal that a funnel needs goes only together with it, and the page says so before.
    await page.click(`${goals} [aria-label="Remove Said hello"]`);
    await page.waitForSelector(`${goals} [role=alert]:has-text("From tea to hello")`);
    await page.click(`${goals} >> text=Keep it`);
    expect((await settings())['goals']).toContainEqual({ name: 'Said hello', event: 'Hello' });
  });

  async function leaveAndReturn(): Promise<void> {
    await page.click('a.brand');
    await page.waitForSelector('.card');
    await page.click('text=Tokens');
    await page.waitForSelector('h2:has-text("All tokens")');
  }

  it('make and delete tokens; whoever signed in with one is out', async () => {
    await page.click('text=Tokens');
    await page.fill('.block input >> nth=0', 'Colleague');
    await page.selectOption('.block select', pixel);
    await page.click('.block button[type=submit]');
    const token = (await page.textContent('.block pre')) ?? '';
    expect(token).toMatch(/^speck_/);
    // What was known before the change is forgotten, also by who comes back.
    await leaveAndReturn();
    await page.waitForSelector('li:has-text("Colleague")');

    const colleague = await openPage(browser, speck);
    await signIn(colleague.page, speck, token);
    await colleague.page.waitForSelector('.card');
    await colleague.page.click('.card a');
    await colleague.page.waitForSelector('.headlines');
    expect(await colleague.page.$$eval('nav a', (all) => all.map((one) => one.textContent))).toEqual([
      'Statistics',
      'Live',
      'Rejected events',
    ]);
    await page.click('li:has-text("Colleague") button');
    await page.click('li:has-text("Colleague") .danger');
    await page.waitForSelector('.empty:has-text("No tokens yet")');
    await leaveAndReturn();
    await page.waitForSelector('.empty:has-text("No tokens yet")');
    await colleague.page.goto(`${speck.url}/app/${pixel}?period=91d`);
    await colleague.page.waitForSelector('h1:has-text("Sign in")');
    expect(colleague.wrong).toEqual([]);
    await colleague.close();
  });

  it('delete a pixel, once its name is typed', async () => {
    const doomed = await speck.addPixel({ name: 'Doomed' });
    await page.goto(`${speck.url}/app/${doomed}/settings`);
    const block = '.block:has(h2:text("Delete the pixel"))';
    await page.fill(`${block} input`, 'Doom');
    expect(await page.isDisabled(`${block} button`)).toBe(true);
    await page.fill(`${block} input`, 'Doomed');
    await page.click(`${block} button`);
    await page.waitForSelector('h1:has-text("Pixels")');
    expect((await speck.api('GET', `/api/v1/pixels/${doomed}`)).status).toBe(404);
  });
});

describe('a session', () => {
  it('that has ended leads to the sign-in, and back to where one was', async () => {
    await page.goto(`${speck.url}/app/${pixel}?period=7d`);
    await page.waitForSelector('.headlines');
    // An answer that comes late would lead to the sign-in by itself.
    await page.waitForLoadState('networkidle');
    await speck.db.prepare('DELETE FROM sessions').run();
    await page.selectOption('.controls select >> nth=0', '28d');
    await page.waitForSelector('h1:has-text("Sign in")');
    await page.fill('input[type=password]', ADMIN_TOKEN);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.headlines');
    expect(search()).toBe('?period=28d');
  });

  it('ends with the sign-out', async () => {
    await page.click('text=Sign out');
    await page.waitForSelector('h1:has-text("Sign in")');
    await page.reload();
    await page.waitForSelector('h1:has-text("Sign in")');
    await signIn(page, speck);
  });
});

describe('a shared link', () => {
  it('shows the statistics to whoever has it and its password, and nothing else, until it is taken back', async () => {
    await page.goto(`${speck.url}/app/${pixel}/settings`);
    const links = '.block:has(h2:text("Shared links"))';
    await page.fill(`${links} input >> nth=0`, 'The board');
    await page.fill(`${links} input[type=password]`, 'a secret of ours');
    await page.click(`${links} button[type=submit]`);
    const url = (await page.textContent(`${links} pre`)) ?? '';

    const board = await openPage(browser, speck);
    await board.page.goto(url);
    await board.page.fill('input[type=password]', 'not this one');
    await board.page.keyboard.press('Enter');
    await board.page.waitForSelector('.error:has-text("The password is wrong")');
    await board.page.fill('input[type=password]', 'a secret of ours');
    await board.page.keyboard.press('Enter');
    await board.page.waitForSelector('.headlines');
    expect(await board.page.$('nav')).toBeNull();
    expect(await board.page.$('text=Sign out')).toBeNull();
    await board.page.click('.panel[aria-label="Sources"] button.label >> nth=0');
    await board.page.waitForSelector('.chip');
    expect(new URL(board.page.url()).hash).toBe(new URL(url).hash);
    await board.page.reload();
    await board.page.waitForSelector('.headlines');

    // The owner looks at it, too, and stays signed in.
    await page.goto(url);
    await page.fill('input[type=password]', 'a secret of ours');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.headlines');
    await page.goto(`${speck.url}/app/${pixel}/settings`);
    await page.click(`${links} li:has-text("The board") button:text-is("Revoke")`);
    await page.click(`${links} li:has-text("The board") .danger`);
    await page.waitForSelector(`${links} .empty`);
    await board.page.selectOption('.controls select >> nth=0', '91d');
    await board.page.waitForSelector('.error:has-text("revoked")');
    expect(board.wrong).toEqual([]);
    await board.close();
  });
});

describe('by keyboard alone', () => {
  it('one signs in, opens a pixel, filters, opens a window and leaves it', async () => {
    const mine = await openPage(browser, speck);
    const { keyboard } = mine.page;
    const focus = (): Promise<string> =>
      mine.page.evaluate(() => document.activeElement?.textContent?.trim().slice(0, 60) ?? '');
    const tabTo = async (pattern: RegExp): Promise<void> => {
      for (let step = 0; step < 120; step++) {
        await keyboard.press('Tab');
        if (pattern.test(await focus())) return;
      }
      throw new Error(`never came to ${pattern}`);
    };
    await mine.page.goto(`${speck.url}/app/`);
    await mine.page.waitForSelector('input[type=password]:focus');
    await keyboard.type(ADMIN_TOKEN);
    await keyboard.press('Enter');
    await mine.page.waitForSelector('.card');
    await tabTo(/^Fern & Kettle$/);
    await keyboard.press('Enter');
    await mine.page.waitForSelector('.headlines');
    // The heading has the focus: a screen reader says where one is.
    expect(await focus()).toBe('Fern & Kettle');
    await tabTo(/^Bounce rate/);
    await keyboard.press('Enter');
    await mine.page.waitForSelector('[data-metric=bounce_rate][aria-pressed=true]');
    await tabTo(/^Pages$/);
    await keyboard.press('ArrowRight');
    expect(await focus()).toBe('Entry');
    await mine.page.waitForSelector('table[data-dimension="visit:entry_page"]');
    await tabTo(/^Filter by \//);
    await keyboard.press('Enter');
    await mine.page.waitForSelector('.chip:has-text("Entry page is")');
    // What was asked for first is answered first.
    await mine.page.waitForLoadState('networkidle', { timeout: 60_000 });
    await tabTo(/^(See all|Details)/);
    await keyboard.press('Enter');
    await mine.page.waitForSelector('dialog[open] table');
    await keyboard.press('Escape');
    await eventually(async () => (await mine.page.$('dialog')) === null, 'the window to close');
    expect(await focus()).toMatch(/^(See all|Details)/);
    expect(mine.wrong).toEqual([]);
    await mine.close();
  });
});

describe('for everyone', () => {
  it.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)('axe finds nothing wrong with any view, %s and %i wide', async (colorScheme, width) => {
    const mine = await openPage(browser, speck, {
      colorScheme,
      viewport: { width, height: TALL.height },
      bypassCSP: true,
    });
    const fresh = await speck.addPixel({ name: 'Fresh' });
    await mine.page.goto(`${speck.url}/app/`);
    await mine.page.waitForSelector('h1');
    const issues: string[] = [];
    const look = async (view: string): Promise<void> => {
      await mine.page.waitForLoadState('networkidle');
      issues.push(...(await violations(mine.page)).map((one) => `${view}: ${one}`));
    };
    await look('sign-in');
    await signIn(mine.page, speck);
    for (const [path, ready] of [
      ['', '.card'],
      ['new', 'form'],
      ['tokens', '.block'],
      ['nothing', '.empty'],
      [`${pixel}?period=7d&f=is,visit:source,Google`, '.map svg'],
      [`${pixel}?period=7d&all=visit:country`, 'dialog td'],
      [`${pixel}?period=7d&all=event:page&split=visit:country`, 'dialog .part'],
      [fresh, '.empty'],
      [`${fresh}/live`, '.empty'],
      [`${fresh}/rejections`, '.empty'],
      [`${fresh}/install`, '.check:has-text("Waiting")'],
      [`${pixel}/live`, '.stream'],
      [`${pixel}/rejections`, '.reasons'],
      [`${pixel}/install`, '.check.good'],
      [`${pixel}/settings`, '.block'],
    ] as const) {
      await mine.page.goto(`${speck.url}/app/${path}`);
      await mine.page.waitForSelector(ready);
      await look(path);
    }
    await mine.page.context().setOffline(true);
    await mine.page.waitForSelector('.banner');
    await look('offline');
    await speck.api('DELETE', `/api/v1/pixels/${fresh}`);
    expect(issues).toEqual([]);
    await mine.close();
  });

  it('the theme is the one that was chosen, from the first paint on', async () => {
    await page.goto(`${speck.url}/app/`);
    const paper = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await page.click('.theme');
    await page.click('.theme');
    const dark = await paper();
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await paper()).toBe(dark);
    await page.waitForSelector('.theme');
    await page.click('.theme');
    expect(await paper()).toBe(light);
  });
});

describe('hostile data', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is to stay as it is.
  const MARKUP = '<img src=x onerror=alert(1)><script>alert(2)</script>"\'`{{7*7}}${7*7}';
  const LONG = `/${'verylong'.repeat(127)}`;
  const RTL = '/\u202eעברית-العربية\u202d/👩‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿';
  let hostile: string;

  beforeAll(async () => {
    hostile = await speck.addPixel({ name: `${'W'.repeat(90)} <b>bold</b>`, url: 'https://site.example' });
    const names = [MARKUP.slice(0, 60), 'x'.repeat(60), 'ev\u202eent 👩‍👩‍👧‍👦', 'pageview'];
    const pages = [`/${MARKUP}`, LONG, RTL, 'javascript:alert(3)', '=HYPERLINK("http://evil.example")'];
    const rows = Array.from({ length: 60 }, (_, place) => ({
      id: `h${place}`,
      ts: new Date(Date.now() - 60_000 - place * 1000).toISOString(),
      name: names[place % names.length],
      visitor: `v${place % 7}`,
      page: pages[place % pages.length],
      hostname: place % 2 ? 'site.example' : MARKUP.slice(0, 80),
      referrer: place % 3 ? MARKUP : 'r'.repeat(500),
      source: place % 3 ? MARKUP : 's'.repeat(120),
      channel: MARKUP,
      utm_campaign: RTL,
      city: MARKUP.slice(0, 60),
      country: place % 2 ? 'ZZ' : '<b',
      browser: MARKUP,
      device: '‮Mobile',
      os: 'o'.repeat(300),
      props: { [MARKUP.slice(0, 60)]: MARKUP, ['k'.repeat(60)]: 'v'.repeat(500), [`__proto__`]: '1' },
    }));
    await put(hostile, rows);
    await speck.api('PATCH', `/api/v1/pixels/${hostile}`, {
      settings: {
        goals: [
          { name: MARKUP.slice(0, 90), event: names[0] },
          { name: 'g'.repeat(100), event: names[1] },
        ],
        funnels: [
          { name: MARKUP.slice(0, 80), steps: [MARKUP.slice(0, 90), 'g'.repeat(100)], within: 'visit' },
        ],
      },
    });
  });

  it.each([1280, 390])('runs nothing and breaks no layout, %i wide', async (width) => {
    const mine = await openPage(browser, speck, { viewport: { width, height: TALL.height } });
    await signIn(mine.page, speck);
    const check = async (view: string): Promise<void> => {
      await mine.page.waitForLoadState('networkidle');
      expect([view, await overflow(mine.page)]).toEqual([view, 0]);
    };
    await check('overview');
    await mine.page.goto(`${speck.url}/app/${hostile}?period=day`);
    await mine.page.waitForSelector('.map svg');
    await check('statistics');
    for (const tab of await mine.page.$$('[role=tab]')) await tab.click();
    await check('statistics, last tabs');
    await mine.page.click('.panel[aria-label="Pages"] [role=tab] >> nth=0');
    const pages = (await rowsOf(mine.page, 'table[data-dimension="event:page"]')).map(([name]) => name);
    expect(new Set(pages)).toEqual(
      new Set([`/${MARKUP}`, LONG, RTL, 'javascript:alert(3)', '=HYPERLINK("http://evil.example")']),
    );
    for (const value of [MARKUP.slice(1, 20), 'verylong', 'javascript']) {
      await mine.page.click(
        `.panel[aria-label="Pages"] button.label:has-text("${value.replaceAll('"', '\\"')}")`,
      );
      await mine.page.waitForSelector('.chip');
      await check(`filtered by ${value}`);
      await mine.page.waitForSelector('.headlines:not(.pending)');
      expect(await mine.page.textContent('[data-metric=visitors] .value')).not.toBe('0');
      await mine.page.click('.chip .away');
    }
    await mine.page.goto(`${speck.url}/app/${hostile}?period=day&all=event:page`);
    await mine.page.waitForSelector('dialog td');
    await check('all rows');
    await mine.page.goto(`${speck.url}/app/${hostile}?period=day&all=event:page&split=visit:city`);
    await mine.page.waitForSelector('dialog .part');
    await check('all rows, split');
    for (const [view, ready] of [
      ['live', '.stream'],
      ['rejections', 'h1'],
      ['install', '.check.good'],
      ['settings', '.block'],
    ] as const) {
      await mine.page.goto(`${speck.url}/app/${hostile}/${view}`);
      await mine.page.waitForSelector(ready);
      await check(view);
    }
    await mine.page.goto(`${speck.url}/app/${hostile}/live`);
    await mine.page.click('.stream button >> nth=0');
    await check('an event');
    expect(mine.wrong).toEqual([]);
    await mine.close();
  });

  it('in the address does no harm either', async () => {
    const address = `${speck.url}/app/${pixel}?period=7d&metric=${encodeURIComponent(MARKUP)}&f=is,${encodeURIComponent(encodeURIComponent(MARKUP))},x&all=${encodeURIComponent(MARKUP)}`;
    await page.goto(address);
    await page.waitForSelector('.error');
    await page.goto(`${speck.url}/app/${pixel}?from=2026-13-99&to=1&f=%E0%A4%A&f=&by=century`);
    await page.waitForSelector('.headlines');
  });
});

it('in all this nothing went wrong by itself, and no other host was asked', () => {
  expect(watched.wrong).toEqual([]);
});
