/**
 * What Meta's own script sends: to `/tr/`, an image, or a form in a body if it is long. Speck's own images have the path without the
 * slash, and the same fields. https://developers.facebook.com/docs/meta-pixel
 */
import { decodeText } from '../../http/body.ts';
import { parseFields } from '../../model/fields.ts';
import { LIMITS } from '../../model/limits.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { RawEvent } from '../../model/wire.ts';
import type { ReadError, WireFormat, WireReading, WireRequest } from './format.ts';
import { gifResponse } from './gif.ts';
import { parseJson, recordOf, textOf } from './json.ts';
import { fromFields, fromJson } from './native-event.ts';
import { pixelNamed } from './pixel-named.ts';

export const meta: WireFormat = {
  routes: [
    { method: 'GET', path: '/tr/' },
    { method: 'POST', path: '/tr/' },
  ],
  limits: { bytes: LIMITS.beaconBytes, events: LIMITS.beaconEvents },
  read,
  // Also to a form, which the script sends into a frame and removes once that has loaded.
  answer: ({ error }) => gifResponse(error),
};

async function read(request: WireRequest): Promise<Result<WireReading, ReadError>> {
  const fields = parseFields(request.query);
  if (request.method === 'GET') return ok(readingOf([eventOf(fields)], fields));
  const text = decodeText(request.bytes);
  const start = text.trimStart()[0];
  if (start === '{' || start === '[') {
    const json = parseJson(text);
    if (json === undefined) return err('broken_json');
    return ok(readingOf((Array.isArray(json) ? json : [json]).map(eventOfJson), fields));
  }
  const sent = text.startsWith('--') ? await parseMultipart(request.bytes, text) : parseFields(text);
  if (sent === null) return err('broken_body');
  const all = new Map([...fields, ...sent]);
  return ok(readingOf([eventOf(all)], all));
}

/** What the script reports of a page by itself: its metadata. It is no event of the visitor's. */
const METADATA = 'Microdata';

function readingOf(events: readonly (RawEvent | null)[], fields: ReadonlyMap<string, string>): WireReading {
  const kept = events.filter((event) => event?.ev !== METADATA);
  return { events: kept, ...((fields.get('id') ?? '') === '' ? {} : { mayBeEmpty: true }) };
}

function eventOf(fields: ReadonlyMap<string, string>): RawEvent {
  const event = fromFields(fields);
  // Hashed user data that the script has found in the page's forms counts after what the page has given.
  const found = [...fields].flatMap(([name, value]): [string, string][] =>
    name.startsWith('udff[') && name.endsWith(']') ? [[name.slice(5, -1), value]] : [],
  );
  return adapted(
    { ...event, ud: [...event.ud, ...found] },
    fields.get('fbp') ?? '',
    fields.get('dpo') ?? '',
    fields.get('es') === 'automatic',
  );
}

function eventOfJson(value: unknown): RawEvent | null {
  const event = fromJson(value);
  const { fbp, dpo, es } = recordOf(value) ?? {};
  return event && adapted(event, textOf(fbp), textOf(dpo), es === 'automatic');
}

const SHA_256 = /^[\da-f]{64}$/i;

/**
 * @param fbp the id that the script has made for its visitor.
 * @param dpo `LDU` if the data may be used for little only.
 * @param isAutomatic whether the script reports a click or a form by itself. Then its data is the text of the page, and is left out.
 */
function adapted(event: RawEvent, fbp: string, dpo: string, isAutomatic: boolean): RawEvent {
  const consent = dpo.includes('LDU') ? 'denied' : event.consent;
  return {
    ...event,
    ...pixelNamed('meta', event.id),
    // Meta takes an external id as it is; what is not hashed is not read here.
    ud: event.ud.filter(([, value]) => typeof value === 'string' && SHA_256.test(value)),
    cd: isAutomatic ? [] : event.cd,
    consent,
    ...(fbp === '' ? {} : { aid: fbp }),
  };
}

/** The fields of a body in parts, whose first line is their boundary; null if it cannot be read. */
async function parseMultipart(bytes: Uint8Array, text: string): Promise<Map<string, string> | null> {
  const boundary = text.slice(2, text.search(/[\r\n]|$/)).trim();
  const headers = { 'content-type': `multipart/form-data; boundary="${boundary.replaceAll('"', '')}"` };
  try {
    const form = await new Response(new Uint8Array(bytes), { headers }).formData();
    const fields = new Map<string, string>();
    for (const [name, value] of form) {
      if (fields.size >= LIMITS.fields) break;
      if (typeof value === 'string' && !fields.has(name)) fields.set(name, value);
    }
    return fields;
  } catch {
    return null;
  }
}
