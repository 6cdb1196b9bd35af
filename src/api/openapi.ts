/**
 * The OpenAPI document, generated from the table of routes and the schemas that check requests. It is generated when the Worker
 * is built (scripts/build-openapi.ts) and served as a text; nothing of this file is part of the Worker.
 */
import { type JsonSchema as Converted, toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { LIMITS } from '../model/limits.ts';
import { VERSION } from '../model/version.ts';
import { QueryBody } from '../query/language.ts';
import { DIMENSION, filterSchema, METRIC } from '../query/schema.ts';
import { BadgeQuery } from './badge.ts';
import { EventsBody } from './events.ts';
import { type Access, isOpen } from './grant.ts';
import type { ParameterSchema } from './parameters.ts';
import { Settings } from './pixels.ts';
import { PROBLEMS, type Reason } from './problem.ts';
import { EVENT, publicPaths, SERVER_EVENT } from './public.ts';
import type { ResponseSchema, Route } from './route.ts';
import { ROUTES } from './routes.ts';
import type { JsonSchema } from './schema-parts.ts';
import { SCHEMAS } from './schemas.ts';

export function openApi(): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = {
    ...publicPaths(problemResponses, parametersOf(BadgeQuery)),
  };
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
            'Set by `POST /api/v1/session`. Only for requests of the dashboard, which send the header `X-Speck-Session`.',
        },
        publicPage: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Speck-Public',
          description: 'The id of a public page, which is no secret.',
        },
      },
      schemas: {
        ...SCHEMAS,
        Settings: schemaOf(Settings),
        Query: detailedSchemaOf(QueryBody),
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
    security: securityOf(route),
    parameters: [
      ...pathParameters(route),
      ...parametersOf(route.query),
      ...(route.ifMatch ? [IF_MATCH] : []),
      ...(route.replica ? [BOOKMARK] : []),
    ],
    ...(route.body ? { requestBody: { required: true, content: bodyOf(route.body, route.maxBodies) } } : {}),
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

/** The header of a change that is made only if nothing else has changed. */
const IF_MATCH = { name: 'If-Match', in: 'header', schema: { type: 'string' } };

/** The header with which a read replica may answer. */
const BOOKMARK = {
  name: 'X-D1-Bookmark',
  in: 'header',
  description:
    'Lets a read replica answer: `first-unconstrained`, or the value of this header in an earlier response, whose state it then has at least.',
  schema: { type: 'string' },
};

const ACCESS: Readonly<Record<Access, string>> = {
  none: 'Public.',
  optional: 'Public. A token or session counts if the request has one.',
  any: 'Needs any token.',
  admin: 'Needs ADMIN_TOKEN.',
  'pixels:write': 'Needs the scope pixels:write.',
  'events:write': 'Needs the scope events:write.',
  'stats:read': 'Needs the scope stats:read.',
};

function securityOf({ access, public: isPublic }: Route): readonly JsonSchema[] {
  if (access === 'none') return [];
  const scopes = isOpen(access) || access === 'admin' ? [] : [access];
  return [
    ...(access === 'optional' ? [{}] : []),
    { token: scopes },
    { session: [] },
    ...(isPublic ? [{ publicPage: [] }] : []),
  ];
}

/** All reasons for which a route can reject a request. */
export function reasonsOf(route: Route): Reason[] {
  const { access, shared, pixel, query, body, ifMatch, problems = [] } = route;
  return [
    ...new Set<Reason>([
      ...(access === 'none' ? [] : (['session_ended', 'cross_site'] as const)),
      ...(access === 'none' || access === 'optional' ? [] : (['missing_token'] as const)),
      'wrong_token',
      ...(route.public ? (['wrong_link'] as const) : []),
      'https_required',
      'too_many_attempts',
      ...(access === 'stats:read' ? (['too_many_requests'] as const) : []),
      'no_admin_token',
      'no_secret_key',
      'store_unavailable',
      'internal_error',
      ...(access === 'none' || (isOpen(access) && shared) ? [] : (['missing_scope'] as const)),
      ...(pixel ? (['wrong_pixel', 'not_found'] as const) : []),
      ...(query ? (['invalid_query'] as const) : []),
      ...(body
        ? (['body_too_large', 'unsupported_encoding', 'broken_encoding', 'broken_body'] as const)
        : []),
      ...(body && typeof body !== 'string' ? (['invalid_json'] as const) : []),
      ...(ifMatch ? (['precondition_failed'] as const) : []),
      ...problems,
    ]),
  ];
}

/** A response for each status, with its possible reasons. */
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
  200: 'OK.',
  201: 'Created.',
  202: 'Stored. Lists the events that were rejected.',
  204: 'Done.',
  304: 'Not modified (If-None-Match).',
};

function responseOf(status: number, response: ResponseSchema): JsonSchema {
  const description = DESCRIPTIONS[status];
  if (description === undefined) throw new Error(`Add the status ${status} to DESCRIPTIONS.`);
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

function parametersOf(query: ParameterSchema | undefined): JsonSchema[] {
  return Object.entries(query?.entries ?? {}).map(([name, entry]) => {
    const { description, separator, ...schema } = schemaOf(entry, 'output');
    return {
      name,
      in: 'query',
      ...(description === undefined ? {} : { description }),
      ...(entry.type === 'optional' ? {} : { required: true }),
      // A list with a separator is one parameter. Without one, each item is a parameter.
      ...(schema['type'] === 'array' ? { style: 'form', explode: separator === undefined } : {}),
      schema,
    };
  });
}

function bodyOf(body: v.GenericSchema | string, most?: number): JsonSchema {
  if (typeof body === 'string') return { [body]: { schema: { type: 'string' } } };
  const one = body === QueryBody ? { $ref: '#/components/schemas/Query' } : detailedSchemaOf(body);
  const list = { type: 'array', items: one, minItems: 1, maxItems: most };
  return { 'application/json': { schema: most === undefined ? one : { anyOf: [one, list] } } };
}

function detailedSchemaOf(body: v.GenericSchema): JsonSchema {
  const schema = schemaOf(body);
  const details = DETAILS.find(([described]) => described === body);
  return { ...schema, properties: { ...(schema['properties'] as JsonSchema), ...details?.[1] } };
}

const listOf = (name: string, bounds: JsonSchema) => ({
  type: 'array',
  items: { $ref: `#/components/schemas/${name}` },
  ...bounds,
});

/** Properties of bodies that are parsed by hand. */
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

/** Marks a text that its pipe trims or lowercases before it checks the rest. */
const NORMALIZED = 'x-normalized';

/** The JSON Schema of a schema's input, or of its output. */
function schemaOf(schema: v.GenericSchema, typeMode: 'input' | 'output' = 'input'): JsonSchema {
  const { $schema: _, ...converted } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    typeMode,
    // JSON Schema cannot express checks in code, such as that of a time zone.
    errorMode: 'ignore',
    overrideAction({ valibotAction, jsonSchema }) {
      if (valibotAction.kind === 'transformation') return { ...jsonSchema, [NORMALIZED]: true } as Converted;
      if (valibotAction.kind !== 'validation' || !(NORMALIZED in jsonSchema)) return null;
      const { minLength: _min, maxLength: _max, pattern: _pattern, ...rest } = jsonSchema;
      return rest as Converted;
    },
  });
  return JSON.parse(JSON.stringify(converted, (key, value) => (key === NORMALIZED ? undefined : value)));
}
