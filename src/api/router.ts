/**
 * Routes requests to the parts of the Worker. Everything under `/api` except the OpenAPI document needs a token; the rest is
 * public. A part is loaded when it is first requested.
 */
import { IttyRouter } from 'itty-router';
import type { Authenticate } from '../collect/sender.ts';
import type { Env } from '../env.ts';
import { discardBody } from '../http/body.ts';
import { notFound, problemResponse, wrongMethod } from './problem.ts';
import { isExposed, rejectExposed, withCommonHeaders } from './transport.ts';

type Handler = (request: Request, env: Env) => Response | Promise<Response>;

/** Public paths, which answer GET. public.ts describes them. */
const PUBLIC: Readonly<Record<string, Handler>> = {
  '/speck.js': script(() => import('../../dist/speck.min.js?raw')),
  '/speck.plus.js': script(() => import('../../dist/speck.plus.min.js?raw')),
  '/speck.meta.js': script(() => import('../../dist/speck.meta.min.js?raw')),
  '/speck.all.js': script(() => import('../../dist/speck.all.min.js?raw')),
  // The path from which Meta's own snippet loads its script.
  '/:locale/fbevents.js': script(() => import('../../dist/speck.meta.min.js?raw')),
  '/speck.send.js': script(() => import('../../dist/speck.send.min.js?raw')),
  '/speck.hash.js': script(() => import('../../dist/speck.hash.min.js?raw')),
  '/speck.relay.js': script(() => import('../../dist/speck.relay.min.js?raw')),
  '/health': async (_request, env) => (await import('./health.ts')).health(env),
  '/badge/:page.svg': async (request, env) => (await import('./api.ts')).badge(request, env),
  '/api/openapi.json': async (request) => (await import('./description.ts')).description(request),
};

/** The visitor's own pages. They answer every method themselves. */
const PAGES: Readonly<Record<string, Handler>> = {
  '/opt-out': async (request, env) => (await import('../privacy/opt-out.ts')).optOut(request, env),
  '/privacy': async (request, env) => (await import('../privacy/privacy.ts')).privacy(request, env),
};

const router = IttyRouter();

for (const [path, handler] of Object.entries(PUBLIC)) {
  router.get(path, handler);
  router.all(path, () => {
    throw wrongMethod('GET');
  });
}
for (const [path, page] of Object.entries(PAGES)) router.all(path, page);
router.all('/app/assets/:name', async (request: Request) => (await import('./dashboard.ts')).asset(request));
router.get('/app/public/:id', async (request: Request, env: Env) =>
  (await import('./public-page.ts')).publicPage(request, env),
);
for (const path of ['/app', '/app/*']) {
  router.get(path, async (request: Request) => (await import('./dashboard.ts')).dashboard(request));
}
// Browsers are led to the dashboard; programs get the problem that says where the API is.
router.get('/', (request: Request) => {
  if (!/\btext\/html\b/.test(request.headers.get('accept') ?? '')) throw notFound();
  const headers = { location: '/app/', 'cache-control': 'no-store', vary: 'accept' };
  return new Response(null, { status: 302, headers });
});
router.all('/api/*', async (request: Request, env: Env) => (await import('./api.ts')).api(request, env));
router.all('*', () => {
  throw notFound();
});

/**
 * Answers every request that no wire format takes. Never rejects. HEAD is answered as GET is, without the body.
 * @param url the URL as the client knows it, if the owner has set another path.
 */
export async function route(request: Request, env: Env, url = request.url): Promise<Response> {
  const isHead = request.method === 'HEAD';
  const response = await answer(isHead ? new Request(request, { method: 'GET' }) : request, env, url);
  return withCommonHeaders(isHead ? await withoutBody(response) : response, request.url);
}

/** The stream of an export is cancelled, so that no more of it is read from the database. */
async function withoutBody(response: Response): Promise<Response> {
  await response.body?.cancel();
  return new Response(null, response);
}

/** Authenticates servers that send events by another wire format than the API's. A token that came without TLS is none. */
export const authenticateSender: Authenticate = async (token, request, env) =>
  isExposed(request.url) ? null : (await import('./api.ts')).tokenHolder(token, request, env);

async function answer(request: Request, env: Env, url: string): Promise<Response> {
  try {
    return (await rejectExposed(request, url)) ?? ((await router.fetch(request, env)) as Response);
  } catch (error) {
    await discardBody(request);
    return problemResponse(error, env.DB);
  }
}

/** Serves a script of the tag. It is cached for an hour, since an owner's update should arrive within that time. */
function script(load: () => Promise<{ default: string }>): Handler {
  return async (_request, env) => {
    const { default: text } = await load();
    return new Response(env.SCRIPT_PATH || env.COLLECT_PATH ? await namedBy(env, text) : text, {
      headers: {
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': 'public, max-age=3600',
        'access-control-allow-origin': '*',
        'cross-origin-resource-policy': 'cross-origin',
      },
    });
  };
}

/** A script of the tag with the names that the owner has set. */
async function namedBy(env: Env, text: string): Promise<string> {
  const { pagePaths, withPaths } = await import('../model/page-paths.ts');
  return withPaths(text, pagePaths(env));
}
