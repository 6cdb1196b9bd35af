/**
 * Parses a query: the body of `POST /api/v2/query`, in the language of the Plausible Stats API v2. An invalid query is rejected
 * with an error for each invalid part. filters.ts parses the filters.
 */
import * as v from 'valibot';
import { DIMENSION_NAMES, dimensionOf, GOAL, isTimeDimension, TIME_DIMENSIONS } from '../model/dimensions.ts';
import type { FieldError } from '../model/field-error.ts';
import { METRICS } from '../model/metrics.ts';
import { pathOf } from '../model/path.ts';
import { err, ok, type Result } from '../model/result.ts';
import { isDay } from '../model/time-zone.ts';
import { FilterParser } from './filters.ts';
import {
  type Filter,
  isGoalTest,
  type ParsedQuery,
  RANGE_NAMES,
  type Range,
  type RangeName,
} from './parsed-query.ts';

const MAX_DIMENSIONS = 4;
/** Each metric and dimension once. */
const MAX_ORDER = METRICS.size + MAX_DIMENSIONS;
/** A longer list is rejected before its items are checked, since each item could have an error of its own. */
const MAX_ITEMS = 100;
export const MAX_ROWS = 10_000;

const ATTRIBUTION_DAYS = 30;
const MAX_ATTRIBUTION_DAYS = 90;

const day = v.pipe(v.string(), v.check(isDay, 'Send a calendar date in the form YYYY-MM-DD.'));
const days = v.strictTuple([day, day]);

const MOMENT =
  /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const moment = v.pipe(
  v.string(),
  v.check(
    (text) => isDay(MOMENT.exec(text)?.[1] ?? ''),
    'Send a time with its offset, such as 2026-01-31T12:00:00+01:00.',
  ),
);

const matchDayOfWeek = { match_day_of_week: v.optional(v.boolean(), false) };
const Comparisons = v.variant('mode', [
  v.strictObject({ mode: v.picklist(['previous_period', 'year_over_year']), ...matchDayOfWeek }),
  v.strictObject({ mode: v.literal('custom'), date_range: days, ...matchDayOfWeek }),
]);

/** The shape of a query. `CHECKS` validate the names in it. */
export const QueryBody = v.strictObject({
  site_id: v.pipe(v.string('Send the id of the pixel as site_id.'), v.minLength(1)),
  metrics: v.pipe(
    v.array(v.string()),
    v.minLength(1, 'Send at least one metric.'),
    v.maxLength(METRICS.size, 'Send each metric only once.'),
  ),
  date_range: v.union(
    [v.picklist(RANGE_NAMES), days, v.strictTuple([moment, moment])],
    `Use one of ${RANGE_NAMES.join(', ')}, or two dates such as ["2026-01-01", "2026-01-31"], or two times with their offsets.`,
  ),
  dimensions: v.optional(v.pipe(v.array(v.string()), v.maxLength(MAX_DIMENSIONS)), []),
  filters: v.optional(v.array(v.unknown()), []),
  order_by: v.optional(
    v.pipe(v.array(v.strictTuple([v.string(), v.picklist(['asc', 'desc'])])), v.maxLength(MAX_ORDER)),
    [],
  ),
  include: v.optional(
    v.strictObject({
      imports: v.optional(v.boolean(), false),
      time_labels: v.optional(v.boolean(), false),
      total_rows: v.optional(v.boolean(), false),
      comparisons: v.optional(v.nullable(Comparisons), null),
      attribution_days: v.optional(
        v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_ATTRIBUTION_DAYS)),
        ATTRIBUTION_DAYS,
      ),
    }),
    {},
  ),
  pagination: v.optional(
    v.strictObject({
      limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_ROWS)), MAX_ROWS),
      offset: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e9)), 0),
    }),
    {},
  ),
});

/** A body of the right shape, with parsed filters. */
type Body = Omit<v.InferOutput<typeof QueryBody>, 'filters'> & {
  readonly filters: readonly Filter[];
  readonly filterErrors: readonly FieldError[];
};

export function parseQuery(body: unknown): Result<ParsedQuery, readonly FieldError[]> {
  const long = (['metrics', 'dimensions', 'order_by'] as const).filter(
    (list) => ((body as Record<string, unknown[]> | null)?.[list]?.length ?? 0) > MAX_ITEMS,
  );
  if (long.length > 0)
    return err(long.map((path) => ({ path, message: `Send at most ${MAX_ITEMS} items.` })));
  const parsed = v.safeParse(QueryBody, body);
  if (!parsed.success) return err(parsed.issues.flatMap(errorsOf));
  const parser = new FilterParser();
  const filters = parser.parse(parsed.output.filters);
  const parsedBody: Body = { ...parsed.output, filters, filterErrors: parser.errors };
  const errors = CHECKS.flatMap((check) => check(parsedBody));
  if (errors.length > 0) return err(errors);

  const { comparisons } = parsedBody.include;
  return ok({
    pixel: parsedBody.site_id,
    metrics: parsedBody.metrics.flatMap((name) => METRICS.get(name) ?? []),
    range: rangeOf(parsedBody.date_range),
    time: parsedBody.dimensions.find(isTimeDimension) ?? null,
    dimensions: parsedBody.dimensions.map(dimensionOf),
    filters,
    order: parsedBody.order_by,
    include: {
      ...parsedBody.include,
      comparisons: comparisons && {
        mode: comparisons.mode,
        range: customRange(comparisons),
        matchDayOfWeek: comparisons.match_day_of_week,
      },
    },
    pagination: parsedBody.pagination,
  });
}

