/** Which metrics a statistics page shows: those of all visits, or the conversions of the goals that its filters name. */
import type { Filter } from './api.ts';
import { metricName } from './format.ts';
import { CHARTED, HEADLINES } from './metrics.ts';

export interface Tiles {
  /** The metrics above the chart. */
  readonly metrics: readonly string[];
  /** The metrics to choose from for the chart. */
  readonly charted: readonly string[];
  nameOf(metric: string): string;
}

const VISITS: Tiles = {
  metrics: HEADLINES,
  // A rate of conversions needs a goal.
  charted: CHARTED.filter((metric) => metric !== 'conversion_rate'),
  nameOf: metricName,
};

const CONVERSION_NAMES: ReadonlyMap<string, string> = new Map([
  ['visitors', 'Unique conversions'],
  ['events', 'Total conversions'],
]);
const CONVERSION_METRICS = ['visitors', 'events', 'conversion_rate', 'total_revenue'];

/** Under a filter by goals, only events that reach them count. Page views and visits say nothing then. */
const CONVERSIONS: Tiles = {
  metrics: CONVERSION_METRICS,
  charted: [...CONVERSION_METRICS, 'average_revenue', 'people'],
  nameOf: (metric) => CONVERSION_NAMES.get(metric) ?? metricName(metric),
};

export const hasGoal = (filters: readonly Filter[]): boolean =>
  filters.some(([, dimension]) => dimension === 'event:goal');

export const tilesOf = (filters: readonly Filter[]): Tiles => (hasGoal(filters) ? CONVERSIONS : VISITS);
