/** The API: every route that needs a token. */
import { IttyRouter } from 'itty-router';
import type { Env } from '../env.ts';
import { authenticate } from './auth.ts';
import type { Call, PixelCall } from './call.ts';
import { databaseFor, withBookmark } from './database.ts';
import { ANONYMOUS, loadPixel, requireAccess } from './grant.ts';
import { readParameters } from './parameters.ts';
import { notFound, wrongMethod } from './problem.ts';
import { withPublicCache } from './public-cache.ts';
import type { Handler, Route } from './route.ts';
import { ROUTES } from './routes.ts';

export { badge } from './badge.ts';
export { tokenHolder } from './sender.ts';

type MatchedRequest = Request & { readonly params?: Record<string, string> };

const router = IttyRouter();

for (const route of ROUTES) {
  const register = router[route.method.toLowerCase() as 'get'];
  register(route.path, (request: MatchedRequest, env: Env) => serve(route, request, env));
}
for (const path of new Set(ROUTES.map((route) => route.path))) {
  const methods = ROUTES.filter((route) => route.path === path).map(({ method }) => method);
  router.all(path, () => {
    throw wrongMethod(...methods);
  });
}
router.all('*', () => {
  throw notFound();
});

/** @throws Problem if the request cannot be answered. */
export function api(request: Request, env: Env): Promise<Response> {
  return router.fetch(request, env) as Promise<Response>;
}

async function serve(route: Route, request: MatchedRequest, env: Env): Promise<Response> {
  const grant =
    route.access === 'none' ? ANONYMOUS : await authenticate(request, env, route.access === 'optional');
  requireAccess(grant, route);
  const query = route.query && readParameters(request.url, route.query);
  const { id = '', part = '' } = request.params ?? {};
  // `defineRoute` has checked that this is what the handler takes.
  const handler = route.handler as Handler<Call<unknown>>;
  const handle = async (request: Request): Promise<Response> => {
    const database = await databaseFor(route, grant, request, env);
    const { db, readsFrom } = database;
    const call: Call<unknown> = { request, env: { ...env, DB: db }, readsFrom, grant, id, part, query };
    return withBookmark(database, async () => {
      if (!route.pixel) return handler(call);
      const pixelCall: PixelCall<unknown> = { ...call, pixel: await loadPixel(call.env, grant, id) };
      return handler(pixelCall);
    });
  };
  return grant.publicId === undefined ? handle(request) : withPublicCache(request, grant.publicId, handle);
}
