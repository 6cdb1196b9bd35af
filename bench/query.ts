/**
 * `npm run bench:query -- [events…]`: how long a dashboard's queries about twelve months take, with 10,000, 1,000,000 and
 * 10,000,000 events behind the answers. They go to `POST /api/v2/query` of the built Worker under the local runtime, by
 * the runtime's own socket. All raw events are there, and every day has been rolled up by the cron. The histories take
 * turns, so other load on the machine affects all of them equally.
 *
 * A small history cannot have as many values as a large one: ten thousand events make 300 visits a month, which have fewer
 * entry pages than the thousand a month that are stored. So its ratio also reflects cardinality; the rows read show it. From a
 * million on all have the same, so of three histories the two largest are compared by themselves.
 *
 * It asserts no time, but that D1 would not give up. It fails when an answer is not 200 or takes over 30 s, or when a
 * query was answered from events.
 */
import build from '../test/build.ts';
import { ROOT } from '../test/e2e/harness.ts';
import { cachedHistory } from './lib/cached-history.ts';
import { machine } from './lib/machine.ts';
import { answerOf, type BenchQuery, QUERIES } from './lib/queries.ts';
import { type RecordedSpeck, startRecorded } from './lib/recorded-speck.ts';
import { sizesAndOptions } from './lib/sizes.ts';
import { median, sum } from './lib/statistics.ts';
import { table } from './lib/table.ts';

const SIZES = [10_000, 1_000_000, 10_000_000];
const WARM_UP = 5;
const ROUNDS = 200;
/** A query that has taken this long in all is not repeated; the table says how often it ran. */
const LONGEST_MS = 60_000;
const TARGETS = 'Targets: a ratio of at most 1.3, a median of at most 50 ms.';

const { sizes, worker } = sizesAndOptions('bench:query', SIZES);
if (worker === undefined) build();
const speckDir = worker ?? `${ROOT}dist/modules`;

interface Contestant {
  readonly events: number;
  readonly speck: RecordedSpeck;
}

const directories: string[] = [];
for (const events of sizes) directories.push(await cachedHistory(events, speckDir));
const contestants: Contestant[] = [];
try {
  for (const [index, directory] of directories.entries()) {
    contestants.push({ events: sizes[index] as number, speck: await startRecorded({ speckDir, directory }) });
  }
  process.exitCode = await bench();
} finally {
  for (const { speck } of contestants) await speck.close();
}

async function bench(): Promise<number> {
  console.log(`${machine()}\n`);
  const times = new Map<Contestant, Map<BenchQuery, Times>>(
    contestants.map((one) => [one, new Map(QUERIES.map((query) => [query, { ms: [], total: 0 }]))]),
  );
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const query of QUERIES) {
      for (const contestant of rotated(contestants, round + WARM_UP)) {
        const own = times.get(contestant)?.get(query) as Times;
        if (own.total > LONGEST_MS) continue;
        const began = performance.now();
        await answerOf(contestant.speck.url, query);
        const ms = performance.now() - began;
        own.total += ms;
        if (round >= 0 || own.total > LONGEST_MS) own.ms.push(ms);
      }
    }
  }
  const reads = new Map<Contestant, Map<BenchQuery, Recorded>>();
  for (const contestant of contestants) {
    const recorded = new Map<BenchQuery, Recorded>();
    for (const query of QUERIES) recorded.set(query, await record(contestant, query));
    reads.set(contestant, recorded);
  }
  console.log(report(times, reads));
  console.log(`\n${TARGETS}`);
  const fromEvents = [...reads].flatMap(([{ events }, recorded]) =>
    [...recorded]
      .filter(([, { source }]) => source !== 'rollups')
      .map(
        ([{ name }, { source }]) =>
          `${name} behind ${events.toLocaleString('en')} events: answered from ${source}`,
      ),
  );
  for (const line of fromEvents) console.error(`FAILED ${line}`);
  return fromEvents.length > 0 ? 1 : 0;
}

interface Times {
  readonly ms: number[];
  /** Milliseconds, those of the warm-up included. */
  total: number;
}

interface Recorded {
  readonly source: string;
  readonly rowsRead: number;
}

async function record({ speck }: Contestant, query: BenchQuery): Promise<Recorded> {
  await speck.recorded();
  const { meta } = await answerOf(speck.url, query, { 'bench-record': 'yes' });
  const statements = (await speck.recorded()).flatMap((call) => call.statements);
  return { source: meta.source, rowsRead: sum(statements.map(({ rowsRead }) => rowsRead)) };
}

function report(
  times: ReadonlyMap<Contestant, ReadonlyMap<BenchQuery, Times>>,
  reads: ReadonlyMap<Contestant, ReadonlyMap<BenchQuery, Recorded>>,
): string {
  const [least, next, most] = [0, -2, -1].map((place) => contestants.at(place)) as [
    Contestant,
    Contestant,
    Contestant,
  ];
  const head = [
    'query',
    ...contestants.flatMap(({ events }) => {
      const size = events.toLocaleString('en');
      return [`${size}: median ms`, 'p99 ms', 'rows read'];
    }),
    ...(contestants.length > 2 ? ['two largest'] : []),
    'ratio of medians',
  ];
  const rows = QUERIES.map((query) => {
    const of = (contestant: Contestant): readonly number[] => times.get(contestant)?.get(query)?.ms ?? [];
    const seldom = contestants.map((contestant) => of(contestant).length).filter((count) => count < ROUNDS);
    return [
      query.name + (seldom.length > 0 ? ` (run ${seldom.join(' and ')} times only)` : ''),
      ...contestants.flatMap((contestant) => [
        median(of(contestant)).toFixed(1),
        quantile(of(contestant), 0.99).toFixed(1),
        (reads.get(contestant)?.get(query)?.rowsRead ?? 0).toLocaleString('en'),
      ]),
      ...(contestants.length > 2 ? [(median(of(most)) / median(of(next))).toFixed(2)] : []),
      (median(of(most)) / median(of(least))).toFixed(2),
    ];
  });
  return table(head, rows);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The order turns by one each time, so that nobody always runs first. */
function rotated<T>(values: readonly T[], by: number): T[] {
  const offset = by % values.length;
  return [...values.slice(offset), ...values.slice(0, offset)];
}
