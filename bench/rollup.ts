/**
 * `npm run bench:rollup -- [options]`: how long it takes to roll up a local day of 10,000, 15,000, 100,000 and 1,000,000 events and
 * to store it as columns. The cron of the built Worker is triggered under the local runtime until the day is rolled up. What the
 * statements take that write columns is told apart; the rest is what rollups alone would take. Beside it the counts of the
 * rollups are made by hand, with temporary tables in a copy of the same database (bench/lib/by-hand.ts). In turns, so other
 * load on the machine affects both equally.
 *
 * It asserts no time. It fails when the Worker's answers about the day are not the numbers made by hand.
 */
import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dimensionOf } from '../src/model/dimensions.ts';
import { addDays, dayStart } from '../src/model/time-zone.ts';
import build from '../test/build.ts';
import { ADMIN_TOKEN, ROOT } from '../test/e2e/harness.ts';
import { type ByHand, rollUpByHand } from './lib/by-hand.ts';
import { PIXEL, writeHistory, ZONE } from './lib/history.ts';
import { machine } from './lib/machine.ts';
import {
  databaseFile,
  makeDatabase,
  type RecordedSpeck,
  type RollUpCost,
  rollUp,
  startRecorded,
} from './lib/recorded-speck.ts';
import type { Recorded } from './lib/recorder.ts';
import { sizesAndOptions } from './lib/sizes.ts';
import { median, sum } from './lib/statistics.ts';
import { table } from './lib/table.ts';

const DAY = '2026-10-15';
const SIZES = [10_000, 15_000, 100_000, 1_000_000];
/** A day of up to so many events is rolled up several times, each from the start, and the median counts. */
const REPEATED_UP_TO = 100_000;
const REPEATS = 3;
/** The counts that answers and those made by hand are compared by. */
const COMPARED = ['visitors', 'visits', 'pageviews', 'events'];
const TARGETS =
  'Targets: 1,000,000 events rolled up in at most 20 s, with columns in at most 23 s, no statement over 8 s, ratio at most 2.';

const { sizes, worker } = sizesAndOptions('bench:rollup', SIZES);
if (worker === undefined) build();
const speckDir = worker ?? `${ROOT}dist/modules`;

interface Round {
  readonly rollUpCost: RollUpCost;
  readonly byHandSeconds: number;
}

