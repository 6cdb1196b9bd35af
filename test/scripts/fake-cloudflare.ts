/** As much of Cloudflare's API as wrangler asks for when it deploys, with an account that begins empty. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface FakeCloudflare {
  /** What wrangler needs to be told. */
  readonly environment: NodeJS.ProcessEnv;
  /** What was changed, in order. */
  readonly changes: string[];
  /** The queues that a Worker consumes, each with the queue that takes what it gives up. */
  readonly consumers: Map<string, string | undefined>;
  /** What is refused, if anything. */
  refuses: 'schema' | 'queues' | undefined;
  close(): void;
}

const DATABASE = { uuid: '11111111-1111-4111-8111-111111111111', name: 'speck' };
const IMPORTED = {
  success: true,
  status: 'complete',
  type: 'import',
  messages: [],
  result: {
    num_queries: 1,
    final_bookmark: '',
    meta: { duration: 1, rows_read: 1, rows_written: 1, size_after: 1 },
  },
};

interface Route {
  readonly method: string;
  readonly path: RegExp;
  answer(
    fake: FakeCloudflare,
    request: Request,
  ): { status?: number; code?: number; result?: unknown; change?: string };
}

interface Request {
  readonly url: URL;
  readonly body: string;
}

const made = (fake: FakeCloudflare, change: string): boolean => fake.changes.includes(change);

/** Only what matters here; anything else is answered with an empty list. */
const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: /\/d1\/database\/[\w-]+$/,
    answer: (fake) =>
      made(fake, `database ${DATABASE.name}`) ? { result: DATABASE } : { status: 404, code: 7404 },
  },
  {
    method: 'POST',
    path: /\/d1\/database$/,
    answer: (_, { body }) => ({ result: DATABASE, change: `database ${JSON.parse(body).name}` }),
  },
  {
    method: 'POST',
    path: /\/d1\/database\/[\w-]+\/import$/,
    answer: ({ refuses }) =>
      refuses === 'schema' ? { status: 400, code: 7500 } : { result: IMPORTED, change: 'schema' },
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
      if (fake.refuses === 'queues') return { status: 403, code: 10_000 };
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
    // All files are there already, so none is to be uploaded.
    method: 'POST',
    path: /\/workers\/scripts\/speck\/assets-upload-session$/,
    answer: () => ({ result: { jwt: 'assets', buckets: [] } }),
  },
  {
    method: 'PUT',
    path: /\/workers\/scripts\/speck$/,
    answer: () => ({ result: { id: 'speck', deployment_id: '1', startup_time_ms: 1 }, change: 'worker' }),
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

/** A queue's id is its name here. */
function queue({ changes, consumers }: FakeCloudflare, name: string): unknown[] {
  if (!changes.includes(`queue ${name}`)) return [];
  const consumer = { consumer_id: 'consumer', type: 'worker', script: 'speck' };
  return [{ queue_id: name, queue_name: name, consumers: consumers.has(name) ? [consumer] : [] }];
}

function consume(fake: FakeCloudflare, { url, body }: Request): { result: unknown } {
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
  const fake: FakeCloudflare = {
    environment: {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}`,
      CLOUDFLARE_API_TOKEN: 'token',
      CLOUDFLARE_ACCOUNT_ID: 'account',
    },
    changes: [],
    consumers: new Map(),
    refuses: undefined,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return fake;
}
