import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, platform, release } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../test/e2e/harness.ts';

/** What the numbers depend on, in one line. */
export function machine(): string {
  const version = (name: string): string =>
    (
      JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as {
        version: string;
      }
    ).version;
  const packages = ['workerd', 'miniflare', 'wrangler'].map((name) => `${name} ${version(name)}`);
  return [
    `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores`,
    `load ${loadavg()[0]?.toFixed(2)} at the start`,
    `${platform()} ${release()}`,
    `node ${process.versions.node}`,
    ...packages,
  ].join('; ');
}
