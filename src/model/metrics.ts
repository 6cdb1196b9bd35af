/**
 * The registry of metrics, named and defined as in the Plausible Stats API v2. Nearly all are computed from the additive counts
 * of rollup rows. A metric over many days is computed from sums, not from the averages of days. docs/metrics.md defines each in a
 * sentence and a formula. src/dashboard/metrics.ts has their labels; the compiler requires one for each metric.
 */

/** The additive counts of a group of visits or events. `duration` and `engaged` are in milliseconds. */
export const VISIT_COUNTS = [
  'visitors',
  'visits',
  'pageviews',
  'events',
  'bounces',
  'duration',
  'engaged',
  'engaged_visits',
  'scroll',
  'scrolled_visits',
] as const;

/** The additive counts of a group and currency: `revenue` in millionths, and the number of events with revenue. */
export const SALE_COUNTS = ['revenue', 'sales'] as const;

export const COUNTS = [...VISIT_COUNTS, ...SALE_COUNTS] as const;

/** The group whose visitors are a metric's denominator. docs/metrics.md defines each. */
export type Denominator = 'whole' | 'whole_without_goal' | 'group_without_goal';

type VisitCount = (typeof VISIT_COUNTS)[number];

interface MetricEntry {
  /** SQL over the summed counts of a group, and the visitors of the group that `of` names. */
  readonly sql: string;
  /** The additive counts in `sql`. Counts of sales and of people are not among them: `ofSales` and `ofPeople` ask for these. */
  readonly counts: readonly VisitCount[];
  /** Describes complete visits, so it cannot be split by an event dimension. */
  readonly ofVisit?: true;
  /** The denominator of a share. */
  readonly of?: Denominator;
  /** Needs the sales of each currency. */
  readonly ofSales?: true;
  /** Needs the people behind events. */
  readonly ofPeople?: true;
  /** Is in per cent, so that its change is in percentage points. */
  readonly inPoints?: true;
  /** The first ROLLUP_VERSION that has its counts. Default: all versions. */
  readonly since?: number;
}

const share = (of: Denominator) => ({
  counts: ['visitors'] as const,
  sql: `iif(coalesce(${of}, 0) = 0, 0, round(100.0 * visitors / ${of}, 2))`,
  of,
  inPoints: true as const,
});

/**
 * Rounded as Plausible rounds: rates to an integer per cent, durations to seconds, ratios and shares to two decimals. Without
 * visits, bounce rate and duration are 0. An unknown value is null.
 */
const entries = {
  visitors: { sql: 'visitors', counts: ['visitors'] },
  visits: { sql: 'visits', counts: ['visits'] },
  pageviews: { sql: 'pageviews', counts: ['pageviews'] },
  events: { sql: 'events', counts: ['events'] },
  views_per_visit: {
    sql: 'iif(visits = 0, 0, round(1.0 * pageviews / visits, 2))',
    counts: ['pageviews', 'visits'],
    ofVisit: true,
  },
  bounce_rate: {
    sql: 'iif(visits = 0, 0, round(100.0 * bounces / visits))',
    counts: ['bounces', 'visits'],
    ofVisit: true,
    inPoints: true,
  },
  visit_duration: {
    sql: 'iif(visits = 0, 0, round(duration / 1000.0 / visits))',
    counts: ['duration', 'visits'],
    ofVisit: true,
  },
  time_on_page: {
    sql: 'iif(engaged_visits = 0, NULL, round(engaged / 1000.0 / engaged_visits))',
    counts: ['engaged', 'engaged_visits'],
  },
  scroll_depth: {
    sql: 'iif(scrolled_visits = 0, NULL, round(1.0 * scroll / scrolled_visits))',
    counts: ['scroll', 'scrolled_visits'],
    inPoints: true,
  },
  percentage: share('whole'),
  conversion_rate: share('whole_without_goal'),
  group_conversion_rate: share('group_without_goal'),
  total_revenue: { sql: 'revenue', counts: [], ofSales: true },
  average_revenue: { sql: 'iif(sales = 0, NULL, round(1.0 * revenue / sales))', counts: [], ofSales: true },
  people: { sql: 'people', counts: [], ofPeople: true },
  new_people: { sql: 'new_people', counts: [], ofPeople: true },
  cross_device_people: { sql: 'cross_device_people', counts: [], ofPeople: true },
} as const satisfies Record<string, MetricEntry>;

/** The metrics that count people. */
export const PEOPLE_METRICS = ['people', 'new_people', 'cross_device_people'] as const;

export type MetricName = keyof typeof entries;

export interface Metric extends MetricEntry {
  readonly name: MetricName;
}

export const METRICS: ReadonlyMap<string, Metric> = new Map(
  Object.entries<MetricEntry>(entries).map(([name, entry]) => [name, { ...entry, name: name as MetricName }]),
);
