/** Load on one Worker for a short while, then the wait till everything it has taken in is stored. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load, LoadResult } from '../load.ts';
import type { EventTable, Started } from './contenders.ts';
import { merge, quantile, size } from './histogram.ts';
import { cpuSeconds } from './processes.ts';
import { sum } from './statistics.ts';

/** What was counted, over one stretch of load or several of them. */
interface Stretch extends LoadResult {
  /** Length of the measured window. */
  readonly seconds: number;
  /** Processor seconds of the runtime process until everything was stored, including D1; NaN if unknown. */
  readonly runtimeCpu: number;
  /** Processor seconds and seconds by the clock while under load, the lead-in included. */
  readonly loadedCpu: number;
  readonly loadedSeconds: number;
  /** Rows stored; undefined for a Worker that stores none. */
  readonly stored: number | undefined;
  /** Seconds from the last answer to the last row. */
  readonly settled: number;
}

export interface Measurement {
  /** Requests answered 200, those outside the measured windows included. */
  readonly answered: number;
  /** Answers of any other status, and connections that broke. */
  readonly failed: number;
  /** Rows stored of `answered`; undefined for a Worker that stores none. */
  readonly stored: number | undefined;
  /** Requests a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
  /** Processor seconds of the runtime process per 1,000 requests, till all was stored; NaN if unknown. */
  readonly cpuPerThousand: number;
  /** Share of one core that the runtime process used under load; NaN if unknown. */
  readonly runtimeBusy: number;
  /** The same of the client. Near 1 the client is what limits the rate. */
  readonly clientBusy: number;
  /** Seconds from the last answer to the last row, the longest of the stretches. */
  readonly settled: number;
}

export function summary(stretches: readonly Stretch[]): Measurement {
  const total = (pick: (stretch: Stretch) => number): number => sum(stretches.map(pick));
  const latencies = merge(stretches.map((stretch) => stretch.latencies));
  const seconds = total((stretch) => stretch.seconds);
  const answered = total((stretch) => stretch.answered);
  return {
    answered,
    failed: total(({ failed }) => failed),
    stored: stretches.some(({ stored }) => stored === undefined)
      ? undefined
      : total(({ stored = 0 }) => stored),
    rate: size(latencies) / seconds,
    median: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpuPerThousand: (total(({ runtimeCpu }) => runtimeCpu) / answered) * 1000,
    runtimeBusy: total(({ loadedCpu }) => loadedCpu) / total(({ loadedSeconds }) => loadedSeconds),
    clientBusy: total(({ clientCpu }) => clientCpu) / seconds,
    settled: Math.max(...stretches.map(({ settled }) => settled)),
  };
}

export class Client {
  readonly #process: ChildProcess = fork(join(import.meta.dirname, '../load.ts'));

  /** Puts load on a Worker, and fails if the client ends before it is done. */
  run(load: Load): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      const exited = (code: number | null): void =>
        reject(new Error(`the load generator ended with ${code}`));
      this.#process.once('exit', exited);
      this.#process.once('message', (result) => {
        this.#process.off('exit', exited);
        resolve(result as LoadResult);
      });
      this.#process.send(load);
    });
  }

  close(): void {
    this.#process.kill();
  }
}

export async function measure(
  client: Client,
  { runtime, pixel, events }: Started,
  connections: number,
  seconds: number,
  rate?: number,
): Promise<Stretch> {
  await events?.clear();
  const before = cpuSeconds(runtime.pid);
  const began = performance.now();
  const result = await client.run({ port: runtime.port, pixel, connections, seconds, rate });
  const ended = performance.now();
  const loadedCpu = cpuSeconds(runtime.pid) - before;
  const stored = events && (await settledCount(events, result.answered));
  return {
    ...result,
    seconds,
    stored,
    settled: (performance.now() - ended) / 1000,
    runtimeCpu: cpuSeconds(runtime.pid) - before,
    loadedCpu,
    loadedSeconds: (ended - began) / 1000,
  };
}

/** Storing has ended, short of what was expected, when the number of rows has stood still this long. */
const STILL_MS = 3_000;
const POLL_MS = 50;

async function settledCount(events: EventTable, expected: number): Promise<number> {
  let count = await events.count();
  let changed = performance.now();
  while (count < expected && performance.now() - changed < STILL_MS) {
    await sleep(POLL_MS);
    const latest = await events.count();
    if (latest !== count) changed = performance.now();
    count = latest;
  }
  return count;
}
