/** A call is a request that the router has matched to a route of the API. It is all that a handler receives. */
import type { Env } from '../env.ts';
import type { Pixel } from '../model/pixel.ts';
import type { Grant } from './grant.ts';

export interface Call<Query = undefined> {
  readonly request: Request;
  /** The Worker's environment, with the database that answers this request. */
  readonly env: Env;
  /** Where reads begin: see database.ts. Only requests with the same value may share a result. Left out: at the primary. */
  readonly readsFrom?: string;
  readonly grant: Grant;
  /** The part of the path that the route calls `:id`, or `''`. */
  readonly id: string;
  /** The part of the path that the route calls `:part`, or `''`. */
  readonly part: string;
  /** The query parameters, parsed by the route's schema. */
  readonly query: Query;
}

/** A call to a route with `pixel: true`. */
export interface PixelCall<Query = undefined> extends Call<Query> {
  /** The pixel whose id is in the path. The grant reaches it. */
  readonly pixel: Pixel;
}
