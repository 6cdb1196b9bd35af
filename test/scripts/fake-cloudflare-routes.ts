/** The routes of the fake of Cloudflare's API. Only what matters here; anything else is answered with an empty list. */
import type { DatabaseSync } from 'node:sqlite';
import type { FakeCloudflare, FakeWorker, Rejected } from './fake-cloudflare.ts';

export interface FakeAnswer {
  readonly status?: number;
  readonly code?: number;
  readonly result?: unknown;
  /** What it has changed. */
  readonly change?: string;
}

interface Call {
  readonly fake: FakeCloudflare;
  readonly url: URL;
  readonly body: string;
  /** The name in the path, if the route has one. */
  readonly name: string;
}

interface Route {
  readonly method: string;
  /** Its first group is the name. */
  readonly path: RegExp;
  /** What refuses it. */
  readonly needs?: Rejected;
  answer(call: Call): FakeAnswer;
}

const REFUSED: FakeAnswer = { status: 403, code: 10_000 };

export function answerOf(fake: FakeCloudflare, method: string, url: URL, body: string): FakeAnswer {
  for (const route of ROUTES) {
    const match = route.method === method ? route.path.exec(url.pathname) : null;
    if (!match) continue;
    const account = /\/accounts\/([^/]+)/.exec(url.pathname)?.[1];
    if (account !== undefined && fake.accounts.size > 0 && !fake.accounts.has(account)) return REFUSED;
    if (route.needs !== undefined && route.needs === fake.rejects) return REFUSED;
    return route.answer({ fake, url, body, name: match[1] ?? '' });
  }
  return {};
}

/** A secret in the description that goes up with a Worker. */
const SECRET_BINDING = /\{"name":"(\w+)","type":"secret_text","text":"([^"]*)"\}/g;

/** A module that goes up with a Worker, as a part of a form. */
const MODULE = /filename="([^"]+)"\r\nContent-Type: ([^\r]+)/gi;

/** A database's id is its name here. */
const described = (name: string) => ({ uuid: name, name });

