/**
 * `GET /api/v1/pixels/:id/stats`: a query as URL parameters, for curl and spreadsheets. It is translated into a body of
 * `POST /api/v2/query`, which is checked in one place. Errors are translated back to the parameters.
 */
import * as v from 'valibot';
import { DIMENSION_NAMES, dimensionOf, PROPERTY_PREFIX, TIME_DIMENSIONS } from '../model/dimensions.ts';
import type { FieldError } from '../model/field-error.ts';
import { METRICS } from '../model/metrics.ts';
import { MAX_ROWS } from '../query/language.ts';
import { answerQuery, requireQuery } from './answer-query.ts';
import type { PixelCall } from './call.ts';
import { badParameter, badParameters, commaList, integer } from './parameters.ts';
import { PERIOD, rangeOf } from './period.ts';
import type { Problem } from './problem.ts';
import {
  csvOf,
  csvResponse,
  jsonOf,
  jsonResponse,
  namedRows,
  RESPONSE_FORMATS,
  responseFormatOf,
} from './query-response.ts';

const COMPARISONS = ['previous_period', 'year_over_year'] as const;
const EVENT_METRICS = ['visitors', 'pageviews'];
const VISIT_METRICS = ['visitors', 'visits', 'pageviews'];

/** Longer operators first, since `!~` contains `~`. */
const OPERATORS: ReadonlyMap<string, string> = new Map([
  ['==', 'is'],
  ['!=', 'is_not'],
  ['!~', 'contains_not'],
  ['~', 'contains'],
]);

export const StatsQuery = v.strictObject({
  ...PERIOD,
  by: v.pipe(
    v.optional(commaList(v.string()), []),
    v.description(
      'Dimensions, by the last part of their names or the full names: `page`, `source`, `country`, `day`, `props:plan`.',
    ),
  ),
  metrics: v.pipe(
    v.optional(commaList(v.string())),
    v.description(
      `Default: ${VISIT_METRICS.join(', ')}; by an event dimension: ${EVENT_METRICS.join(', ')}.`,
    ),
  ),
  filter: v.pipe(
    v.optional(v.array(v.string()), []),
    v.description(
      'A dimension, an operator (`==` is, `!=` is not, `~` contains, `!~` does not contain) and values separated by `|`, any of which may match: `source==Google|Bing`. If the parameter is repeated, all filters must match.',
    ),
  ),
  order: v.pipe(
    v.optional(commaList(v.string())),
    v.description('Metrics and dimensions, each with `:asc` or `:desc`: `visitors:desc,page:asc`.'),
  ),
  compare: v.pipe(
    v.optional(v.picklist(COMPARISONS, `Use one of ${COMPARISONS.join(', ')}.`)),
    v.description('Another range to compare each row with.'),
  ),
  imports: v.pipe(
    v.optional(v.picklist(['true', 'false'], 'Use true or false.')),
    v.description('Whether imported totals are added. Default: false.'),
  ),
  limit: v.pipe(v.optional(integer(1, MAX_ROWS)), v.description(`The most rows. Default: ${MAX_ROWS}.`)),
  page: v.pipe(v.optional(integer(1, 100_000)), v.description('The page of `limit` rows. Default: 1.')),
  format: v.pipe(
    v.optional(v.picklist(RESPONSE_FORMATS, `Use one of ${RESPONSE_FORMATS.join(', ')}.`)),
    v.description('Default: as the header Accept prefers.'),
  ),
});

type Stats = v.InferOutput<typeof StatsQuery>;

export async function readStats(call: PixelCall<Stats>): Promise<Response> {
  const { request, pixel, query } = call;
  const body = bodyOf(pixel.id, query);
  const toProblem = (errors: readonly FieldError[]): Problem => problemOf(errors, query);
  const result = await answerQuery(call, requireQuery(body, toProblem), toProblem);
  const names = { dimensions: query.by, metrics: body.metrics };
  return (query.format ?? responseFormatOf(request)) === 'csv'
    ? csvResponse(request, await csvOf(result, names))
    : jsonResponse(request, await jsonOf(result, namedRows(result, names)));
}

/** The query as a body of `POST /api/v2/query`. @throws Problem if a filter cannot be parsed. */
export function bodyOf(id: string, query: Stats) {
  const { limit = MAX_ROWS, page = 1 } = query;
  const dimensions = query.by.map(dimensionName);
  const hasEventDimension = dimensions.some((name) => dimensionOf(name)?.scope === 'event');
  return {
    site_id: id,
    metrics: query.metrics ?? (hasEventDimension ? EVENT_METRICS : VISIT_METRICS),
    date_range: rangeOf(query),
    dimensions,
    filters: query.filter.map(filterOf),
    ...(query.order && { order_by: query.order.map(orderOf) }),
    include: {
      ...(query.imports === 'true' && { imports: true }),
      ...(query.compare && { comparisons: { mode: query.compare } }),
    },
    pagination: { limit, offset: (page - 1) * limit },
  };
}

function filterOf(text: string, index: number): [string, string, string[]] {
  const [, name = '', sign = '', values = ''] = /^(.+?)(==|!=|!~|~)(.*)$/s.exec(text) ?? [];
  const operator = OPERATORS.get(sign);
  if (operator !== undefined) return [operator, dimensionName(name), values.split('|')];
  const message = `A filter is a dimension, one of ${[...OPERATORS.keys()].join(' ')}, and a value, such as source==Google.`;
  throw badParameter(`filter[${index}]`, message);
}

/** By default, metrics are in descending order and dimensions in ascending order. */
function orderOf(text: string): [string, string] {
  const [, key = '', direction] = /^(.*?)(?::(asc|desc))?$/s.exec(text) ?? [];
  return METRICS.has(key) ? [key, direction ?? 'desc'] : [dimensionName(key), direction ?? 'asc'];
}

/** Dimensions by the part of their names after the colon. */
const SHORT_NAMES: ReadonlyMap<string, string> = new Map(
  [...DIMENSION_NAMES, ...TIME_DIMENSIONS].map((name) => [name.slice(name.indexOf(':') + 1), name]),
);

function dimensionName(name: string): string {
  return name.startsWith('props:')
    ? PROPERTY_PREFIX + name.slice('props:'.length)
    : (SHORT_NAMES.get(name) ?? name);
}

/** Paths of errors in the body, and the parameters that they come from. */
const PARAMETERS: readonly (readonly [RegExp, string])[] = [
  [/^dimensions/, 'by'],
  [/^filters(\[\d+\])?.*/, 'filter$1'],
  [/^order_by(\[\d+\]).*/, 'order$1'],
  [/^pagination\.limit/, 'limit'],
  [/^pagination\.offset/, 'page'],
  [/^include\.comparisons.*/, 'compare'],
];

function problemOf(errors: readonly FieldError[], query: Stats): Problem {
  const range = query.from === undefined ? 'period' : 'from';
  return badParameters(
    errors.map(({ path, message }) => {
      const [bodyPath, parameter] = PARAMETERS.find(([pattern]) => pattern.test(path)) ?? [
        /^date_range.*/,
        range,
      ];
      return { path: path.replace(bodyPath, parameter), message };
    }),
  );
}
