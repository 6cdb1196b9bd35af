/**
 * The public part of the OpenAPI document: what needs no token. These paths are served by the collecting side, by the
 * visitor's pages and by the router itself, and are described here by hand.
 */
import type { ReadError } from '../collect/wire/format.ts';
import { LIMITS } from '../model/limits.ts';
import { PROBLEMS as PAGE_PROBLEMS } from '../privacy/texts.ts';
import type { JsonSchema } from './schemas.ts';

/** Why a beacon is refused at once; the compiler asks for a new reason. */
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
      '`1`: a page view by a changed address within a page, whose URL before is `rl`. It is none if both are the same page.',
  },
  eid: { ...text, description: 'Your id of the event: reported again within 48 hours, it counts once.' },
  uid: { ...text, description: 'Your id of who is signed in. Only a keyed hash of it is stored.' },
  consent: {
    enum: ['granted', 'denied'],
    description:
      '`granted`: the pixel may set its cookie, where its settings allow one. `denied`: as with `Sec-GPC: 1`; removes the cookie.',
  },
  cid: {
    ...text,
    description:
      'With consent: 128 random bits in base64url, for the cookie to take when the browser has none.',
  },
};

const USER_DATA = {
  type: 'object',
  description:
    'Hashed user data: SHA-256 in hex, of values normalised as docs/tag.md says. Raw values are refused.',
  properties: Object.fromEntries(['em', 'ph', 'external_id'].map((name) => [name, text])),
};

const CUSTOM_DATA = {
  type: 'object',
  description: 'Custom data. `value` and `currency` are revenue.',
  additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
};

/** An event as beacons and `POST /api/v1/events` take it; the latter takes what is native to servers, too. */
export const EVENT: JsonSchema = {
  type: 'object',
  properties: { ...FIELDS, ud: USER_DATA, cd: CUSTOM_DATA },
  required: ['id'],
};

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
      description: "The visitor's address. Without it and `ua` the event counts for no visitor.",
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
      description: 'The same GIF, when there is no `id`.',
      headers: { 'X-Speck-Reason': { schema: { enum: ['missing_id'] } } },
      content: { 'image/gif': {} },
    },
  },
});

const gifs = (name: string) => ({
  get: gif(`${name}Pixel`, 'Count an event, by an image'),
  head: gif(`${name}PixelHead`, 'Is answered, but is no view'),
});

const html = { 'text/html': { schema: text } };

/** The answers of a visitor's page that cannot be shown. */
const pageProblems = (...names: readonly (keyof typeof PAGE_PROBLEMS)[]) =>
  Object.fromEntries(
    names.map((name) => {
      const [status, title] = PAGE_PROBLEMS[name];
      return [status, { description: `${title}.`, content: html }];
    }),
  );

/** One of the visitor's pages: how it is shown, and what its button does. */
const visitorPage = (name: string, show: JsonSchema, take: JsonSchema) => {
  const shown = { security: [], ...show };
  return {
    get: { operationId: `get${name}`, ...shown },
    head: { operationId: `head${name}`, ...shown },
    post: { operationId: `post${name}`, security: [], ...take },
  };
};

const SHOWN = { description: 'The page.', content: html };

const optOutPage = visitorPage(
  'OptOut',
  { summary: 'Whether this browser is counted', responses: { 200: SHOWN } },
  {
    summary: 'Opt out, or take that back',
    requestBody: {
      content: {
        'application/x-www-form-urlencoded': {
          schema: {
            type: 'object',
            properties: {
              undo: { enum: ['1'], description: 'Takes the opt-out back. Only for the page itself.' },
              from: { enum: ['tag'], description: 'For scripts: answers 204, with CORS.' },
            },
          },
        },
      },
    },
    responses: {
      204: { description: 'Opted out.' },
      303: { description: 'Done; leads to the page.' },
      ...pageProblems('foreign'),
    },
  },
);

const ofOnePixel = {
  parameters: [{ name: 'id', in: 'query', description: 'One pixel. Default: all of them.', schema: text }],
};

const privacyPage = visitorPage(
  'Privacy',
  {
    summary: 'What is kept about who asks',
    ...ofOnePixel,
    responses: { 200: SHOWN, ...pageProblems('foreign', 'unknown', 'limited', 'unavailable') },
  },
  {
    summary: 'Erase what is kept about who asks',
    description: 'Only for the page itself.',
    ...ofOnePixel,
    responses: {
      303: { description: 'Erased; leads to the page.' },
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

/** @param problems makes the responses of reasons by their statuses. */
export const publicPaths = (problems: (reasons: Readonly<Record<string, number>>) => JsonSchema) => ({
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
      responses: { 204: { description: 'Taken.' }, ...problems(BEACON_PROBLEMS) },
    },
  },
  '/speck.js': script('getTag', 'The browser tag'),
  '/speck.plus.js': script('getTagWithOptions', 'The browser tag that also finds events by itself'),
  '/speck.meta.js': script('getTagWithFbq', "The browser tag that also speaks Meta's fbq"),
  '/{locale}/fbevents.js': script('getFbevents', "The same, where Meta's own snippet looks for it", [
    { name: 'locale', in: 'path', required: true, description: 'Any.', schema: text },
  ]),
  '/speck.all.js': script('getWholeTag', 'The browser tag with all options, for any page'),
  '/speck.send.js': script('getTagTransports', 'What the tag loads where sendBeacon is missing or refuses'),
  '/speck.hash.js': script('getTagHashing', 'What the tag loads to hash user data'),
  '/opt-out': optOutPage,
  '/privacy': privacyPage,
  '/health': {
    get: {
      operationId: 'getHealth',
      summary: 'Whether events are stored, rolled up, and nothing is lost',
      security: [],
      responses: Object.fromEntries(
        (
          [
            [200, 'The database answers.'],
            [503, 'It does not.'],
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
        304: { description: 'The client has it already.' },
      },
    },
  },
});
