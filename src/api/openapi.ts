/**
 * The OpenAPI document, made from the table of routes and the schemas that requests are checked by. It is made when the
 * Worker is built (scripts/build-openapi.ts) and served as a text: nothing of this file gets into the Worker.
 */
import { type JsonSchema as Converted, toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { LIMITS } from '../model/limits.ts';
import { VERSION } from '../model/version.ts';
import { QueryBody } from '../query/language.ts';
import { DIMENSION, filterSchema, METRIC } from '../query/schema.ts';
import { EventsBody } from './events.ts';
import type { Access } from './grant.ts';
import { Settings } from './pixels.ts';
import { PROBLEMS, type Reason } from './problem.ts';
import { EVENT, publicPaths, SERVER_EVENT } from './public.ts';
import type { ResponseSchema, Route } from './route.ts';
import { ROUTES } from './routes.ts';
import { type JsonSchema, SCHEMAS } from './schemas.ts';

export function openApi(): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = { ...publicPaths(problemResponses) };
  for (const route of ROUTES) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Speck',
      version: VERSION,
      description: 'A first-party tracking pixel. Errors are application/problem+json (RFC 9457).',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN, or a token made with it.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-speck',
          description:
            'Of `POST /api/v1/session`. It counts in requests of the dashboard only, which say so in the header `X-Speck-Session`.',
        },
      },
      schemas: {
        ...SCHEMAS,
        Settings: schemaOf(Settings),
        Event: EVENT,
        ServerEvent: SERVER_EVENT,
        Metric: METRIC,
        Dimension: DIMENSION,
        Filter: filterSchema('#/components/schemas/Filter'),
      },
    },
  };
}

function operationOf(route: Route): JsonSchema {
  return {
    operationId: route.name,
    summary: route.summary,
    description: ACCESS[route.access],
    security: route.access === 'none' ? [] : [{ token: scopesOf(route.access) }, { session: [] }],
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(route.body ? { requestBody: { required: true, content: bodyOf(route.body) } } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.responses).map(([status, schema]) => [
          status,
          responseOf(Number(status), schema),
        ]),
      ),
      ...problemResponses(Object.fromEntries(reasonsOf(route).map((name) => [name, PROBLEMS[name].status]))),
    },
  };
}

const ACCESS: Readonly<Record<Access, string>> = {
  none: 'For anyone.',
  any: 'Any token will do.',
  admin: 'Needs ADMIN_TOKEN.',
  'pixels:write': 'Needs the scope pixels:write.',
  'events:write': 'Needs the scope events:write.',
  'stats:read': 'Needs the scope stats:read.',
};

const scopesOf = (access: Access): readonly string[] =>
  access === 'any' || access === 'admin' || access === 'none' ? [] : [access];

/** Every reason for which a request of a route can be refused. */
export function reasonsOf({ access, shared, pixel, query, body, problems = [] }: Route): Reason[] {
  return [
    ...new Set<Reason>([
      ...(access === 'none' ? [] : (['missing_token', 'session_ended', 'cross_site'] as const)),
      'wrong_token',
      'https_required',
      'too_many_attempts',
      ...(access === 'stats:read' ? (['too_many_requests'] as const) : []),
      'no_admin_token',
      'no_secret_key',
      'store_unavailable',
      'internal_error',
      ...(access === 'none' || (access === 'any' && shared) ? [] : (['missing_scope'] as const)),
      ...(pixel ? (['wrong_pixel', 'not_found'] as const) : []),
      ...(query ? (['invalid_query'] as const) : []),
      ...(body
        ? (['body_too_large', 'unsupported_encoding', 'broken_encoding', 'broken_body'] as const)
        : []),
      ...(body && typeof body !== 'string' ? (['invalid_json'] as const) : []),
      ...problems,
    ]),
  ];
}

