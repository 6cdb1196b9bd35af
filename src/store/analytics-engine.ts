/**
 * Writes events to Analytics Engine: an append-only second copy for ad-hoc SQL. It cannot delete, so it gets nothing
 * that an erasure would have to reach: no custom data and no event id, of the visitor the day's hash only.
 */
import type { Event } from '../model/event.ts';
import type { Budget } from './budget.ts';

/** The platform's limits. The local runtime checks none of them. */
const MAX_BLOB_BYTES = 16 * 1024;
/** An index has 96 bytes; a pixel id has 19, and comes from our own table. */

/** A point's time is when it is written, so an event that happened longer ago would be dated wrongly. */
const MAX_AGE = 10 * 60_000;

/** The blobs in their order: `blob1` is the first. Queries rely on it, so new ones go at the end. */
export const BLOBS = [
  'name',
  'visitor',
  'hostname',
  'page',
  'referrer',
  'source',
  'channel',
  'utm_source',
  'utm_medium',
  'utm_campaign',
  'utm_content',
  'utm_term',
  'device',
  'browser',
  'os',
  'country',
  'region',
  'city',
  'language',
  'currency',
] as const satisfies readonly (keyof Event)[];

const encoder = new TextEncoder();

/**
 * Writes one data point per event, up to the remaining budget of the invocation. The platform does not acknowledge points. Never
 * throws: the events are stored, and a copy must not have them sent again.
 */
export function writePoints(
  dataset: AnalyticsEngineDataset,
  events: readonly Event[],
  now: number,
  points: Budget,
): void {
  try {
    for (const event of events) {
      if (now - event.ts > MAX_AGE) continue;
      if (points.left <= 0) return;
      points.use(1);
      dataset.writeDataPoint(point(event));
    }
  } catch (error) {
    points.use(points.left);
    console.error(`Analytics Engine took no copy: ${error}`);
  }
}

/** Doubles are the time, and the revenue in units of its currency, since a double cannot be exact anyway. */
export function point(event: Event): AnalyticsEngineDataPoint {
  const blobs: string[] = [];
  let characters = 0;
  for (const column of BLOBS) {
    const text = event[column];
    characters += text.length;
    blobs.push(text);
  }
  // Three bytes a UTF-16 unit at most: only a point that could be too large is counted byte by byte.
  const fits = characters * 3 <= MAX_BLOB_BYTES;
  return {
    indexes: [event.pixel],
    blobs: fits ? blobs : cutToFit(blobs),
    doubles: [event.ts, (event.value ?? 0) / 1e6],
  };
}

function cutToFit(blobs: readonly string[]): string[] {
  let left = MAX_BLOB_BYTES;
  return blobs.map((text) => {
    const cut = cutToBytes(text, left);
    left -= encoder.encode(cut).length;
    return cut;
  });
}

function cutToBytes(text: string, bytes: number): string {
  if (encoder.encode(text).length <= bytes) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
}
