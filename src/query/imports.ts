/**
 * Imported totals in queries: which queries they can answer, and for which days. The reasons and the rules are those of Plausible, whose
 * exports have one dimension in each table. A day that has events of its own is answered from these alone.
 */
import { type ColumnDimension, type Dimension, dimensionOf } from '../model/dimensions.ts';
import type { Metric, MetricName } from '../model/metrics.ts';
import type { Pixel } from '../model/pixel.ts';
import { addDays } from '../model/time-zone.ts';
import { type Filter, type ParsedQuery, testsIn } from './parsed-query.ts';
import type { DayRange } from './range.ts';
import type { Span } from './spans.ts';

/** Why an answer has no imported totals, in the words of Plausible's API. */
export type SkipReason = 'no_imported_data' | 'out_of_range' | 'unsupported_interval' | 'unsupported_query';

/** Sentences for people. Other reasons speak for themselves, as in Plausible. */
export const SKIP_WARNINGS: Readonly<Partial<Record<SkipReason, string>>> = {
  unsupported_query:
    'Imported stats are not included in the results because query parameters are not supported. For more information, see: https://plausible.io/docs/stats-api#filtering-imported-stats',
  unsupported_interval:
    'Imported stats are not included because the time dimension (i.e. the interval) is too short.',
};

type ImportedSpan = Pick<Span, 'range' | 'moments' | 'trimmed'>;

/** Why imported totals cannot answer a query in a span; null if they can. */
export function skipReason(
  query: ParsedQuery,
  { range, moments, trimmed }: ImportedSpan,
  { imported }: Pick<Pixel, 'imported'>,
): SkipReason | null {
  if (query.time === 'time:hour') return 'unsupported_interval';
  if (imported === undefined) return 'no_imported_data';
  if (range.from > imported.to || range.to < imported.from) return 'out_of_range';
  const hasTimes = moments !== null && trimmed === null;
  return hasTimes || importedDimension(query) === null ? 'unsupported_query' : null;
}

/** The days of a span that imported totals may answer, if the query asks for them; null for none. */
export function importedRange(
  query: ParsedQuery,
  span: ImportedSpan,
  pixel: Pick<Pixel, 'imported'>,
): DayRange | null {
  const { imported } = pixel;
  if (!query.include.imports || !imported || skipReason(query, span, pixel) !== null) return null;
  const { range, trimmed } = span;
  // Totals of a day have no part of it.
  const last = trimmed === null ? range.to : addDays(trimmed, -1);
  const both = { from: max(range.from, imported.from), to: min(last, imported.to) };
  return both.from <= both.to ? both : null;
}

/** What imported totals have answered. */
export interface ImportsAnswered {
  /** The days that they answer; null for none. With small-group protection, all days that they may answer, without their number. */
  readonly own: ImportedDays | null;
  /** The same of the comparison. */
  readonly other: ImportedDays | null;
  /** Why they answer none of the query's own days. */
  readonly reason: SkipReason | null;
}

interface ImportedDays extends DayRange {
  readonly days?: number;
}

interface Answered extends ImportedSpan {
  readonly pixel: Pixel;
  readonly imported?: DayRange;
  readonly days: { readonly imported?: ImportedDays };
  readonly reportable: unknown;
}

export function importsAnswered(
  query: ParsedQuery,
  own: Answered,
  other: Answered | undefined,
): ImportsAnswered {
  const daysOf = (one: Answered | undefined): ImportedDays | null => {
    if (!one?.imported) return null;
    return one.reportable === null ? (one.days.imported ?? null) : one.imported;
  };
  // If the totals have none of these days, or only of days with events, the range is out of theirs.
  const reason = own.imported ? null : (skipReason(query, own, own.pixel) ?? 'out_of_range');
  return { own: daysOf(own), other: daysOf(other), reason };
}

/**
 * The dimension of the totals that answer a query: that of its rows and of all its filters, as rollups name it; `''` for the day itself.
 * Null if the totals of one dimension cannot answer it.
 */
export function importedDimension({ dimensions, filters, metrics }: ParsedQuery): string | null {
  if (filters.some(isOfBehaviour)) return null;
  if (metrics.length > 0 && metrics.every(({ name }) => lacking(name, '') === 'always')) return null;
  const used = [
    ...dimensions.filter((dimension) => dimension !== null),
    ...filters.flatMap(testsIn).map(({ dimension }) => dimension),
  ];
  const names = new Set(used.map(rollupOf));
  const [name = ''] = names;
  return names.size > 1 || name === null ? null : name;
}

const rollupOf = (dimension: Dimension): string | null =>
  dimension.kind === 'column' ? dimension.rollup : null;

function isOfBehaviour(filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.some(isOfBehaviour);
    case 'not':
      return isOfBehaviour(filter.filter);
    case 'done':
      return true;
    case 'test':
      return false;
  }
}

/** Whether totals of a dimension lack a metric: always, for this dimension, or not. */
function lacking(metric: MetricName, dimension: string): 'always' | 'here' | null {
  switch (metric) {
    case 'visitors':
    case 'pageviews':
    case 'percentage':
      return null;
    case 'views_per_visit':
    case 'bounce_rate':
    case 'visit_duration':
    case 'visits':
      return dimension === 'event:name' ? 'here' : null;
    case 'events':
      return dimension === '' || dimension === 'event:name' || dimension === 'event:page' ? null : 'here';
    case 'time_on_page':
    case 'scroll_depth':
      return dimension === 'event:page' ? null : 'here';
    default:
      return 'always';
  }
}

/** The warnings of metrics that imported totals do not have, or do not have by this dimension. */
export function importWarnings(query: ParsedQuery): Record<string, unknown> {
  const dimension = importedDimension(query) ?? '';
  return Object.fromEntries(
    query.metrics.flatMap(({ name }: Metric) => {
      const lack = lacking(name, dimension);
      if (lack === null) return [];
      const by =
        lack === 'here' && dimension !== '' ? ` by ${(dimensionOf(dimension) as ColumnDimension).name}` : '';
      const warning =
        name === 'events'
          ? `Of imported days, ${name}${by} are page views only.`
          : `Imported totals have no ${name}${by}: it is that of Speck's own events.`;
      return [[name, { code: `no_imported_${name}`, warning }]];
    }),
  );
}

const min = (one: string, other: string): string => (one < other ? one : other);
const max = (one: string, other: string): string => (one > other ? one : other);
