/**
 * The built Worker, its D1 in a directory, under the local runtime, with what D1 says of each statement to be had. The
 * database is a file of SQLite: while no runtime has it open it may be filled or copied.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildSync } from 'esbuild';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import {
  ADMIN_TOKEN,
  type Database,
  ROOT,
  runAll,
  SECRET_KEY,
  schemaStatements,
} from '../../test/e2e/harness.ts';
import type { Call, CronRun, Sent } from './recorder.ts';
import { sum } from './statistics.ts';
import { workerCpu } from './worker-cpu.ts';

export interface RecordedSpeck {
  readonly db: Database;
  /** Of the runtime's own socket into the Worker. */
  readonly url: string;
  /** Runs the cron as of a moment, with so many statements to use; by default as many as wrangler.toml says. */
  cron(at: number, statements?: number): Promise<CronRun>;
  /** Sends what is due of a destination in one invocation of the queue's consumer. Its statements are noted only if they are asked for. */
  deliver(destination: string, recorded?: 'recorded'): Promise<CronRun>;
  /** Milliseconds of the Worker's own code for a request, without D1: the median of so many times. */
  cpu(ask: () => Promise<unknown>, times: number): Promise<number>;
  /** The D1 calls of requests with the header `bench-record` since the last call. */
  recorded(): Promise<readonly Call[]>;
  /** What they have sent to the queue since the last call, and the number of points of Analytics Engine since the start. */
  sent(): Promise<Sent>;
  close(): Promise<void>;
}

export interface RecordedOptions {
  /** Where the built Worker is. */
  readonly speckDir: string;
  /** Where its database is, or is to be. */
  readonly directory: string;
  /** Variables in place of those of wrangler.toml. */
  readonly vars?: Readonly<Record<string, string>>;
}

/** The files of an empty database, by their paths, once one has been made. */
let empty: ReadonlyMap<string, Buffer> | undefined;

/** Makes an empty database with Speck's schema in a directory, and gives its file. */
export async function makeDatabase(options: RecordedOptions): Promise<string> {
  const { directory } = options;
  mkdirSync(directory, { recursive: true });
  if (empty === undefined) {
    const speck = await startRecorded(options);
    try {
      await runAll(speck.db, schemaStatements());
    } finally {
      await speck.close();
    }
    empty = filesIn(directory);
  }
  for (const [path, bytes] of empty) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), bytes);
  }
  return databaseFile(directory);
}

function filesIn(directory: string): Map<string, Buffer> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return new Map(paths.map((path) => [relative(directory, path), readFileSync(path)]));
}

/** The file that Miniflare keeps the one D1 database of a directory in. */
export function databaseFile(directory: string): string {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(
    (entry) =>
      entry.isFile() && entry.parentPath.includes('D1') && /^[0-9a-f]{32,}\.sqlite$/.test(entry.name),
  );
  const [file] = files;
  if (file === undefined || files.length > 1) throw new Error(`${directory} has ${files.length} databases`);
  return join(file.parentPath, file.name);
}

export async function startRecorded({ speckDir, directory, vars }: RecordedOptions): Promise<RecordedSpeck> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [{ ...recordedWorker(speckDir, vars), unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }] }],
      resourcePersistencePath: directory,
      cf: false,
      inspectorPort: 0,
      log: new Log(LogLevel.WARN),
      logRequests: false,
      handleStructuredLogs: ({ level, message }) => {
        if (level === 'error') console.error(message);
      },
      unsafeObservability: false,
      unsafeLocalExplorer: false,
    }),
  );
  await miniflare.ready;
  const url = (await miniflare.unsafeGetDirectURL()).origin;
  return {
    url,
    db: (await miniflare.getD1Database('DB')) as unknown as Database,
    cron: (at, statements) =>
      json(`${url}/bench/cron?at=${at}${statements === undefined ? '' : `&statements=${statements}`}`),
    deliver: (destination, recorded) =>
      json(`${url}/bench/deliver?destination=${destination}${recorded === undefined ? '' : '&recorded'}`),
    cpu: async (ask, times) =>
      workerCpu(
        await miniflare.getInspectorURL(),
        'core:user:speck',
        () => json(`${url}/bench/nothing`),
        ask,
        times,
      ),
    recorded: () => json(`${url}/bench/recorded`),
    sent: () => json(`${url}/bench/sent`),
    close: () => miniflare.dispose(),
  };
}

