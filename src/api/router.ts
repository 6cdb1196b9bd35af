/** Which request goes where. Everything under `/api` but its description needs a token; the rest is public. */
import { IttyRouter } from 'itty-router';
import openApi from '../../dist/openapi.json.txt';
import hash from '../../dist/speck.hash.min.js';
import metaTag from '../../dist/speck.meta.min.js';
import tag from '../../dist/speck.min.js';
import plusTag from '../../dist/speck.plus.min.js';
import send from '../../dist/speck.send.min.js';
import { discardBody } from '../collect/body.ts';
import type { Env } from '../env.ts';
import { optOut } from '../privacy/opt-out.ts';
import { privacy } from '../privacy/privacy.ts';
import { authenticate, NOBODY, requireAccess } from './auth.ts';
import { cachedResponse } from './cached.ts';
import { dashboard } from './dashboard.ts';
import { health } from './health.ts';
import { readParameters } from './parameters.ts';
import { Problem, problemResponse } from './problem.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes.ts';
import { refuseExposed, withCommonHeaders } from './transport.ts';

type PublicHandler = (request: Request, env: Env) => Response | Promise<Response>;

/** What anyone may GET. It is described in public.ts. */
const PUBLIC: Readonly<Record<string, PublicHandler>> = {
  '/speck.js': () => scriptResponse(tag),
  '/speck.plus.js': () => scriptResponse(plusTag),
  '/speck.meta.js': () => scriptResponse(metaTag),
  // Where Meta's own snippet looks for its script.
  '/:locale/fbevents.js': () => scriptResponse(metaTag),
  '/speck.send.js': () => scriptResponse(send),
  '/speck.hash.js': () => scriptResponse(hash),
  '/health': (_request, env) => health(env),
  '/api/openapi.json': (request) =>
    cachedResponse(request, openApi, {
      'content-type': 'application/json',
      'cache-control': 'public, max-age=3600',
      'access-control-allow-origin': '*',
    }),
};

/** The visitor's own pages. They answer whatever the method. */
const PAGES: Readonly<Record<string, PublicHandler>> = { '/opt-out': optOut, '/privacy': privacy };

type Matched = Request & { readonly params?: Record<string, string> };

const router = IttyRouter();

for (const [path, handler] of Object.entries(PUBLIC)) router.get(path, handler);
for (const [path, page] of Object.entries(PAGES)) router.all(path, page);
for (const path of ['/app', '/app/*']) router.get(path, dashboard);
for (const one of ROUTES) {
  const register = router[one.method.toLowerCase() as 'get'];
  register(one.path, (request: Matched, env: Env) => serve(one, request, env));
}
for (const path of new Set([...Object.keys(PUBLIC), ...ROUTES.map((one) => one.path)])) {
  const methods = ROUTES.filter((one) => one.path === path).map(({ method }) => method);
  const allow = methods.join(', ') || 'GET';
  router.all(path, () => {
    throw new Problem('method_not_allowed', `Use ${allow}.`, { headers: { allow } });
  });
}
router.all('*', () => {
  throw new Problem(
    'not_found',
    'Nothing is here. The dashboard is at /app/, the API under /api/v1 and /api/v2.',
  );
});

async function serve(
  { access, shared, query, handler }: Route<never>,
  request: Matched,
  env: Env,
): Promise<Response> {
  const grant = access === 'none' ? NOBODY : await authenticate(request, env);
  requireAccess(grant, access, shared);
  const parameters = query && readParameters(request.url, query);
  const { id = '', part = '' } = request.params ?? {};
  return handler(request, env, grant, id, parameters as never, part);
}

/** Answers any request that is not a collecting one. It never rejects. */
export async function route(request: Request, env: Env): Promise<Response> {
  return withCommonHeaders(await answer(request, env), request.url);
}

async function answer(request: Request, env: Env): Promise<Response> {
  try {
    return (await refuseExposed(request)) ?? ((await router.fetch(request, env)) as Response);
  } catch (error) {
    await discardBody(request);
    return problemResponse(error, env.DB);
  }
}

/** Pages may be cached for long, the tag must not be: an owner's update should arrive within the hour. */
function scriptResponse(script: string): Response {
  return new Response(script, {
    headers: {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=3600',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    },
  });
}
