/** Reads a request by a format, as a test has it. */
import { readWith } from '../../../src/collect/answer.ts';
import type { WireFormat, WireReading, WireRequest } from '../../../src/collect/wire/format.ts';
import type { SentEvent } from '../../../src/model/wire.ts';
import type { Sample } from '../../fuzz.ts';

export function requestOf({ method, path, query = '', headers = {}, body = '' }: Sample): WireRequest {
  const all = new Headers(headers);
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return { method, path, query, headers: all, bytes };
}

/** The reading, or why there is none. */
export async function readingOf(format: WireFormat, sample: Sample): Promise<WireReading | string> {
  const reading = await readWith(format, requestOf(sample));
  return reading.ok ? reading.value : reading.error;
}

/** The events of a request that can be read. */
export async function eventsOf(format: WireFormat, sample: Sample): Promise<readonly (SentEvent | null)[]> {
  const reading = await readingOf(format, sample);
  if (typeof reading === 'string') throw new Error(reading);
  return reading.events;
}
