/** The paths of other tools' clients in the OpenAPI document. The formats in collect/wire say what their requests hold. */
import { TOOLS } from '../model/pixel-key.ts';
import type { JsonSchema } from './schema-parts.ts';

/** What a method of a path answers to a request that is accepted. */
interface Answers {
  readonly [status: number]: { readonly description: string; readonly content?: JsonSchema };
}

interface ToolPath {
  readonly tool: keyof typeof TOOLS;
  readonly path: string;
  readonly GET?: Answers;
  readonly POST?: Answers;
}

const IMAGE: Answers = { 200: { description: 'A GIF of one pixel.', content: { 'image/gif': {} } } };
const NONE: Answers = { 204: { description: 'Accepted.' } };
const json = (schema: JsonSchema): Answers => ({
  200: { description: 'Accepted.', content: { 'application/json': { schema } } },
});
const text = (description: string): Answers => ({
  200: { description, content: { 'text/plain': { schema: { type: 'string' } } } },
});

const number = { type: 'integer' };
const MATOMO_BULK = json({
  type: 'object',
  properties: {
    status: { enum: ['success', 'error'] },
    tracked: number,
    invalid: number,
    invalid_indices: { type: 'array', items: number },
    message: { type: 'string' },
  },
});

const matomo = (path: string): ToolPath => ({
  tool: 'matomo',
  path,
  GET: { ...IMAGE, ...NONE },
  POST: {
    200: {
      description: 'A GIF of one pixel; for a list of requests, how many were accepted.',
      content: { ...IMAGE[200]?.content, ...MATOMO_BULK[200]?.content },
    },
    ...NONE,
  },
});

const SCRIPT: Answers = {
  200: { description: 'The script.', content: { 'text/javascript': { schema: { type: 'string' } } } },
};

const SEGMENT = json({ type: 'object', properties: { success: { const: true } } });
const POSTHOG = json({ type: 'object', properties: { status: { const: 'Ok' } } });
const GOATCOUNTER: Answers = {
  202: {
    description: 'Accepted.',
    content: {
      'application/json': { schema: { type: 'object', properties: { status: { const: 'ok' } } } },
    },
  },
};
/** An object whose properties the client knows. */
const SETTINGS = json({ type: 'object', additionalProperties: true });

/** Sorted by tool. */
const PATHS: readonly ToolPath[] = [
  { tool: 'counterscale', path: '/cache', GET: json({ type: 'object', properties: { ht: { const: 1 } } }) },
  { tool: 'counterscale', path: '/collect', GET: IMAGE },
  { tool: 'ga4', path: '/g/collect', GET: NONE, POST: NONE },
  { tool: 'ga4', path: '/mp/collect', POST: NONE },
  {
    tool: 'ga4',
    path: '/debug/mp/collect',
    POST: json({
      type: 'object',
      properties: { validationMessages: { type: 'array', items: { type: 'object' } } },
    }),
  },
  { tool: 'goatcounter', path: '/api/v0/count', POST: GOATCOUNTER },
  { tool: 'goatcounter', path: '/count', GET: IMAGE, POST: IMAGE },
  { tool: 'goatcounter', path: '/count/{site}', GET: IMAGE, POST: IMAGE },
  ...[
    '/matomo.php',
    '/piwik.php',
    '/matomo/matomo.php',
    '/matomo/piwik.php',
    '/piwik/matomo.php',
    '/piwik/piwik.php',
  ].map(matomo),
  { tool: 'meta', path: '/tr/', GET: IMAGE, POST: IMAGE },
  { tool: 'openai', path: '/v1/sdk/events', GET: IMAGE },
  {
    tool: 'plausible',
    path: '/api/event',
    POST: { 202: { description: '`ok`', content: { 'text/plain': { schema: { type: 'string' } } } } },
  },
  ...['/e', '/i/v0/e', '/batch', '/capture', '/track', '/engage', '/s'].map(
    (path): ToolPath => ({ tool: 'posthog', path, POST: { ...POSTHOG, ...NONE } }),
  ),
  ...['/decide', '/flags'].map((path): ToolPath => ({ tool: 'posthog', path, POST: SETTINGS })),
  { tool: 'posthog', path: '/array/{token}/config', GET: SETTINGS },
  { tool: 'posthog', path: '/array/{token}/config.js', GET: SCRIPT },
  ...['track', 'page', 'screen', 'identify', 'group', 'alias', 'batch', 'import'].map(
    (call): ToolPath => ({ tool: 'segment', path: `/v1/${call}`, POST: SEGMENT }),
  ),
  ...['t', 'p', 's', 'i', 'g', 'a', 'b', 'm'].map(
    (call): ToolPath => ({ tool: 'segment', path: `/v1/${call}`, POST: SEGMENT }),
  ),
  { tool: 'segment', path: '/beacon/v1/batch', POST: SEGMENT },
  { tool: 'segment', path: '/v1/projects/{key}/settings', GET: SETTINGS },
  { tool: 'segment', path: '/v1/pixel/{call}', GET: IMAGE },
  { tool: 'segment', path: '/pixel/v1/{call}', GET: IMAGE },
  { tool: 'snowplow', path: '/i', GET: IMAGE },
  { tool: 'snowplow', path: '/com.snowplowanalytics.snowplow/tp2', GET: IMAGE, POST: text('`ok`') },
  { tool: 'snowplow', path: '/com.snowplowanalytics.iglu/v1', GET: IMAGE, POST: text('`ok`') },
  { tool: 'umami', path: '/api/batch', POST: SETTINGS },
  { tool: 'umami', path: '/api/send', POST: SETTINGS },
  { tool: 'umami', path: '/p/{pixel}', GET: IMAGE },
];

const REFUSED = {
  '4XX': { description: 'The request cannot be read; X-Speck-Reason says why.' },
};

/** @returns the paths as the OpenAPI document has them. */
export function toolPaths(): Record<string, JsonSchema> {
  return Object.fromEntries(
    PATHS.map(({ tool, path, ...methods }) => [
      path,
      Object.fromEntries(
        Object.entries(methods).map(([method, answers]) => [
          method.toLowerCase(),
          {
            operationId: `${method.toLowerCase()}${idOf(path)}`,
            summary: `Count events of a client of ${TOOLS[tool]}`,
            security: [],
            ...parametersOf(path),
            responses: { ...answers, ...REFUSED },
          },
        ]),
      ),
    ]),
  );
}

/** The names in braces of a path. */
function parametersOf(path: string): JsonSchema {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const schema = { type: 'string' };
  return names.length === 0
    ? {}
    : { parameters: names.map((name) => ({ name, in: 'path', required: true, schema })) };
}

/** A path as a part of a name: `/g/collect` is `GCollect`. */
const idOf = (path: string): string =>
  path.replaceAll(/[^A-Za-z\d]+(.?)/g, (_, first: string) => first.toUpperCase());
