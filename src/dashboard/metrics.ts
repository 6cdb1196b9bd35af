/**
 * How the dashboard shows metrics. The compiler asks for an entry for each metric of the registry (src/model/metrics.ts). The
 * headline and the list of charts have the order of this table.
 */
import type { MetricName } from '../model/metrics.ts';

/**
 * How a value is written. `count`: a number. `ratio`: with two decimals. `percent`: an integer, as the API returns it. `share`:
 * per cent with one decimal. `seconds`: a duration. `money`: with its currency.
 */
export type MetricFormat = 'count' | 'ratio' | 'percent' | 'share' | 'seconds' | 'money';

interface MetricDisplay {
  readonly label: string;
  readonly format: MetricFormat;
  /** `headline`: above the chart and in its list. `chart`: in its list only. Left out: in tables only. */
  readonly listedIn?: 'headline' | 'chart';
  readonly isLessBetter?: true;
  /** Null, and not 0, in an hour or a day without events: there is nothing to average. */
  readonly isNullAtRest?: true;
}

const displays: Readonly<Record<MetricName, MetricDisplay>> = {
  visitors: { label: 'Visitors', format: 'count', listedIn: 'headline' },
  visits: { label: 'Visits', format: 'count', listedIn: 'headline' },
  pageviews: { label: 'Page views', format: 'count', listedIn: 'headline' },
  views_per_visit: { label: 'Views per visit', format: 'ratio', listedIn: 'headline' },
  bounce_rate: {
    label: 'Bounce rate',
    format: 'percent',
    listedIn: 'headline',
    isLessBetter: true,
    isNullAtRest: true,
  },
  visit_duration: { label: 'Visit duration', format: 'seconds', listedIn: 'headline', isNullAtRest: true },
  events: { label: 'Events', format: 'count', listedIn: 'chart' },
  time_on_page: { label: 'Time on page', format: 'seconds', listedIn: 'chart', isNullAtRest: true },
  scroll_depth: { label: 'Scroll depth', format: 'percent', listedIn: 'chart', isNullAtRest: true },
  conversion_rate: { label: 'Conversion rate', format: 'share', listedIn: 'chart' },
  total_revenue: { label: 'Revenue', format: 'money', listedIn: 'chart' },
  average_revenue: { label: 'Average revenue', format: 'money', listedIn: 'chart', isNullAtRest: true },
  people: { label: 'People', format: 'count', listedIn: 'chart' },
  percentage: { label: 'Share', format: 'share' },
  group_conversion_rate: { label: 'Conversion rate', format: 'share' },
  new_people: { label: 'New people', format: 'count' },
  cross_device_people: { label: 'People on multiple devices', format: 'count' },
};

const DISPLAYS: ReadonlyMap<string, MetricDisplay> = new Map(Object.entries(displays));

/** A metric's entry; null for unknown names. */
export function displayOf(metric: string): MetricDisplay | null {
  return DISPLAYS.get(metric) ?? null;
}

const namesAt = (...lists: MetricDisplay['listedIn'][]): string[] =>
  [...DISPLAYS].filter(([, { listedIn }]) => listedIn && lists.includes(listedIn)).map(([name]) => name);

/** The metrics above the chart. */
export const HEADLINES: readonly string[] = namesAt('headline');

/** The metrics to choose from for the chart. */
export const CHARTED: readonly string[] = namesAt('headline', 'chart');
