/** What a new isolate evaluates before it can answer, as V8's profiler sees it when `wrangler check startup` starts a Worker. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ended, ROOT, spawnWrangler } from '../../scripts/lib/wrangler.ts';

/** The parts of a CPU profile that are read here. */
interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string } }[];
  readonly samples: readonly number[];
  /** Microseconds from the sample before. */
  readonly timeDeltas: readonly number[];
}

/** What is no code of the Worker's: the time in which the runtime does something else, or nothing. */
const NOT_CODE = new Set(['(root)', '(program)', '(idle)']);

/** Microseconds between samples. */
const INTERVAL = 1000;

export const SPECK_CONFIG = join(ROOT, 'wrangler.toml');
export const EMPTY_CONFIG = join(ROOT, 'bench/workers/empty/wrangler.toml');

/**
 * Milliseconds of code and garbage collection of a Worker's start, to the millisecond in which the profiler samples. A sample
 * stands for the time to the next one, or for one interval where none follows: the time before the first is not the Worker's.
 * @throws Error when wrangler cannot start it.
 */
export async function startupTime(config: string): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'speck-startup-'));
  const file = join(directory, 'start.cpuprofile');
  try {
    const wrangler = spawnWrangler(['check', 'startup', '--outfile', file], {
      // The build that it profiles does not heed --config.
      cwd: dirname(config),
      stdio: 'ignore',
    });
    if ((await ended(wrangler)) !== 0) throw new Error(`wrangler check startup failed for ${config}`);
    return codeTime(JSON.parse(readFileSync(file, 'utf8')) as Profile);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function codeTime({ nodes, samples, timeDeltas }: Profile): number {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
  let time = 0;
  for (const [index, node] of samples.entries()) {
    if (!NOT_CODE.has(names.get(node) ?? '')) time += timeDeltas[index + 1] ?? INTERVAL;
  }
  return time / 1000;
}
