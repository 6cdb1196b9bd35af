/** The result of a query, in the form of the Plausible Stats API v2. */
import type { Metric } from '../model/metrics.ts';
import type { Pixel } from '../model/pixel.ts';
import { dayStart, localDay } from '../model/time-zone.ts';
import type { ResultRow } from './compare.ts';
import { ESTIMATED } from './day-states.ts';
import { type ImportsAnswered, importWarnings, SKIP_WARNINGS } from './imports.ts';
import type { Filter, Moments, ParsedQuery } from './parsed-query.ts';
import { timeLabels } from './range.ts';
import type { QueryRows } from './rows.ts';
import type { Sampled } from './sampled-answer.ts';
import { isProtected } from './small-groups.ts';
import { canUseColumns } from './sources.ts';
import { momentsOf, type QuerySpans } from './spans.ts';

export interface QueryResult {
  readonly results: readonly ResultRow[];
  readonly meta: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
}

/**
 * @param requested the query as it was parsed, whose `time` may still be without a grain.
 * @param comparedUntil where the comparison's last day ends, if that is before the end of the day.
 * @param read its own rows; `results` are the same, or the same with a comparison.
 * @param imports what imported totals have answered; null if the query does not ask for them.
 * @param sampled what has been estimated; null if nothing has.
 */
export function present(
  requested: ParsedQuery,
  { query, range, comparedRange }: QuerySpans,
  comparedUntil: number | null,
  read: QueryRows,
  results: readonly ResultRow[],
  imports: ImportsAnswered | null,
  sampled: Sampled | null,
  pixel: Pixel,
  now: number,
): QueryResult {
  const { time, metrics } = query;
  const { time_labels } = requested.include;
  const { timezone, settings } = pixel;
  const isSafe = isProtected(settings.min_group);
  const metricWarnings = {
    ...(imports?.own || imports?.other ? importWarnings(query) : {}),
    ...(read.hasMultipleCurrencies ? warnings(metrics) : {}),
    ...sampled?.warnings,
  };
  return {
    results,
    meta: {
      ...(isSafe
        ? { ...protectedSource(query, read, imports, timezone, now), min_group: settings.min_group }
        : sourceOf(read, imports)),
      ...(imports ? importsMeta(imports) : {}),
      ...(sampled ? { sampled: { interval: sampled.interval, share: roundedShare(sampled.share) } } : {}),
      ...(time_labels && time && time !== 'time' ? { time_labels: timeLabels(time, timezone, range) } : {}),
      ...(read.total === null ? {} : { total_rows: read.total }),
      ...(Object.keys(metricWarnings).length > 0 ? { metric_warnings: metricWarnings } : {}),
      ...(comparedRange
        ? { comparison_date_range: 'from' in comparedRange ? isoMoments(comparedRange) : comparedRange }
        : {}),
      ...(comparedUntil === null ? {} : { comparison_until: new Date(comparedUntil).toISOString() }),
    },
    query: echo(requested, time, [range.from, range.to]),
  };
}

/**
 * The sources of the numbers, `rollups`, `columns`, `events`, `estimates`, `imports` or several of them; how many events were counted, from columns and one by
 * one; and when the oldest outdated rollup was made.
 */
function sourceOf(
  { usesRollups, days, columnDays, events }: QueryRows,
  imports: ImportsAnswered | null,
): Record<string, unknown> {
  const { rolled, live } = days;
  const byRollups = usesRollups && rolled > 0;
  const byColumns = columnDays.some(({ rolls }) => rolls !== ESTIMATED);
  const byEstimates = columnDays.some(({ rolls }) => rolls === ESTIMATED);
  const byImports = Boolean(imports?.own);
  const byEvents =
    (usesRollups ? live : live + rolled) > 0 || !(byRollups || byColumns || byImports || byEstimates);
  const sources = [
    byRollups && 'rollups',
    byColumns && 'columns',
    byEvents && 'events',
    byEstimates && 'estimates',
    byImports && 'imports',
  ];
  const outdated = [usesRollups ? days.as_of : null, ...columnDays.map(({ as_of }) => as_of)];
  const times = outdated.filter((time) => time !== null);
  const eventsRead = {
    ...(byColumns ? { columns: columnDays.reduce((sum, day) => sum + day.events, 0) } : {}),
    ...(byEvents ? { events } : {}),
  };
  return {
    source: sources.filter((source) => source !== false).join('+'),
    ...(byColumns || byEvents ? { events_read: eventsRead } : {}),
    ...(times.length > 0 ? { as_of: new Date(Math.min(...times)).toISOString() } : {}),
  };
}

