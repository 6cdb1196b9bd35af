/** A page of a shop in a real browser, with a client's library, which records all that a visitor or a developer would notice. */
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { USER_AGENT } from '../browser/chromium.ts';
import type { Site } from '../browser/site.ts';
import { ROOT } from '../e2e/harness.ts';

export const SHOP = 'http://www.shop.example';

export interface ClientPage {
  readonly page: Page;
  /** Messages of the console, errors, and requests that failed or went elsewhere than to the gateway. */
  readonly complaints: readonly string[];
}

/** The script of a page, with the packages that it imports. */
export async function bundled(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT },
    bundle: true,
    write: false,
    platform: 'browser',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outputFiles[0]?.text ?? '';
}

/** Opens `/cart` of the shop, on the way from a search. @param script runs when the page is loaded. */
export async function openPage(
  browser: Browser,
  site: Site,
  gateway: string,
  script: string,
  initScript = '',
): Promise<ClientPage> {
  site.page('/cart', '<title>Cart</title><body><script src="/client.js"></script></body>');
  site.on('/client.js', () => ({ headers: { 'content-type': 'text/javascript' }, body: script }));
  const page = await (await browser.newContext({ userAgent: USER_AGENT, locale: 'de-AT' })).newPage();
  if (initScript !== '') await page.addInitScript(initScript);
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} ${request.failure()?.errorText}`));
  page.on('request', (request) => {
    const { origin } = new URL(request.url());
    if (origin !== gateway && origin !== SHOP) complaints.push(request.url());
  });
  await page.goto(`${SHOP}/cart?utm_source=news`, { referer: 'https://www.google.com/' });
  return { page, complaints };
}
