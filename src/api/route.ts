/**
 * What a route of the API is: enough to serve it, and to describe it in the OpenAPI document (openapi.ts). The router
 * lets through who may do it, and hands on query parameters that are what they should be.
 */
import type * as v from 'valibot';
import type { Env } from '../env.ts';
import type { Scope } from '../model/token.ts';
import type { Grant } from './auth.ts';
import type { ParameterSchema } from './parameters.ts';
import type { Reason } from './problem.ts';
import type { SchemaName } from './schemas.ts';

/** `any`: whoever has a token. `admin`: ADMIN_TOKEN only. `none`: anyone; the handler sees to it. */
export type Access = Scope | 'any' | 'admin' | 'none';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * @param id what stands in the path in place of `:id`, or `''`.
 * @param part what stands in place of `:part`, or `''`.
 */
export type Handler<Query> = (
  request: Request,
  env: Env,
  grant: Grant,
  id: string,
  query: Query,
  part?: string,
) => Promise<Response>;

export interface Route<Query = unknown> {
  /** What clients made from the document call it. */
  readonly name: string;
  readonly method: Method;
  /** With `:id` for the part that varies, and `:part` for a second one. */
  readonly path: string;
  /** A few words, as a title. */
  readonly summary: string;
  readonly access: Access;
  /** Whether a shared link may do this, too, for its pixel. */
  readonly shared?: true;
  /** Without it, query parameters are not looked at. */
  readonly query?: ParameterSchema;
  /** The schema that the handler checks a JSON body by, or the media type of another body. */
  readonly body?: v.GenericSchema | string;
  /** The answer when all goes well, by status: schemas of schemas.ts by their names, or none. */
  readonly answers: { readonly [status: number]: Answer };
  /** Reasons of this route only. What follows from its access, its query and its body goes without saying. */
  readonly problems?: readonly Reason[];
  readonly handler: Handler<Query>;
}

/** The schema of an answer in JSON, media types with their schemas, or null for no content. */
export type Answer = SchemaName | { readonly [type: string]: SchemaName } | null;

/** A route whose handler takes what its query is parsed to. */
export function defineRoute<Schema extends ParameterSchema>(
  route: Route<v.InferOutput<Schema>> & { readonly query: Schema },
): Route<never>;
export function defineRoute(route: Route<undefined>): Route<never>;
export function defineRoute(route: Route<never>): Route<never> {
  return route;
}
