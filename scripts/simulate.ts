/** `npm run simulate`: what a volume of events takes and costs, and which limit it reaches first. See `--help`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runMain } from './lib/run-main.ts';
import { committedMeasured, type Measured } from './lib/simulate/measured.ts';
import { parseOptions, USAGE } from './lib/simulate/options.ts';
import { reportOf } from './lib/simulate/report.ts';
import { simulate } from './lib/simulate/simulation.ts';

process.exitCode = await runMain({ name: 'simulate', usage: USAGE, parse: parseOptions, run });

async function run(options: Exclude<ReturnType<typeof parseOptions>, 'help'>): Promise<number> {
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
