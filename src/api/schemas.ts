/**
 * The JSON Schemas of responses, by the names that routes use. They are for the OpenAPI document only; nothing of this file is
 * part of the Worker.
 */
import { DELIVERY_STATES } from '../model/delivery.ts';
import { PERSON_KINDS } from '../model/person.ts';
import { TOOLS } from '../model/pixel-key.ts';
import { REJECTION_REASONS } from '../model/rejection.ts';
import { OWNER_SCHEMAS } from './owner-schemas.ts';
import { QUERY_SCHEMAS } from './query-schemas.ts';
import { RELAY_SCHEMAS } from './relay-schemas.ts';
import {
  count,
  countOrNull,
  day,
  imported,
  type JsonSchema,
  listOf,
  mapOf,
  object,
  orNull,
  ref,
  text,
  time,
} from './schema-parts.ts';

const link = {
  id: { ...text, examples: ['lnk_3kTMd9s1hWbQ'] },
  name: text,
  has_password: { type: 'boolean' },
  expires_at: orNull(time),
  created_at: time,
  token: { type: ['string', 'null'], description: 'The token that it ends with.' },
  public: { type: 'boolean', description: 'Whether anyone may open its public page.' },
  public_url: { type: ['string', 'null'], description: 'The public page.' },
  badge_url: { type: ['string', 'null'], description: 'The badge of the public page.' },
  embed_origins: { ...listOf(text), description: 'The sites that may embed the public page.' },
  last_used_at: { ...orNull(time), description: 'To the hour.' },
  sessions: { ...count, description: 'Browsers that have it open or had it within twelve hours.' },
};

const key = {
  tool: { enum: Object.keys(TOOLS) },
  name: { ...text, description: 'What the client of the tool calls the site.', examples: ['example.com'] },
  created_at: time,
};

const pixel = {
  id: { ...text, examples: ['px_8FqT2bWn4xKc7RzA'] },
  name: text,
  url: text,
  timezone: { ...text, description: 'Of the IANA database. Days are counted in it.' },
  settings: ref('Settings'),
  created_at: time,
  etag: {
    ...text,
    description: 'Send it as `If-Match`, in quotes, to change the pixel only if it is still the same.',
  },
  install: object({ script: text, noscript: text, email: text, script_url: text, collect_url: text }),
  imported,
};

const importSchema = {
  id: { ...text, examples: ['imp_3kTMd9s1hWbQ'] },
  source: { ...text, description: 'The name of the importer.' },
  file: text,
  state: {
    enum: ['open', 'complete', 'undoing', 'kept'],
    description:
      '`open`: more items may follow. `undoing`: its events are being deleted. `kept`: it cannot be undone any more.',
  },
  since: { ...orNull(time), description: 'Earlier events are left out.' },
  until: { ...orNull(time), description: 'Events at this time and later are left out.' },
  position: { ...count, description: 'How many items of the file have been taken. Continue here.' },
  stored: { ...count, description: 'Events.' },
  duplicates: { ...count, description: 'Events that were stored before.' },
  totals: { ...count, description: 'Stored rows of totals.' },
  unreadable: count,
  rejected: { ...mapOf(count), description: 'By reason.' },
  bots: { ...mapOf(count), description: 'The rejected bots, by name.' },
  left_out: { ...mapOf(count), description: 'By reason.' },
  incomplete: { ...mapOf(count), description: 'Events that were stored without a part, by reason.' },
  first_at: { ...orNull(time), description: 'The time of the first stored event.' },
  last_at: orNull(time),
  created_at: time,
  updated_at: time,
  undo_until: { ...orNull(time), description: 'Null if it cannot be undone any more.' },
};

