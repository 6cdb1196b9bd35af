/**
 * Writes events to Analytics Engine: an append-only second copy for ad-hoc SQL. It cannot delete, so it gets nothing
 * that an erasure would have to reach: no custom data and no event id, of the visitor the day's hash only.
 */
import type { Event } from '../model/event.ts';

/** The platform's limits. The local runtime checks none of them. */
const MAX_POINTS = 250;
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

/** The doubles in their order. `value` is in units of the currency here, since a double cannot be exact anyway. */
export const DOUBLES = ['ts', 'value'] as const;

const encoder = new TextEncoder();

/** Writes one point an event. There is no acknowledgement: the platform gives none. */
export function writePoints(dataset: AnalyticsEngineDataset, events: readonly Event[], now: number): void {
  const recent = events.filter((event) => now - event.ts <= MAX_AGE);
  for (const event of recent.slice(0, MAX_POINTS)) dataset.writeDataPoint(point(event));
}

export function point(event: Event): AnalyticsEngineDataPoint {
  let left = MAX_BLOB_BYTES;
  const blobs = BLOBS.map((column) => {
    const text = event[column];
    // Three bytes a UTF-16 unit at most: only a point that could be too large is counted byte by byte.
    if (text.length * 3 <= left / BLOBS.length) {
      left -= text.length * 3;
      return text;
    }
    const cut = cutToBytes(text, left);
    left -= encoder.encode(cut).length;
    return cut;
  });
  const doubles: Record<(typeof DOUBLES)[number], number> = { ts: event.ts, value: (event.value ?? 0) / 1e6 };
  return { indexes: [event.pixel], blobs, doubles: DOUBLES.map((name) => doubles[name]) };
}

function cutToBytes(text: string, bytes: number): string {
  if (encoder.encode(text).length <= bytes) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
}
