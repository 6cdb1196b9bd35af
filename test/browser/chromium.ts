/**
 * A real Chromium for tests: headless, with the web's security as visitors have it, and with no way to any network
 * but this machine's own.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';

declare global {
  /** As scripts that a test evaluates in a page with the tag see it. */
  interface Window {
    speck: (...call: unknown[]) => void;
  }
}

/** An ordinary browser's: the headless one says so in its user agent, and is rightly taken for a bot. */
export const USER_AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36';

/** Host names, `*` allowed, and the local ports that answer for them on port 80. The first match wins. */
export type Hosts = Readonly<Record<string, number>>;

/**
 * The package's flags are for one-page scrapers. These of them take away what the tests are about: same-origin checks
 * and CORS, one process a site, and contexts that close without taking the browser along. The last emulate a graphics card,
 * which takes half of a test's processor time.
 */
const UNWANTED = [
  /^--disable-web-security$/,
  /^--allow-running-insecure-content$/,
  /^--disable-site-isolation-trials$/,
  /^--disable-features=.*site-per-process/,
  /^--single-process$/,
  /^--headless\b/,
  /^--(ignore-gpu-blocklist|in-process-gpu|use-gl|use-angle|enable-unsafe-swiftshader)\b/,
];

const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
  '--no-proxy-server',
  '--disable-gpu',
];

/** As visitors' browsers have it. Headless Chromium has it only when asked, and Playwright asks for none. */
const BACK_FORWARD_CACHE = '--enable-bfcache';
const NOT_FROM_PLAYWRIGHT = ['--disable-back-forward-cache'];

function flags(hosts: Hosts): string[] {
  const rules = Object.entries(hosts).map(([host, port]) => `MAP ${host} 127.0.0.1:${port}`);
  rules.push('MAP * ~NOTFOUND', 'EXCLUDE 127.0.0.1', 'EXCLUDE localhost');
  return [
    ...chromium.args.filter((flag) => !UNWANTED.some((unwanted) => unwanted.test(flag))),
    ...QUIET,
    BACK_FORWARD_CACHE,
    // A context's own user agent is not on what a page sends as it is left.
    `--user-agent=${USER_AGENT}`,
    `--host-resolver-rules=${rules.join(', ')}`,
  ];
}

/** A browser for many contexts. Every host name that `hosts` does not map is unknown to it. */
export async function launchChromium(hosts: Hosts = {}): Promise<Browser> {
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    args: flags(hosts),
    ignoreDefaultArgs: NOT_FROM_PLAYWRIGHT,
    headless: true,
  });
}

/**
 * Opens a page in a browser of its own that nothing controls, until `done` settles. For what Chromium turns off as
 * soon as a debugger is attached: prerendering.
 */
export async function visitAlone(
  url: string,
  done: () => Promise<unknown>,
  hosts: Hosts = {},
): Promise<void> {
  const profile = mkdtempSync(join(tmpdir(), 'speck-chromium-'));
  const browser = spawn(
    await chromium.executablePath(),
    // The debugging port is never connected to; without one, headless Chromium loads the page and leaves.
    ['--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`, ...flags(hosts), url],
    { stdio: 'ignore' },
  );
  const closed = new Promise((resolve) => browser.once('close', resolve));
  const kill = (): void => {
    browser.kill('SIGKILL');
  };
  // A test run that is ended early must not leave a browser behind.
  process.once('exit', kill);
  try {
    await done();
  } finally {
    kill();
    process.off('exit', kill);
    await closed;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
