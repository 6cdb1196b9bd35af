/**
 * `npm start`: the whole of Speck on this machine, under the local runtime. Makes what is missing (the owner's token,
 * the tables), starts `wrangler dev`, and does what only Cloudflare does otherwise: triggers the cron.
 */
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, get, tryListen, urlOf } from './lib/address.ts';
import { ensureLocalToken } from './lib/dev-vars.ts';
import { migrateLocal } from './lib/migrate/apply.ts';
import { ended, flagValue, ROOT, spawnWrangler, withoutFlags } from './lib/wrangler.ts';

const USAGE = `Usage: npm start [-- FLAGS]

  --demo            Show the dashboard with sixty days of a made-up shop, in a database of its own.
  --port N          Listen on port N (or set PORT). Default: 8787; 0 takes a free one.
  --ip ADDRESS      Listen on this address. Default: 127.0.0.1, which only this machine reaches.
  --persist-to DIR  Keep the local database in DIR. Default: .wrangler/state
  --log-level info  Also log each request. Default: warn

Any other flag goes to \`wrangler dev\`.`;

const DEFAULT_PORT = '8787';
/** Made anew each time, so that it always goes up to now. */
const DEMO_STATE = '.wrangler/demo';
const CRON_INTERVAL = 60_000;
/** How long the local Worker may take to end by itself before it is ended. */
const STOP_TIMEOUT = 5_000;

const windows = process.platform === 'win32';

process.exitCode = await main(process.argv.slice(2));

async function main(given: readonly string[]): Promise<number> {
  if (given.includes('--help') || given.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const demo = given.includes('--demo');
  const args = demo
    ? [...withoutFlags(given, ['--persist-to']).filter((arg) => arg !== '--demo'), '--persist-to', DEMO_STATE]
    : given;
  const { PORT } = process.env;
  const port = flagValue(args, '--port') ?? PORT ?? DEFAULT_PORT;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    console.error(`The port is ${JSON.stringify(port)}; it must be a number from 0 to 65535.`);
    return 1;
  }
  const ip = flagValue(args, '--ip') ?? '127.0.0.1';
  const free = await tryListen(ip, Number(port));
  if (free.code !== undefined) {
    console.error(cannotListen(free.code, ip, free.port));
    return 1;
  }
  const protocol = flagValue(args, '--local-protocol') === 'https' ? 'https' : 'http';

  const { token, made } = ensureLocalToken();
  if (made) console.log('Made a token for the local API: ADMIN_TOKEN in .dev.vars');
  if (demo) rmSync(join(ROOT, DEMO_STATE), { recursive: true, force: true });
  if (!(await migrateLocal(args))) return 1;
  return serve({ protocol, ip, port: free.port }, token, args, demo);
}

function cannotListen(code: string, ip: string, port: number): string {
  const place = `${ip}:${port}`;
  if (code === 'EADDRINUSE') {
    const other = port < 65_535 ? port + 1 : 8787;
    const command = windows ? `npm start -- --port ${other}` : `PORT=${other} npm start`;
    return `${place} is taken: another program, or another Speck, listens there. Stop it, or use another port:\n  ${command}`;
  }
  if (code === 'EACCES')
    return `Not allowed to listen on ${place}. Use a port above 1023: npm start -- --port 8787`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `This machine has no address ${ip}: check --ip.`;
  return `Cannot listen on ${place} (${code}). Try another --port or --ip.`;
}

/** Runs the Worker until it ends or this process is told to. @returns the exit code. */
async function serve(
  address: Address,
  token: string,
  args: readonly string[],
  demo: boolean,
): Promise<number> {
  const url = urlOf(address);
  const child = spawnWrangler(['dev', ...devFlags(address, args)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // In a process group of its own, Ctrl-C reaches this process alone, and at the end nothing of the group is left.
    // On Windows that would open a second window; there Ctrl-C reaches all.
    detached: !windows,
  });
  const stop = new AbortController();
  const exit = ended(child).then((code) => {
    stop.abort();
    return code;
  });
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      void end(child, exit);
    });
  }

  if (await answersAt(url, stop.signal)) {
    if (demo) await showDemo(url, token, stop.signal);
    else console.log(banner(url, token));
    void runCron(url, stop.signal);
  }
  const code = await exit;
  if (stopping) return 0;
  signalGroup(child, 'SIGKILL');
  console.error(`The local Worker ended by itself (exit code ${code}): see above.`);
  return code === 0 ? 1 : code;
}

