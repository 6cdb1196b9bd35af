/**
 * The registry of metrics, named and defined as in the Plausible Stats API v2. Each is computed from the additive
 * counts that a rollup row keeps, so that a metric over many days is computed from sums, never averaged from
 * averages. docs/metrics.md defines each in a sentence and a formula.
 */

/** The additive counts of a group of visits or events. `duration` is in milliseconds. */
export interface Counts {
  readonly visitors: number;
  readonly visits: number;
  readonly pageviews: number;
  readonly events: number;
  readonly bounces: number;
  readonly duration: number;
}

export const COUNTS = ['visitors', 'visits', 'pageviews', 'events', 'bounces', 'duration'] as const;

interface MetricEntry {
  /** SQL over the summed counts of a group. */
  readonly sql: string;
  /** Describes a visit as a whole, so it cannot be split by an event dimension. */
  readonly ofVisit: boolean;
}

/**
 * Rounded as Plausible rounds: a rate to a whole per cent, a duration to whole seconds, a ratio to two decimals.
 * No visits, no bounce rate and no duration: 0.
 */
const entries = {
  visitors: { sql: 'visitors', ofVisit: false },
  visits: { sql: 'visits', ofVisit: false },
  pageviews: { sql: 'pageviews', ofVisit: false },
  events: { sql: 'events', ofVisit: false },
  views_per_visit: { sql: 'iif(visits = 0, 0, round(1.0 * pageviews / visits, 2))', ofVisit: true },
  bounce_rate: { sql: 'iif(visits = 0, 0, round(100.0 * bounces / visits))', ofVisit: true },
  visit_duration: { sql: 'iif(visits = 0, 0, round(duration / 1000.0 / visits))', ofVisit: true },
} as const satisfies Record<string, MetricEntry>;

export type MetricName = keyof typeof entries;

export const METRICS: ReadonlyMap<string, MetricEntry & { readonly name: MetricName }> = new Map(
  Object.entries(entries).map(([name, entry]) => [name, { ...entry, name: name as MetricName }]),
);
