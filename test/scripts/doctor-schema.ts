/** The form of `npm run doctor -- --json`, as docs/deploy.md promises it to programs. */
const text = { type: 'string' };
const orNull = (schema: object) => ({ anyOf: [schema, { type: 'null' }] });
const number = { type: 'number', minimum: 0 };
const exact = (properties: Readonly<Record<string, object>>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const listOf = (items: object) => ({ type: 'array', items });
const mapOf = (values: object) => ({ type: 'object', additionalProperties: values });
const choice = (values: readonly string[]) => exact({ value: { enum: values }, why: text });

export const REPORT_SCHEMA = exact({
  url: text,
  checked_at: text,
  status: { enum: ['ok', 'near', 'wrong'] },
  plan: exact({ name: { enum: ['free', 'paid'] }, why: text }),
  versions: exact({
    worker: orNull(text),
    build: orNull(text),
    this_build: { type: 'string', pattern: '^[0-9a-f]{16}$' },
    schema: orNull(number),
    expected_schema: orNull(number),
  }),
  bindings: orNull(mapOf({ type: 'boolean' })),
  secrets: orNull(mapOf({ enum: ['set', 'short', 'same', 'missing'] })),
  settings: orNull(mapOf(orNull(text))),
  findings: listOf(
    exact({
      code: text,
      level: { enum: ['wrong', 'near', 'note'] },
      what: { type: 'string', minLength: 10 },
      advice: { type: 'string', minLength: 10 },
    }),
  ),
  limits: listOf(
    exact({
      name: text,
      value: number,
      limit: number,
      unit: text,
      share: number,
      level: { enum: ['ok', 'near', 'over'] },
      basis: text,
      advice: text,
      source: { type: 'string', pattern: '^https://' },
    }),
  ),
  volume: orNull(
    exact({
      events_per_second_of_busiest_hour: number,
      events_per_second_of_busiest_minute: orNull(number),
      events_a_day: number,
    }),
  ),
  modes: orNull(
    exact({
      ingest_mode: choice(['direct', 'queue']),
      event_store: choice(['d1', 'analytics_engine']),
      enough: { type: 'boolean' },
      current: exact({ ingest_mode: text, event_store: text }),
    }),
  ),
});
