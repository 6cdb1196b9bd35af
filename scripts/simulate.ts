/** `npm run simulate`: what a volume of events takes and costs, and which limit it reaches first. See `--help`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { committedMeasured, type Measured } from './lib/simulate/measured.ts';
import { parseOptions, USAGE, UsageError } from './lib/simulate/options.ts';
import { reportOf } from './lib/simulate/report.ts';
import { simulate } from './lib/simulate/simulation.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: ReturnType<typeof parseOptions>;
  try {
    options = parseOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\nnpm run simulate -- --help says more.`);
    return 2;
  }
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  if (options === 'document') {
    const { writeMeasured } = await import('./lib/simulate/document.ts');
    writeMeasured(await measured(1));
    return 0;
  }
  const { scenario, seed, isMeasured, isJson } = options;
  const figures = isMeasured ? committedMeasured() : await measured(seed);
  const simulation = simulate(scenario, figures);
  console.log(
    isJson ? JSON.stringify({ ...simulation, measured: figures }, null, 2) : reportOf(simulation, figures),
  );
  return 0;
}

/** Builds the Worker, and measures it. */
async function measured(seed: number): Promise<Measured> {
  const [{ default: build }, { measure }, { ROOT }] = await Promise.all([
    import('../test/build.ts'),
    import('./lib/simulate/measure.ts'),
    import('./lib/wrangler.ts'),
  ]);
  const temporary = mkdtempSync(join(tmpdir(), 'speck-simulate-'));
  try {
    build();
    return await measure({
      speckDir: join(ROOT, 'dist/modules'),
      temporary,
      seed,
      progress: (what) => console.error(`Measuring: ${what}`),
    });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