/** A response for each status, with the reasons it can have. */
function problemResponses(statuses: Readonly<Record<string, number>>): JsonSchema {
  const byStatus = Map.groupBy(Object.keys(statuses), (reason) => statuses[reason] as number);
  return Object.fromEntries(
    [...byStatus].map(([status, reasons]) => [
      status,
      {
        description: `${reasons.join(', ')}.`,
        content: {
          'application/problem+json': {
            schema: {
              $ref: '#/components/schemas/Problem',
              properties: { reason: { enum: reasons } },
            },
          },
        },
      },
    ]),
  );
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  200: 'The answer.',
  201: 'Made.',
  202: 'Stored; says of each event that was refused which it was, and why.',
  204: 'Done.',
  304: 'The client has the answer already (If-None-Match).',
};

function responseOf(status: number, response: ResponseSchema): JsonSchema {
  const description = DESCRIPTIONS[status];
  if (description === undefined) throw new Error(`Say in DESCRIPTIONS what the status ${status} means.`);
  if (response === null) return { description };
  const types = typeof response === 'string' ? { 'application/json': response } : response;
  return {
    description,
    content: Object.fromEntries(
      Object.entries(types).map(([type, name]) => [
        type,
        { schema: { $ref: `#/components/schemas/${name}` } },
      ]),
    ),
  };
}

function pathParameters({ path }: Route): JsonSchema[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters({ query }: Route): JsonSchema[] {
  return Object.entries(query?.entries ?? {}).map(([name, entry]) => {
    const { description, separator, ...schema } = schemaOf(entry, 'output');
    return {
      name,
      in: 'query',
      ...(description === undefined ? {} : { description }),
      ...(entry.type === 'optional' ? {} : { required: true }),
      // A list whose items have a separator is one parameter; without, one parameter an item.
      ...(schema['type'] === 'array' ? { style: 'form', explode: separator === undefined } : {}),
      schema,
    };
  });
}

function bodyOf(body: v.GenericSchema | string): JsonSchema {
  if (typeof body === 'string') return { [body]: { schema: { type: 'string' } } };
  const schema = schemaOf(body);
  const details = DETAILS.find(([described]) => described === body);
  const properties = { ...(schema['properties'] as JsonSchema), ...details?.[1] };
  return { 'application/json': { schema: { ...schema, properties } } };
}

const listOf = (name: string, bounds: JsonSchema) => ({
  type: 'array',
  items: { $ref: `#/components/schemas/${name}` },
  ...bounds,
});

/** Properties of bodies whose values are parsed by hand. */
const DETAILS: readonly (readonly [v.GenericSchema, JsonSchema])[] = [
  [
    QueryBody,
    {
      metrics: listOf('Metric', { minItems: 1 }),
      dimensions: listOf('Dimension', { maxItems: 4, default: [] }),
      filters: listOf('Filter', { default: [] }),
    },
  ],
  [EventsBody, { events: listOf('ServerEvent', { minItems: 1, maxItems: LIMITS.apiEvents }) }],
];

/** Marks a text that is trimmed, or put into lower case, before what follows in its pipe looks at it. */
const NORMALISED = 'x-normalised';

/** What a schema takes, or what it gives. */
function schemaOf(schema: v.GenericSchema, typeMode: 'input' | 'output' = 'input'): JsonSchema {
  const { $schema: _, ...converted } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    typeMode,
    // Checks in code, such as that of a time zone, have no words in JSON Schema.
    errorMode: 'ignore',
    overrideAction({ valibotAction, jsonSchema }) {
      if (valibotAction.kind === 'transformation') return { ...jsonSchema, [NORMALISED]: true } as Converted;
      if (valibotAction.kind !== 'validation' || !(NORMALISED in jsonSchema)) return null;
      const { minLength: _least, maxLength: _most, pattern: _pattern, ...rest } = jsonSchema;
      return rest as Converted;
    },
  });
  return JSON.parse(JSON.stringify(converted, (key, value) => (key === NORMALISED ? undefined : value)));
}
