/**
 * For how long the Worker's own code runs for a request, apart from D1, which locally runs in the same process and on the same
 * thread. V8's profiler samples each isolate by itself, and only while it runs; D1 is another isolate, and SQLite is in none.
 */
import { Inspector } from './inspector.ts';
import { median } from './statistics.ts';

/** The parts of a CPU profile that are read here. */
interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string } }[];
  readonly samples: readonly number[];
}

/** Microseconds between samples. */
const INTERVAL = 200;
/** What V8 calls the time in which the isolate is entered, but does not run. */
const NOT_CODE = new Set(['(root)', '(program)', '(idle)']);

/**
 * Milliseconds of a Worker's code and garbage collection for a request, as the median of several.
 *
 * @param isolate as the runtime calls it: `core:user:NAME` is that of a Worker.
 * @param poke asks the Worker for next to nothing. The runtime handles what the inspector wants when it next runs the isolate.
 */
export async function workerCpu(
  inspector: URL,
  isolate: string,
  poke: () => Promise<unknown>,
  ask: () => Promise<unknown>,
  times: number,
): Promise<number> {
  const session = await Inspector.open(inspector, isolate);
  try {
    await session.poked('Profiler.enable', {}, poke);
    await session.poked('Profiler.setSamplingInterval', { interval: INTERVAL }, poke);
    const measured: number[] = [];
    for (let time = 0; time < times; time++) {
      await session.poked('Profiler.start', {}, poke);
      await ask();
      const { profile } = await session.poked<{ readonly profile: Profile }>('Profiler.stop', {}, poke);
      measured.push(codeTime(profile));
    }
    return median(measured);
  } finally {
    session.close();
  }
}

/** A sample stands for an interval, and not for the time to the next one: in that, other processes may have had the core. */
function codeTime({ nodes, samples }: Profile): number {
  const idle = new Set(
    nodes.filter(({ callFrame }) => NOT_CODE.has(callFrame.functionName)).map(({ id }) => id),
  );
  return (samples.filter((node) => !idle.has(node)).length * INTERVAL) / 1000;
}
