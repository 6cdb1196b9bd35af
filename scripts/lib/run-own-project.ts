/** Runs the tests that need a package of their own: installs it, once, and starts vitest. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { installPackage, PackageError } from './own-packages.ts';
import { ended, ROOT } from './wrangler.ts';

/** @param args further words for vitest. @returns the exit code. */
export async function runOwnProject(
  own: Parameters<typeof installPackage>[0],
  project: string,
  args: readonly string[],
): Promise<number> {
  try {
    await installPackage(own);
  } catch (error) {
    if (!(error instanceof PackageError)) throw error;
    console.error(error.message);
    return 1;
  }
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  return ended(
    spawn(process.execPath, [vitest, 'run', '--project', project, ...args], { cwd: ROOT, stdio: 'inherit' }),
  );
}
