/**
 * Days of which Analytics Engine has kept a sample. Its estimates become rows as those of columns are, so labels, order, pages and
 * comparisons are the same; each row gets the intervals of its numbers. What a sample cannot tell is null.
 */
import { estimate } from '../engine/estimate.ts';
import { ATTRIBUTION_FIELDS } from '../engine/fields.ts';
import type { Estimate } from '../engine/interval.ts';
import { timeRuns } from '../engine/time-runs.ts';
import type { ColumnDimension } from '../model/dimensions.ts';
import { ENGAGEMENT } from '../model/event.ts';
import type { Metric } from '../model/metrics.ts';
import { ok, type Result } from '../model/result.ts';
import { segments } from '../model/time-zone.ts';
import { countsOf, type ParameterRows, salesOf } from './column-rows.ts';
import { labels } from './columns/masks.ts';
import { ESTIMATED } from './day-states.ts';
import type { EventPages, SpanContext } from './engine-queries.ts';
import { type CountedGroup, countIn, EstimatedGroups, NONE, plus } from './estimated-groups.ts';
import type { Meter } from './meter.ts';
import { needsOf } from './needs.ts';
import type { ParsedQuery } from './parsed-query.ts';
import { invalidQuery, type QueryError } from './query-error.ts';
import { bucketOf } from './range.ts';
import type { MetricValue, Row } from './rows.ts';
import type { Margin, RowWithMargins, Sampled } from './sampled-answer.ts';
import { isPlain, sampledFilters } from './sampled-filters.ts';

type SampledGroup = Readonly<Record<'events' | 'pageviews' | 'visitors', Estimate>> & {
  readonly revenue: ReadonlyMap<string, Estimate>;
};

/** The metrics that a sample tells. */
const TOLD: readonly string[] = ['visitors', 'events', 'pageviews', 'total_revenue'];
/** The same by what brought a visit, which only the visit's first event says. */
const TOLD_OF_ATTRIBUTION: readonly string[] = ['visitors'];

const isAttribution = ({ column }: ColumnDimension): boolean => ATTRIBUTION_FIELDS.has(column);

/**
 * Estimates sampled days.
 *
 * @throws EngineError, and what D1 throws.
 */
export async function readSampled(
  pages: EventPages,
  query: ParsedQuery,
  context: SpanContext,
  days: readonly string[],
  meter: Meter,
): Promise<Result<Sampled, QueryError>> {
  const dimensions = query.dimensions.filter((dimension) => dimension !== null);
  const other = dimensions.find((one) => !isPlain(one));
  if (other) return cannotBeTold('dimensions', other.name);
  const fields = (dimensions as readonly ColumnDimension[]).map(({ column }) => column);
  const { pixel, moments } = context;
  const stretches = days
    .flatMap((day) => segments(pixel.timezone, day, day))
    .map((one) => ({
      ...one,
      start: Math.max(one.start, moments?.from ?? one.start),
      end: Math.min(one.end, moments ? moments.to + 1 : one.end),
    }))
    .filter(({ start, end }) => start < end);
  const runs = timeRuns(stretches);
  const filters = await sampledFilters(pages, query, pixel, runs, meter);
  if (!filters.ok) return filters;
  const { where, passes } = filters.value;
  const time = query.time === null ? null : query.time === 'time:hour' ? 'hour' : 'day';
  const estimates = await estimate(pages.reader, {
    pixel: pixel.id,
    runs,
    time,
    fields,
    where,
    wants: {
      visitors: query.metrics.some(({ name }) => name === 'visitors'),
      sales: query.metrics.some(({ ofSales }) => ofSales),
    },
  });

  const groups = new EstimatedGroups(time, fields);
  for (const group of estimates.groups) groups.addEstimate(group);
  for (const { start, end, day, offset } of stretches) {
    const ofDay = { pixel: pixel.id, since: start, until: end };
    for await (const { events } of pages.storedPagesOf(ofDay)) {
      for (const event of events) {
        if (event.name !== ENGAGEMENT && passes(event)) groups.addEvent(event, day, offset);
      }
    }
  }
  const told = (dimensions as readonly ColumnDimension[]).some(isAttribution) ? TOLD_OF_ATTRIBUTION : TOLD;
  const answer = new Answer(query, context, groups);
  return ok({
    days: days.map((day) => ({ day, rolls: ESTIMATED, events: 0, as_of: null, is_purged: 0 })),
    rows: answer.rows(),
    withMargins: (rows) => withMargins(rows, query.metrics, told, answer.byLabel()),
    warnings: warningsOf(query.metrics, told),
    interval: estimates.interval,
    share: estimates.share,
  });
}

