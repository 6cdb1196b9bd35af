/**
 * Google Analytics 4: what `gtag.js` and clients like it send to `/g/collect`, and the Measurement Protocol
 * (https://developers.google.com/analytics/devguides/collection/protocol/ga4), which servers send to `/mp/collect`.
 */
import { decodeText } from '../../http/body.ts';
import { parseFields } from '../../model/fields.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { SentEvent } from '../../model/wire.ts';
import { tokenIn } from './authorization.ts';
import type { ReadError, WireFormat, WireReading, WireRequest, WireResult } from './format.ts';
import { collectedEvents } from './ga4-collect.ts';
import { measuredEvents } from './ga4-measurement.ts';
import { parseJson, recordOf } from './json.ts';
import { problemResponse } from './problem.ts';

const COLLECT_PATH = '/g/collect';
const MEASUREMENT_PATH = '/mp/collect';
/** Checks what `/mp/collect` would store, and stores nothing. */
const DEBUG_PATH = '/debug/mp/collect';

export const ga4: WireFormat = {
  routes: [
    { method: 'GET', path: COLLECT_PATH },
    { method: 'POST', path: COLLECT_PATH },
    { method: 'POST', path: MEASUREMENT_PATH },
    { method: 'POST', path: DEBUG_PATH },
  ],
  // Google takes 25 events and 130 kB.
  limits: { bytes: 256 * 1024, events: 200 },
  read,
  answer,
};

const isDebug = ({ path }: WireRequest): boolean => path.startsWith(DEBUG_PATH);

function read(request: WireRequest): Result<WireReading, ReadError> {
  if (request.path.startsWith(COLLECT_PATH)) return readCollect(request);
  if (!isDebug(request)) return readMeasurement(request);
  const reading = readMeasurement(request);
  return reading.ok ? ok({ events: [], mayBeEmpty: true }) : reading;
}

/** The events of a query, or of a query and the lines of a body, which repeat only what differs. */
function readCollect({ query, headers, bytes }: WireRequest): Result<WireReading, ReadError> {
  const common = parseFields(query);
  const lines = decodeText(bytes)
    .split(/\r?\n/, ga4.limits.events + 1)
    .filter(Boolean);
  if (lines.length > ga4.limits.events) return err('too_many_events');
  const { token } = tokenIn(headers);
  const sent =
    lines.length === 0 ? [common] : lines.map((line) => new Map([...common, ...parseFields(line)]));
  const events = sent.flatMap((fields) => collectedEvents(fields, token !== undefined));
  return ok({ events, ...(token === undefined ? {} : { token }) });
}

function readMeasurement({ query, headers, bytes }: WireRequest): Result<WireReading, ReadError> {
  const fields = parseFields(query);
  const body = recordOf(parseJson(decodeText(bytes)));
  const list = body?.['events'];
  if (body === null || !Array.isArray(list)) return err('broken_json');
  if (list.length > ga4.limits.events) return err('too_many_events');
  const { token } = tokenIn(headers, fields.get('api_secret') ?? '');
  const property = fields.get('measurement_id') ?? fields.get('firebase_app_id') ?? '';
  const events: readonly (SentEvent | null)[] = measuredEvents(body, list, property, token !== undefined);
  return ok({ events, ...(token === undefined ? {} : { token }) });
}

function answer({ request, error }: WireResult): Response {
  if (isDebug(request)) return debugResponse(request, error);
  if (error !== null) return problemResponse(error, ga4.limits);
  return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } });
}

/** As Google's validation server answers: always 200, with what is wrong. */
function debugResponse(request: WireRequest, error: WireResult['error']): Response {
  const messages: unknown[] = [];
  const add = (fieldPath: string, description: string, validationCode: string): void => {
    messages.push({ fieldPath, description, validationCode });
  };
  const reading = error === null ? readMeasurement(request) : err(error);
  if (!reading.ok) add('events', `The request cannot be read: ${reading.error}.`, 'VALUE_INVALID');
  else {
    for (const [index, event] of reading.value.events.entries()) {
      if (event === null) add(`events[${index}]`, 'An event is an object.', 'VALUE_INVALID');
      else if (event.ev === ' ') add(`events[${index}].name`, 'An event needs a name.', 'VALUE_REQUIRED');
    }
    if (reading.value.events.some((event) => event?.id === '' && event.key === undefined)) {
      add('measurement_id', 'Send measurement_id or firebase_app_id in the query.', 'VALUE_REQUIRED');
    }
  }
  return Response.json(
    { validationMessages: messages },
    { headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } },
  );
}
