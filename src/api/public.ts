/**
 * The public part of the OpenAPI document, written by hand. These paths need no token; collect, the visitor's pages and the
 * router serve them.
 */
import type { ReadError } from '../collect/wire/format.ts';
import { LIMITS } from '../model/limits.ts';
import { LANGUAGE_NAMES } from '../privacy/languages.ts';
import { PROBLEMS as PAGE_PROBLEMS, type ProblemName } from '../privacy/problems.ts';
import english from '../privacy/texts/en.ts';
import type { JsonSchema } from './schema-parts.ts';
import { toolPaths } from './tool-paths.ts';

/** The reasons for which a beacon is rejected at once. The compiler requires an entry for each. */
const BEACON_PROBLEMS: Readonly<Record<ReadError, number>> = {
  missing_id: 400,
  broken_json: 400,
  broken_body: 400,
  broken_encoding: 400,
  too_many_events: 413,
  body_too_large: 413,
  unsupported_encoding: 415,
};

const text = { type: 'string' };

const FIELDS: Readonly<Record<string, JsonSchema>> = {
  id: { ...text, description: 'The pixel.' },
  ev: { ...text, description: "The event's name. Default: a page view." },
  dl: { ...text, description: "The page's URL. Default: the header Referer." },
  rl: { ...text, description: 'The referrer.' },
  nav: {
    ...text,
    description:
      '`1`: a navigation within a page, from the URL `rl`. It is not counted if both URLs are the same page.',
  },
  eid: { ...text, description: 'Your id of the event. If it is sent again within 48 hours, it counts once.' },
  uid: { ...text, description: 'Your id of the signed-in user. Only a keyed hash is stored.' },
  consent: {
    enum: ['granted', 'denied'],
    description:
      '`granted`: the pixel may set its cookie, if its settings allow it. `denied`: as with `Sec-GPC: 1`, and removes the cookie.',
  },
  cid: {
    ...text,
    description: 'With consent: 128 random bits in base64url, for a new cookie.',
  },
};

const USER_DATA = {
  type: 'object',
  description:
    'Hashed user data: SHA-256 in hex of values normalized as in docs/tag.md. Raw values are rejected.',
  properties: Object.fromEntries(['em', 'ph', 'external_id'].map((name) => [name, text])),
};

const CUSTOM_DATA = {
  type: 'object',
  description: 'Custom data. `value` and `currency` are revenue.',
  additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
};

/** An event in a beacon. */
export const EVENT: JsonSchema = {
  type: 'object',
  properties: { ...FIELDS, ud: USER_DATA, cd: CUSTOM_DATA },
  required: ['id'],
};

/** An event in `POST /api/v1/events`. */
export const SERVER_EVENT: JsonSchema = {
  type: 'object',
  properties: {
    ...FIELDS,
    ud: USER_DATA,
    cd: CUSTOM_DATA,
    ts: {
      type: ['string', 'number'],
      description: 'When it happened: ISO 8601 with its offset, or epoch milliseconds. Default: now.',
    },
    ip: {
      ...text,
      description: "The visitor's address. Without `ip` and `ua`, the event has no visitor.",
    },
    ua: { ...text, description: "The visitor's user agent." },
    country: { ...text, description: 'ISO 3166-1 alpha-2.' },
  },
  required: ['id'],
};

const event = { $ref: '#/components/schemas/Event' };

const gif = (operationId: string, summary: string) => ({
  operationId,
  summary,
  security: [],
  parameters: [
    ...Object.entries(FIELDS).map(([name, { description, ...schema }]) => ({
      name,
      in: 'query',
      description,
      ...(name === 'id' ? { required: true } : {}),
      schema,
    })),
    ...Object.entries({ ud: USER_DATA, cd: CUSTOM_DATA }).map(([name, { description }]) => ({
      name,
      in: 'query',
      description,
      style: 'deepObject',
      explode: true,
      schema: { type: 'object', additionalProperties: text },
    })),
  ],
  responses: {
    200: { description: 'A GIF of one pixel.', content: { 'image/gif': {} } },
    400: {
      description: 'The same GIF, if `id` is missing.',
      headers: { 'X-Speck-Reason': { schema: { enum: ['missing_id'] } } },
      content: { 'image/gif': {} },
    },
  },
});

const gifs = (name: string) => ({
  get: gif(`${name}Pixel`, 'Count an event, by an image'),
  head: gif(`${name}PixelHead`, 'Answered, but not counted'),
});

const html = { 'text/html': { schema: text } };

/** The error responses of a visitor's page. */
const pageProblems = (...names: readonly ProblemName[]) =>
  Object.fromEntries(
    names.map((name) => [
      PAGE_PROBLEMS[name],
      { description: `${english.problems[name][0]}.`, content: html },
    ]),
  );

/** One of the visitor's pages: what opening it and pressing its button do. */
const visitorPage = (name: string, open: JsonSchema, submit: JsonSchema) => {
  const operation = { security: [], ...open };
  return {
    get: { operationId: `get${name}`, ...operation },
    head: { operationId: `head${name}`, ...operation },
    post: { operationId: `post${name}`, security: [], ...submit },
  };
};

