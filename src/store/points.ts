/** Writes events to Analytics Engine as points. The platform acknowledges none, so nobody learns whether one arrived. */
import { KIND, pointOf } from '../engine/point.ts';
import type { Event } from '../model/event.ts';
import type { Budget } from './budget.ts';

/** Analytics Engine dates a point when it is written, so an event that happened longer ago is not written: milliseconds. */
export const MAX_POINT_AGE = 10 * 60_000;

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
  const recent = events.filter(({ ts }) => now - ts <= MAX_POINT_AGE);
  writePoints(dataset, recent, KIND.copy, points);
}

/**
 * Writes events that will be nowhere else, up to the remaining budget of the invocation.
 *
 * @returns those that were not written: beyond the budget, larger than a point, or refused by the platform. Store them in D1.
 */
export function writePoints<E extends Event>(
  dataset: AnalyticsEngineDataset,
  events: readonly E[],
  kind: number,
  points: Budget,
): E[] {
  const left: E[] = [];
  for (const event of events) {
    const point = points.left > 0 ? pointOf(event, kind) : null;
    if (point === null) {
      left.push(event);
      continue;
    }
    points.use(1);
    try {
      dataset.writeDataPoint(point);
    } catch (error) {
      // It would refuse the next ones, too.
      points.use(points.left);
      console.error(`Analytics Engine refused a point: ${error}`);
      left.push(event);
    }
  }
  return left;
}
