/**
 * The lines that Install and docs/migrate.md tell owners to write, each run as written with the real client: it counts. Clients that
 * are in no package have their requests tested in test/collect/wire.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toolGuides } from '../../src/dashboard/tools.ts';
import { launchChromium, USER_AGENT } from '../browser/chromium.ts';
import { eventually, type Site, startSite } from '../browser/site.ts';
import { ROOT, type Speck, startSpeck } from '../e2e/harness.ts';

const SITE = 'www.shop.example';

/** How a line is run. */
interface Run {
  /** What the tool calls the site: it stands for the dots in a line. */
  readonly name: string;
  readonly where: 'page' | 'server';
  /** The imports that the line needs. */
  readonly imports: string;
  /** The line within a program that counts an event. */
  readonly program: (line: string) => string;
}

const inPage = (name: string, imports: string, program: Run['program']): Run => ({
  name,
  where: 'page',
  imports,
  program,
});
const onServer = (name: string, imports: string, program: Run['program']): Run => ({
  name,
  where: 'server',
  imports,
  program,
});

/** The lines by tool, in the order of the guide; null for those of a client that is in no package. */
const RUNS: Readonly<Record<string, readonly (Run | null)[]>> = {
  ga4: [
    null,
    onServer(
      'G-AB12CD34EF',
      '',
      (line) => `await fetch(${JSON.stringify(line)}, { method: 'POST', body: JSON.stringify({
        client_id: '1.2', events: [{ name: 'page_view', params: { page_location: 'https://${SITE}/' } }] }) });`,
    ),
  ],
  plausible: [
    null,
    inPage(SITE, "import { init } from '@plausible-analytics/tracker';", (line) => `${line};`),
  ],
  matomo: [
    null,
    onServer(
      '1',
      "import MatomoTracker from 'matomo-tracker';",
      (line) => `const matomo = ${line} matomo.on('error', (error) => { throw error; });
        matomo.track({ url: 'https://${SITE}/' });`,
    ),
  ],
  umami: [
    null,
    onServer(
      '94db1cb1-74f4-4a40-ad6c-962362670409',
      "import { Umami } from '@umami/node';",
      (line) => `${line} await umami.track({ url: '/' });`,
    ),
  ],
  posthog: [
    inPage('phc_abcdefghijklmnop', "import posthog from 'posthog-js';", (line) => line),
    onServer(
      'phc_abcdefghijklmnop',
      "import { PostHog } from 'posthog-node';",
      (line) =>
        `const client = ${line} client.capture({ distinctId: 'a', event: 'Signup' }); await client.shutdown();`,
    ),
  ],
  segment: [
    inPage(
      'write-key-1',
      "import { AnalyticsBrowser } from '@segment/analytics-next';",
      (line) => `const analytics = ${line} analytics.page();`,
    ),
    onServer(
      'write-key-1',
      "import { Analytics } from '@segment/analytics-node';",
      (line) =>
        `const client = ${line} client.track({ anonymousId: 'a', event: 'Signup' }); await client.closeAndFlush();`,
    ),
    onServer(
      'write-key-1',
      "import Analytics from '@rudderstack/rudder-sdk-node';",
      (line) =>
        `const client = ${line} client.track({ anonymousId: 'a', event: 'Signup' }); await client.flush();`,
    ),
  ],
  snowplow: [
    inPage(
      'shop',
      "import { newTracker, trackPageView } from '@snowplow/browser-tracker';",
      (line) => `${line} trackPageView();`,
    ),
    onServer(
      'shop',
      "import { buildPageView, newTracker } from '@snowplow/node-tracker';",
      (line) =>
        `const tracker = ${line} tracker.track(buildPageView({ pageUrl: 'https://${SITE}/' })); tracker.flush?.();`,
    ),
  ],
  goatcounter: [null],
  counterscale: [inPage(SITE, "import * as Counterscale from '@counterscale/tracker';", (line) => line)],
};

let speck: Speck;
let site: Site;
let browser: Browser;
beforeAll(async () => {
  [speck, site] = await Promise.all([startSpeck(), startSite()]);
  browser = await launchChromium({ [SITE]: site.port });
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), speck?.close()]);
});

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT },
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
  });
  return (outputFiles[0]?.text ?? '').replaceAll('</script', '<\\/script');
}

/** Runs a program as an owner's server would, which then ends by itself. */
async function runOnServer(program: string): Promise<void> {
  const folder = mkdtempSync(join(ROOT, 'node_modules/.guides-'));
  const file = join(folder, 'server.mjs');
  writeFileSync(file, program);
  try {
    const { stderr } = await promisify(execFile)(process.execPath, [file]);
    expect(stderr).toBe('');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Some clients do not count browsers that are under remote control. */
const VISITOR = "<script>Object.defineProperty(navigator, 'webdriver', { get: () => false })</script>";

async function runInPage(program: string): Promise<void> {
  site.page('/', `<!doctype html><title>Shop</title>${VISITOR}<script>${await bundle(program)}</script>`);
  const page = await browser.newPage({ userAgent: USER_AGENT });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`http://${SITE}/`);
  await eventually(async () => (await count()) > 0, 'an event of the page');
  await page.close();
  expect(errors).toEqual([]);
}

const before = { count: 0 };
async function total(): Promise<number> {
  const { results } = await speck.db
    .prepare('SELECT count(*) AS count FROM events')
    .bind()
    .all<{ count: number }>();
  return results[0]?.count ?? 0;
}
const count = async (): Promise<number> => (await total()) - before.count;

describe('the lines to change', () => {
  const guides = toolGuides({ pixel: 'px_1', origin: 'https://px.example.com', site: SITE });

  it('are all known here', () => {
    expect(Object.fromEntries(guides.map(({ tool, changes }) => [tool, changes.length]))).toEqual(
      Object.fromEntries(Object.entries(RUNS).map(([tool, runs]) => [tool, runs.length])),
    );
  });

  const cases = Object.entries(RUNS).flatMap(([tool, runs]) =>
    runs.flatMap((run, index) => (run === null ? [] : [{ tool, index, run, where: run.where }])),
  );
  it.each(cases)('of $tool ($index, $where) count as they are written', async ({ tool, index, run }) => {
    const pixel = await speck.addPixel({ name: tool, url: `http://${SITE}` });
    const added = await speck.api('POST', `/api/v1/pixels/${pixel}/keys`, { tool, name: run.name });
    expect(added.status).toBe(201);
    before.count = await total();
    const guide = toolGuides({ pixel, origin: speck.url, site: SITE }).find((one) => one.tool === tool);
    const line = (guide?.changes[index]?.text ?? '').replaceAll('phc_…', run.name).replaceAll('…', run.name);
    const program = `${run.imports}\n${run.program(line)}`;
    if (run.where === 'page') await runInPage(program);
    else await runOnServer(program);
    const stored = await eventually(async () => {
      const { results } = await speck.db
        .prepare('SELECT name FROM events WHERE pixel = ?')
        .bind(pixel)
        .all<{ name: string }>();
      return results.length > 0 && results;
    }, `an event of ${tool}`);
    expect(stored[0]?.name).toMatch(/^(pageview|Signup)$/);
    expect((await speck.api('DELETE', `/api/v1/pixels/${pixel}`)).status).toBe(204);
  });
});
