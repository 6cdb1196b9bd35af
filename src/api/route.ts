/**
 * A route of the API, with all that the router needs to serve it and openapi.ts to describe it. Before the handler runs, the
 * router authenticates the request, checks its access, parses its query parameters and loads its pixel.
 */
import type * as v from 'valibot';
import type { Call, PixelCall } from './call.ts';
import type { RouteAccess } from './grant.ts';
import type { ParameterSchema } from './parameters.ts';
import type { Reason } from './problem.ts';
import type { SchemaName } from './schemas.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Route extends RouteAccess {
  /** The operation's name in the OpenAPI document, and so in clients that are generated from it. */
  readonly name: string;
  /** A route for GET answers HEAD, too. */
  readonly method: Method;
  /** With `:id` for the part that varies, and `:part` for a second one. */
  readonly path: string;
  /** A few words, as a title. */
  readonly summary: string;
  /** Whether `:id` is a pixel, which the router loads. */
  readonly pixel?: true | undefined;
  /** Whether a read replica of the database may answer: see database.ts. */
  readonly replica?: true;
  /** Without a schema, query parameters are ignored. */
  readonly query?: ParameterSchema | undefined;
  /** The schema by which the handler checks a JSON body, or the media type of another body. */
  readonly body?: v.GenericSchema | string;
  /** The most bodies that may be sent as a list. Left out: a list is no body. */
  readonly maxBodies?: number;
  /** Whether it takes the header If-Match. */
  readonly ifMatch?: true;
  /** The successful responses, by status. */
  readonly responses: { readonly [status: number]: ResponseSchema };
  /** Reasons of this route only. Those that follow from its access, pixel, query and body are implied. */
  readonly problems?: readonly Reason[];
  readonly handler: Handler<never>;
}

export type Handler<Input> = (call: Input) => Promise<Response>;

/** The name of a JSON response's schema in schemas.ts, media types with their schemas, or null for no content. */
export type ResponseSchema = SchemaName | { readonly [type: string]: SchemaName } | null;

type QueryOf<Schema> = Schema extends ParameterSchema ? v.InferOutput<Schema> : undefined;

/** Checks that the route's handler takes what the router gives it. */
export function defineRoute<
  Schema extends ParameterSchema | undefined = undefined,
  HasPixel extends true | undefined = undefined,
>(
  route: Route & {
    readonly query?: Schema;
    readonly pixel?: HasPixel;
    readonly handler: Handler<HasPixel extends true ? PixelCall<QueryOf<Schema>> : Call<QueryOf<Schema>>>;
  },
): Route {
  return route;
}
