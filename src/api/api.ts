/** The API: every route that needs a token. */
import { IttyRouter } from 'itty-router';
import type { Env } from '../env.ts';
import { authenticate, NOBODY, requireAccess } from './auth.ts';
import { readParameters } from './parameters.ts';
import { notFound, wrongMethod } from './problem.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes.ts';

type Matched = Request & { readonly params?: Record<string, string> };

const router = IttyRouter();

for (const one of ROUTES) {
  const register = router[one.method.toLowerCase() as 'get'];
  register(one.path, (request: Matched, env: Env) => serve(one, request, env));
}
for (const path of new Set(ROUTES.map((one) => one.path))) {
  const methods = ROUTES.filter((one) => one.path === path).map(({ method }) => method);
  router.all(path, () => {
    throw wrongMethod(methods.join(', '));
  });
}
router.all('*', () => {
  throw notFound();
});

/** @throws Problem where a request cannot be answered. */
export function api(request: Request, env: Env): Promise<Response> {
  return router.fetch(request, env) as Promise<Response>;
}

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
