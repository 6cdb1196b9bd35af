/**
 * `npm run bench:quick`: checks in under a minute that the pixel did not become slower. It runs the six Workers of the hot path by
 * the runtime's own socket, in turns, and measures the code that a start evaluates. It fails if a ratio falls below a floor:
 * less than half of what a quiet machine measures, which noise does not reach. A router before the pixel, or an isolate that
 * evaluates all of Speck, does.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../test/e2e/harness.ts';
import { type Record, ratiosOf } from './lib/report.ts';
import { EMPTY_CONFIG, SPECK_CONFIG, startupTime } from './lib/startup.ts';
import { median } from './lib/statistics.ts';
import { table } from './lib/table.ts';

const CONNECTIONS = 32;
const ROUNDS = 2;
const SECONDS = 2;
const STARTS = 3;

/** The least that a ratio of requests a second may be. */
const FLOORS = [
  { of: 'c', to: 'a', least: 0.25 },
  { of: 'e', to: 'a', least: 0.3 },
  { of: 'c0', to: 'a', least: 0.35 },
  { of: 'c', to: 'b', least: 3 },
  { of: 'd', to: 'c', least: 0.6 },
] as const;
/** Milliseconds of code that a start may evaluate, as the median of three. */
const MOST_STARTUP = 8;

const directory = mkdtempSync(join(tmpdir(), 'speck-quick-'));
try {
  process.exitCode = await quick(join(directory, 'measured.json'));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function quick(file: string): Promise<number> {
  const args = ['--direct', '--rounds', String(ROUNDS), '--seconds', String(SECONDS)];
  const { status } = spawnSync(
    process.execPath,
    ['bench/hot-path.ts', ...args, '--concurrency', String(CONNECTIONS), '--json', file],
    { cwd: ROOT, stdio: 'inherit' },
  );
  if (status !== 0) return status ?? 1;
  const { records } = JSON.parse(readFileSync(file, 'utf8')) as { readonly records: readonly Record[] };

  const rows = FLOORS.map(({ of, to, least }) => ({
    what: `${of}/${to} requests/s`,
    value: median(ratiosOf(records, CONNECTIONS, of, to)),
    bound: `at least ${least}`,
    isKept: (value: number) => value >= least,
  }));
  const starts = { empty: [] as number[], speck: [] as number[] };
  for (let start = 0; start < STARTS; start++) {
    starts.empty.push(await startupTime(EMPTY_CONFIG));
    starts.speck.push(await startupTime(SPECK_CONFIG));
  }
  rows.push({
    what: "code of Speck's start, ms",
    value: median(starts.speck),
    bound: `at most ${MOST_STARTUP}; an empty Worker's: ${median(starts.empty).toFixed(1)}`,
    isKept: (value) => value <= MOST_STARTUP,
  });
  console.log(
    `\n${table(
      ['', 'measured', 'bound'],
      rows.map(({ what, value, bound }) => [what, value.toFixed(2), bound]),
    )}`,
  );
  const broken = rows.filter(({ value, isKept }) => !isKept(value));
  for (const { what, value, bound } of broken) console.error(`FAILED ${what}: ${value.toFixed(2)}, ${bound}`);
  return broken.length > 0 ? 1 : 0;
}
