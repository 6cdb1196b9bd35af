/**
 * The JSON Schemas of what is answered, by the names that routes call them. They are for the OpenAPI document only, so
 * that nothing of this file gets into the Worker.
 */
import { PERSON_KINDS } from '../model/person.ts';
import { REJECTION_REASONS } from '../model/rejection.ts';
import { SCOPES } from '../model/token.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const countOrNull = { ...count, type: ['integer', 'null'] };
const day = { type: 'string', format: 'date' };
const time = { type: 'string', format: 'date-time' };

/** An object that has all of its properties, but those that are named optional. */
function object(properties: Readonly<Record<string, unknown>>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required };
}
const listOf = (items: unknown) => ({ type: 'array', items });
const mapOf = (values: unknown) => ({ type: 'object', additionalProperties: values });
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const orNull = (schema: unknown) => ({ anyOf: [schema, { type: 'null' }] });

const token = {
  id: { ...text, examples: ['tok_3kTMd9s1hWbQ'] },
  name: text,
  scopes: listOf({ enum: SCOPES }),
  pixel: { type: ['string', 'null'], description: 'The one pixel it is for.' },
  created_at: time,
};

const link = {
  id: { ...text, examples: ['lnk_3kTMd9s1hWbQ'] },
  name: text,
  has_password: { type: 'boolean' },
  expires_at: orNull(time),
  created_at: time,
  token: { type: ['string', 'null'], description: 'The token that it ends with.' },
};

const pixel = {
  id: { ...text, examples: ['px_8FqT2bWn4xKc7RzA'] },
  name: text,
  url: text,
  timezone: { ...text, description: 'Of the IANA database; its midnights bound the days.' },
  settings: ref('Settings'),
  created_at: time,
  install: object({ script: text, noscript: text, email: text }),
};

const money = object({
  value: { type: 'number' },
  currency: { ...text, description: 'ISO 4217' },
  short: { ...text, examples: ['€12.5K'] },
  long: { ...text, examples: ['€12,500.00'] },
});
const unconfirmed = object({
  aliases: { ...count, description: 'Aliases that are linked by claims only.' },
  included: { type: 'boolean' },
  note: text,
});
const personKind = { enum: Object.keys(PERSON_KINDS) };
const metric = { anyOf: [{ type: 'number' }, money, { type: 'null' }] };
const change = { type: ['number', 'null'] };

const meta = {
  type: 'object',
  properties: {
    source: { enum: ['rollups', 'events', 'rollups+events'], description: 'What answered.' },
    as_of: {
      ...time,
      description:
        'Of rollups that are being made anew: when the oldest was made. With `min_group`: when the last day ended that is answered.',
    },
    total_rows: count,
    min_group: {
      ...count,
      description: 'Groups of fewer visitors are in no answer. Counts are rounded to multiples of it.',
    },
    time_labels: listOf(text),
    imports_included: { const: true },
    metric_warnings: mapOf({ type: 'object' }),
    comparison_date_range: { ...listOf(text), minItems: 2, maxItems: 2 },
  },
  required: ['source'],
};
const asked = { type: 'object', description: 'The question as it was understood.' };