const temporary = mkdtempSync(join(tmpdir(), 'speck-rollup-'));
let failures = 0;
try {
  console.log(`${machine()}\n`);
  const results: { events: number; rounds: Round[] }[] = [];
  for (const events of sizes) {
    const rounds: Round[] = [];
    const made = join(temporary, String(events));
    writeHistory(await makeDatabase({ speckDir, directory: made }), {
      seed: events,
      from: DAY,
      days: 1,
      events,
    });
    for (let round = 0; round < (events <= REPEATED_UP_TO ? REPEATS : 1); round++) {
      rounds.push(await takeTurn(made, events, round));
    }
    results.push({ events, rounds });
    rmSync(made, { recursive: true });
  }
  console.log(report(results));
  console.log(`\n${TARGETS}`);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
process.exitCode = failures > 0 ? 1 : 0;

/**
 * Both roll up the day from the start, the one who was second last time first. No runtime is up while it is done by hand:
 * that blocks this process, whose connections would time out.
 */
async function takeTurn(made: string, events: number, round: number): Promise<Round> {
  const directory = `${made}-turn`;
  const copy = `${made}-copy.sqlite`;
  cpSync(made, directory, { recursive: true });
  copyFileSync(databaseFile(made), copy);
  let hand = round % 2 === 1 ? rollUpByHand(copy, DAY) : undefined;
  try {
    const rollUpCost = await withSpeck(directory, (speck) =>
      rollUp(speck, dayStart(ZONE, addDays(DAY, 1)) + 5 * 60_000),
    );
    hand ??= rollUpByHand(copy, DAY);
    const seconds = `${rollUpCost.seconds.toFixed(2)} s, by hand ${hand.seconds.toFixed(2)} s`;
    console.error(`${events.toLocaleString('en')} events: ${seconds}`);
    const byHand = hand;
    if (round === 0) await withSpeck(directory, (speck) => compare(speck, byHand, events));
    return { rollUpCost, byHandSeconds: hand.seconds };
  } finally {
    hand?.close();
    rmSync(directory, { recursive: true });
    rmSync(copy);
  }
}

async function withSpeck<T>(directory: string, use: (speck: RecordedSpeck) => Promise<T>): Promise<T> {
  const speck = await startRecorded({ speckDir, directory });
  try {
    return await use(speck);
  } finally {
    await speck.close();
  }
}

/** Asks the Worker for every dimension of the day, and compares. */
async function compare(speck: RecordedSpeck, hand: ByHand, events: number): Promise<void> {
  let rows = 0;
  const different: string[] = [];
  for (const dimension of hand.dimensions) {
    const none = dimensionOf(dimension)?.none ?? '';
    const expected = hand
      .rows(dimension, COMPARED)
      .filter((row) => dimension === 'total' || Number(row[COMPARED.indexOf('events') + 1]) > 0)
      .map(([value, ...counts]) => JSON.stringify([dimension === 'total' ? [] : [value || none], counts]));
    const answered = (await ask(speck, dimension)).map((row) => JSON.stringify(row));
    rows += expected.length;
    const missing = without(expected, answered);
    const more = without(answered, expected);
    if (missing.length + more.length > 0) {
      different.push(
        `${dimension}: by hand ${missing.slice(0, 3).join(' ')}, answered ${more.slice(0, 3).join(' ')}`,
      );
    }
  }
  const what = `${rows.toLocaleString('en')} rows of ${hand.dimensions.length} dimensions`;
  if (different.length === 0)
    console.error(`${events.toLocaleString('en')} events: the same numbers in ${what}`);
  for (const line of different) console.error(`FAILED ${events.toLocaleString('en')} events: ${line}`);
  failures += different.length;
}

/** The texts that are not among others. */
function without(texts: readonly string[], others: readonly string[]): string[] {
  const existing = new Set(others);
  return texts.filter((text) => !existing.has(text));
}

async function ask(
  { url }: RecordedSpeck,
  dimension: string,
): Promise<[dimensions: string[], metrics: number[]][]> {
  const response = await fetch(`${url}/api/v2/query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({
      site_id: PIXEL,
      metrics: COMPARED,
      date_range: [DAY, DAY],
      dimensions: dimension === 'total' ? [] : [dimension],
      pagination: { limit: 10_000 },
    }),
  });
  if (response.status !== 200) throw new Error(`${dimension}: ${response.status} ${await response.text()}`);
  const { results } = (await response.json()) as { results: { dimensions: string[]; metrics: number[] }[] };
  return results.map(({ dimensions, metrics }) => [dimensions, metrics]);
}

function report(results: readonly { events: number; rounds: readonly Round[] }[]): string {
  const head = [
    'events',
    'rollups and columns s',
    'rollups s',
    'columns s',
    'by hand s',
    'ratio (min–max)',
    'ratio of rollups alone',
    's per 1,000 events',
    'cron runs',
    'statements',
    'slowest s',
    'slowest of columns s',
    'largest bytes',
    'rows read',
    'rows written',
  ];
  return table(head, results.map(rowOf));
}

function rowOf({ events, rounds }: { events: number; rounds: readonly Round[] }): string[] {
  const middle = (pick: (round: Round) => number): number => median(rounds.map(pick));
  const seconds = middle(({ rollUpCost }) => rollUpCost.seconds);
  const ratios = rounds.map(({ rollUpCost, byHandSeconds }) => rollUpCost.seconds / byHandSeconds);
  const first = (rounds[0] as Round).rollUpCost;
  const statements = statementsOf(first);
  return [
    events.toLocaleString('en'),
    seconds.toFixed(2),
    middle(({ rollUpCost }) => withoutColumns(rollUpCost)).toFixed(2),
    middle(({ rollUpCost }) => secondsOf(columnsOf(rollUpCost))).toFixed(2),
    middle(({ byHandSeconds }) => byHandSeconds).toFixed(2),
    `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
    middle(({ rollUpCost, byHandSeconds }) => withoutColumns(rollUpCost) / byHandSeconds).toFixed(2),
    ((seconds / events) * 1000).toFixed(4),
    String(first.runs.length),
    String(statements.length),
    middle(({ rollUpCost }) => slowest(statementsOf(rollUpCost))).toFixed(2),
    middle(({ rollUpCost }) => slowest(columnsOf(rollUpCost))).toFixed(2),
    Math.max(...statements.map(({ bytes }) => bytes)).toLocaleString('en'),
    sum(statements.map(({ rowsRead }) => rowsRead)).toLocaleString('en'),
    sum(statements.map(({ rowsWritten }) => rowsWritten)).toLocaleString('en'),
  ];
}

function statementsOf({ runs }: RollUpCost): Recorded[] {
  return runs.flatMap(({ calls }) => calls.flatMap((call) => call.statements));
}

/** The statements that write or delete columns. */
function columnsOf(cost: RollUpCost): Recorded[] {
  return statementsOf(cost).filter(({ does }) => does.endsWith(' segments'));
}

function secondsOf(statements: readonly Recorded[]): number {
  return sum(statements.map(({ ms }) => ms)) / 1000;
}

function withoutColumns(cost: RollUpCost): number {
  return cost.seconds - secondsOf(columnsOf(cost));
}

function slowest(statements: readonly Recorded[]): number {
  return Math.max(0, ...statements.map(({ ms }) => ms)) / 1000;
}