function cannotBeTold(path: string, name: string): Result<never, QueryError> {
  const message = `Analytics Engine has kept only a sample of this range, from which ${name} cannot be told. Choose days that are not sampled, or another dimension.`;
  return invalidQuery([{ path, message }]);
}

/** The groups of an answer. */
class Answer {
  readonly #query: ParsedQuery;
  readonly #context: SpanContext;
  readonly #groups: EstimatedGroups;

  constructor(query: ParsedQuery, context: SpanContext, groups: EstimatedGroups) {
    this.#query = query;
    this.#context = context;
    this.#groups = groups;
  }

  rows(): ParameterRows {
    const { counts, groupings } = needsOf(this.#query, this.#context);
    const { answer } = groupings;
    const rowsOfCounts: unknown[][] = [];
    const rowsOfSales: unknown[][] = [];
    for (const group of this.#groups.all()) {
      const keys = [...(answer.timed ? [this.#bucketOf(group.time)] : []), ...group.values];
      rowsOfCounts.push([...keys, ...counts.map((name) => countIn(group, name))]);
      for (const [currency, { revenue, sales }] of group.sales) {
        rowsOfSales.push([...keys, currency, Math.round(revenue.value), Math.round(sales.value)]);
      }
    }
    return [
      [countsOf(answer.name), rowsOfCounts],
      [salesOf(answer.name), rowsOfSales],
    ];
  }

  /** By the labels of a row, as JSON. */
  byLabel(): ReadonlyMap<string, SampledGroup> {
    const groups = new Map<string, SampledGroup>();
    for (const group of this.#groups.all()) {
      const label = JSON.stringify(this.#labelsOf(this.#bucketOf(group.time), group.values));
      groups.set(label, joined(groups.get(label), group));
    }
    return groups;
  }

  #bucketOf(time: string): string {
    return time.length > 10 || time === ''
      ? time
      : bucketOf(this.#query.time, time, this.#context.range.from);
  }

  #labelsOf(bucket: string, values: readonly string[]): string[] {
    let next = 0;
    return this.#query.dimensions.map((dimension) =>
      dimension === null ? bucket : labels(dimension)(values[next++] ?? ''),
    );
  }
}

function joined(
  before: SampledGroup | undefined,
  { events, pageviews, visitors, sales }: CountedGroup,
): SampledGroup {
  const own = new Map([...sales].map(([currency, { revenue }]) => [currency, revenue]));
  if (!before) return { events, pageviews, visitors, revenue: own };
  for (const [currency, sum] of before.revenue) own.set(currency, plus(own.get(currency) ?? NONE, sum));
  return {
    events: plus(before.events, events),
    pageviews: plus(before.pageviews, pageviews),
    visitors: plus(before.visitors, visitors),
    revenue: own,
  };
}

function withMargins<T extends Row>(
  rows: readonly T[],
  metrics: readonly Metric[],
  told: readonly string[],
  groups: ReadonlyMap<string, SampledGroup>,
): (T & RowWithMargins)[] {
  return rows.map((row) => {
    const group = groups.get(JSON.stringify(row.dimensions));
    return {
      ...row,
      metrics: row.metrics.map((value, place) => (told.includes(metrics[place]?.name ?? '') ? value : null)),
      margins: row.metrics.map((value, place) => marginOf(metrics[place] as Metric, value, told, group)),
    };
  });
}

function marginOf(
  metric: Metric,
  value: MetricValue,
  told: readonly string[],
  group: SampledGroup | undefined,
): Margin | null {
  if (value === null || !told.includes(metric.name)) return null;
  if (typeof value === 'object') {
    const revenue = group?.revenue.get(value.currency) ?? NONE;
    const rounded = (micros: number): number => Math.round(value.value * 1e6 + micros) / 1e6;
    return [rounded(revenue.low - revenue.value), rounded(revenue.high - revenue.value)];
  }
  const counted = group?.[metric.name as 'events' | 'pageviews' | 'visitors'] ?? NONE;
  const estimated = Math.round(counted.value);
  return [
    Math.max(0, Math.floor(value - estimated + counted.low)),
    Math.ceil(value - estimated + counted.high),
  ];
}

function warningsOf(metrics: readonly Metric[], told: readonly string[]): Record<string, unknown> {
  const warning = {
    code: 'sampled',
    warning:
      'Analytics Engine has kept only a sample of the events of this range, from which this metric cannot be told.',
  };
  return Object.fromEntries(
    metrics.filter(({ name }) => !told.includes(name)).map(({ name }) => [name, warning]),
  );
}