const entries = {
  Problem: {
    ...object(
      {
        title: text,
        status: { type: 'integer' },
        detail: { ...text, description: 'A sentence that says what to do.' },
        reason: { ...text, description: 'A stable word for programs; each answer lists its own.' },
        errors: listOf(
          object({
            path: { ...text, description: 'Where the mistake is, such as `filters[0][1]`.' },
            message: text,
          }),
        ),
      },
      ['errors'],
    ),
    description: 'RFC 9457.',
  },
  Pixel: object(pixel),
  ChangedPixel: object(
    {
      ...pixel,
      timezone_change: object({
        recomputed_from: { type: ['string', 'null'], description: 'The first day in the new time zone.' },
        kept_until: {
          type: ['string', 'null'],
          description: 'The last day that stays as it was, its raw events being gone.',
        },
        uncounted_events: { ...count, description: 'Events between these two, which no day has.' },
      }),
    },
    ['timezone_change'],
  ),
  Pixels: object({ pixels: listOf(ref('Pixel')) }),
  Token: object({
    ...token,
    links: { ...count, description: 'Shared links that end with it.' },
  }),
  Tokens: object({ tokens: listOf(ref('Token')) }),
  NewToken: object({ ...token, token: { ...text, description: 'The token, shown this once.' } }),
  Session: object(
    {
      kind: { enum: ['admin', 'token', 'link'] },
      scopes: listOf({ enum: SCOPES }),
      pixel: { type: ['string', 'null'], description: 'The one pixel it is for.' },
      expires_at: { ...orNull(time), description: 'When it ends unless it is used; null of a token.' },
      shown: {
        ...object({
          id: text,
          name: text,
          timezone: text,
          goals: listOf(text),
          funnels: listOf(text),
        }),
        description: 'Of a shared link: what it shows.',
      },
    },
    ['shown'],
  ),
  Link: object(link),
  Links: object({ links: listOf(ref('Link')) }),
  NewLink: object({
    ...link,
    url: { ...text, description: 'The link, shown this once. Its secret is behind the `#`.' },
  }),
  Properties: object({
    properties: listOf(object({ key: text, events: count })),
    complete: { type: 'boolean', description: 'Whether no day had more keys than are rolled up.' },
  }),
  Taken: object(
    {
      accepted: count,
      duplicates: count,
      rejected: listOf(ref('Told')),
      warnings: { ...listOf(ref('Told')), description: 'What was left out of events that were stored.' },
    },
    ['warnings'],
  ),
  Told: object({
    index: { ...count, description: 'Which event of the request, from 0.' },
    reason: { enum: Object.keys(REJECTION_REASONS) },
    message: text,
  }),
  Rejections: object({
    from: day,
    to: day,
    timezone: text,
    days: listOf(
      object({
        day,
        rejections: listOf(
          object(
            {
              reason: { enum: Object.keys(REJECTION_REASONS) },
              explanation: text,
              count,
              last_at: { ...orNull(time), description: 'Null where small groups are protected.' },
              families: { ...mapOf(count), description: 'Of bots: how many of which.' },
              samples: { ...listOf({ type: 'object' }), maxItems: 5 },
            },
            ['families'],
          ),
        ),
      }),
    ),
  }),
  Live: object({
    since: time,
    until: time,
    visitors: count,
    events: {
      ...listOf({
        type: 'object',
        properties: {
          id: text,
          ts: time,
          name: text,
          page: text,
          value: { type: ['number', 'null'] },
          currency: text,
          props: mapOf(text),
        },
        required: ['id', 'ts', 'name', 'page', 'value', 'props'],
        additionalProperties: true,
        description: 'A stored event; each other column is a text or a number.',
      }),
      maxItems: 100,
    },
  }),
  Person: object({
    pixel: text,
    known_by: { ...listOf(personKind), description: 'The kinds of its aliases.' },
    unconfirmed,
    days: listOf(object({ day, devices: { ...text, examples: ['Desktop + Mobile'] } })),
    total_events: count,
    next: {
      type: ['string', 'null'],
      description: 'The address of earlier events; null when there are none.',
    },
    events: { ...listOf({ type: 'object' }), description: 'As an export has them, the latest first.' },
  }),
  Identity: object({ pixel: text, identity: { enum: ['open', 'signed'] }, secret: text }),
  Receipt: object({
    pixel: text,
    erased_at: time,
    known_by: listOf(personKind),
    unconfirmed,
    more: {
      type: 'boolean',
      description: 'Whether to send the request again, since there are more aliases.',
    },
    erased: object({
      events: count,
      days: { ...count, description: 'Days that are rolled up anew.' },
      person_days: count,
      links: count,
    }),
  }),
  Funnel: object({
    name: text,
    within: { anyOf: [{ const: 'visit' }, object({ hours: count })] },
    counts: { enum: ['visits', 'people'], description: 'What a step counts.' },
    date_range: { ...listOf(day), minItems: 2, maxItems: 2 },
    steps: listOf(
      object({
        goal: text,
        count: countOrNull,
        of_first: { type: ['number', 'null'], description: 'In per cent.' },
        of_previous: { type: ['number', 'null'], description: 'In per cent.' },
        lost: countOrNull,
      }),
    ),
  }),
  Answer: object({
    results: listOf(
      object(
        {
          metrics: listOf(metric),
          dimensions: listOf(text),
          comparison: object({ metrics: listOf(metric), dimensions: listOf(text), change: listOf(change) }),
        },
        ['comparison'],
      ),
    ),
    meta,
    query: asked,
  }),
  NamedAnswer: object({
    results: listOf({
      type: 'object',
      properties: { comparison: mapOf(metric), change: mapOf(change) },
      additionalProperties: { anyOf: [metric, text] },
      examples: [{ page: '/', visitors: 3 }],
    }),
    meta,
    query: { ...asked, description: 'The question as a body of POST /api/v2/query.' },
  }),
  Csv: { ...text, description: 'A line of names, then a line a row (RFC 4180).' },
  Lines: { ...text, description: 'A JSON object a line.' },
  DeadLetters: object({ count }),
  Replay: object({
    replayed: count,
    failed: listOf(object({ id: text, message: text })),
    next: { type: ['string', 'null'], description: 'To be given as `after`; null when all have been tried.' },
  }),
  Health: object(
    {
      status: { enum: ['ok', 'degraded'] },
      version: text,
      api: text,
      schema: {
        ...orNull(object({ version: count, expected: count, advice: text }, ['advice'])),
        description:
          "The version of the database's tables and the one that this Worker needs; what to do if they differ.",
      },
      secret_key: object({ state: text, waiting: count, unreadable: count }),
      store: orNull(object({ round_trip_ms: { type: 'number' } })),
      ingest: { type: 'object' },
      rollup: object({
        oldest_dirty_day_seconds: count,
        last_cron: orNull(text),
        failing_tasks: count,
        failing: listOf(
          object({ task: text, pixel: text, item: text, attempts: count, since: text, retry_at: text }, [
            'pixel',
            'item',
          ]),
        ),
        given_up_days: count,
      }),
    },
    ['rollup', 'secret_key'],
  ),
} as const satisfies Record<string, JsonSchema>;

export type SchemaName = keyof typeof entries;

export const SCHEMAS: Readonly<Record<SchemaName, JsonSchema>> = entries;
