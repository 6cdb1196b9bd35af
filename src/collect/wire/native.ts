/** Speck's own wire format: an image with its event in the query, and a beacon of one or more events. */

import { decodeText } from '../../http/body.ts';
import { parseFields } from '../../model/fields.ts';
import { LIMITS } from '../../model/limits.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { ReadError, WireError, WireFormat, WireReading, WireResult } from './format.ts';
import { gifResponse } from './gif.ts';
import { fromFields, fromJson } from './native-event.ts';

const screen = (query: string): ReadError | null => (hasId(query) ? null : 'missing_id');

export const native: WireFormat = {
  routes: [
    { method: 'GET', path: '/p.gif', screen },
    { method: 'GET', path: '/tr', screen },
    { method: 'POST', path: '/beacon' },
  ],
  limits: { bytes: LIMITS.beaconBytes, events: LIMITS.beaconEvents },
  read: ({ method, query, bytes }) =>
    method === 'GET' ? ok({ events: [fromFields(parseFields(query))] }) : readBeacon(decodeText(bytes)),
  answer,
};

function answer({ request, error }: WireResult): Response | Promise<Response> {
  if (request.method === 'GET') return gifResponse(error);
  if (error !== null) return problem(error);
  return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } });
}

async function problem(error: WireError): Promise<Response> {
  const { problemResponse } = await import('./problem.ts');
  return problemResponse(error, native.limits);
}

/** Whether a query has an `id` that is not empty: all that can be said without parsing it. */
function hasId(query: string): boolean {
  let at = query.startsWith('id=') ? 0 : query.indexOf('&id=') + 1;
  if (at === 0 && !query.startsWith('id=')) return false;
  at += 'id='.length;
  return at < query.length && query[at] !== '&';
}

/** A beacon's events: JSON if it looks like JSON, else a form, whatever its content type claims. */
function readBeacon(text: string): Result<WireReading, ReadError> {
  const first = text.trimStart()[0];
  if (first !== '{' && first !== '[') return ok({ events: [fromFields(parseFields(text))] });
  try {
    const json: unknown = JSON.parse(text);
    return ok({ events: (Array.isArray(json) ? json : [json]).map(fromJson) });
  } catch {
    return err('broken_json');
  }
}
