/** The JSON Schemas of the responses of relay-routes.ts; their types are in model/relay-json.ts. schemas.ts lists every schema. */
import { DELIVERY_STATES } from '../model/delivery.ts';
import { NETWORKS } from '../model/destination.ts';
import {
  count,
  countOrNull,
  type JsonSchema,
  listOf,
  mapOf,
  object,
  orNull,
  ref,
  text,
  time,
} from './schema-parts.ts';

const networkField = object({
  name: text,
  label: { ...text, description: "As the network's own pages call it." },
  help: { ...text, description: 'Where you find it.' },
  pattern: { ...text, description: 'A regular expression for the whole value.' },
  default: { type: ['string', 'null'], description: 'Null: it is required.' },
});

const states = object(Object.fromEntries(DELIVERY_STATES.map((state) => [state, count])));

const reporters = { ...listOf({ enum: ['browser', 'server'] }), description: 'Who reported the event.' };

export const RELAY_SCHEMAS = {
  NetworkField: networkField,
  Networks: object({
    networks: listOf(
      object({
        name: { enum: NETWORKS },
        title: text,
        account: ref('NetworkField'),
        secret: ref('NetworkField'),
        settings: listOf(ref('NetworkField')),
        events: { ...mapOf(text), description: "Speck's standard events with the network's names of them." },
        as: object({ pattern: text, help: text }),
        max_age: { type: 'integer', description: 'How old an event may be, in milliseconds.' },
        deduplicates: {
          enum: ['all', 'purchases', 'none'],
          description: 'Which events that are sent twice count once.',
        },
        test: { enum: ['code', 'validate', 'none'], description: 'What its test mode does.' },
      }),
    ),
  }),
  Destination: object({
    id: { ...text, examples: ['ds_8FqT2bWn4xKc7RzA'] },
    pixel: text,
    network: { enum: NETWORKS },
    name: text,
    account: { ...text, description: "The network's id of your pixel, data set, tag or account." },
    settings: { ...mapOf(text), description: 'Those that are absent have their defaults.' },
    rules: listOf(
      object({ event: text, goal: text, as: { ...text, description: "The network's name of the event." } }, [
        'event',
        'goal',
      ]),
    ),
    mode: { enum: ['live', 'test'] },
    test_code: text,
    state: {
      enum: ['on', 'off', 'stopped'],
      description: '`stopped`: the network does not accept the account, the secret or the version.',
    },
    problem: {
      ...orNull(
        object({
          status: count,
          code: text,
          message: text,
          advice: text,
          at: time,
          retry_at: { ...orNull(time), description: 'Null: it has stopped.' },
        }),
      ),
      description: 'Why it has stopped, or is tried again later.',
    },
    has_secret: { const: true, description: 'The secret itself is never part of a response.' },
    secret_at: { ...time, description: 'When the secret was set.' },
    missing_goals: { ...listOf(text), description: 'The goals of its rules that the pixel lacks.' },
    created_at: time,
    updated_at: time,
    etag: {
      ...text,
      description:
        'Send it as `If-Match`, in quotes, to change the destination only if it is still the same.',
    },
  }),
  Destinations: object({ destinations: listOf(ref('Destination')) }),
  SentField: object({
    name: { ...text, description: "Where it stands in the network's event. Values are not stored." },
    hashed: { type: 'boolean' },
  }),
  NetworkAnswer: object({
    status: { ...count, description: 'The HTTP status; 0 if there was no answer.' },
    code: text,
    message: text,
    trace: { ...text, description: "The network's id of the request." },
    advice: { ...text, description: 'What you can do; empty if there is nothing to do.' },
  }),
  DestinationTest: object({
    event_id: { ...text, description: "By which it is found among the network's test events." },
    sent_as: text,
    verdict: { enum: ['delivered', 'sent', 'refused', 'retry', 'stop'] },
    answer: ref('NetworkAnswer'),
    fields: listOf(ref('SentField')),
  }),
  Delivery: object({
    destination: text,
    name: text,
    event_id: text,
    sent_as: { ...text, description: "The network's name of the event." },
    ts: { ...time, description: 'When the event happened.' },
    state: { enum: DELIVERY_STATES },
    queued_at: { ...time, description: 'When it was stored, to be sent.' },
    due_at: { ...orNull(time), description: 'Null if it does not wait.' },
    expires_at: time,
    sent_at: orNull(time),
    tries: count,
    has_eid: { type: 'boolean', description: "Whether the event id is the client's own." },
    reported: reporters,
    on_page: { type: 'boolean', description: "Whether the network's own pixel was on the page." },
    fields: listOf(ref('SentField')),
    answer: orNull(ref('NetworkAnswer')),
  }),
  Deliveries: object({
    deliveries: listOf(ref('Delivery')),
    next: { type: ['string', 'null'], description: 'The `before` of the next request; null if this is all.' },
  }),
  DestinationSummary: object({
    days: count,
    since: time,
    complete: { type: 'boolean', description: 'Whether all are counted. If not, the latest are.' },
    states,
    by_day: listOf(object({ date: text, states })),
    refusals: {
      ...listOf(
        object({ name: text, status: count, code: text, message: text, advice: text, count, last_at: time }),
      ),
      maxItems: 20,
    },
    sent: { ...count, description: 'Handed over: `sent` and `delivered`. What follows is about these.' },
    on_page: { ...count, description: "The network's own pixel was on the page." },
    deduplicable: {
      ...countOrNull,
      description: 'Of these, with an event id by which the network counts both reports once. Null: unknown.',
    },
    doubled: { ...countOrNull, description: 'The others of these: the network counts them twice.' },
    server_only: { ...count, description: "The network's own pixel was not on the page." },
    median_delay: { ...countOrNull, description: 'In milliseconds.' },
    p95_delay: countOrNull,
    match_keys_of: { ...count, description: 'Of how many, the latest, the shares are.' },
    match_keys: listOf(
      object({ name: text, hashed: { type: 'boolean' }, share: { type: 'number', minimum: 0, maximum: 1 } }),
    ),
  }),
  Conversions: object({
    event_id: text,
    conversions: listOf(
      object({
        name: text,
        ts: time,
        has_eid: { type: 'boolean' },
        reported: reporters,
        event: {
          ...orNull(object({ id: text, page: text, value: { type: ['number', 'null'] }, currency: text })),
          description: 'What is stored of it; null once its events are deleted.',
        },
        deliveries: listOf(ref('Delivery')),
      }),
    ),
  }),
} as const satisfies Record<string, JsonSchema>;