function devFlags(address: Address, args: readonly string[]): string[] {
  return [
    '--ip',
    address.ip,
    '--port',
    String(address.port),
    '--show-interactive-dev-session=false',
    // wrangler would print that nothing triggers the cron here. This flag says that we see to it ourselves.
    '--test-scheduled',
    // A line per request would bury what matters.
    ...(flagValue(args, '--log-level') === undefined ? ['--log-level', 'warn'] : []),
    ...withoutFlags(args, ['--ip', '--port']),
  ];
}

/** Asks the Worker to end, and ends what is left of it after a while. */
async function end(child: ChildProcess, exit: Promise<number>): Promise<void> {
  if (!windows) child.kill('SIGTERM');
  await Promise.race([exit, sleep(STOP_TIMEOUT, undefined, { ref: false })]);
  signalGroup(child, 'SIGKILL');
}

/** Signals wrangler and all it started. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (windows) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Nothing of the group is left.
  }
}

/** Waits for the Worker's first answer, whatever it is. */
async function answersAt(url: string, stop: AbortSignal): Promise<boolean> {
  while (!stop.aborted) {
    const answer = await get(`${url}/health`).catch(() => undefined);
    if (answer !== undefined) return true;
    await sleep(100);
  }
  return false;
}

/** Triggers the cron now and every minute. Quiet unless it fails. */
async function runCron(url: string, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const failure = await cronFailure(url);
    if (failure !== undefined && !stop.aborted) console.error(`The cron run failed: ${failure}`);
    await sleep(CRON_INTERVAL, undefined, { ref: false, signal: stop }).catch(() => undefined);
  }
}

async function cronFailure(url: string): Promise<string | undefined> {
  try {
    const { status, body } = await get(`${url}/cdn-cgi/handler/scheduled`);
    return status === 200 ? undefined : `${status} ${body.split('\n', 1)[0]}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Fills the demo's database. Its code is loaded for it alone: it reads five megabytes of user agents. */
async function showDemo(url: string, token: string, stop: AbortSignal): Promise<void> {
  console.log('Making up sixty days of a shop…');
  try {
    const { fillDemo } = await import('./lib/demo.ts');
    const { events, pixel, trickle } = await fillDemo(url, token);
    console.log(`
${events.toLocaleString('en')} events are there, and more come as you look.

Dashboard     ${url}/app/${pixel}
Token         ${token}   (ADMIN_TOKEN in .dev.vars)
Stop          Ctrl-C
`);
    void trickle(stop);
  } catch (error) {
    if (!stop.aborted) console.error(`The demo could not be made: ${error}`);
  }
}

function banner(url: string, token: string): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const pixel = JSON.stringify({ name: 'My site', url: 'https://example.com', timezone: zone });
  return `
Speck runs at ${url}
Dashboard     ${url}/app/
Token         ${token}   (ADMIN_TOKEN in .dev.vars)
Stop          Ctrl-C

Add a pixel there, or here:

  ${addPixelCommand(url, token, pixel)}

The answer holds its id and the snippets for your pages and e-mails. A page on this machine needs data-local, too:

  <script defer src="${url}/speck.js" data-pixel="px_…" data-local></script>
`;
}

function addPixelCommand(url: string, token: string, pixel: string): string {
  const parts = [
    `curl ${url}/api/v1/pixels`,
    `-H "Authorization: Bearer ${token}"`,
    '-H "Content-Type: application/json"',
  ];
  // Windows' command line knows neither single quotes nor a backslash at a line's end.
  if (windows) return [...parts, `-d ${JSON.stringify(pixel)}`].join(' ');
  return [...parts, `-d '${pixel}'`].join(' \\\n    ');
}
