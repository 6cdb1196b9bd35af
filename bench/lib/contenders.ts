/** The Workers that the bench compares, and how each is started. A further one is one more entry in CONTENDERS. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import type { V4WorkerOptions } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { buildWorker } from '../../scripts/build-worker.ts';
import { ADMIN_TOKEN, ROOT, SECRET_KEY, schemaStatements } from '../../test/e2e/harness.ts';
import type { Answer } from './answer.ts';
import { builtModules } from './built-modules.ts';
import { type Runtime, startRuntime, type Way } from './runtime.ts';

export interface Contender {
  readonly key: string;
  readonly name: string;
  /** Starts it and gives the pixel that its requests are to name. */
  start(setting: Setting): Promise<Started>;
}

export interface Setting {
  readonly way: Way;
  /** Where Speck's built Worker is. */
  readonly speckDir: string;
  /** Speck's answer, which all others give, too. Undefined when Speck itself is started. */
  readonly answer: Answer | undefined;
  /** Whether the runtime listens for an inspector. Only Speck uses it. */
  readonly inspected?: boolean;
  /** The source of a module to put before Speck's, which it imports as `./index.mjs`. */
  readonly before?: string;
}

export interface Started {
  readonly runtime: Runtime;
  readonly pixel: string;
  /** Where its events end up, if it keeps any. */
  readonly events: EventTable | undefined;
}

export interface EventTable {
  /** A stored row for every answered request is a promise of this contender: the bench fails without. */
  readonly promised: boolean;
  count(): Promise<number>;
  /** Empties it, so that each measurement begins alike. */
  clear(): Promise<void>;
  /** What the Worker itself says it did not store, by reason; for the one who reads about missing events. */
  explain(): Promise<string>;
}

/** Speck is `c`; it is started first, since the others answer what it answers. */
export const SPECK: Contender = {
  key: 'c',
  name: 'Speck, storing events',
  async start({ speckDir, way, inspected, before }) {
    const worker = speckWorker(speckDir);
    const runtime = await startRuntime(
      before === undefined ? worker : behind(worker, speckDir, before),
      way,
      inspected,
    );
    await applySchema(runtime, schemaStatements());
    return { runtime, pixel: await addPixel(runtime), events: await eventTable(runtime, true, REJECTIONS) };
  },
};

/** Speck with the database of a directory, collecting for a pixel of its own. The other pixels' events stay as they are. */
export async function startSpeckWith(
  directory: string,
  { speckDir, way }: Pick<Setting, 'speckDir' | 'way'>,
): Promise<Started> {
  const runtime = await startRuntime(speckWorker(speckDir), way, false, directory);
  const pixel = await addPixel(runtime);
  return { runtime, pixel, events: await eventTable(runtime, true, REJECTIONS, pixel) };
}

export const CONTENDERS: readonly Contender[] = [
  {
    key: 'a',
    name: 'bare Worker, same answer',
    async start({ answer, way }) {
      const runtime = await startRuntime(benchWorker('bare', answer), way);
      return { runtime, pixel: 'px_2222222222222222', events: undefined };
    },
  },
  {
    key: 'b',
    name: 'naive Worker, one INSERT each',
    async start({ answer, way }) {
      const worker = { ...benchWorker('naive', answer), d1Databases: { DB: 'naive' } };
      const runtime = await startRuntime(worker, way);
      await applySchema(runtime, [readFileSync(join(ROOT, 'bench/workers/naive.sql'), 'utf8')]);
      return { runtime, pixel: 'px_2222222222222222', events: await eventTable(runtime, false) };
    },
  },
  SPECK,
  {
    key: 'd',
    name: 'Speck, with a destination',
    async start(setting) {
      const started = await SPECK.start(setting);
      await addDestination(started);
      return started;
    },
  },
  {
    key: 'e',
    name: 'Speck, storing in Analytics Engine',
    async start({ speckDir, way, inspected }) {
      const counting = readFileSync(join(ROOT, 'bench/workers/counting.ts'), 'utf8');
      const worker = speckWorker(speckDir, ENGINE);
      const before = transformSync(counting, { loader: 'ts', format: 'esm' }).code;
      const runtime = await startRuntime(behind(worker, speckDir, before), way, inspected);
      await applySchema(runtime, schemaStatements());
      return { runtime, pixel: await addPixel(runtime), events: await pointCount(runtime) };
    },
  },
  {
    key: 'c0',
    name: 'Speck, store switched off',
    async start({ way }) {
      const runtime = await startRuntime(await withoutStore(), way);
      await applySchema(runtime, schemaStatements());
      return { runtime, pixel: await addPixel(runtime), events: undefined };
    },
  },
];

/** The settings with which events of nobody known go to Analytics Engine. Nothing reads it here. */
const ENGINE = { EVENT_STORE: 'analytics_engine', ACCOUNT_ID: 'bench', ANALYTICS_TOKEN: 'bench' };

/** The points that bench/workers/counting.ts has counted. Its cron writes their number down. */
async function pointCount(runtime: Runtime): Promise<EventTable> {
  const database = await runtime.database('DB');
  await database.prepare('CREATE TABLE counted (points INTEGER)').run();
  const total = async (): Promise<number> => {
    await runtime.cron(new Date());
    const { results } = await database
      .prepare('SELECT max(points) AS points FROM counted')
      .all<{ points: number }>();
    return results[0]?.points ?? 0;
  };
  let before = 0;
  const inD1 = await eventTable(runtime, true, REJECTIONS);
  return {
    promised: true,
    count: async () => (await total()) - before + (await inD1.count()),
    async clear() {
      before = await total();
      await inD1.clear();
    },
    explain: inD1.explain,
  };
}

