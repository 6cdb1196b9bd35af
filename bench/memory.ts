/**
 * `npm run bench:memory -- [seconds] [step]`: one isolate under the highest rate it holds, for a minute. Every five
 * seconds it reports the resident memory of the runtime, and what the isolate's heap holds once its garbage is collected;
 * the latter should be flat after the warm-up. The traffic has more visitors than a Worker remembers.
 *
 * The resident memory is that of the process, with the Workers and the SQLite that stand in for D1. The inspector is
 * attached between two stretches of load only. The resident memory is read before that, but still it stays lower than
 * it would if the garbage were never collected by force.
 *
 * With `--resident` nothing is collected by force, and the bare Worker takes turns with Speck, step by step: this
 * shows whether the memory of the process levels off, and how much of it is the runtime's own.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import build from '../test/build.ts';
import { ROOT } from '../test/e2e/harness.ts';
import { fetchAnswer } from './lib/answer.ts';
import { CONTENDERS, SPECK, type Started } from './lib/contenders.ts';
import { heapAfterCollection } from './lib/heap.ts';
import { machine } from './lib/machine.ts';
import { Client } from './lib/measure.ts';
import { table } from './lib/table.ts';

const { values, positionals } = parseArgs({
  options: { resident: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const SECONDS = Number(positionals[0] ?? 60);
const STEP = Number(positionals[1] ?? 5);
if (!(SECONDS > 0 && STEP > 0)) {
  console.error('Usage: npm run bench:memory -- [seconds] [step] [--resident]');
  process.exit(2);
}
const CONNECTIONS = 64;
const speckDir = `${ROOT}dist/modules`;

build();
console.log(`${machine()}\n`);
const client = new Client();
try {
  await (values.resident ? measureResident() : measureHeap());
} finally {
  client.close();
}

async function measureHeap(): Promise<void> {
  const speck = await SPECK.start({ speckDir, answer: undefined, way: 'direct', inspected: true });
  const { runtime } = speck;
  const { port, pid, inspector } = runtime;
  if (inspector === undefined) throw new Error('the runtime has no inspector');
  try {
    const rows: string[][] = [];
    let answered = 0;
    for (let second = 0; second < SECONDS; second += STEP) {
      answered += await load(speck);
      const resident = residentMegabytes(pid);
      const heap = await heapAfterCollection(inspector, 'speck', async () =>
        (await fetch(`http://127.0.0.1:${port}/`)).text(),
      );
      rows.push([
        String(second + STEP),
        answered.toLocaleString('en'),
        resident,
        megabytes(heap.used, 2),
        megabytes(heap.total),
        megabytes(heap.outside, 2),
      ]);
      console.error(rows.at(-1)?.join(' | '));
    }
    const head = [
      's',
      'requests answered',
      'resident MB',
      'heap in use MB',
      'heap set aside MB',
      'buffers MB',
    ];
    console.log(table(head, rows));
  } finally {
    await runtime.close();
  }
}

async function measureResident(): Promise<void> {
  const speck = await SPECK.start({ speckDir, answer: undefined, way: 'direct' });
  const answer = await fetchAnswer(speck.runtime.port, speck.pixel);
  const bare = await CONTENDERS.find(({ key }) => key === 'a')?.start({ speckDir, answer, way: 'direct' });
  if (bare === undefined) throw new Error('there is no bare Worker');
  const measured = [
    { started: speck, answered: 0 },
    { started: bare, answered: 0 },
  ];
  try {
    const rows: string[][] = [];
    for (let second = 0; second < SECONDS; second += STEP) {
      const cells = [String(second + STEP)];
      for (const each of measured) {
        each.answered += await load(each.started);
        cells.push(each.answered.toLocaleString('en'), residentMegabytes(each.started.runtime.pid));
      }
      rows.push(cells);
      console.error(cells.join(' | '));
    }
    console.log(
      table(
        ['s of each', "Speck's answers", 'resident MB', "the bare Worker's answers", 'resident MB'],
        rows,
      ),
    );
  } finally {
    for (const { started } of measured) await started.runtime.close();
  }
}

/** A step of load. @returns how many requests were answered. */
async function load({ runtime: { port }, pixel, events }: Started): Promise<number> {
  const { answered } = await client.run({ port, pixel, connections: CONNECTIONS, seconds: STEP });
  // What is stored is SQLite's; it would grow, and is not what is looked at.
  await events?.clear();
  return answered;
}

function residentMegabytes(pid: number | undefined): string {
  if (pid === undefined) return 'n/a';
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return kilobytes === undefined ? 'n/a' : megabytes(Number(kilobytes) * 1024);
}

function megabytes(bytes: number, digits = 0): string {
  return (bytes / 1024 / 1024).toFixed(digits);
}
