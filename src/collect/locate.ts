/**
 * Finds what answers a request whose path is not one of the entry's own: a wire format of another tool, the native format under
 * paths that the owner has set, or the router. The entry loads this file when such a request first arrives.
 */
import type { Env } from '../env.ts';
import type { PagePaths } from '../model/page-paths.ts';
import { findEndpoint } from './wire/clients.ts';
import type { Endpoint, endpointsOf } from './wire/endpoints.ts';
import type { WireFormat } from './wire/format.ts';

export interface Place {
  /** The request, with the path by which Speck knows what was requested. */
  readonly request: Request;
  /** Finds what collects the request; undefined: the router answers it. */
  readonly find: () => Endpoint | undefined;
}

/**
 * What is not for pages, and answers at the Worker's own address only: dashboard and API. On the owner's site, that site's scripts
 * could use their sessions.
 */
const FOR_OWNERS = /^\/(?:api|app)?(?:\/|$)/;

interface OwnPlaces {
  /** The settings that all of this was made of. */
  readonly settings: string;
  readonly paths: PagePaths;
  readonly knownPath: (path: string, paths: PagePaths) => string | null;
  /** The native endpoints by the paths that Speck knows them by, and the collector's. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
}

let own: OwnPlaces | undefined;

/**
 * @param formats the native ones. The entry has them and `endpointsOf`, and a second import would put both into modules of their own.
 */
export async function locate(
  request: Request,
  env: Env,
  formats: readonly WireFormat[],
  makeEndpoints: typeof endpointsOf,
): Promise<Place> {
  const { SCRIPT_PATH, COLLECT_PATH, PUBLIC_URL } = env;
  if (SCRIPT_PATH || COLLECT_PATH || PUBLIC_URL) {
    const settings = JSON.stringify([SCRIPT_PATH, COLLECT_PATH, PUBLIC_URL]);
    if (own?.settings !== settings) own = await ownPlaces(settings, env, formats, makeEndpoints);
    const { url } = request;
    const { pathname } = new URL(url);
    const known = own.knownPath(pathname, own.paths) ?? pathname;
    const endpoint = own.endpoints.get(known);
    // The native format does not read the path.
    if (endpoint !== undefined) return { request, find: () => endpoint };
    if (known !== pathname) {
      const start = url.indexOf('/', 'https://'.length);
      const knownUrl = url.slice(0, start) + known + url.slice(start + pathname.length);
      const client = await findEndpoint(knownUrl, makeEndpoints);
      const isServed = client !== undefined || !FOR_OWNERS.test(known);
      return { request: isServed ? new Request(knownUrl, request) : request, find: () => client };
    }
  }
  const client = await findEndpoint(request.url, makeEndpoints);
  return { request, find: () => client };
}

async function ownPlaces(
  settings: string,
  env: Env,
  formats: readonly WireFormat[],
  makeEndpoints: typeof endpointsOf,
): Promise<OwnPlaces> {
  const { knownPath, pagePaths } = await import('../model/page-paths.ts');
  const paths = pagePaths(env);
  const atCollector = formats.map((format) => ({
    ...format,
    routes: format.routes
      .filter(({ path }) => path === '/p.gif' || path === '/beacon')
      .map((route) => ({ ...route, path: `/${paths.collector}` })),
  }));
  const all = paths.collector === '' ? formats : [...formats, ...atCollector];
  return { settings, paths, knownPath, endpoints: makeEndpoints(all) };
}
