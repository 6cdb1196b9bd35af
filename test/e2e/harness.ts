/**
 * Starts the Worker as it would be deployed, under the real local runtime with its own D1, for tests that speak to it
 * from outside over HTTP.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createTestHarness } from 'wrangler';
import { statementsOf } from '../../scripts/lib/migrate/sql.ts';
import { NO_TRACES } from '../../scripts/lib/wrangler.ts';
import { SCHEMA_VERSION } from '../../src/model/version.ts';
import { TIME_ZONE } from './noon.ts';

// The harness reads them from this process's environment. Without the last it asks the network for an example of `request.cf`.
Object.assign(process.env, NO_TRACES, { CLOUDFLARE_CF_FETCH_ENABLED: 'false' });

export const ROOT = fileURLToPath(new URL('../..', import.meta.url).href);
export const ADMIN_TOKEN = 'test-admin-token';
export const SECRET_KEY = 'test-secret-key-of-32-characters-or-more';

export interface Speck {
  /** The Worker's address, without a slash at the end. */
  readonly url: string;
  readonly db: Database;
  /** Runs the cron trigger and waits for it. */
  cron(at?: Date): Promise<void>;
  /** Runs it three times, five minutes apart as its trigger does: one run's statements may not be enough for all pixels. */
  catchUp(from: Date): Promise<void>;
  /** An API request with the admin token; a body is sent as JSON. */
  api(method: string, path: string, body?: unknown): Promise<Response>;
  /** Adds a pixel and gives its id. Its day does not end while a test runs, unless it is given a time zone. */
  addPixel(settings?: { name?: string; url?: string; timezone?: string }): Promise<string>;
  /** What the Worker logged. */
  logs(): readonly { readonly message: string }[];
  close(): Promise<void>;
}

/** The part of D1 that tests use. */
export interface Database {
  prepare(sql: string): Statement;
  /** Runs statements, of which each has a line. */
  exec(sql: string): Promise<unknown>;
}
interface Statement {
  bind(...values: unknown[]): Statement;
  all<Row = Record<string, unknown>>(): Promise<{ results: Row[] }>;
  run(): Promise<unknown>;
}

export interface SpeckOptions {
  readonly secrets?: Record<string, string>;
  readonly vars?: Record<string, string>;
  /** Another configuration than wrangler.toml. */
  readonly configPath?: string;
  /** Where the built Worker is; by default in dist/modules. */
  readonly modules?: string;
  /** Other statements than those of the newest schema. */
  readonly schema?: readonly string[];
}

export async function startSpeck(options: SpeckOptions = {}): Promise<Speck> {
  const harness = createTestHarness({
    root: ROOT,
    workers: [
      {
        configPath: options.configPath ?? 'wrangler.toml',
        prebuiltWorkerDir: options.modules ?? 'dist/modules',
        secrets: options.secrets ?? { ADMIN_TOKEN, SECRET_KEY },
        ...(options.vars ? { vars: options.vars } : {}),
      },
    ],
  });
  const { url } = await harness.listen();
  const worker = harness.getWorker<{ DB: Database }>();
  const db = (await worker.getEnv()).DB;
  await runAll(db, options.schema ?? schemaStatements());

  const origin = url.origin;
  const api = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(origin + path, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  return {
    url: origin,
    db,
    api,
    async cron(at = new Date()) {
      await worker.scheduled({ cron: '*/5 * * * *', scheduledTime: at });
    },
    async catchUp(from) {
      for (const minutes of [0, 5, 10]) {
        await worker.scheduled({
          cron: '*/5 * * * *',
          scheduledTime: new Date(from.getTime() + minutes * 60_000),
        });
      }
    },
    async addPixel(settings = {}) {
      const response = await api('POST', '/api/v1/pixels', {
        name: 'Test',
        url: 'https://site.example',
        timezone: TIME_ZONE,
        ...settings,
      });
      if (response.status !== 201)
        throw new Error(`adding a pixel: ${response.status} ${await response.text()}`);
      return ((await response.json()) as { id: string }).id;
    },
    logs: () => harness.getLogs(),
    close: () => harness.close(),
  };
}

/** Runs statements, all by one call: each call crosses to the runtime and back. */
export async function runAll(db: Database, statements: readonly string[]): Promise<void> {
  await db.exec(statements.map((sql) => sql.replaceAll('\n', ' ')).join('\n'));
}

/** What makes a database of the newest version. */
export function schemaStatements(): string[] {
  return [
    ...statementsOf(readFileSync(`${ROOT}/schema.sql`, 'utf8')),
    `INSERT OR IGNORE INTO schema_migrations VALUES (${SCHEMA_VERSION}, 0)`,
  ];
}
