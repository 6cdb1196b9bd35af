/**
 * Divides events between D1 and Analytics Engine. With `EVENT_STORE = "analytics_engine"` an event is in exactly one of them: in
 * Analytics Engine if nothing about it will ever be looked up or deleted by itself. What D1 checks when it writes an event is
 * checked when points are read, or cannot occur:
 *
 * - An event that is written twice has the same time and id: readers take one.
 * - A visitor who was erased since: readers drop the visitor's earlier points.
 * - A pixel that was deleted since: its points are of no pixel, so nothing reads them.
 * - A pixel that moved to another time zone: a point has no local day before it is read.
 * - A closed day: none is younger than the oldest event that goes to Analytics Engine.
 * - Two reports of one event: they have an `eid`, so they go to D1.
 */
import { type Env, eventStore } from '../env.ts';
import type { Batch, PlacedEvent } from '../model/batch.ts';
import type { InvocationBudget } from '../store/budget.ts';
import { MAX_POINT_AGE, writeEvents } from '../store/points.ts';

export interface SplitBatch {
  /** The events that Analytics Engine stores. */
  readonly ofEngine: readonly PlacedEvent[];
  /** All else, under the id of the batch. */
  readonly ofD1: Batch;
}

const NONE: readonly PlacedEvent[] = [];

export function splitBatch(env: Env, batch: Batch, now: number): SplitBatch {
  if (eventStore(env) === 'd1' || batch.importId !== undefined) return { ofEngine: NONE, ofD1: batch };
  const ofEngine: PlacedEvent[] = [];
  const events: PlacedEvent[] = [];
  for (const placed of batch.events) (mayBePoint(placed, now) ? ofEngine : events).push(placed);
  return { ofEngine, ofD1: { ...batch, events } };
}

/** Whether an event is of nobody known, goes to nobody else, has nothing that a point cannot hold, and is dated by the time at which it is written. */
function mayBePoint({ event, relay }: PlacedEvent, now: number): boolean {
  const { person, eid, props, authenticated, ts } = event;
  return (
    relay === undefined &&
    person === '' &&
    eid === '' &&
    props === '' &&
    authenticated === 0 &&
    Math.abs(now - ts) <= MAX_POINT_AGE
  );
}

/** Writes events to Analytics Engine. @returns those that it did not take. Store them in D1. */
export function writeToEngine(
  { ANALYTICS }: Env,
  placed: readonly PlacedEvent[],
  { points }: InvocationBudget,
): readonly PlacedEvent[] {
  return ANALYTICS && placed.length > 0 ? writeEvents(ANALYTICS, placed, points) : placed;
}

export function isEmpty({ events, rejections, withdrawals = [] }: Batch): boolean {
  return events.length === 0 && rejections.length === 0 && withdrawals.length === 0;
}
