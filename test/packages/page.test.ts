/** The package in a page that Vite has bundled, in a real Chromium, against the real Worker: it counts what the script tag counts. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium, USER_AGENT } from '../browser/chromium.ts';
import { eventually, type Site, startSite } from '../browser/site.ts';
import { ROOT, type Speck, startSpeck } from '../e2e/harness.ts';

const SHOP = 'http://www.shop.example';

let browser: Browser;
let site: Site;
let speck: Speck;
let folder: string;

beforeAll(async () => {
  [site, speck] = await Promise.all([startSite(), startSpeck()]);
  browser = await launchChromium({ '*.example': site.port });
  folder = mkdtempSync(join(tmpdir(), 'speck-page-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(ROOT, 'packages/speck-tag'), join(folder, 'node_modules/speck-tag'));
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), speck?.close()]);
  rmSync(folder, { recursive: true, force: true });
});

/** Bundles a module, and serves all that comes of it. @returns the script element. */
async function bundle(code: string): Promise<string> {
  writeFileSync(join(folder, 'main.js'), code);
  const built = await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: join(folder, 'main.js') },
    },
  });
  const { output } = built as { output: { fileName: string; code?: string; isEntry?: boolean }[] };
  for (const { fileName, code } of output) {
    site.on(`/${fileName}`, () => ({ headers: { 'content-type': 'text/javascript' }, body: code ?? '' }));
  }
  return `<script type="module" src="/${output.find(({ isEntry }) => isEntry)?.fileName}"></script>`;
}

const BODY = `<form id="form" action="/sent"><button id="send">send</button></form>
  <a id="out" href="http://out.example/">out</a> <a id="file" href="/report.pdf" download>file</a>
  <button id="mark" data-speck-event="Marked" data-speck-plan="pro">mark</button>
  <script>
    document.querySelector('#form').onsubmit = (event) => event.preventDefault();
    for (const link of document.querySelectorAll('a')) link.addEventListener('click', (event) => event.preventDefault());
  </script>`;

/** What a visitor does, with the calls of the page. */
async function visit(path: string, steps: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ userAgent: USER_AGENT, locale: 'en-GB' });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => problems.push(message.text()));
  await page.goto(SHOP + path);
  await page.waitForFunction(() => 'speck' in window);
  await steps(page);
  await context.close();
  expect(problems).toEqual([]);
}

/** The stored events, without what differs by chance. */
async function storedOf(pixel: string, count: number): Promise<Record<string, unknown>[]> {
  const query = speck.db.prepare('SELECT * FROM events WHERE pixel = ?1 ORDER BY ts, id').bind(pixel);
  const rows = await eventually(async () => {
    const { results } = await query.all();
    return results.length >= count ? results : null;
  }, `${count} events`);
  return rows.map(({ id, ts, day, pixel, visitor, person, minute, ...row }) => ({
    ...row,
    hasVisitor: visitor !== '',
    hasPerson: person !== '',
    engaged: typeof row['engaged'],
  }));
}

