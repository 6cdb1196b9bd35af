/** Finds the events of the visitor who asks that only Analytics Engine has. */
import type { Env } from '../env.ts';
import type { Event } from '../model/event.ts';
import { readKeptPoints } from '../store/day-events.ts';
import { engineOf } from '../store/engine.ts';
import type { Trace } from '../store/traces.ts';

/** The events of one visitor that are read, at each pixel. */
const MAX_POINTS = 10_000;
/** How long a visitor waits for Analytics Engine, in milliseconds. */
const PATIENCE = 4000;

export interface VisitorPoints {
  /** For each trace, the visitor's events of the day that have not been erased, the latest first. */
  readonly events: readonly (readonly Event[])[];
  /** Whether all of them have been read. Those of the last minutes may not be readable yet. */
  readonly areRead: boolean;
}

export async function findPoints(env: Env, traces: readonly Trace[]): Promise<VisitorPoints> {
  const none = traces.map(() => []);
  if (traces.every(({ visitor }) => visitor === '')) return { events: none, areRead: true };
  const engine = await engineOf(env);
  if (engine === null) return { events: none, areRead: false };
  let timer: number | null = null;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), PATIENCE);
  });
  try {
    const reads = traces.map((trace) => pointsOf(env.DB, engine.reader, trace));
    const found = await Promise.race([Promise.all(reads), timeout]);
    return {
      events: found,
      areRead: found.every(({ length }) => length < MAX_POINTS),
    };
  } catch (error) {
    console.error(`the points of a visitor could not be read: ${error}`);
    return { events: none, areRead: false };
  } finally {
    clearTimeout(timer);
  }
}

async function pointsOf(
  db: D1Database,
  reader: Parameters<typeof readKeptPoints>[1],
  { pixel, visitor, start, end }: Trace,
): Promise<Event[]> {
  if (visitor === '') return [];
  const found: Event[] = [];
  const range = { pixel, since: start, until: end, from: visitor, before: `${visitor} ` };
  for await (const { events } of readKeptPoints(db, reader, range)) {
    for (const event of events) if (event.visitor === visitor) found.push(event);
    if (found.length >= MAX_POINTS) break;
  }
  return found.reverse();
}
