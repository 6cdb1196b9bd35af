/**
 * `npm run bench:cold`: what a visitor waits for when no isolate is running. It starts runtime processes for an empty Worker and
 * for Speck in turns, and measures the time to the first answer, and the time that each spends evaluating code at its start.
 *
 * Usage: npm run bench:cold -- [rounds] (10)
 */
import { join } from 'node:path';
import build from '../test/build.ts';
import { ROOT } from '../test/e2e/harness.ts';
import { builtModules } from './lib/built-modules.ts';
import { machine } from './lib/machine.ts';
import { measureStart, type Start } from './lib/process.ts';
import { EMPTY_CONFIG, SPECK_CONFIG, startupTime } from './lib/startup.ts';
import { median } from './lib/statistics.ts';
import { table } from './lib/table.ts';

/** Starts that are profiled of each Worker. */
const PROFILED = 5;
const PATH = '/p.gif?id=px_2222222222222222&ev=PageView&dl=https%3A%2F%2Fsite.example%2F';

const WORKERS = [
  { name: 'empty Worker', folder: join(ROOT, 'bench/workers/empty'), config: EMPTY_CONFIG },
  { name: 'Speck', folder: join(ROOT, 'dist/modules'), config: SPECK_CONFIG },
] as const;

const rounds = Number(process.argv[2] ?? 10);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error('Usage: npm run bench:cold -- [rounds]\n  rounds: a whole number, 10 by default');
  process.exit(2);
}

build();
console.log(`${machine()}\n`);

const starts = new Map<string, Start[]>(WORKERS.map(({ name }) => [name, []]));
// The first start of all reads the runtime itself from the disk.
await measureStart(builtModules(WORKERS[0].folder), WORKERS[0].folder, PATH);
for (let round = 0; round < rounds; round++) {
  for (const { name, folder } of round % 2 === 0 ? WORKERS : WORKERS.toReversed()) {
    starts.get(name)?.push(await measureStart(builtModules(folder), folder, PATH));
  }
}
const code = new Map<string, number[]>(WORKERS.map(({ name }) => [name, []]));
for (let round = 0; round < PROFILED; round++) {
  for (const { name, config } of WORKERS) code.get(name)?.push(await startupTime(config));
}

const all = (name: string, pick: (start: Start) => number): number[] => (starts.get(name) ?? []).map(pick);
const formatted = (values: readonly number[]): string =>
  `${median(values).toFixed(1)} (${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)})`;
console.log(
  table(
    [
      'median (min–max), ms',
      'process started, to its first answer',
      'second answer',
      'code and garbage collection of the start',
    ],
    WORKERS.map(({ name }) => [
      name,
      formatted(all(name, ({ first }) => first)),
      formatted(all(name, ({ second }) => second)),
      formatted(code.get(name) ?? []),
    ]),
  ),
);
const [empty, speck] = WORKERS.map(({ name }) => median(all(name, ({ first }) => first)));
console.log(`\nfirst answer, Speck/empty: ${((speck ?? Number.NaN) / (empty ?? Number.NaN)).toFixed(3)}`);
