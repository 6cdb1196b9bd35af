/** Groups of a day of which Analytics Engine has kept a sample: what is estimated of its points, and its events of D1. */
import type { EstimatedGroup } from '../engine/estimate.ts';
import { ATTRIBUTION_FIELDS } from '../engine/fields.ts';
import { type Estimate, exactly } from '../engine/interval.ts';
import type { DimensionColumn } from '../model/dimensions.ts';
import { type Event, PAGEVIEW } from '../model/event.ts';

export interface CountedGroup {
  /** A day as `2026-11-24`, or an hour as `2026-11-24 09:00:00`; `''` without a time. */
  readonly time: string;
  /** The values of the fields, in their order. */
  readonly values: readonly string[];
  events: Estimate;
  pageviews: Estimate;
  visitors: Estimate;
  /** By currency; revenue in millionths. */
  readonly sales: Map<string, { readonly revenue: Estimate; readonly sales: Estimate }>;
  /** The visitors whose events are in D1. */
  readonly known: Set<string>;
}

export const NONE: Estimate = exactly(0);

export const plus = (a: Estimate, b: Estimate): Estimate => ({
  value: a.value + b.value,
  low: a.low + b.low,
  high: a.high + b.high,
});

export class EstimatedGroups {
  readonly #time: 'day' | 'hour' | null;
  readonly #fields: readonly DimensionColumn[];
  readonly #groups = new Map<string, CountedGroup>();

  constructor(time: 'day' | 'hour' | null, fields: readonly DimensionColumn[]) {
    this.#time = time;
    this.#fields = fields;
  }

  /** By what brought a visit, only the groups that have some: events within a visit say nothing of it. */
  all(): CountedGroup[] {
    const places = this.#fields.flatMap((field, place) => (ATTRIBUTION_FIELDS.has(field) ? [place] : []));
    return [...this.#groups.values()].filter(({ values }) => places.every((place) => values[place] !== ''));
  }

  addEstimate({ time, values, events, pageviews, visitors, sales }: EstimatedGroup): void {
    const group = this.#groupOf(time, values);
    group.events = plus(group.events, events);
    group.pageviews = plus(group.pageviews, pageviews);
    group.visitors = plus(group.visitors, visitors ?? NONE);
    for (const { currency, revenue, sales: count } of sales) addSale(group, currency, revenue, count);
  }

  /**
   * Adds an event of D1 that is no engagement. A visitor with events in both stores counts twice.
   *
   * @param day its local day.
   * @param offset local time minus UTC, in milliseconds.
   */
  addEvent(event: Event, day: string, offset: number): void {
    const hour = new Date(event.ts + offset).toISOString().slice(11, 13);
    const time = this.#time === null ? '' : this.#time === 'hour' ? `${day} ${hour}:00:00` : day;
    const group = this.#groupOf(
      time,
      this.#fields.map((field) => event[field]),
    );
    group.events = plus(group.events, exactly(1));
    if (event.name === PAGEVIEW) group.pageviews = plus(group.pageviews, exactly(1));
    if (event.visitor !== '' && !group.known.has(event.visitor)) {
      group.known.add(event.visitor);
      group.visitors = plus(group.visitors, exactly(1));
    }
    if (event.value !== null && event.currency !== '') {
      addSale(group, event.currency, exactly(event.value), exactly(1));
    }
  }

  #groupOf(time: string, values: readonly string[]): CountedGroup {
    const key = JSON.stringify([time, ...values]);
    let group = this.#groups.get(key);
    if (!group) {
      const counts = { events: NONE, pageviews: NONE, visitors: NONE };
      group = { time, values, ...counts, known: new Set(), sales: new Map() };
      this.#groups.set(key, group);
    }
    return group;
  }
}

function addSale(group: CountedGroup, currency: string, revenue: Estimate, sales: Estimate): void {
  const before = group.sales.get(currency) ?? { revenue: NONE, sales: NONE };
  group.sales.set(currency, {
    revenue: plus(before.revenue, revenue),
    sales: plus(before.sales, sales),
  });
}

/** An additive count of a group; 0 for those that a sample cannot tell. */
export function countIn(group: CountedGroup, name: string): number {
  return name === 'events' || name === 'pageviews' || name === 'visitors' ? Math.round(group[name].value) : 0;
}
