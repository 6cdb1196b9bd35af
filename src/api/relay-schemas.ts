/** The JSON Schemas of the responses of relay-routes.ts; their types are in model/relay-json.ts. schemas.ts lists every schema. */
import { NETWORKS } from '../model/destination.ts';
import { type JsonSchema, listOf, mapOf, object, orNull, ref, text, time } from './schema-parts.ts';

const networkField = object({
  name: text,
  label: { ...text, description: "As the network's own pages call it." },
  help: { ...text, description: 'Where you find it.' },
  pattern: { ...text, description: 'A regular expression for the whole value.' },
  default: { type: ['string', 'null'], description: 'Null: it is required.' },
});

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
      ...orNull(object({ message: text, advice: text, at: time })),
      description: 'Why it has stopped.',
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
} as const satisfies Record<string, JsonSchema>;