const unconfirmed = object({
  aliases: { ...count, description: 'Aliases that are linked by claims only.' },
  included: { type: 'boolean' },
  note: text,
});
const personKind = { enum: Object.keys(PERSON_KINDS) };
const entries = {
  ...OWNER_SCHEMAS,
  ...RELAY_SCHEMAS,
  Problem: {
    ...object(
      {
        title: text,
        status: { type: 'integer' },
        detail: { ...text, description: 'A sentence that says what to do.' },
        reason: { ...text, description: 'A stable word for programs. Each response lists its own.' },
        errors: listOf(
          object({
            path: { ...text, description: 'Where the error is, such as `filters[0][1]`.' },
            message: text,
          }),
        ),
        retry_after: { ...count, description: 'Seconds to wait before the request is sent again.' },
      },
      ['errors', 'retry_after'],
    ),
    description: 'RFC 9457.',
  },
  Pixel: object(pixel, ['imported']),
  ChangedPixel: object(
    {
      ...pixel,
      timezone_change: object({
        recomputed_from: { type: ['string', 'null'], description: 'The first day in the new time zone.' },
        kept_until: {
          type: ['string', 'null'],
          description: 'The last day that stays unchanged, since its raw events were purged.',
        },
        uncounted_events: { ...count, description: 'Events between these two, which no day counts.' },
      }),
    },
    ['imported', 'timezone_change'],
  ),
  Pixels: object({ pixels: listOf(ref('Pixel')) }),
  Link: object(link),
  Links: object({ links: listOf(ref('Link')) }),
  Key: object(key),
  Keys: object({ keys: listOf(ref('Key')) }),
  UnknownKeys: object({
    since: { ...day, description: 'The first UTC day that is counted.' },
    keys: listOf(
      object({
        tool: key.tool,
        name: key.name,
        hostname: {
          ...text,
          description: 'The host of the page that sent the event; empty if it named none.',
        },
        count,
        last_at: time,
      }),
    ),
  }),
  NewLink: object({
    ...link,
    url: { ...text, description: 'The link. Only this response has it. The secret follows the `#`.' },
  }),
  Properties: object({
    properties: listOf(object({ key: text, events: count })),
    complete: { type: 'boolean', description: 'Whether no day had more keys than a rollup holds.' },
  }),
  IngestResult: object(
    {
      accepted: count,
      duplicates: count,
      rejected: listOf(ref('EventIssue')),
      warnings: {
        ...listOf(ref('EventIssue')),
        description: 'What was left out of events that were stored.',
      },
    },
    ['warnings'],
  ),
  EventIssue: object({
    index: { ...count, description: 'The position of the event in the request, from 0.' },
    reason: { enum: Object.keys(REJECTION_REASONS) },
    message: text,
  }),
  Import: object(importSchema),
  Imports: object({ imports: listOf(ref('Import')) }),
  ImportResult: object({
    import: ref('Import'),
    rejected: listOf(
      object(
        {
          at: { ...count, description: 'The position of the item.' },
          reason: { enum: Object.keys(REJECTION_REASONS) },
          detail: text,
          family: { ...text, description: 'The name of a bot.' },
        },
        ['family'],
      ),
    ),
  }),
  ImportUndo: object({
    id: text,
    done: { type: 'boolean', description: 'Whether nothing is left. If not, repeat the request.' },
    dates_left: { ...count, description: 'Dates that still have events of the import.' },
  }),
  Archive: object({
    pixel: text,
    bucket: { type: 'boolean', description: 'Whether a bucket is bound.' },
    files: listOf(
      object({
        day,
        part: { ...count, description: 'Most days have one part, 0.' },
        key: { ...text, description: 'The name of the file in the bucket.' },
        events: count,
        bytes: count,
        sha256: text,
        written_at: {
          type: ['string', 'null'],
          description: 'Null while the file is of an earlier state of the day.',
        },
        erasure_pending: {
          type: 'boolean',
          description: 'Whether an erasure may still have to reach the file.',
        },
      }),
    ),
    next: {
      type: ['string', 'null'],
      description: 'The first day of the next request; null if this is all.',
    },
  }),
  DayRestore: object({
    pixel: text,
    day,
    state: {
      enum: ['restoring', 'stored'],
      description: '`restoring`: repeat the request. `stored`: all events are back.',
    },
    events: count,
    restored: { ...count, description: 'Events that are back.' },
    held_until: {
      type: ['string', 'null'],
      description: 'Until when the day is not purged again; null if it has not been restored.',
    },
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
              last_at: { ...orNull(time), description: 'Null if the pixel protects small groups.' },
              families: { ...mapOf(count), description: 'Counts by bot, for the reason `bot`.' },
              samples: { ...listOf({ type: 'object' }), maxItems: 5 },
            },
            ['families'],
          ),
        ),
      }),
    ),
  }),
  Live: object(
    {
      now: time,
      visitors: { ...count, description: 'Distinct visitors of the last five minutes.' },
      minutes: {
        ...listOf(
          object({
            minute: { ...time, description: 'Its first moment.' },
            visitors: count,
            events: count,
            pageviews: count,
          }),
        ),
        minItems: 30,
        maxItems: 30,
        description:
          'The last thirty minutes, the oldest first, also those without events. The last one is not over.',
      },
      since: { ...time, description: 'Only `events` after this time are listed.' },
      until: { ...time, description: 'The same as `now`.' },
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
          description: 'A stored event. All other columns are strings or numbers.',
        }),
        maxItems: 100,
      },
    },
    ['since', 'until', 'events'],
  ),
  Person: object({
    pixel: text,
    known_by: { ...listOf(personKind), description: 'The kinds of its aliases.' },
    unconfirmed,
    days: listOf(object({ day, devices: { ...text, examples: ['Desktop + Mobile'] } })),
    clicks: {
      ...listOf(object({ parameter: text, network: text, at: time })),
      description:
        'Clicks on advertisements that are kept for a purchase. Their ids are sealed, and not shown.',
    },
    deliveries: {
      ...listOf(
        object({
          network: text,
          name: { ...text, description: 'The name of the event.' },
          time,
          state: { enum: [...DELIVERY_STATES] },
          sent_at: orNull(time),
          fields: {
            ...listOf(object({ name: text, hashed: { type: 'boolean' } })),
            description: 'What was sent, without its values.',
          },
        }),
      ),
      description: 'What advertising networks were told of the events, or are to be: the latest 200.',
    },
    total_events: count,
    next: {
      type: ['string', 'null'],
      description: 'The URL of earlier events; null if there are none.',
    },
    events: { ...listOf({ type: 'object' }), description: 'In the format of an export, newest first.' },
  }),
  Identity: object({ pixel: text, identity: { enum: ['open', 'signed'] }, secret: text }),
  ErasureReceipt: object({
    pixel: text,
    erased_at: time,
    known_by: listOf(personKind),
    unconfirmed,
    more: {
      type: 'boolean',
      description: 'Whether the person has more aliases: send the request again.',
    },
    erased: object({
      events: count,
      days: { ...count, description: 'Days that are rolled up again.' },
      person_days: count,
      links: count,
      deliveries: {
        ...count,
        description: 'What waited for advertising networks, and records of what was sent to them.',
      },
      clicks: { ...count, description: 'Click ids that were kept for a purchase.' },
    }),
    archive: object({
      pending_files: {
        ...count,
        description:
          'Archived files that may have events of the person. Those that do are rewritten without them.',
      },
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
  ...QUERY_SCHEMAS,
  Csv: { ...text, description: 'A line of names, then a line for each row (RFC 4180).' },
  Parquet: { ...text, description: 'A Parquet file of events, with the columns of an export.' },
  JsonLines: { ...text, description: 'One JSON object a line.' },
} as const satisfies Record<string, JsonSchema>;

export type SchemaName = keyof typeof entries;

export const SCHEMAS: Readonly<Record<SchemaName, JsonSchema>> = entries;