const pageParameters = {
  parameters: [
    { name: 'id', in: 'query', description: 'One pixel. Default: all.', schema: text },
    {
      name: 'lang',
      in: 'query',
      description: 'The language. Default: by Accept-Language.',
      schema: { enum: LANGUAGE_NAMES },
    },
  ],
};

const PAGE = { description: 'The page.', content: html };

const optOutPage = visitorPage(
  'OptOut',
  { summary: 'Show whether this browser is counted', ...pageParameters, responses: { 200: PAGE } },
  {
    summary: 'Opt out, or opt back in',
    ...pageParameters,
    requestBody: {
      content: {
        'application/x-www-form-urlencoded': {
          schema: {
            type: 'object',
            properties: {
              undo: { enum: ['1'], description: 'Opts back in. Only for the page itself.' },
              from: { enum: ['tag'], description: 'For scripts: the response is 204, with CORS.' },
            },
          },
        },
      },
    },
    responses: {
      204: { description: 'Opted out.' },
      303: { description: 'Done. Redirects to the page.' },
      ...pageProblems('foreign'),
    },
  },
);

const privacyPage = visitorPage(
  'Privacy',
  {
    summary: 'Show what is stored about this visitor',
    ...pageParameters,
    responses: { 200: PAGE, ...pageProblems('foreign', 'unknown', 'limited', 'unavailable') },
  },
  {
    summary: 'Erase what is stored about this visitor',
    description: 'Only for the page itself.',
    ...pageParameters,
    responses: {
      303: { description: 'Erased. Redirects to the page.' },
      ...pageProblems('foreign', 'unknown', 'limited', 'unavailable'),
    },
  },
);

const script = (operationId: string, summary: string, parameters: readonly JsonSchema[] = []) => ({
  get: {
    operationId,
    summary,
    security: [],
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: { 200: { description: 'The script.', content: { 'text/javascript': { schema: text } } } },
  },
});

/** The reasons for which a badge is not drawn, besides those of a query. */
const BADGE_PROBLEMS = {
  invalid_query: 400,
  not_found: 404,
  too_many_requests: 429,
  too_many_attempts: 429,
  no_admin_token: 503,
  no_secret_key: 503,
  store_unavailable: 503,
};

/**
 * @param problems makes the error responses from reasons and their statuses.
 * @param badgeParameters the query parameters of a badge.
 */
export const publicPaths = (
  problems: (reasons: Readonly<Record<string, number>>) => JsonSchema,
  badgeParameters: readonly JsonSchema[],
) => ({
  '/p.gif': gifs('get'),
  '/tr': gifs('getTr'),
  '/beacon': {
    post: {
      operationId: 'postBeacon',
      summary: 'Count events',
      description: `Any content type; up to ${LIMITS.beaconBytes} bytes, also with Content-Encoding: gzip.`,
      security: [],
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: { anyOf: [event, { type: 'array', items: event, maxItems: LIMITS.beaconEvents }] },
          },
          'application/x-www-form-urlencoded': { schema: event },
        },
      },
      responses: { 204: { description: 'Accepted.' }, ...problems(BEACON_PROBLEMS) },
    },
  },
  ...toolPaths(),
  '/speck.js': script('getTag', 'The browser tag'),
  '/speck.plus.js': script('getTagWithOptions', 'The browser tag with automatic events'),
  '/speck.meta.js': script('getTagWithFbq', "The browser tag with Meta's fbq"),
  '/{locale}/fbevents.js': script('getFbevents', "The same, at the path of Meta's own snippet", [
    { name: 'locale', in: 'path', required: true, description: 'Any.', schema: text },
  ]),
  '/speck.all.js': script('getWholeTag', 'The browser tag with all options'),
  '/speck.send.js': script('getTagTransports', 'A part of the tag, for browsers without sendBeacon'),
  '/speck.hash.js': script('getTagHashing', 'A part of the tag, which hashes user data'),
  '/speck.relay.js': script(
    'getTagRelay',
    'A part of the tag, which collects what advertising networks need',
  ),
  '/opt-out': optOutPage,
  '/privacy': privacyPage,
  '/badge/{page}.svg': {
    get: {
      operationId: 'getBadge',
      summary: 'A number of a public page, as an image',
      security: [],
      parameters: [
        { name: 'page', in: 'path', required: true, description: 'The id of the page.', schema: text },
        ...badgeParameters,
      ],
      responses: {
        200: { description: 'The badge.', content: { 'image/svg+xml': { schema: text } } },
        304: { description: 'Not modified.' },
        ...problems(BADGE_PROBLEMS),
      },
    },
  },
  '/health': {
    get: {
      operationId: 'getHealth',
      summary: 'The health of this Worker',
      security: [],
      responses: Object.fromEntries(
        (
          [
            [200, 'The database answers.'],
            [503, 'The database does not answer.'],
          ] as const
        ).map(([status, description]) => [
          status,
          {
            description,
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Health' } } },
          },
        ]),
      ),
    },
  },
  '/api/openapi.json': {
    get: {
      operationId: 'getOpenApi',
      summary: 'This document',
      security: [],
      responses: {
        200: { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: { type: 'object' } } } },
        304: { description: 'Not modified.' },
      },
    },
  },
});
