/** A call is a request that the router has matched to a route of the API. It is all that a handler receives. */
import type { Env } from '../env.ts';
import type { Pixel } from '../model/pixel.ts';
import type { Grant } from './grant.ts';

export interface Call<Query = undefined> {
  readonly request: Request;
  readonly env: Env;
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
