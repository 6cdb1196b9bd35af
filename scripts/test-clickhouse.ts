/**
 * `npm run test:clickhouse`: installs ClickHouse as a library, once, and runs the tests of test/clickhouse against it: every statement
 * that Speck sends to Analytics Engine, and the estimates of sampled answers. What follows `--` goes to vitest.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { CHDB } from './lib/clickhouse.ts';
import { installPackage, PackageError } from './lib/own-packages.ts';
import { ended, ROOT } from './lib/wrangler.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    await installPackage(CHDB);
  } catch (error) {
    if (!(error instanceof PackageError)) throw error;
    console.error(error.message);
    return 1;
  }
  // The default reporter prints how often estimates held.
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  return ended(
    spawn(process.execPath, [vitest, 'run', '--project', 'clickhouse', '--reporter=default', ...args], {
      cwd: ROOT,
      stdio: 'inherit',
    }),
  );
}
