/**
 * `npm start`: runs all of Speck on this machine, in the local runtime. It creates the owner's token and the tables if they are missing,
 * starts `wrangler dev`, and triggers the cron, which the local runtime does not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, get, tryListen, urlOf } from './lib/address.ts';
import { banner, exposure, type PrintedToken, printedToken, signInLines } from './lib/banner.ts';
import { DEMO_STATE, resetDemoState } from './lib/demo-state.ts';
import { ensureLocalSecrets } from './lib/dev-vars.ts';
import { silent, startLocalWorker } from './lib/local-worker.ts';
import { migrateLocal } from './lib/migrate/apply.ts';
import { localDatabase } from './lib/migrate/d1.ts';
import { flagValue, withoutFlags } from './lib/wrangler.ts';

const USAGE = `Usage: npm start [-- FLAGS]

  --demo            Show the dashboard with sixty days of an example shop, in a separate database that is created again at
                    each start: .wrangler/demo, or the folder of --persist-to. Advertising networks are played on this machine.
  --port N          Listen on port N (or set PORT). Default: 8787; 0 takes a free one.
  --ip ADDRESS      Listen on this address. Default: 127.0.0.1, which only this machine can reach.
  --persist-to DIR  Store the local database in DIR. Default: .wrangler/state
  --log-level info  Also log each request. Default: warn

Any other flag goes to \`wrangler dev\`.`;

const DEFAULT_PORT = '8787';
const CRON_INTERVAL = 60_000;

const windows = process.platform === 'win32';

process.exitCode = await main(process.argv.slice(2));

async function main(given: readonly string[]): Promise<number> {
  if (given.includes('--help') || given.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const demo = given.includes('--demo');
  const state = flagValue(given, '--persist-to') ?? DEMO_STATE;
  const args = demo
    ? [...withoutFlags(given, ['--persist-to']).filter((arg) => arg !== '--demo'), '--persist-to', state]
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

  const refusal = demo ? resetDemoState(state) : undefined;
  if (refusal !== undefined) {
    console.error(refusal);
    return 1;
  }
  const { token, made } = ensureLocalSecrets();
  if (made.length > 0) console.log(`Created secrets of the local Worker: ${made.join(', ')} in .dev.vars`);
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

/** Runs the Worker until it or this process ends. @returns the exit code. */
async function serve(
  address: Address,
  token: string,
  args: readonly string[],
  demo: boolean,
): Promise<number> {
  const url = urlOf(address);
  const worker = startLocalWorker(devFlags(address, args));
  let isSilent = false;
  if (await answersAt(url, worker.signal)) {
    const shown = printedToken(token, process.stdout.isTTY);
    if (demo) await showDemo(url, token, shown, args, worker.signal);
    else console.log(banner(url, shown));
    const warning = exposure(address.ip, address.protocol);
    if (warning !== undefined) console.warn(warning);
    void runCron(url, worker.signal);
    void silent(url, worker.signal).then(() => {
      if (worker.signal.aborted || worker.stopping) return;
      isSilent = true;
      worker.stop();
    });
  }
  const code = await worker.ended;
  if (isSilent) {
    console.error('The local Worker no longer answers, so it was ended: run npm start again.');
    return 1;
  }
  if (worker.stopping) return 0;
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
    // Without this flag wrangler would print that nothing triggers the cron here. This script triggers it.
    '--test-scheduled',
    // Requests keep the address that they were sent to, even if wrangler.toml has a route.
    '--no-infer-origin-from-routes',
    // A line per request would hide warnings.
    ...(flagValue(args, '--log-level') === undefined ? ['--log-level', 'warn'] : []),
    ...withoutFlags(args, ['--ip', '--port']),
  ];
}

/** Waits for the Worker's first answer of any kind. */
async function answersAt(url: string, stop: AbortSignal): Promise<boolean> {
  while (!stop.aborted) {
    const answer = await get(`${url}/health`).catch(() => undefined);
    if (answer !== undefined) return true;
    await sleep(100);
  }
  return false;
}

/** Triggers the cron now and every minute. Prints only failures. */
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

/** Fills the demo's database. Its code is loaded only here, since it reads five megabytes of user agents. */
async function showDemo(
  url: string,
  token: string,
  shown: PrintedToken,
  args: readonly string[],
  stop: AbortSignal,
): Promise<void> {
  console.log('Creating sixty days of an example shop…');
  try {
    const { fillDemo } = await import('./lib/demo.ts');
    const { events, pixel, trickle } = await fillDemo(
      url,
      token,
      Intl.DateTimeFormat().resolvedOptions().timeZone,
      // What it changes is only how the demo looks, so a database that is busy is no failure.
      (sql) => localDatabase(args)([sql]).catch(() => undefined),
    );
    console.log(`
${events.toLocaleString('en')} events are stored, and visitors keep coming.

${signInLines(url, pixel, shown)}
`);
    void trickle(stop);
  } catch (error) {
    if (!stop.aborted) console.error(`The demo could not be created: ${error}`);
  }
}
