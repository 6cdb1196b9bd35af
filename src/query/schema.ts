/** The JSON Schema of the names and filters of a query, which language.ts and filters.ts check without a schema. */
import { DIMENSION_NAMES, PROPERTY_PREFIX, TIME_DIMENSIONS } from '../model/dimensions.ts';
import { METRICS } from '../model/metrics.ts';
import { MAX_FILTER_DEPTH, MAX_FILTER_VALUES, MAX_FILTERS, MAX_PATTERNS } from './filters.ts';

const PROPERTY = { type: 'string', pattern: `^${PROPERTY_PREFIX}.`, description: 'A custom property.' };

const NAMES = DIMENSION_NAMES.filter((name) => !name.startsWith(PROPERTY_PREFIX));

/** A dimension that filters can use: all but those of time. */
const FILTERABLE = { anyOf: [{ enum: NAMES }, PROPERTY] };

export const METRIC = { enum: [...METRICS.keys()] };

export const DIMENSION = { anyOf: [{ enum: [...TIME_DIMENSIONS, ...NAMES] }, PROPERTY] };

const tuple = (items: readonly unknown[], least = items.length) => ({
  type: 'array',
  prefixItems: items,
  items: false,
  minItems: least,
});

const VALUES = { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: MAX_FILTER_VALUES };

/** @param self where this schema can be referred to, such as `#/components/schemas/Filter`. */
export const filterSchema = (self: string) => ({
  description: `Up to ${MAX_FILTERS} in all, ${MAX_FILTER_DEPTH} deep.`,
  anyOf: [
    tuple(
      [
        { enum: ['is', 'is_not', 'contains', 'contains_not'] },
        FILTERABLE,
        VALUES,
        {
          type: 'object',
          properties: { case_sensitive: { type: 'boolean' } },
          additionalProperties: false,
        },
      ],
      3,
    ),
    tuple([{ enum: ['matches', 'matches_not'] }, FILTERABLE, { ...VALUES, maxItems: MAX_PATTERNS }]),
    tuple([{ enum: ['and', 'or'] }, { type: 'array', items: { $ref: self }, minItems: 1 }]),
    tuple([{ enum: ['not', 'has_done', 'has_not_done'] }, { $ref: self }]),
  ],
});
