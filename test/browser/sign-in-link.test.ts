/** The link that signs in, as `npm start` prints it, in a real Chromium: what it does, and where its token must never be. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ADMIN_TOKEN, type Speck, startSpeck } from '../e2e/harness.ts';
import { launchChromium } from './chromium.ts';
import { openPage, signIn, type Watched } from './dashboard.ts';

let speck: Speck;
let browser: Browser;
let pixel: string;

beforeAll(async () => {
  speck = await startSpeck();
  browser = await launchChromium();
  pixel = await speck.addPixel({ name: 'Linked' });
});
afterAll(async () => {
  await browser?.close();
  await speck?.close();
});

/** A page that records the address at each request that a script makes, and every URL and header that leaves it. */
async function recorded(): Promise<Watched & { readonly left: string[] }> {
  const mine = await openPage(browser, speck);
  const left: string[] = [];
  mine.page.on('request', async (request) => {
    left.push(request.url(), JSON.stringify(await request.allHeaders().catch(() => ({}))));
  });
  await mine.page.addInitScript(() => {
    const { fetch } = window;
    Object.assign(window, { addresses: [] });
    window.fetch = (...given) => {
      (window as unknown as { addresses: string[] }).addresses.push(location.href);
      return fetch(...given);
    };
  });
  return { ...mine, left };
}

const addressesOf = (page: Page): Promise<string[]> =>
  page.evaluate(() => (window as unknown as { addresses: string[] }).addresses);

const link = (token: string, path = ''): string =>
  `${speck.url}/app/${path}#token=${encodeURIComponent(token)}`;

it('signs in, keeps the rest of the address, and leaves the token nowhere', async () => {
  const mine = await recorded();
  const { page } = mine;
  await page.goto(`${speck.url}/app/`);
  // The field for the token is what a reader needs first.
  await page.waitForSelector('input[type=password]:focus');
  await page.goto('about:blank');
  await page.goto(link(ADMIN_TOKEN, `${pixel}?period=7d`));
  await page.waitForSelector('button:has-text("Sign out")');
  expect(page.url()).toBe(`${speck.url}/app/${pixel}?period=7d`);
  expect(await page.textContent('h1')).toBe('Linked');

  await page.waitForLoadState('networkidle');
  const addresses = await addressesOf(page);
  expect(addresses.length).toBeGreaterThan(2);
  const stored = await page.evaluate(() =>
    JSON.stringify([
      { ...localStorage },
      { ...sessionStorage },
      document.cookie,
      history.state,
      document.referrer,
      navigation.entries().map(({ url }) => url),
    ]),
  );
  const cookies = JSON.stringify(await page.context().cookies());
  const logged = JSON.stringify(speck.logs());
  for (const text of [...addresses, ...mine.left, stored, cookies, logged]) {
    expect(text).not.toContain('token=');
    expect(text).not.toContain(ADMIN_TOKEN);
  }
  // The token is used once: after signing out, nothing signs in again.
  await page.click('button:has-text("Sign out")');
  await page.waitForSelector('h1:has-text("Sign in")');
  await page.waitForLoadState('networkidle');
  expect(await page.textContent('h1')).toBe('Sign in');

  // In a tab that shows the dashboard already, a link changes the fragment only.
  await page.evaluate((href) => location.assign(href), link('no-such-token', pixel));
  await page.waitForSelector('.error:has-text("That token isn\'t valid. Check that you copied all of it.")');
  expect(page.url()).not.toContain('#');
  await page.evaluate((href) => location.assign(href), link(ADMIN_TOKEN, pixel));
  await page.waitForSelector('button:has-text("Sign out")');
  expect((await addressesOf(page)).filter((address) => address.includes('token'))).toEqual([]);
  expect(mine.wrong).toEqual([]);
  await mine.close();
});

it('does not replace a session, and says so to whoever would gain by it', async () => {
  const response = await speck.api('POST', '/api/v1/tokens', { name: 'Reader', scopes: ['stats:read'] });
  const { token } = (await response.json()) as { token: string };
  const mine = await recorded();
  const { page } = mine;
  const kindOf = (): Promise<string> =>
    page.evaluate(async () => {
      const answer = await fetch('/api/v1/session', { headers: { 'x-speck-session': 'owner' } });
      return ((await answer.json()) as { kind: string }).kind;
    });
  await signIn(page, speck, token);
  for (const opened of [link(ADMIN_TOKEN), link(ADMIN_TOKEN, pixel), link(token)]) {
    await page.goto('about:blank');
    await page.goto(opened);
    await page.waitForSelector('.banner:has-text("You are already signed in, so the link was not used.")');
    expect(await kindOf()).toBe('token');
    expect(page.url()).not.toContain('#');
  }
  await page.click('button:has-text("Sign out")');
  await page.waitForSelector('h1:has-text("Sign in")');

  // The owner stays the owner, whatever a link holds.
  await signIn(page, speck);
  await page.goto('about:blank');
  await page.goto(link(token));
  await page.waitForSelector('button:has-text("Sign out")');
  await page.waitForLoadState('networkidle');
  expect(await kindOf()).toBe('admin');
  expect(await page.$('.banner')).toBeNull();
  expect(mine.wrong).toEqual([]);
  await mine.close();
});

it('signs nobody in on another machine, where another site could have made the link', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const sent: string[] = [];
  await page.route('https://px.example/**', async (route) => {
    const { pathname } = new URL(route.request().url());
    sent.push(`${route.request().method()} ${pathname}`);
    await route.fulfill({ response: await route.fetch({ url: speck.url + pathname }) });
  });
  await page.goto(`https://px.example/app/#token=${ADMIN_TOKEN}`);
  await page.waitForSelector('.error:has-text("Paste the token here instead.")');
  expect(page.url()).toBe('https://px.example/app/');
  expect(await page.inputValue('input[type=password]')).toBe('');
  expect(sent).toContain('GET /api/v1/session');
  expect(sent.filter((request) => request.startsWith('POST'))).toEqual([]);
  await context.close();
});