/** The beginning of the function in the built Worker that writes a batch, its second parameter. */
const WRITE = /async function writeRelayed\(\w+, (\w+)[^)]*\) \{/;

/** Its result. `$1` is the batch. */
const NOTHING_WRITTEN = "{ outcomes: $1.events.map(() => 'stored'), destinations: new Set() }";

/** The same Worker without the write to D1. It is built again with its names, which this finds the write by. */
async function withoutStore(): Promise<V4WorkerOptions> {
  const readable = join(ROOT, 'dist/readable');
  await buildWorker(readable, false);
  const worker = speckWorker(readable);
  let matches = 0;
  const modules = builtModules(readable).map((module) => {
    const source = readFileSync(module.path, 'utf8');
    if (!WRITE.test(source)) return module;
    matches++;
    return { ...module, contents: source.replace(WRITE, `$& return ${NOTHING_WRITTEN};`) };
  });
  if (matches !== 1) throw new Error(`${matches} of the built modules match ${WRITE}`);
  return { ...worker, modules };
}

/** The same Worker behind another module. */
function behind(worker: V4WorkerOptions, directory: string, contents: string): V4WorkerOptions {
  const { modules } = worker;
  if (!Array.isArray(modules)) throw new Error('the built Worker has no list of modules');
  return {
    ...worker,
    modules: [{ type: 'ESModule', path: join(directory, 'before.mjs'), contents }, ...modules],
  };
}

/** Speck's Worker as deployed: its modules, and the bindings and settings of wrangler.toml. */
function speckWorker(directory: string, settings: Record<string, string> = {}): V4WorkerOptions {
  const configured = configuredOptions();
  return {
    ...configured,
    name: 'speck',
    rootPath: ROOT,
    modulesRoot: directory,
    modules: builtModules(directory),
    bindings: { ...configured.bindings, ADMIN_TOKEN, SECRET_KEY, ...settings },
  };
}

/** A Worker of the bench's own, with the compatibility date and flags that Speck has. */
function benchWorker(name: string, answer: Answer | undefined): V4WorkerOptions {
  if (answer === undefined) throw new Error(`${name}: Speck must be started first`);
  const { compatibilityDate, compatibilityFlags } = configuredOptions();
  const source = readFileSync(join(ROOT, `bench/workers/${name}.ts`), 'utf8');
  return {
    name,
    modules: true,
    script: transformSync(source, { loader: 'ts', format: 'esm', define: { ANSWER: JSON.stringify(answer) } })
      .code,
    ...(compatibilityDate === undefined ? {} : { compatibilityDate }),
    ...(compatibilityFlags === undefined ? {} : { compatibilityFlags }),
  };
}

/** wrangler.toml in the words of Miniflare. Wrangler leaves it untyped; these are the parts that the bench names. */
export function configuredOptions(): {
  bindings?: Record<string, string>;
  compatibilityDate?: string;
  compatibilityFlags?: string[];
} {
  return unstable_getMiniflareWorkerOptions(join(ROOT, 'wrangler.toml')).workerOptions as ReturnType<
    typeof configuredOptions
  >;
}

async function applySchema(runtime: Runtime, statements: readonly string[]): Promise<void> {
  const database = await runtime.database('DB');
  for (const statement of statements) await database.prepare(statement).run();
}

async function addPixel({ port }: Runtime): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/pixels`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Bench', url: 'https://site.example', timezone: 'Europe/Berlin' }),
  });
  if (response.status !== 201) throw new Error(`adding a pixel: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { id: string }).id;
}

/** Gives the pixel a destination for purchases. The traffic has none, and no consent: only what every event costs is measured. */
async function addDestination({ runtime, pixel }: Started): Promise<void> {
  const database = await runtime.database('DB');
  await database
    .prepare(
      `INSERT INTO destinations (id, pixel, network, name, account, settings, rules, mode, test_code, state, secret, secret_at, created_at, updated_at)
       VALUES ('ds_2222222222222222', ?, 'meta', 'Bench', '1', '{}', ?, 'live', '', 'on', '', 0, 0, 0)`,
    )
    .bind(pixel, JSON.stringify([{ event: 'Purchase', as: 'Purchase' }]))
    .run();
}

const REJECTIONS = 'SELECT reason, sum(count) AS count FROM rejections GROUP BY reason';

/** @param pixel whose events are counted and cleared; undefined means: all of the table. */
async function eventTable(
  runtime: Runtime,
  promised: boolean,
  why?: string,
  pixel?: string,
): Promise<EventTable> {
  const database = await runtime.database('DB');
  const own = pixel === undefined ? '' : ' WHERE pixel = ?';
  const ofOwn = (sql: string): ReturnType<typeof database.prepare> => {
    const statement = database.prepare(sql + own);
    return pixel === undefined ? statement : statement.bind(pixel);
  };
  return {
    promised,
    async count() {
      const { results } = await ofOwn('SELECT count(*) AS count FROM events').all<{ count: number }>();
      return results[0]?.count ?? 0;
    },
    async clear() {
      await ofOwn('DELETE FROM events').run();
    },
    async explain() {
      if (why === undefined) return '';
      const { results } = await database.prepare(why).all<{ reason: string; count: number }>();
      return results.map(({ reason, count }) => `${reason} ${count}`).join(', ');
    },
  };
}