async function json<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** Bench and built Worker in one script, with the bindings and settings of wrangler.toml. */
function recordedWorker(speckDir: string, vars: Readonly<Record<string, string>> = {}): V4WorkerOptions {
  const bundle = buildSync({
    entryPoints: [join(ROOT, 'bench/lib/recorder.ts')],
    alias: { 'speck-worker': join(speckDir, 'index.mjs') },
    loader: { '.txt': 'text' },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    logLevel: 'error',
  });
  const configured = unstable_getMiniflareWorkerOptions(join(ROOT, 'wrangler.toml')).workerOptions as {
    bindings?: Record<string, string>;
  };
  return {
    ...configured,
    name: 'speck',
    rootPath: ROOT,
    modulesRoot: speckDir,
    modules: [
      { type: 'ESModule', path: join(speckDir, 'recorder.js'), contents: bundle.outputFiles[0]?.text ?? '' },
    ],
    bindings: { ...configured.bindings, ...vars, ADMIN_TOKEN, SECRET_KEY },
  };
}

/** A request's answer, and what D1 has read for it. */
export interface Reads<Answer> {
  readonly answer: Answer;
  readonly rowsRead: number;
  /** Bytes of the rows that D1 has returned to the Worker, as JSON. */
  readonly returned: number;
}

/** Sends a request once, recorded. @param ask is given the headers of the request. */
export async function readsOf<Answer>(
  speck: RecordedSpeck,
  ask: (headers: Readonly<Record<string, string>>) => Promise<Answer>,
): Promise<Reads<Answer>> {
  await speck.recorded();
  const answer = await ask({ 'bench-record': 'yes' });
  const statements = (await speck.recorded()).flatMap((call) => call.statements);
  return {
    answer,
    rowsRead: sum(statements.map(({ rowsRead }) => rowsRead)),
    returned: sum(statements.map(({ returned }) => returned)),
  };
}

export interface RollUpCost {
  readonly seconds: number;
  readonly runs: readonly CronRun[];
}

const EVERY = 5 * 60_000;

/**
 * Triggers the cron, as of five minutes after one another, until no day is to be rolled up.
 * @throws Error when it gets nowhere.
 */
export async function rollUp(speck: RecordedSpeck, from: number, statements?: number): Promise<RollUpCost> {
  const runs: CronRun[] = [];
  let seconds = 0;
  let idle = 0;
  let before = '';
  for (let at = from; ; at += EVERY) {
    const began = performance.now();
    runs.push(await speck.cron(at, statements));
    seconds += (performance.now() - began) / 1000;
    const state = await stateOfDays(speck.db);
    if (state === '[]') return { seconds, runs };
    idle = state === before ? idle + 1 : 0;
    if (idle === 5) throw new Error(`the cron makes no progress: ${state.slice(0, 300)}`);
    before = state;
    await sleep(0);
  }
}

/** Triggers the cron at the beginning of one hour after another, until it changes nothing more of months and columns. */
export async function rollUpMonths(speck: RecordedSpeck, from: number, statements?: number): Promise<void> {
  let before = '';
  for (let hour = 0; hour < MOST_HOURS; hour++) {
    await speck.cron(from + hour * 3_600_000, statements);
    const state = await stateOfMonths(speck.db);
    if (state === before) return;
    before = state;
  }
  throw new Error(`the cron is not done with the months after ${MOST_HOURS} hours: ${before}`);
}

const MOST_HOURS = 500;

async function stateOfMonths(db: Database): Promise<string> {
  const states = ['SELECT * FROM months', 'SELECT count(*) FROM month_rollups'];
  if (await hasTable(db, 'segments'))
    states.push('SELECT period, generation, slice, count(*) FROM segments GROUP BY 1, 2, 3');
  const answers = await Promise.all(states.map((sql) => db.prepare(sql).all()));
  return JSON.stringify(answers.map(({ results }) => results));
}

async function hasTable(db: Database, name: string): Promise<boolean> {
  const { results } = await db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').bind(name).all();
  return results.length > 0;
}

async function stateOfDays(db: Database): Promise<string> {
  const { results } = await db.prepare('SELECT * FROM days WHERE dirty > 0').all();
  return JSON.stringify(results);
}