const ROUTES: readonly Route[] = [
  { method: 'GET', path: /\/user$/, answer: () => ({ result: { email: 'owner@site.example' } }) },
  { method: 'GET', path: /\/user\/tokens\/verify$/, answer: () => ({ result: { status: 'active' } }) },
  {
    method: 'GET',
    path: /\/accounts$/,
    needs: 'account',
    answer: ({ fake }) => ({ result: [...fake.accounts].map(([id, name]) => ({ id, name })) }),
  },
  {
    method: 'GET',
    path: /\/memberships$/,
    needs: 'account',
    answer: ({ fake }) => ({
      result: [...fake.accounts].map(([id, name]) => ({ id, account: { id, name } })),
    }),
  },
  {
    method: 'GET',
    path: /\/d1\/database\/([\w-]+)$/,
    needs: 'database',
    answer: ({ fake, name }) =>
      fake.databases.has(name) ? { result: described(name) } : { status: 404, code: 7404 },
  },
  {
    method: 'POST',
    path: /\/d1\/database$/,
    needs: 'database',
    answer({ fake, body }) {
      const { name, jurisdiction } = JSON.parse(body) as { name: string; jurisdiction?: string };
      if (fake.databases.has(name)) return { status: 400, code: 7502 };
      fake.makeDatabase(name);
      const place = jurisdiction === undefined ? '' : ` in ${jurisdiction}`;
      return { result: described(name), change: `database ${name}${place}` };
    },
  },
  { method: 'POST', path: /\/d1\/database\/([\w-]+)\/query$/, answer: query },
  {
    method: 'GET',
    path: /\/queues$/,
    answer: ({ fake, url }) => ({
      result: url.searchParams.getAll('name').flatMap((name) => queue(fake, name)),
    }),
  },
  {
    method: 'POST',
    path: /\/queues$/,
    needs: 'queues',
    answer({ fake, body }) {
      const { queue_name } = JSON.parse(body) as { queue_name: string };
      // An account has a name once only.
      if (fake.queues.has(queue_name)) return { status: 409, code: 11_009 };
      fake.queues.set(queue_name, {});
      return { result: { queue_name }, change: `queue ${queue_name}` };
    },
  },
  { method: 'POST', path: /\/queues\/([\w-]+)\/consumers$/, needs: 'triggers', answer: consume },
  { method: 'PUT', path: /\/queues\/([\w-]+)\/consumers\/consumer$/, needs: 'triggers', answer: consume },
  {
    method: 'GET',
    path: /\/r2\/buckets\/([\w-]+)\/lifecycle$/,
    needs: 'buckets',
    answer: ({ fake, name }) =>
      fake.buckets.has(name) ? { result: { rules: [] } } : { status: 404, code: 10_006 },
  },
  {
    method: 'GET',
    path: /\/r2\/buckets\/([\w-]+)$/,
    answer: ({ fake, name }) =>
      fake.buckets.has(name) ? { result: { name } } : { status: 404, code: 10_006 },
  },
  {
    method: 'POST',
    path: /\/r2\/buckets$/,
    needs: 'buckets',
    answer({ fake, body }) {
      const { name } = JSON.parse(body) as { name: string };
      if (fake.buckets.has(name)) return { status: 409, code: 10_004 };
      fake.buckets.add(name);
      return { result: { name }, change: `bucket ${name}` };
    },
  },
  {
    method: 'GET',
    path: /\/workers\/(?:services\/[\w-]+|scripts\/[\w-]+\/settings)$/,
    answer: () => ({ status: 404, code: 10_090 }),
  },
  { method: 'PUT', path: /\/workers\/scripts\/([\w-]+)$/, needs: 'worker', answer: upload },
  {
    method: 'GET',
    path: /\/workers\/scripts\/([\w-]+)\/secrets$/,
    needs: 'secrets',
    answer({ fake, name }) {
      const worker = fake.workers.get(name);
      if (!worker) return { status: 404, code: 10_007 };
      return { result: [...worker.secrets.keys()].map((one) => ({ name: one, type: 'secret_text' })) };
    },
  },
  {
    method: 'GET',
    path: /\/workers\/workers\/[\w-]+$/,
    answer: () => ({ result: { subdomain: { enabled: true, previews_enabled: false } } }),
  },
  { method: 'GET', path: /\/deployments$/, answer: () => ({ result: { deployments: [] } }) },
  { method: 'GET', path: /\/workers\/subdomain$/, answer: () => ({ result: { subdomain: 'account' } }) },
  {
    method: 'POST',
    path: /\/workers\/scripts\/[\w-]+\/subdomain$/,
    answer: () => ({ result: { enabled: true, previews_enabled: false } }),
  },
  {
    method: 'POST',
    path: /\/domains\/changeset$/,
    answer: () => ({ result: { added: [], removed: [], updated: [], conflicting: [] } }),
  },
  {
    method: 'PUT',
    path: /\/workers\/scripts\/([\w-]+)\/domains\/records$/,
    needs: 'triggers',
    answer({ fake, name, body }) {
      const { origins } = JSON.parse(body) as { origins: { hostname: string }[] };
      const worker = fake.workers.get(name) as FakeWorker;
      worker.domains = origins.map(({ hostname }) => hostname);
      return { result: [] };
    },
  },
];

function upload({ fake, name: script, body }: Call): FakeAnswer {
  const worker = fake.workers.get(script) ?? { secrets: new Map(), modules: new Map(), domains: [] };
  fake.workers.set(script, worker);
  worker.modules.clear();
  for (const [, name = '', type = ''] of body.matchAll(MODULE)) worker.modules.set(name, type);
  // Those that it does not name stay.
  for (const [, name = '', value = ''] of body.matchAll(SECRET_BINDING)) worker.secrets.set(name, value);
  return {
    result: { id: script, deployment_id: '1', startup_time_ms: 1 },
    change: script === 'speck' ? 'worker' : `worker ${script}`,
  };
}

/** Runs statements, each for good: D1 makes them one transaction, and nobody should have to rely on it. */
function query({ fake, name, body }: Call): FakeAnswer {
  const database = fake.databases.get(name);
  if (!database) return { status: 404, code: 7404 };
  if (fake.rejects === 'queries') return { status: 400, code: 7500 };
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
function queue({ queues }: FakeCloudflare, name: string): unknown[] {
  const found = queues.get(name);
  if (!found) return [];
  const consumer = { consumer_id: 'consumer', type: 'worker', script: 'speck' };
  return [{ queue_id: name, queue_name: name, consumers: found.consumer ? [consumer] : [] }];
}

function consume({ fake, name, body }: Call): FakeAnswer {
  const { dead_letter_queue: deadLetters } = JSON.parse(body) as { dead_letter_queue?: string };
  fake.queues.set(name, { consumer: { deadLetters } });
  return { result: {} };
}
