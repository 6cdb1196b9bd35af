/** Which path and method belong to which wire format. */
import type { WireFormat, WireRoute } from './format.ts';

/** What handles a method of a path. */
export interface Target extends WireRoute {
  readonly format: WireFormat;
}

/** What a path does. */
export interface Endpoint {
  readonly GET?: Target;
  readonly POST?: Target;
  /** The methods, as the header `Allow` lists them. */
  readonly methods: string;
  /** The request headers that the formats read, besides those of a body. */
  readonly requestHeaders: readonly string[];
}

/**
 * The endpoints of wire formats, by path.
 * @throws Error if two formats claim one method of one path.
 */
export function endpointsOf(formats: readonly WireFormat[]): ReadonlyMap<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>();
  for (const format of formats) {
    for (const route of format.routes) {
      const existing = endpoints.get(route.path);
      if (existing?.[route.method]) throw new Error(`two wire formats claim ${route.method} ${route.path}`);
      const endpoint = { ...existing, [route.method]: { ...route, format } };
      endpoints.set(route.path, {
        ...endpoint,
        methods: [endpoint.GET && 'GET, HEAD', endpoint.POST && 'POST', 'OPTIONS'].filter(Boolean).join(', '),
        requestHeaders: [...(existing?.requestHeaders ?? []), ...(format.requestHeaders ?? [])],
      });
    }
  }
  return endpoints;
}
