/**
 * `npm run bench:query -- [options]`: how long a dashboard's queries take behind 10,000, 1,000,000 and 10,000,000 events of
 * twelve months. They go to the API of the built Worker under the local runtime, by the runtime's own socket. All raw events
 * are there, and every day has been rolled up by the cron.
 *
 * First the queries of a dashboard without a filter, about twelve months. The histories take turns, so other load on the machine
 * affects all of them equally. A small history cannot have as many values as a large one: ten thousand events make 300 visits a
 * month, which have fewer entry pages than the thousand a month that are stored. So its ratio also reflects cardinality; the
 * rows read show it. From a million on all have the same, so of three histories the two largest are compared by themselves.
 *
 * Then what clicks ask, of three ranges, in turn with the same query answered by SQL over the raw events: see
 * bench/lib/ranged.ts.
 *
 * It asserts no time, but that D1 would not give up. It fails when an answer is not 200 or takes over 30 s, or when a
 * query was answered from something else than it should.
 */
import build from '../test/build.ts';
import { ROOT } from '../test/e2e/harness.ts';
import { cachedHistory } from './lib/cached-history.ts';
import { inTurns, type Timed } from './lib/in-turns.ts';
import { machine } from './lib/machine.ts';
import { answerOf, type BenchQuery, QUERIES, RANGED_QUERIES } from './lib/queries.ts';
import { measureRanged } from './lib/ranged.ts';
import { type RecordedSpeck, readsOf, startRecorded } from './lib/recorded-speck.ts';
import { sizesAndOptions } from './lib/sizes.ts';
import { median } from './lib/statistics.ts';
import { table } from './lib/table.ts';

const SIZES = [10_000, 1_000_000, 10_000_000];
const TURNS = { warmUp: 5, rounds: 200, longestMs: 60_000 };
const TARGETS = 'Targets: a ratio of at most 1.3, a median of at most 50 ms.';

const { sizes, worker, values } = sizesAndOptions('bench:query', SIZES, {
  only: { type: 'string', usage: '--only NAME    measure only queries with this in their names' },
  'no-sql': { type: 'boolean', usage: '--no-sql       do not measure SQL over the raw events' },
});
const isChosen = ({ name }: BenchQuery): boolean => name.includes(String(values['only'] ?? ''));
const yearly = QUERIES.filter(isChosen);
const ranged = RANGED_QUERIES.filter(isChosen);
if (yearly.length + ranged.length === 0) {
  const names = new Set([...QUERIES, ...RANGED_QUERIES].map(({ name }) => name));
  console.error(`--only: the queries are ${[...names].join('; ')}`);
  process.exit(2);
}
if (worker === undefined) build();
const speckDir = worker ?? `${ROOT}dist/modules`;

interface Contestant {
  readonly events: number;
  readonly directory: string;
  readonly speck: RecordedSpeck;
}

const directories: string[] = [];
for (const events of sizes) directories.push(await cachedHistory(events, speckDir));
const contestants: Contestant[] = [];
try {
  for (const [index, directory] of directories.entries()) {
    const speck = await startRecorded({ speckDir, directory });
    contestants.push({ events: sizes[index] as number, directory, speck });
  }
  console.log(machine());
  const failures = [...(yearly.length > 0 ? await measureYearly() : []), ...(await measureClicks())];
  for (const line of failures) console.error(`FAILED ${line}`);
  process.exitCode = failures.length > 0 ? 1 : 0;
} finally {
  for (const { speck } of contestants) await speck.close();
}

async function measureClicks(): Promise<string[]> {
  if (ranged.length === 0) return [];
  const failures: string[] = [];
  for (const { events, directory, speck } of contestants) {
    const withSql = values['no-sql'] !== true;
    const measured = await measureRanged({ events, directory, speck, speckDir, withSql, queries: ranged });
    console.log(`\n### ${events.toLocaleString('en')} events\n\n${measured.text}`);
    failures.push(...measured.failures);
  }
  return failures;
}

/** One query of one contestant. */
interface Cell extends Timed {
  readonly query: BenchQuery;
  readonly contestant: Contestant;
  source: string | undefined;
  rowsRead: number;
}

async function measureYearly(): Promise<string[]> {
  const lines = yearly.map((query) =>
    contestants.map(
      (contestant): Cell => ({
        query,
        contestant,
        ms: [],
        run: () => answerOf(contestant.speck.url, query),
        source: undefined,
        rowsRead: 0,
      }),
    ),
  );
  await inTurns(lines, TURNS);
  const cells = lines.flat();
  for (const cell of cells) {
    const { speck } = cell.contestant;
    const { answer, rowsRead } = await readsOf(speck, (headers) => answerOf(speck.url, cell.query, headers));
    Object.assign(cell, { source: answer.source, rowsRead });
  }
  console.log(`\n${yearlyTable(lines)}\n\n${TARGETS}`);
  return cells
    .filter(({ source }) => source !== 'rollups')
    .map(
      ({ query, contestant, source }) =>
        `${query.name} behind ${contestant.events.toLocaleString('en')} events: answered from ${source}`,
    );
}

function yearlyTable(lines: readonly (readonly Cell[])[]): string {
  const hasTwoLargest = contestants.length > 2;
  const head = [
    'query',
    ...contestants.flatMap(({ events }) => [
      `${events.toLocaleString('en')}: median ms`,
      'p99 ms',
      'rows read',
    ]),
    ...(hasTwoLargest ? ['two largest'] : []),
    'ratio of medians',
  ];
  const rows = lines.map((cells) => {
    const medians = cells.map(({ ms }) => median(ms));
    const seldom = cells.map(({ ms }) => ms.length).filter((count) => count < TURNS.rounds);
    const ratio = (of: number, to: number): string =>
      ((medians.at(of) as number) / (medians.at(to) as number)).toFixed(2);
    return [
      cells[0]?.query.name + (seldom.length > 0 ? ` (run ${seldom.join(' and ')} times only)` : ''),
      ...cells.flatMap(({ ms, rowsRead }) => [
        median(ms).toFixed(1),
        quantile(ms, 0.99).toFixed(1),
        rowsRead.toLocaleString('en'),
      ]),
      ...(hasTwoLargest ? [ratio(-1, -2)] : []),
      ratio(-1, 0),
    ];
  });
  return table(head, rows);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
