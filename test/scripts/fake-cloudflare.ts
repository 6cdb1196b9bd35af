/**
 * As much of Cloudflare's API as wrangler asks for when it deploys, with an account that begins empty. Its databases run
 * the SQL that they are sent.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { answerOf } from './fake-cloudflare-routes.ts';

export interface FakeWorker {
  /** Its secrets, by their names. */
  readonly secrets: Map<string, string>;
  /** The types of the modules last deployed, by their names. */
  readonly modules: Map<string, string>;
  /** Its custom domains. */
  domains: readonly string[];
}

export interface FakeCloudflare {
  /** What wrangler needs to be told. */
  readonly environment: NodeJS.ProcessEnv;
  /** What was changed, in order. */
  readonly changes: string[];
  /** The Workers that are deployed, by their names. */
  readonly workers: Map<string, FakeWorker>;
  readonly databases: Map<string, DatabaseSync>;
  readonly buckets: Set<string>;
  /** The queues, each with the queue that takes what its consumer gives up, once it has a consumer. */
  readonly queues: Map<string, { readonly consumer?: { readonly deadLetters: string | undefined } }>;
  /** The accounts that the token can see, by their ids. */
  readonly accounts: Map<string, string>;
  /** What is refused for want of a permission, if anything. `queries` fail in the database. */
  rejects: Rejected | undefined;
  /** How many statements a database runs before it refuses everything. Their effects stay. */
  failsAfter: number | undefined;
  /** Makes a database, as some earlier deploy has left it. */
  makeDatabase(name?: string): DatabaseSync;
  /** Makes a Worker and its queues, as some earlier deploy has left them. */
  makeWorker(secrets?: Readonly<Record<string, string>>): FakeWorker;
  /** Empties the account. */
  reset(): void;
  close(): void;
}

export type Rejected =
  | 'account'
  | 'database'
  | 'queries'
  | 'queues'
  | 'buckets'
  | 'secrets'
  | 'worker'
  | 'triggers';

/** The id of the account that the environment names. */
export const ACCOUNT = 'account';

export async function startFakeCloudflare(): Promise<FakeCloudflare> {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const body = await text(request);
    const { status = 200, code, result = [], change } = answerOf(fake, request.method ?? '', url, body);
    if (change !== undefined) fake.changes.push(change);
    const errors = code === undefined ? [] : [{ code, message: 'refused' }];
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ success: status < 400, errors, messages: [], result }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fake: FakeCloudflare = {
    environment: {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}`,
      CLOUDFLARE_API_TOKEN: 'token',
      CLOUDFLARE_ACCOUNT_ID: ACCOUNT,
    },
    changes: [],
    workers: new Map(),
    databases: new Map(),
    buckets: new Set(),
    queues: new Map(),
    accounts: new Map(),
    rejects: undefined,
    failsAfter: undefined,
    makeDatabase(name = 'speck') {
      const database = new DatabaseSync(':memory:');
      fake.databases.set(name, database);
      return database;
    },
    makeWorker(secrets = {}) {
      for (const name of ['speck-events', 'speck-dead-letters']) fake.queues.set(name, {});
      const worker: FakeWorker = {
        secrets: new Map(Object.entries(secrets)),
        modules: new Map(),
        domains: [],
      };
      fake.workers.set('speck', worker);
      return worker;
    },
    reset() {
      fake.changes.length = 0;
      for (const all of [fake.workers, fake.databases, fake.buckets, fake.queues, fake.accounts]) all.clear();
      fake.accounts.set(ACCOUNT, 'My account');
      fake.rejects = undefined;
      fake.failsAfter = undefined;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  fake.reset();
  return fake;
}