/** The message of a union lists the allowed forms. If a value nearly fits one of them, the errors of that form say more. */
function errorsOf(issue: v.BaseIssue<unknown>): FieldError[] {
  const nested = issue.issues?.filter((inner) => inner.path !== undefined) ?? [];
  return (nested.length > 0 ? nested : [issue]).map((inner) => ({
    path: pathOf([...(issue.path ?? []), ...(inner === issue ? [] : (inner.path ?? []))]),
    message: inner.message,
  }));
}

/** The checks of a body. Errors are reported in this order. */
const CHECKS: readonly ((body: Body) => readonly FieldError[])[] = [
  (body) =>
    errorsIn(
      body,
      'metrics',
      (name) => !METRICS.has(name) && `Unknown metric. Known: ${[...METRICS.keys()].join(', ')}.`,
    ),
  (body) =>
    (['metrics', 'dimensions'] as const).flatMap((list) =>
      errorsIn(
        body,
        list,
        (name, index) => body[list].indexOf(name) < index && 'This is a duplicate. Remove it.',
      ),
    ),
  (body) => {
    const time = body.dimensions.findIndex(isTimeDimension);
    return errorsIn(body, 'dimensions', (name, index) => {
      if (index === time || dimensionOf(name)) return false;
      return isTimeDimension(name)
        ? 'Use only one time dimension.'
        : `Unknown dimension. Known: ${[...TIME_DIMENSIONS, ...DIMENSION_NAMES].join(', ')}.`;
    });
  },
  (body) => {
    const ofEvents = body.dimensions.find((name) => dimensionOf(name)?.scope === 'event');
    return errorsIn(
      body,
      'metrics',
      (name) =>
        ofEvents !== undefined &&
        METRICS.get(name)?.ofVisit &&
        `${name} describes complete visits and cannot be split by ${ofEvents}. Use a visit dimension, such as visit:entry_page.`,
    );
  },
  ({ filterErrors }) => filterErrors,
  (body) => {
    const { dimensions, filters } = body;
    const hasGoals = dimensions.includes(GOAL) || filters.some(isGoalTest);
    return errorsIn(body, 'metrics', (name) => {
      const of = METRICS.get(name)?.of;
      if (of === undefined || (of === 'whole' ? dimensions.length > 0 : hasGoals)) return false;
      return of === 'whole'
        ? `${name} is a share of the total. Add a dimension to split it by.`
        : `${name} needs a goal. Filter by ${GOAL} (not within and, or, not), or add it as a dimension.`;
    });
  },
  ({ order_by, metrics, dimensions }) =>
    order_by.flatMap(([key], index) => {
      const path = `order_by[${index}][0]`;
      if (order_by.findIndex(([other]) => other === key) < index) {
        return [{ path, message: 'This is a duplicate. Remove it.' }];
      }
      return metrics.includes(key) || dimensions.includes(key)
        ? []
        : [{ path, message: 'Order by a metric or dimension of the query.' }];
    }),
  ({ dimensions, include }) =>
    include.time_labels && !dimensions.some(isTimeDimension)
      ? [{ path: 'include.time_labels', message: 'Add a time dimension to get its labels.' }]
      : [],
  ({ date_range }) => backward('date_range', rangeOf(date_range)),
  ({ include }) => backward('include.comparisons.date_range', customRange(include.comparisons)),
];

/** The errors of a list's items. `messageOf` returns the error of one item, or nothing if it is valid. */
function errorsIn(
  body: Body,
  list: 'metrics' | 'dimensions',
  messageOf: (name: string, index: number) => string | false | undefined,
): FieldError[] {
  return body[list].flatMap((name, index) => {
    const message = messageOf(name, index);
    return message ? [{ path: `${list}[${index}]`, message }] : [];
  });
}

function rangeOf(range: Body['date_range']): Range {
  if (typeof range === 'string' || isDay(range[0])) return range as RangeName | [string, string];
  return { from: Date.parse(range[0]), to: Date.parse(range[1]) };
}

/** The comparison range that a query names; null if it names none. */
function customRange(comparisons: Body['include']['comparisons']): [string, string] | null {
  return comparisons?.mode === 'custom' ? comparisons.date_range : null;
}

function backward(path: string, range: Range | null): FieldError[] {
  if (range === null || typeof range === 'string') return [];
  const [from, to] = 'from' in range ? [range.from, range.to] : range;
  return from > to ? [{ path, message: 'The range ends before it begins.' }] : [];
}