it('stores the same events as the script tag', async () => {
  const [script, module] = [await speck.addPixel({ url: SHOP }), await speck.addPixel({ url: SHOP })];
  site.page(
    '/script/',
    `<!doctype html><script>window.speck=window.speck||function(){(speck.q=speck.q||[]).push(arguments)}</script>
     <script>speck('track', 'Early', { from: 'the page' })</script>
     <script defer src="${speck.url}/speck.plus.js" data-pixel="${script}" data-use="all"></script>${BODY}`,
  );
  const element = await bundle(`
    import { consent, identify, init, pageview, track } from 'speck-tag';
    track('Early', { from: 'the page' });
    init({ pixel: '${module}', endpoint: '${speck.url}', use: 'all' });
    window.calls = { consent, identify, pageview, track };
  `);
  site.page('/module/', `<!doctype html>${element}${BODY}`);

  const steps = (path: string, calls: readonly string[]) =>
    visit(path, async (page) => {
      for (const call of calls) {
        await page.evaluate(call);
        await page.waitForTimeout(30);
      }
      for (const id of ['send', 'out', 'file', 'mark']) {
        await page.click(`#${id}`);
        await page.waitForTimeout(30);
      }
      await page.evaluate(() => history.pushState(null, '', './next?utm_source=news'));
      await page.waitForTimeout(1_200);
      await page.goto('about:blank');
    });
  await steps('/script/', [
    "speck('track', 'Purchase', { value: 49.9, currency: 'EUR', order: 'A-17', items: [{ sku: 'x' }] }, { eventID: 'A-17' })",
    "speck('identify', 'user-1', { email: 'ann@site.example' })",
    "speck('track', 'Signup')",
    "speck('consent', 'granted')",
    "speck('track', 'pageview', { a: 'b' }, { url: 'http://www.shop.example/virtual' })",
  ]);
  await steps('/module/', [
    "calls.track('Purchase', { value: 49.9, currency: 'EUR', order: 'A-17', items: [{ sku: 'x' }] }, { eventID: 'A-17' })",
    "calls.identify('user-1', { email: 'ann@site.example' })",
    "calls.track('Signup')",
    "calls.consent('granted')",
    "calls.pageview('http://www.shop.example/virtual', { a: 'b' })",
  ]);
  const expected = await storedOf(script, 12);
  const seen = await storedOf(module, expected.length);
  const withoutPath = (rows: unknown) =>
    JSON.parse(JSON.stringify(rows).replaceAll(/\/(script|module)\//g, '/')) as unknown;
  expect(withoutPath(seen)).toEqual(withoutPath(expected));
  const names = expected.map(({ name }) => name);
  for (const name of [
    'pageview',
    'Early',
    'Purchase',
    'engagement',
    'Signup',
    'Form: Submission',
    'Outbound Link: Click',
    'File Download',
    'Marked',
  ]) {
    expect(names).toContain(name);
  }
});

it.each([
  ['beacon', ''],
  ['fetch', 'navigator.sendBeacon = undefined;'],
  ['image', 'navigator.sendBeacon = undefined; window.fetch = undefined;'],
])('sends by every transport, loading its own files only: %s', async (_, before) => {
  const pixel = await speck.addPixel({ url: SHOP });
  const element = await bundle(`
    import { identify, init, track } from 'speck-tag';
    init({ pixel: '${pixel}', endpoint: '${speck.url}/' });
    identify('user-1', { email: 'ann@site.example' });
    track('Signup', { plan: 'pro' });
  `);
  site.page('/transport', `<!doctype html><script>${before}</script>${element}`);
  const asked: string[] = [];
  const context = await browser.newContext({ userAgent: USER_AGENT });
  const page = await context.newPage();
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${SHOP}/transport`);
  const rows = await storedOf(pixel, 3);
  expect(rows.map(({ name }) => name).toSorted()).toEqual(['Signup', 'engagement', 'pageview']);
  expect(asked.filter((url) => url.startsWith(speck.url) && /\.js/.test(url))).toEqual([]);
  await context.close();
});

it.each([
  ['twice', "init(options); init({ ...options, pixel: 'px_other' });", ''],
  ['beside the script tag', 'init(options);', 'script'],
])('counts once if it is started %s', async (_, calls, other) => {
  const pixel = await speck.addPixel({ url: SHOP });
  const element = await bundle(`
    import { init, track } from 'speck-tag';
    const options = { pixel: '${pixel}', endpoint: '${speck.url}' };
    ${calls}
    track('Signup');
  `);
  const script = other && `<script src="${speck.url}/speck.js" data-pixel="${pixel}"></script>`;
  site.page('/once', `<!doctype html>${script}${element}`);
  await visit('/once', async (page) => {
    await page.evaluate(() => window.speck('track', 'The end'));
  });
  await storedOf(pixel, 3);
  expect((await storedOf(pixel, 3)).map(({ name }) => name)).toEqual(['pageview', 'Signup', 'The end']);
});

it('takes its options, and what is off is off', async () => {
  const pixel = await speck.addPixel({ url: SHOP });
  const sent: string[] = [];
  const element = await bundle(`
    import { init, pageview } from 'speck-tag';
    init({ pixel: '${pixel}', endpoint: 'http://px.example/stats', collectPath: '/x', manual: true, hash: true, local: false,
      consent: 'denied', use: ['forms'], notFound: true, debug: false });
    pageview();
  `);
  site.on('/stats/x', ({ body }) => {
    sent.push(body);
    return { status: 204 };
  });
  site.page('/options', `<!doctype html>${element}<form id="form"><button id="send">b</button></form>`);
  await visit('/options#/route', async (page) => {
    await eventually(() => sent.length > 0, 'the event');
    await page.waitForTimeout(200);
  });
  const events = sent.flatMap((body) => JSON.parse(body) as Record<string, unknown>[]);
  expect(events).toMatchObject([
    { id: pixel, ev: '404', consent: 'denied', cd: { path: '/options/route' } },
    { id: pixel, ev: 'pageview', dl: `${SHOP}/options/route` },
  ]);
});

it.each([
  ['no consent', 'relay: true'],
  ['no option relay', "consent: 'granted'"],
])('with %s, an id of an event before init is not sent', async (_, options) => {
  const sent: string[] = [];
  const element = await bundle(`
    import { init, track } from 'speck-tag';
    window.early = track('Early');
    init({ pixel: 'px_1', endpoint: 'http://px.example/unasked', ${options} });
  `);
  site.on('/unasked/beacon', ({ body }) => {
    sent.push(body);
    return { status: 204 };
  });
  site.page('/unasked', `<!doctype html>${element}`);
  await visit('/unasked', async (page) => {
    await eventually(() => sent.join().includes('Early'), 'the event');
    expect(sent.join()).not.toContain(String(await page.evaluate('early')));
  });
});

it('with the option relay, an event has the id that track returns, and what networks need goes along', async () => {
  const sent: string[] = [];
  const element = await bundle(`
    import { consent, init, track } from 'speck-tag';
    window.ids = [track('Early'), track('Order', {}, { eventID: 'A-17' })];
    init({ pixel: 'px_1', endpoint: 'http://px.example/relay', relay: true, consent: 'granted' });
    window.ids.push(track('Purchase'));
    window.refuse = () => { consent('denied'); window.ids.push(track('Afterwards')); };
  `);
  site.on('/relay/beacon', ({ body }) => {
    sent.push(body);
    return { status: 204 };
  });
  site.page(
    '/relay',
    `<!doctype html><script>document.cookie = '_uetvid=${'a'.repeat(32)}'</script>${element}`,
  );
  const events = () => sent.flatMap((body) => JSON.parse(body) as Record<string, unknown>[]);
  await visit('/relay', async (page) => {
    await eventually(() => events().length >= 4, 'four events');
    await page.evaluate('refuse()');
    await eventually(() => events().length >= 6, 'all events');
    const id = expect.stringMatching(/^[0-9a-z]{28}$/);
    expect(await page.evaluate('ids.map(String)')).toEqual([id, 'A-17', id, 'undefined']);
    const [early, , purchase] = await page.evaluate<string[]>('ids');
    expect(events().map(({ eid }) => eid)).toEqual([
      undefined,
      early,
      'A-17',
      purchase,
      undefined,
      undefined,
    ]);
  });
  const ud = { uetvid: 'a'.repeat(32) };
  expect(events().map(({ ev, ud }) => ({ ev, ud }))).toEqual([
    { ev: 'pageview', ud },
    { ev: 'Early', ud },
    { ev: 'Order', ud },
    { ev: 'Purchase', ud },
    { ev: 'engagement' },
    { ev: 'Afterwards' },
  ]);
});
