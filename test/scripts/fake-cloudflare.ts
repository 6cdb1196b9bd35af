/** As much of Cloudflare's API as wrangler asks for when it deploys, with an account that begins empty. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeCloudflare {
  /** What wrangler needs to be told. */
  readonly environment: NodeJS.ProcessEnv;
  /** What was changed, in order. */
  readonly changes: string[];
  /** Whether the schema is refused. */
  broken: boolean;
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
  answer(fake: FakeCloudflare): { status?: number; code?: number; result?: unknown; change?: string };
}

const made = (fake: FakeCloudflare, change: string): boolean => fake.changes.includes(change);

/** Only what matters here; anything else is answered with an empty list. */
const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: /\/d1\/database\/[\w-]+$/,
    answer: (fake) => (made(fake, 'database') ? { result: DATABASE } : { status: 404, code: 7404 }),
  },
  {
    method: 'POST',
    path: /\/d1\/database$/,
    answer: () => ({ result: DATABASE, change: 'database' }),
  },
  {
    method: 'POST',
    path: /\/d1\/database\/[\w-]+\/import$/,
    answer: ({ broken }) => (broken ? { status: 400, code: 7500 } : { result: IMPORTED, change: 'schema' }),
  },
  {
    method: 'GET',
    path: /\/workers\/(services\/speck|scripts\/speck\/settings)$/,
    answer: () => ({ status: 404, code: 10_090 }),
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

export async function startFakeCloudflare(): Promise<FakeCloudflare> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      const route = ROUTES.find(({ method, path }) => method === request.method && path.test(pathname));
      const { status = 200, code, result = [], change } = route?.answer(fake) ?? {};
      if (change !== undefined) fake.changes.push(change);
      const errors = code === undefined ? [] : [{ code, message: 'refused' }];
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ success: status < 400, errors, messages: [], result }));
    });
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
    broken: false,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return fake;
}
