/**
 * `npm run bench:beside -- [options]`: what the pixel loses while a dashboard asks. A Worker with a history of 1,000,000 events
 * collects for another pixel. In turns it is left alone with that, and is asked filtered queries about the history, as fast as
 * answers come; once where columns answer them, and once where SQL over the raw events does.
 *
 * Here D1 and the Worker share one thread with collecting, so a query costs the pixel all of its time. On Cloudflare D1 is another
 * machine, and further isolates collect.
 *
 * It asserts no time. It fails when an answer is not 200, or when an answered request was not stored.
 */
import { constants, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import build from '../test/build.ts';
import { ROOT } from '../test/e2e/harness.ts';
import { cachedHistory, removeColumns } from './lib/cached-history.ts';
import { type Started, startSpeckWith } from './lib/contenders.ts';
import { rotated } from './lib/in-turns.ts';
import { machine } from './lib/machine.ts';
import { Client, type Measurement, measure, summary } from './lib/measure.ts';
import { answerOf, RANGED_QUERIES, RANGES } from './lib/queries.ts';
import { sizesAndOptions } from './lib/sizes.ts';
import { median, sum } from './lib/statistics.ts';
import { table } from './lib/table.ts';

const WARM_UP_SECONDS = 3;
/** Other load on a machine comes and goes within seconds, and a query by SQL may take most of one. */
const TURN_SECONDS = 2;
const TURNS_A_ROUND = 2;
const TARGET = 'Target: a ratio of requests/s of at least 0.9.';

const { sizes, worker, values } = sizesAndOptions('bench:beside', [1_000_000], {
  rounds: { type: 'string', default: '5', usage: '--rounds N     rounds (5)' },
  connections: { type: 'string', default: '32', usage: '--connections N  of the pixel (32)' },
  rates: {
    type: 'string',
    default: '0,1000',
    usage: '--rates N,N…   requests a second that the pixel gets; 0 for as many as it answers (0,1000)',
  },
  asked: { type: 'string', default: '1', usage: '--asked N      queries in flight at a time (1)' },
  range: {
    type: 'string',
    default: '30 days',
    usage: `--range NAME   what they are about: ${RANGES.map(({ name }) => name).join(', ')} (30 days)`,
  },
  'no-sql': { type: 'boolean', usage: '--no-sql       do not ask SQL over the raw events' },
});
const [rounds, connections, inFlight] = ['rounds', 'connections', 'asked'].map((name) =>
  Number(values[name]),
) as [number, number, number];
const rates = String(values['rates']).split(',').map(Number);
const queries = RANGED_QUERIES.filter(
  ({ isFiltered, range }) => isFiltered && range.name === values['range'],
);
if (![rounds, connections, inFlight].every((value) => value > 0) || !rates.every((rate) => rate >= 0)) {
  console.error('--rounds, --connections, --asked and --rates are numbers.');
  process.exit(2);
}
if (queries.length === 0) {
  console.error(`--range is one of ${RANGES.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}
if (worker === undefined) build();
const speckDir = worker ?? `${ROOT}dist/modules`;

/** What a Worker does in its turn. */
interface Way {
  readonly name: string;
  readonly started: Started;
  readonly isAsked: boolean;
  readonly measured: Measurement[];
  /** Milliseconds of the queries that were answered. */
  readonly answers: number[];
}

const client = new Client();
const temporary = mkdtempSync(join(tmpdir(), 'speck-beside-'));
const started: Started[] = [];
try {
  console.log(machine());
  for (const events of sizes) await measureBeside(events);
} finally {
  client.close();
  for (const { runtime } of started) await runtime.close();
  rmSync(temporary, { recursive: true, force: true });
}

async function measureBeside(events: number): Promise<void> {
  const directory = await cachedHistory(events, speckDir);
  const own = (await startWithCopy(directory, `${events}`)) as Started;
  const sql =
    values['no-sql'] === true ? undefined : await startWithCopy(directory, `${events}-sql`, removeColumns);
  const size = events.toLocaleString('en');
  console.log(
    `\n${size} events, queries about ${values['range']}, ${inFlight} at a time, ${connections} connections\n`,
  );
  if (!sql && values['no-sql'] !== true)
    console.log('No day has columns: SQL over events answers all that has a filter.\n');
  for (const way of waysOf(own, sql)) await turn(way, WARM_UP_SECONDS);
  for (const rate of rates) {
    const ways = waysOf(own, sql);
    await takeTurns(ways, rate === 0 ? undefined : rate);
    const load = rate === 0 ? 'As many requests as are answered' : `${rate.toLocaleString('en')} requests/s`;
    console.log(`### ${load}\n\n${reportOf(ways)}\n`);
    for (const { name, measured } of ways) check(name, measured);
  }
  console.log(TARGET);
}

/** Starts a Worker with a copy of a database. Returns undefined if it cannot be prepared. */
async function startWithCopy(
  directory: string,
  name: string,
  prepare: (directory: string) => boolean = () => true,
): Promise<Started | undefined> {
  const copy = join(temporary, name);
  cpSync(directory, copy, { recursive: true, mode: constants.COPYFILE_FICLONE });
  if (!prepare(copy)) return undefined;
  const running = await startSpeckWith(copy, { speckDir, way: 'direct' });
  started.push(running);
  return running;
}

function waysOf(own: Started, sql: Started | undefined): Way[] {
  const way = (name: string, running: Started, isAsked: boolean): Way => ({
    name,
    started: running,
    isAsked,
    measured: [],
    answers: [],
  });
  return [
    way('is not asked', own, false),
    way('is asked', own, true),
    ...(sql ? [way('is asked, and has no columns', sql, true)] : []),
  ];
}

async function takeTurns(ways: readonly Way[], rate: number | undefined): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const stretches = new Map(ways.map((way) => [way, [] as Awaited<ReturnType<typeof turn>>[]]));
    for (let place = 0; place < TURNS_A_ROUND; place++) {
      for (const way of rotated(ways, round * TURNS_A_ROUND + place)) {
        stretches.get(way)?.push(await turn(way, TURN_SECONDS, rate));
      }
    }
    for (const [way, own] of stretches) way.measured.push(summary(own));
    const progress = ways.map(({ name, measured }) => `${name} ${measured.at(-1)?.rate.toFixed(0)}/s`);
    console.error(`round ${round + 1}: ${progress.join(', ')}`);
  }
}

