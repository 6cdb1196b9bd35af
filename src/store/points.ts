/** Writes events to Analytics Engine as points. The platform acknowledges none, so nobody learns whether one arrived. */
import { KIND, pointOf } from '../engine/point.ts';
import type { PlacedEvent } from '../model/batch.ts';
import type { Event } from '../model/event.ts';
import type { Budget } from './budget.ts';

/** Analytics Engine dates a point when it is written, so an event of another time is not written: milliseconds. */
export const MAX_POINT_AGE = 10 * 60_000;

/** How long Analytics Engine stores a point: three months, in days at most. */
export const POINT_DAYS = 93;

/**
 * Writes copies of events that D1 has, for ad-hoc SQL, up to the remaining budget of the invocation. Never throws: the events are
 * stored, and a copy must not have them sent again.
 */
export function writeCopies(
  dataset: AnalyticsEngineDataset,
  events: readonly Event[],
  now: number,
  points: Budget,
): void {
  for (const event of events) {
    if (now - event.ts <= MAX_POINT_AGE) writePoint(dataset, event, KIND.copy, points);
  }
}

/**
 * Writes events that will be nowhere else, up to the remaining budget of the invocation.
 *
 * @returns those that were not written: beyond the budget, larger than a point, or refused by the platform.
 */
export function writeEvents(
  dataset: AnalyticsEngineDataset,
  placed: readonly PlacedEvent[],
  points: Budget,
): PlacedEvent[] {
  return placed.filter(({ event }) => !writePoint(dataset, event, KIND.event, points));
}

/** Writes one point. @returns whether the platform took it. */
function writePoint(dataset: AnalyticsEngineDataset, event: Event, kind: number, points: Budget): boolean {
  const point = points.left > 0 ? pointOf(event, kind) : null;
  if (point === null) return false;
  points.use(1);
  try {
    dataset.writeDataPoint(point);
    return true;
  } catch (error) {
    // It would refuse the next ones, too.
    points.use(points.left);
    console.error(`Analytics Engine refused a point: ${error}`);
    return false;
  }
}
