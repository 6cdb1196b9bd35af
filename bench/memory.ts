/**
 * `npm run bench:memory -- [seconds] [step]`: one isolate under the highest rate it holds, for a minute. Every five
 * seconds it tells the resident memory of the runtime, and what the isolate's heap holds once its garbage is collected;
 * the latter should be flat after the warm-up. The traffic has more visitors than a Worker remembers.
 *
 * The resident memory is the whole process's, with the Workers and the SQLite that stand in for D1. The inspector is
 * attached between two stretches of load only. The resident memory is read before that, but still it stays lower than
 * it would if the garbage were never collected by force.
 */
import { readFileSync } from 'node:fs';
import build from '../test/build.ts';
import { ROOT } from '../test/e2e/harness.ts';
import { SPECK } from './lib/contenders.ts';
import { heapAfterCollection } from './lib/heap.ts';
import { machine } from './lib/machine.ts';
import { Client } from './lib/measure.ts';

const SECONDS = Number(process.argv[2] ?? 60);
const STEP = Number(process.argv[3] ?? 5);
const CONNECTIONS = 64;

build();
const { runtime, pixel, events } = await SPECK.start({
  speckDir: `${ROOT}dist/modules`,
  answer: undefined,
  way: 'direct',
  inspected: true,
});
const { port, pid, inspector } = runtime;
if (inspector === undefined) throw new Error('the runtime has no inspector');
const client = new Client();
try {
  console.log(`${machine()}\n`);
  console.log('| s | requests answered | resident MB | heap in use MB | heap set aside MB | buffers MB |');
  console.log('| ---: | ---: | ---: | ---: | ---: | ---: |');
  let answered = 0;
  for (let second = 0; second < SECONDS; second += STEP) {
    const load = await client.run({ port, pixel, connections: CONNECTIONS, seconds: STEP });
    answered += load.answered;
    const resident = residentMegabytes(pid);
    const heap = await heapAfterCollection(inspector, 'speck', async () =>
      (await fetch(`http://127.0.0.1:${port}/`)).text(),
    );
    const cells = [
      second + STEP,
      answered.toLocaleString('en'),
      resident,
      megabytes(heap.used, 2),
      megabytes(heap.total),
      megabytes(heap.outside, 2),
    ];
    console.log(`| ${cells.join(' | ')} |`);
    // What is stored is SQLite's; it would grow, and is not what is looked at.
    await events?.clear();
  }
} finally {
  client.close();
  await runtime.close();
}

function residentMegabytes(pid: number | undefined): string {
  if (pid === undefined) return 'n/a';
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return kilobytes === undefined ? 'n/a' : megabytes(Number(kilobytes) * 1024);
}

function megabytes(bytes: number, digits = 0): string {
  return (bytes / 1024 / 1024).toFixed(digits);
}
