/**
 * Days of which Analytics Engine has kept a sample. Its estimates become rows as those of columns are, so labels, order, pages and
 * comparisons are the same; each row gets the intervals of its numbers. What a sample cannot tell is null.
 */
import { type EstimatedGroup, estimate } from '../engine/estimate.ts';
import type { Estimate } from '../engine/interval.ts';
import { timeRuns } from '../engine/time-runs.ts';
import type { ColumnDimension } from '../model/dimensions.ts';
import { ENGAGEMENT, type Event, PAGEVIEW } from '../model/event.ts';
import type { Metric } from '../model/metrics.ts';
import { ok, type Result } from '../model/result.ts';
import { segments } from '../model/time-zone.ts';
import { countsOf, type ParameterRows, salesOf } from './column-rows.ts';
import { labels } from './columns/masks.ts';
import { ESTIMATED } from './day-states.ts';
import type { EventPages, SpanContext } from './engine-queries.ts';
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

const NONE: Estimate = { value: 0, low: 0, high: 0 };

/** The metrics that a sample tells. */
const TOLD: readonly string[] = ['visitors', 'events', 'pageviews', 'total_revenue'];

/** Null if the metric cannot be told from a sample. */
const isTold = ({ name }: Metric): boolean => TOLD.includes(name);

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
  const { pixel, moments, range } = context;
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
  const estimates = await estimate(pages.reader, {
    pixel: pixel.id,
    runs,
    time: query.time === null ? null : query.time === 'time:hour' ? 'hour' : 'day',
    fields,
    where,
    wants: {
      visitors: query.metrics.some(({ name }) => name === 'visitors'),
      sales: query.metrics.some(({ ofSales }) => ofSales),
    },
  });

  const groups = new Groups(query, context, fields);
  for (const group of estimates.groups) groups.addEstimate(group);
  for (const { start, end, day, offset } of stretches) {
    const ofDay = { pixel: pixel.id, since: start, until: end };
    for await (const { events } of pages.storedPagesOf(ofDay)) {
      for (const event of events) {
        if (event.name !== ENGAGEMENT && passes(event)) groups.addEvent(event, day, offset);
      }
    }
  }
  return ok({
    days: days.map((day) => ({ day, rolls: ESTIMATED, events: 0, as_of: null, is_purged: 0 })),
    rows: groups.rows(range.from),
    withMargins: (rows) => withMargins(rows, query.metrics, groups.byLabel(range.from)),
    warnings: warningsOf(query.metrics),
    interval: estimates.interval,
    share: estimates.share,
  });
}

function cannotBeTold(path: string, name: string): Result<never, QueryError> {
  const message = `Analytics Engine has kept only a sample of this range, from which ${name} cannot be told. Choose days that are not sampled, or another dimension.`;
  return invalidQuery([{ path, message }]);
}

interface Counted {
  readonly time: string;
  readonly values: readonly string[];
  events: Estimate;
  pageviews: Estimate;
  visitors: Estimate;
  /** The visitors whose events are in D1. */
  readonly known: Set<string>;
  readonly revenue: Map<string, { revenue: Estimate; sales: Estimate }>;
}

const plus = (a: Estimate, b: Estimate): Estimate => ({
  value: a.value + b.value,
  low: a.low + b.low,
  high: a.high + b.high,
});
const exactly = (value: number): Estimate => ({ value, low: value, high: value });

class Groups {
  readonly #query: ParsedQuery;
  readonly #context: SpanContext;
  readonly #fields: readonly ColumnDimension['column'][];
  readonly #groups = new Map<string, Counted>();

  constructor(query: ParsedQuery, context: SpanContext, fields: readonly ColumnDimension['column'][]) {
    this.#query = query;
    this.#context = context;
    this.#fields = fields;
  }

  addEstimate({ time, values, events, pageviews, visitors, sales }: EstimatedGroup): void {
    const group = this.#groupOf(time, values);
    group.events = plus(group.events, events);
    group.pageviews = plus(group.pageviews, pageviews);
    group.visitors = plus(group.visitors, visitors ?? NONE);
    for (const { currency, revenue, sales: count } of sales) this.#addSale(group, currency, revenue, count);
  }

