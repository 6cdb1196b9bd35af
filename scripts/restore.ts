/** `npm run restore`: brings archived days of a pixel back. See `--help`. */
import { type ClientOptions, SendError } from './lib/api-client.ts';
import { archivedDays, restoreSome } from './lib/archive-client.ts';
import { runMain } from './lib/run-main.ts';
import { parseFlags, requireToken, TARGET_FLAGS, targetOf, UsageError } from './lib/target.ts';

const USAGE = `Usage: npm run restore -- PIXEL DAY[..DAY] [FLAGS]

Brings the events of archived days back into the database: npm run restore -- px_… 2026-11-24..2026-11-30
The days are rolled up again within minutes, and purged again after 30 days. You can interrupt the command and run it again.

  --url URL      Speck's address. Default: http://127.0.0.1:8787
  --token TOKEN  A token with the scope pixels:write. Default: SPECK_TOKEN, or for a Speck on this machine ADMIN_TOKEN in .dev.vars

Exit code: 0 if all days are stored, 1 if something failed, 2 for a wrong command.`;

process.exitCode = await runMain({ name: 'restore', usage: USAGE, parse: parseOptions, run: restore });

interface Options {
  readonly pixel: string;
  readonly from: string;
  readonly to: string;
  readonly url: string;
  readonly token: string;
}

/** @throws UsageError */
function parseOptions(args: readonly string[]): Options | 'help' {
  const { values, positionals } = parseFlags({
    args: [...args],
    allowPositionals: true,
    options: { ...TARGET_FLAGS, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return 'help';
  const [pixel, days = '', ...others] = positionals;
  const [, from, to = from] = /^(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?$/.exec(days) ?? [];
  if (pixel === undefined || from === undefined || to === undefined || others.length > 0) {
    throw new UsageError('Say a pixel, and a day or two: px_… 2026-11-24 or px_… 2026-11-24..2026-11-30.');
  }
  const target = targetOf(values, process.env);
  return { pixel, from, to, url: target.url, token: requireToken(target) };
}

/** @returns the exit code. @throws SendError */
async function restore({ pixel, from, to, ...target }: Options): Promise<number> {
  const client: ClientOptions = { ...target, onRetry: (message) => console.error(message) };
  const days = await archivedDays(pixel, from, to, client);
  if (days.length === 0) {
    console.error(
      `The archive has no events of ${pixel} ${from === to ? `on ${from}` : `from ${from} to ${to}`}.`,
    );
    return 1;
  }
  let failed = 0;
  for (const day of days) {
    try {
      console.log(await restoreDay(pixel, day, client));
    } catch (error) {
      if (!(error instanceof SendError)) throw error;
      console.error(`${day}: ${error.message}`);
      failed += 1;
    }
  }
  return failed === 0 ? 0 : 1;
}

/** @returns a line that says what has been done. @throws SendError */
async function restoreDay(pixel: string, day: string, client: ClientOptions): Promise<string> {
  for (;;) {
    const { state, events, held_until } = await restoreSome(pixel, day, client);
    if (state === 'restoring') continue;
    if (held_until === null) return `${day}: its events are stored, nothing to do`;
    return `${day}: ${events} events, until ${held_until.slice(0, 10)}`;
  }
}
