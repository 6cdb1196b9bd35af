/**
 * `npm run bench:memory`: one isolate under the highest rate it holds, for a minute: the resident memory of the runtime,
 * every five seconds. It should be flat after the warm-up. Every request comes from an address of its own, so that the
 * caches see more than they hold.
 */
import { readFileSync } from 'node:fs';
import build from '../test/build.ts';
import { ROOT } from '../test/e2e/harness.ts';
import { SPECK } from './lib/contenders.ts';
import { machine } from './lib/machine.ts';
import { Client } from './lib/measure.ts';

const SECONDS = Number(process.argv[2] ?? 60);
const STEP = 5;
const CONNECTIONS = 64;

build();
const { runtime, pixel, events } = await SPECK.start({
  speckDir: `${ROOT}dist/worker`,
  answer: undefined,
  way: 'direct',
});
const client = new Client();
try {
  console.log(`${machine()}\n`);
  console.log('| s | requests answered | resident MB |\n| ---: | ---: | ---: |');
  let answered = 0;
  for (let second = 0; second < SECONDS; second += STEP) {
    const load = await client.run({ port: runtime.port, pixel, connections: CONNECTIONS, seconds: STEP });
    answered += load.answered;
    console.log(
      `| ${second + STEP} | ${answered.toLocaleString('en')} | ${residentMegabytes(runtime.pid)} |`,
    );
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
  return kilobytes === undefined ? 'n/a' : (Number(kilobytes) / 1024).toFixed(0);
}
