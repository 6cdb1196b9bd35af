/**
 * As much of Cloudflare's API as wrangler asks for when it deploys, with an account that begins empty. Its database runs
 * the SQL that it is sent.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';

export interface FakeCloudflare {
  /** What wrangler needs to be told. */
  readonly environment: NodeJS.ProcessEnv;
  /** What was changed, in order. */
  readonly changes: string[];
  /** The queues that a Worker consumes, each with the queue that takes what it gives up. */
  readonly consumers: Map<string, string | undefined>;
  /** The Worker's secrets, by their names. */
  readonly secrets: Map<string, string>;
  /** The types of the modules of the Worker last deployed, by their names. */
  readonly modules: Map<string, string>;
  /** What is refused, if anything. */
  rejects: 'queries' | 'queues' | 'worker' | 'secrets' | undefined;
  /** The account's database, once it is made. */
  readonly database: DatabaseSync | undefined;
  /** How many statements the database runs before it refuses everything. Their effects stay. */
  failsAfter: number | undefined;
  /** Makes the database, as some earlier deploy has left it. */
  makeDatabase(): DatabaseSync;
  /** Empties the account. */
  reset(): void;
  close(): void;
}

interface Account extends FakeCloudflare {
  database: DatabaseSync | undefined;
}

const DATABASE = { uuid: '11111111-1111-4111-8111-111111111111', name: 'speck' };
interface Route {
  readonly method: string;
  readonly path: RegExp;
  answer(
    fake: Account,
    request: Request,
  ): { status?: number; code?: number; result?: unknown; change?: string };
}

interface Request {
  readonly url: URL;
  readonly body: string;
}

const made = (fake: Account, change: string): boolean => fake.changes.includes(change);

/** A secret in the description that goes up with a Worker. */
const SECRET_BINDING = /\{"name":"(\w+)","type":"secret_text","text":"([^"]*)"\}/g;

/** A module that goes up with a Worker, as a part of a form. */
const MODULE = /filename="([^"]+)"\r\nContent-Type: ([^\r]+)/gi;

/** Only what matters here; anything else is answered with an empty list. */
const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: /\/d1\/database\/[\w-]+$/,
    answer: (fake) => (fake.database ? { result: DATABASE } : { status: 404, code: 7404 }),
  },
  {
    method: 'POST',
    path: /\/d1\/database$/,
    answer(fake, { body }) {
      fake.makeDatabase();
      return { result: DATABASE, change: `database ${JSON.parse(body).name}` };
    },
  },
  {
    method: 'POST',
    path: /\/d1\/database\/[\w-]+\/query$/,
    answer: query,
  },
  {
    method: 'GET',
    path: /\/queues$/,
    answer: (fake, { url }) => ({
      result: url.searchParams.getAll('name').flatMap((name) => queue(fake, name)),
    }),
  },
  {
    method: 'POST',
    path: /\/queues$/,
    answer(fake, { body }) {
      if (fake.rejects === 'queues') return { status: 403, code: 10_000 };
      const { queue_name } = JSON.parse(body) as { queue_name: string };
      // An account has a name once only.
      return made(fake, `queue ${queue_name}`)
        ? { status: 409, code: 11_009 }
        : { result: { queue_name }, change: `queue ${queue_name}` };
    },
  },
  {
    method: 'POST',
    path: /\/queues\/[\w-]+\/consumers$/,
    answer: consume,
  },
  {
    method: 'PUT',
    path: /\/queues\/[\w-]+\/consumers\/consumer$/,
    answer: consume,
  },
  {
    method: 'GET',
    path: /\/workers\/(services\/speck|scripts\/speck\/settings)$/,
    answer: () => ({ status: 404, code: 10_090 }),
  },
  {
    method: 'PUT',
    path: /\/workers\/scripts\/speck$/,
    answer({ secrets, modules, rejects }, { body }) {
      if (rejects === 'worker') return { status: 400, code: 10_021 };
      modules.clear();
      for (const [, name = '', type = ''] of body.matchAll(MODULE)) modules.set(name, type);
      // Those that it does not name stay.
      for (const [, name = '', value = ''] of body.matchAll(SECRET_BINDING)) secrets.set(name, value);
      return { result: { id: 'speck', deployment_id: '1', startup_time_ms: 1 }, change: 'worker' };
    },
  },
  {
    method: 'GET',
    path: /\/workers\/scripts\/speck\/secrets$/,
    answer(fake) {
      if (fake.rejects === 'secrets') return { status: 403, code: 10_000 };
      if (!made(fake, 'worker')) return { status: 404, code: 10_007 };
      return { result: [...fake.secrets.keys()].map((name) => ({ name, type: 'secret_text' })) };
    },
  },
  {
    method: 'GET',
    path: /\/workers\/workers\/speck$/,
    answer: () => ({ result: { subdomain: { enabled: true, previews_enabled: false } } }),
  },
  { method: 'GET', path: /\/deployments$/, answer: () => ({ result: { deployments: [] } }) },
  { method: 'GET', path: /\/workers\/subdomain$/, answer: () => ({ result: { subdomain: 'account' } }) },
  {
    method: 'POST',
    path: /\/workers\/scripts\/speck\/subdomain$/,
    answer: () => ({ result: { enabled: true, previews_enabled: false } }),
  },
];

