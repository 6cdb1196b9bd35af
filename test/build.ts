import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = process.execPath;

/**
 * Builds what the tests run: the tag, and the Worker as it would be deployed (into dist/worker). Once a run, whatever
 * the number of projects that ask for it.
 */
export default function build(): void {
  if (process.env['SPECK_BUILT'] === 'yes') return;
  execFileSync(
    node,
    ['node_modules/wrangler/bin/wrangler.js', 'deploy', '--dry-run', '--outdir', 'dist/worker'],
    {
      cwd: root,
      env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  process.env['SPECK_BUILT'] = 'yes';
}
