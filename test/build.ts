import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Builds what the tests run: the tag, its npm package, and the Worker as it would be deployed (into dist/modules). Once a run, whatever
 * the number of projects that ask for it.
 */
export default function build(): void {
  if (process.env['SPECK_BUILT'] === 'yes') return;
  // Test files and scripts load wrangler's fifteen megabytes some two hundred times: let Node keep what it compiles.
  process.env['NODE_COMPILE_CACHE'] ??= join(root, 'node_modules', '.cache', 'node-compile');
  for (const script of ['scripts/build.ts', 'scripts/build-package.ts']) {
    execFileSync(process.execPath, [script], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  process.env['SPECK_BUILT'] = 'yes';
}
