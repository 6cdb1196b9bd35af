/** The JSON Schemas of answers to queries. For the OpenAPI document only; nothing of this file is part of the Worker. */
import { count, day, listOf, mapOf, object, ref, text, time } from './schema-parts.ts';

const money = object({
  value: { type: 'number' },
  currency: { ...text, description: 'ISO 4217' },
  short: { ...text, examples: ['€12.5K'] },
  long: { ...text, examples: ['€12,500.00'] },
});
const metric = { anyOf: [{ type: 'number' }, money, { type: 'null' }] };
const change = { type: ['number', 'null'] };

const SOURCE = '(?:rollups|columns|events|estimates|imports)';

const importedDays = (description: string) => ({
  ...object({ days: count, from: day, to: day }, ['days']),
  description,
});

const meta = {
  type: 'object',
  properties: {
    source: {
      ...text,
      pattern: `^${SOURCE}(?:\\+${SOURCE})*$`,
      description: 'Where the numbers come from. With `min_group`, it depends on the query alone.',
    },
    events_read: {
      ...object({ columns: count, events: count }, ['columns', 'events']),
      description:
        'How many events were counted, from columns and one by one. Missing if rollups answered alone, and with `min_group`.',
    },
    as_of: {
      ...time,
      description:
        'If rollups are being recomputed: the age of the oldest. With `min_group`: the end of the last day in the result.',
    },
    sampled: {
      ...object({ interval: count, share: { type: 'number' } }),
      description:
        'If days are sampled: of how many events one was kept at worst, and the part that was kept.',
    },
    total_rows: count,
    min_group: {
      ...count,
      description: 'Groups of fewer visitors are left out. Counts are rounded to multiples of it.',
    },
    time_labels: listOf(text),
    imports_included: {
      type: 'boolean',
      description: 'With `include.imports`: whether imported totals are added, here or in the comparison.',
    },
    imports_skip_reason: {
      enum: ['no_imported_data', 'out_of_range', 'unsupported_interval', 'unsupported_query'],
      description: 'Why none are.',
    },
    imports_warning: text,
    imports: importedDays('The days of the result that are imported. With `min_group`, `days` is missing.'),
    comparison_imports: importedDays('The same of the comparison.'),
    metric_warnings: mapOf({ type: 'object' }),
    comparison_date_range: { ...listOf(text), minItems: 2, maxItems: 2 },
    comparison_until: { ...time, description: 'Where its last day ends, if the range ends today.' },
  },
  required: ['source'],
};
const query = { type: 'object', description: 'The query as Speck parsed it.' };

export const QUERY_SCHEMAS = {
  QueryResult: object({
    results: listOf(
      object(
        {
          metrics: listOf(metric),
          dimensions: listOf(text),
          comparison: object({ metrics: listOf(metric), dimensions: listOf(text), change: listOf(change) }),
          margins: {
            ...listOf({
              anyOf: [{ ...listOf({ type: 'number' }), minItems: 2, maxItems: 2 }, { type: 'null' }],
            }),
            description: 'With `meta.sampled`: the ends of the interval of each metric, of 95 %.',
          },
        },
        ['comparison', 'margins'],
      ),
    ),
    meta,
    query,
  }),
  QueryAnswer: {
    anyOf: [
      ref('QueryResult'),
      {
        ...listOf({ anyOf: [ref('QueryResult'), ref('Problem')] }),
        description: 'For a list of queries: the result or the problem of each, in the same order.',
      },
    ],
  },
  NamedQueryResult: object({
    results: listOf({
      type: 'object',
      properties: { comparison: mapOf(metric), change: mapOf(change) },
      additionalProperties: { anyOf: [metric, text] },
      examples: [{ page: '/', visitors: 3 }],
    }),
    meta,
    query: { ...query, description: 'The query as a body of POST /api/v2/query.' },
  }),
} as const;
