/**
 * `npm run test:duckdb`: installs DuckDB as a library, once, and runs the tests of test/duckdb: it reads the files of the archive, and
 * counts as Speck does. What follows `--` goes to vitest.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { DUCKDB } from './lib/duckdb.ts';
import { installPackage, PackageError } from './lib/own-packages.ts';
import { ended, ROOT } from './lib/wrangler.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    await installPackage(DUCKDB);
  } catch (error) {
    if (!(error instanceof PackageError)) throw error;
    console.error(error.message);
    return 1;
  }
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  return ended(
    spawn(process.execPath, [vitest, 'run', '--project', 'duckdb', ...args], { cwd: ROOT, stdio: 'inherit' }),
  );
}