/** The pixel under load for some seconds, and the queries of that time. */
async function turn(
  { started: running, isAsked, answers }: Way,
  seconds: number,
  rate?: number,
): ReturnType<typeof measure> {
  const url = `http://127.0.0.1:${running.runtime.port}`;
  let isOver = false;
  const ask = async (first: number): Promise<void> => {
    for (let place = first; isAsked && !isOver; place += inFlight) {
      const began = performance.now();
      await answerOf(url, queries[place % queries.length] as (typeof queries)[number]);
      answers.push(performance.now() - began);
    }
  };
  const asking = Promise.all(Array.from({ length: inFlight }, (_, first) => ask(first)));
  try {
    return await measure(client, running, connections, seconds, rate);
  } finally {
    isOver = true;
    await asking;
  }
}

function reportOf(ways: readonly Way[]): string {
  const [alone] = ways;
  const head = [
    'the Worker is',
    'requests/s',
    'ratio (min–max)',
    'p50 ms',
    'p99 ms',
    'ratio of p99 (min–max)',
    'queries answered',
    'median of a query, ms',
    'events missing',
  ];
  const rows = ways.map((way) => {
    const { name, measured, answers } = way;
    const middle = (pick: (measurement: Measurement) => number): number => median(measured.map(pick));
    const ratio = (pick: (measurement: Measurement) => number): string => {
      if (way === alone) return '–';
      const ratios = measured.map((own, round) => pick(own) / pick(alone?.measured[round] as Measurement));
      return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`;
    };
    return [
      name,
      Math.round(middle(({ rate }) => rate)).toLocaleString('en'),
      ratio(({ rate }) => rate),
      middle(({ median: half }) => half).toFixed(2),
      middle(({ p99 }) => p99).toFixed(1),
      ratio(({ p99 }) => p99),
      answers.length.toLocaleString('en'),
      answers.length > 0 ? median(answers).toFixed(1) : '–',
      sum(measured.map(missing)).toLocaleString('en'),
    ];
  });
  return table(head, rows);
}

function missing({ answered, stored = 0 }: Measurement): number {
  return answered - stored;
}

function check(name: string, measured: readonly Measurement[]): void {
  const failed = sum(measured.map((own) => own.failed));
  const lost = sum(measured.map(missing));
  if (failed + lost === 0) return;
  console.error(`FAILED ${name}: ${failed} requests were not answered 200, ${lost} events are missing`);
  process.exitCode = 1;
}