/**
 * The same with small-group protection: when the last reported day ended. Nothing here depends on the state of days, which says
 * something about their events.
 */
function protectedSource(
  query: ParsedQuery,
  { usesRollups }: QueryRows,
  imports: ImportsAnswered | null,
  zone: string,
  now: number,
): Record<string, string> {
  const source = usesRollups ? 'rollups' : canUseColumns(query) ? 'columns' : 'events';
  const all = imports?.own ? `${source}+imports` : source;
  return { source: all, as_of: new Date(dayStart(zone, localDay(zone, now))).toISOString() };
}

const roundedShare = (share: number): number => Number(share.toPrecision(4));

/** In the words of Plausible's API, and which days are imported. */
function importsMeta({ own, other, reason }: ImportsAnswered): Record<string, unknown> {
  if (!own && !other) {
    const warning = reason && SKIP_WARNINGS[reason];
    return {
      imports_included: false,
      ...(reason ? { imports_skip_reason: reason } : {}),
      ...(warning ? { imports_warning: warning } : {}),
    };
  }
  return {
    imports_included: true,
    ...(own ? { imports: own } : {}),
    ...(other ? { comparison_imports: other } : {}),
  };
}

function warnings(metrics: readonly Metric[]): Record<string, unknown> {
  const warning = {
    code: 'no_single_revenue_currency',
    warning: 'Amounts of different currencies are never added. Add the dimension event:currency.',
  };
  return Object.fromEntries(metrics.filter(({ ofSales }) => ofSales).map(({ name }) => [name, warning]));
}

function isoMoments({ from, to }: Moments): readonly [string, string] {
  return [new Date(from).toISOString(), new Date(to).toISOString()];
}

/** The query as Speck interpreted it. */
function echo(
  query: ParsedQuery,
  time: ParsedQuery['time'],
  days: readonly [string, string],
): Record<string, unknown> {
  const { comparisons, ...include } = query.include;
  const moments = momentsOf(query.range);
  return {
    site_id: query.pixel,
    metrics: query.metrics.map(({ name }) => name),
    date_range: moments ? isoMoments(moments) : days,
    dimensions: query.dimensions.map((dimension) => dimension?.name ?? time),
    filters: query.filters.map(echoFilter),
    order_by: query.order,
    include: {
      ...include,
      ...(comparisons
        ? {
            comparisons: {
              mode: comparisons.mode,
              ...(comparisons.range ? { date_range: comparisons.range } : {}),
              ...(comparisons.matchDayOfWeek ? { match_day_of_week: true } : {}),
            },
          }
        : {}),
    },
    pagination: query.pagination,
  };
}

function echoFilter(filter: Filter): unknown {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return [filter.kind, filter.filters.map(echoFilter)];
    case 'not':
      return ['not', echoFilter(filter.filter)];
    case 'done':
      return [filter.negated ? 'has_not_done' : 'has_done', echoFilter(filter.filter)];
    case 'test': {
      const { comparison, negated, dimension, values, caseSensitive } = filter;
      return [
        negated ? `${comparison}_not` : comparison,
        dimension.name,
        values,
        ...(caseSensitive ? [] : [{ case_sensitive: false }]),
      ];
    }
  }
}