/** Runs statements, each for good: D1 makes them one transaction, and nobody should have to rely on it. */
function query(
  fake: Account,
  { body }: Request,
): { status?: number; code?: number; result?: unknown; change?: string } {
  const { database } = fake;
  if (!database || fake.rejects === 'queries') return { status: 400, code: 7500 };
  const { sql } = JSON.parse(body) as { sql: string };
  const before = structureOf(database);
  const result: unknown[] = [];
  try {
    for (const statement of sql.split(';\n')) {
      if (fake.failsAfter !== undefined && fake.failsAfter-- === 0) throw new Error('interrupted');
      result.push({ results: database.prepare(statement).all(), success: true, meta: { duration: 1 } });
    }
  } catch {
    fake.failsAfter = undefined;
    fake.rejects = 'queries';
    return { status: 400, code: 7500 };
  }
  return { result, ...(structureOf(database) === before ? {} : { change: 'migration' }) };
}

function structureOf(database: DatabaseSync): string {
  return JSON.stringify(database.prepare('SELECT name, sql FROM sqlite_master ORDER BY name').all());
}

/** A queue's id is its name here. */
function queue({ changes, consumers }: Account, name: string): unknown[] {
  if (!changes.includes(`queue ${name}`)) return [];
  const consumer = { consumer_id: 'consumer', type: 'worker', script: 'speck' };
  return [{ queue_id: name, queue_name: name, consumers: consumers.has(name) ? [consumer] : [] }];
}

function consume(fake: Account, { url, body }: Request): { result: unknown } {
  const { dead_letter_queue } = JSON.parse(body) as { dead_letter_queue?: string };
  const [, name = ''] = /\/queues\/([\w-]+)\//.exec(url.pathname) ?? [];
  fake.consumers.set(name, dead_letter_queue);
  return { result: {} };
}

export async function startFakeCloudflare(): Promise<FakeCloudflare> {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const body = await text(request);
    const route = ROUTES.find(({ method, path }) => method === request.method && path.test(url.pathname));
    const { status = 200, code, result = [], change } = route?.answer(fake, { url, body }) ?? {};
    if (change !== undefined) fake.changes.push(change);
    const errors = code === undefined ? [] : [{ code, message: 'refused' }];
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ success: status < 400, errors, messages: [], result }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fake: Account = {
    environment: {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}`,
      CLOUDFLARE_API_TOKEN: 'token',
      CLOUDFLARE_ACCOUNT_ID: 'account',
    },
    changes: [],
    consumers: new Map(),
    modules: new Map(),
    secrets: new Map(),
    rejects: undefined,
    database: undefined,
    failsAfter: undefined,
    makeDatabase() {
      fake.database = new DatabaseSync(':memory:');
      return fake.database;
    },
    reset() {
      fake.changes.length = 0;
      fake.consumers.clear();
      fake.secrets.clear();
      fake.modules.clear();
      fake.rejects = undefined;
      fake.database = undefined;
      fake.failsAfter = undefined;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return fake;
}
