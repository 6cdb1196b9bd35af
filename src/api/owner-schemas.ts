/** The JSON Schemas of the responses of owner-routes.ts and of `/health`. schemas.ts lists every schema. */
import { SCOPES } from '../model/token.ts';
import {
  count,
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

const token = {
  id: { ...text, examples: ['tok_3kTMd9s1hWbQ'] },
  name: text,
  scopes: listOf({ enum: SCOPES }),
  pixel: { type: ['string', 'null'], description: 'The only pixel it reaches; null: all.' },
  created_at: time,
};

export const OWNER_SCHEMAS = {
  Token: object({
    ...token,
    links: { ...count, description: 'Shared links that end with it.' },
  }),
  Tokens: object({ tokens: listOf(ref('Token')) }),
  NewToken: object({ ...token, token: { ...text, description: 'The token. Only this response has it.' } }),
  Session: object(
    {
      kind: { enum: ['admin', 'token', 'link', 'public'] },
      scopes: listOf({ enum: SCOPES }),
      pixel: { type: ['string', 'null'], description: 'The only pixel it reaches; null: all.' },
      expires_at: { ...orNull(time), description: 'When it ends unless it is used; null for a token.' },
      shown: {
        ...object(
          {
            id: text,
            name: text,
            timezone: text,
            goals: listOf(text),
            funnels: listOf(text),
            imported: imported,
          },
          ['imported'],
        ),
        description: 'The pixel of a shared link.',
      },
    },
    ['shown'],
  ),
  SessionOrNone: {
    anyOf: [ref('Session'), object({ session: { type: 'null', description: 'Nobody is signed in.' } })],
  },
  DeadLetters: object({ count }),
  Replay: object({
    replayed: count,
    failed: listOf(object({ id: text, message: text })),
    next: { type: ['string', 'null'], description: 'Send it as `after`. Null once all have been tried.' },
  }),
  Health: object(
    {
      status: { enum: ['ok', 'degraded'] },
      version: text,
      api: text,
      path_problems: listOf(text),
      schema: {
        ...orNull(object({ version: count, expected: count, advice: text }, ['advice'])),
        description:
          "The version of the database's tables, the one that this Worker needs, and what to do if they differ.",
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
      relay: {
        ...object({ waiting: count, oldest_due_seconds: count, stopped_destinations: count }),
        description: 'The conversions that wait, and the destinations that have stopped.',
      },
    },
    ['rollup', 'secret_key', 'relay'],
  ),
  Diagnostics: object({
    now: { ...time, description: 'By the clock of the Worker.' },
    version: text,
    build: { ...text, description: 'A hash of the sources that the Worker was built from.' },
    bindings: { ...mapOf({ type: 'boolean' }), description: 'Whether each is bound.' },
    secrets: {
      ...mapOf({ enum: ['set', 'short', 'same', 'missing'] }),
      description:
        '`short`: fewer than 32 characters. `same`: SECRET_KEY is ADMIN_TOKEN. Values are never part of a response.',
    },
    settings: { ...mapOf({ type: ['string', 'null'] }), description: 'As they are set; null: not set.' },
    cron_statements: {
      ...orNull(count),
      description: 'The D1 statements that a run of the cron may use; null if the setting is not valid.',
    },
    path_problems: listOf(text),
    schema: orNull(object({ version: count, expected: count })),
    database: orNull(object({ size_bytes: count, round_trip_ms: count })),
    counters: orNull(mapOf(object({ value: count, last_at: time }))),
    tasks: orNull(
      object({
        failing: count,
        oldest: listOf(
          object({
            task: text,
            pixel: text,
            item: text,
            attempts: count,
            since: time,
            retry_at: time,
            error: text,
          }),
        ),
      }),
    ),
    rollup: orNull(
      object({
        due_days: { ...count, description: 'Finished days that wait for their rollup.' },
        due_events: { ...count, description: 'Their events, as of their last rollups.' },
        oldest_due_at: { ...orNull(time), description: 'When the oldest of them ended.' },
        outdated_days: { ...count, description: 'Days whose rollup is of an older version.' },
      }),
    ),
    dead_letters: orNull(object({ count, oldest_at: orNull(time) })),
    seals: orNull(object({ waiting: count, unreadable: count })),
    engine: {
      ...orNull(object({ days: count, sampled_days: count, greatest_interval: count })),
      description:
        'The days of the last week that have events in Analytics Engine only, and those that are a sample there.',
    },
    volume: orNull(
      object({
        since: time,
        hours: {
          ...listOf(object({ at: time, events: count, busiest_pixel: count })),
          description: 'The hours of the last seven days that have events, engagements included.',
        },
        pixels: {
          ...listOf(object({ pixel: text, events: count, busiest_hour: count, retention_days: count })),
          maxItems: 20,
          description: 'The pixels with the most events.',
        },
        event_days: { ...count, description: 'Events multiplied by days of retention, of all pixels.' },
        complete: {
          type: 'boolean',
          description: 'Whether all events were counted. If not, days without a rollup have more.',
        },
        busiest_hour_sample: {
          ...orNull(object({ at: time, events: count, busiest_minute: count, plain: count })),
          description:
            'The stored events of the busiest hour. `plain`: those without person, event id, custom data and token.',
        },
      }),
    ),
    destinations: {
      ...orNull(
        object({
          on: count,
          off: count,
          stopped: count,
          oldest: {
            ...listOf(
              object({
                pixel: text,
                destination: text,
                network: text,
                name: text,
                message: text,
                advice: text,
                at: orNull(time),
              }),
            ),
            maxItems: 20,
          },
        }),
      ),
      description: 'Where conversions are sent. `oldest`: those that have stopped, the first of them first.',
    },
    failed_parts: { ...listOf(text), description: 'The parts that could not be read. They are null.' },
  }),
} as const satisfies Record<string, JsonSchema>;
