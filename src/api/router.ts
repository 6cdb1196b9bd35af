/** Which request goes where. Everything under `/api` needs a token; the rest is public. */
import { IttyRouter } from 'itty-router';
import tag from '../../dist/speck.min.js';
import { discardBody } from '../collect/body.ts';
import type { Env } from '../env.ts';
import { authenticate, type Grant } from './auth.ts';
import { readDead, replayDead } from './dead-letters.ts';
import { addEvents } from './events.ts';
import { health } from './health.ts';
import { addPixel, changePixel, readPixel, readPixels, removePixel } from './pixels.ts';
import { Problem, problemResponse } from './problem.ts';
import { query } from './query.ts';
import { live, rejections } from './rejections.ts';
import { addToken, readTokens, removeToken } from './tokens.ts';

type Handler = (request: Request, env: Env, grant: Grant, id: string) => Promise<Response>;
type Route = readonly [method: string, path: string, handler: Handler];

const ROUTES: readonly Route[] = [
  ['POST', '/api/v1/pixels', addPixel],
  ['GET', '/api/v1/pixels', readPixels],
  ['GET', '/api/v1/pixels/:id', readPixel],
  ['PATCH', '/api/v1/pixels/:id', changePixel],
  ['DELETE', '/api/v1/pixels/:id', removePixel],
  ['GET', '/api/v1/pixels/:id/rejections', rejections],
  ['GET', '/api/v1/pixels/:id/live', live],
  ['POST', '/api/v1/events', addEvents],
  ['POST', '/api/v2/query', query],
  ['POST', '/api/v1/tokens', addToken],
  ['GET', '/api/v1/tokens', readTokens],
  ['DELETE', '/api/v1/tokens/:id', removeToken],
  ['GET', '/api/v1/dead-letters', readDead],
  ['POST', '/api/v1/dead-letters/replay', replayDead],
];

const router = IttyRouter();

router.get('/speck.js', () => tagResponse());
router.get('/health', (_request: Request, env: Env) => health(env));
for (const [method, path, handler] of ROUTES) {
  const register = router[method.toLowerCase() as 'get'];
  register(path, async (request: Request & { params?: Record<string, string> }, env: Env) =>
    handler(request, env, await authenticate(request, env), request.params?.['id'] ?? ''),
  );
}
for (const path of new Set(['/speck.js', '/health', ...ROUTES.map(([, path]) => path)])) {
  const allow =
    [...ROUTES.filter((route) => route[1] === path).map(([method]) => method)].join(', ') || 'GET';
  router.all(path, () => {
    throw new Problem('method_not_allowed', `Use ${allow}.`, { headers: { allow } });
  });
}
router.all('*', () => {
  throw new Problem('not_found', 'Nothing is here. The API is under /api/v1 and /api/v2.');
});

/** Answers any request that is not a collecting one. It never rejects. */
export async function route(request: Request, env: Env): Promise<Response> {
  try {
    return (await router.fetch(request, env)) as Response;
  } catch (error) {
    await discardBody(request);
    return problemResponse(error);
  }
}

/** Pages may be cached for long, the tag must not be: an owner's update should arrive within the hour. */
function tagResponse(): Response {
  return new Response(tag, {
    headers: {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=3600',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    },
  });
}