  addEvent(event: Event, day: string, offset: number): void {
    const hour = new Date(event.ts + offset).toISOString().slice(11, 13);
    const { time } = this.#query;
    const label = time === null ? '' : time === 'time:hour' ? `${day} ${hour}:00:00` : day;
    const group = this.#groupOf(
      label,
      this.#fields.map((field) => event[field]),
    );
    group.events = plus(group.events, exactly(1));
    if (event.name === PAGEVIEW) group.pageviews = plus(group.pageviews, exactly(1));
    if (event.visitor !== '' && !group.known.has(event.visitor)) {
      group.known.add(event.visitor);
      group.visitors = plus(group.visitors, exactly(1));
    }
    if (event.value !== null && event.currency !== '') {
      this.#addSale(group, event.currency, exactly(event.value), exactly(1));
    }
  }

  #addSale(group: Counted, currency: string, revenue: Estimate, sales: Estimate): void {
    const before = group.revenue.get(currency) ?? { revenue: NONE, sales: NONE };
    group.revenue.set(currency, {
      revenue: plus(before.revenue, revenue),
      sales: plus(before.sales, sales),
    });
  }

  #groupOf(time: string, values: readonly string[]): Counted {
    const key = JSON.stringify([time, ...values]);
    let group = this.#groups.get(key);
    if (!group) {
      const counts = { events: NONE, pageviews: NONE, visitors: NONE };
      group = { time, values, ...counts, known: new Set(), revenue: new Map() };
      this.#groups.set(key, group);
    }
    return group;
  }

  rows(from: string): ParameterRows {
    const { counts, groupings } = needsOf(this.#query, this.#context);
    const { answer } = groupings;
    const rowsOfCounts: unknown[][] = [];
    const rowsOfSales: unknown[][] = [];
    for (const group of this.#groups.values()) {
      const keys = [...(answer.timed ? [this.#bucketOf(group.time, from)] : []), ...group.values];
      const count = (name: string): number =>
        name === 'events' || name === 'pageviews' || name === 'visitors' ? Math.round(group[name].value) : 0;
      rowsOfCounts.push([...keys, ...counts.map(count)]);
      for (const [currency, { revenue, sales }] of group.revenue) {
        rowsOfSales.push([...keys, currency, Math.round(revenue.value), Math.round(sales.value)]);
      }
    }
    return [
      [countsOf(answer.name), rowsOfCounts],
      [salesOf(answer.name), rowsOfSales],
    ];
  }

  /** By the labels of a row, as JSON. */
  byLabel(from: string): ReadonlyMap<string, SampledGroup> {
    const groups = new Map<string, SampledGroup>();
    for (const group of this.#groups.values()) {
      const label = JSON.stringify(this.#labelsOf(this.#bucketOf(group.time, from), group.values));
      groups.set(label, joined(groups.get(label), group));
    }
    return groups;
  }

  #bucketOf(time: string, from: string): string {
    return time.length > 10 || time === '' ? time : bucketOf(this.#query.time, time, from);
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
  { events, pageviews, visitors, revenue }: Counted,
): SampledGroup {
  const own = new Map([...revenue].map(([currency, sale]) => [currency, sale.revenue]));
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
  groups: ReadonlyMap<string, SampledGroup>,
): (T & RowWithMargins)[] {
  return rows.map((row) => {
    const group = groups.get(JSON.stringify(row.dimensions));
    return {
      ...row,
      metrics: row.metrics.map((value, place) => (isTold(metrics[place] as Metric) ? value : null)),
      margins: row.metrics.map((value, place) => marginOf(metrics[place] as Metric, value, group)),
    };
  });
}

function marginOf(metric: Metric, value: MetricValue, group: SampledGroup | undefined): Margin | null {
  if (value === null || !isTold(metric)) return null;
  if (typeof value === 'object') {
    const revenue = group?.revenue.get(value.currency) ?? NONE;
    const rounded = (micros: number): number => Math.round(value.value * 1e6 + micros) / 1e6;
    return [rounded(revenue.low - revenue.value), rounded(revenue.high - revenue.value)];
  }
  const told = group?.[metric.name as 'events' | 'pageviews' | 'visitors'] ?? NONE;
  const estimated = Math.round(told.value);
  return [Math.max(0, Math.floor(value - estimated + told.low)), Math.ceil(value - estimated + told.high)];
}

function warningsOf(metrics: readonly Metric[]): Record<string, unknown> {
  const warning = {
    code: 'sampled',
    warning:
      'Analytics Engine has kept only a sample of the events of this range, from which this metric cannot be told.',
  };
  return Object.fromEntries(metrics.filter((metric) => !isTold(metric)).map(({ name }) => [name, warning]));
}
