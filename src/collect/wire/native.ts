/**
 * Speck's own wire format. Its fields are those of Meta's `/tr`, the de-facto standard of image pixels, as a query, a
 * form or JSON; in JSON `cd` and `ud` may be objects.
 */

import { parseFields } from '../../model/fields.ts';
import { LIMITS } from '../../model/limits.ts';
import type { RawEvent } from '../../model/wire.ts';
import type { Mistake, WireFormat } from './format.ts';

export const nativePixel: WireFormat = {
  answers: 'gif',
  mistakeIn: (query) => (hasId(query) ? null : 'missing_id'),
  parse: (query) => [fromFields(parseFields(query))],
};

export const nativeBeacon: WireFormat = { answers: 'beacon', mistakeIn: () => null, parse: parseBeacon };

/** Whether a query has an `id` that is not empty: all that can be said without parsing it. */
function hasId(query: string): boolean {
  let at = query.startsWith('id=') ? 0 : query.indexOf('&id=') + 1;
  if (at === 0 && !query.startsWith('id=')) return false;
  at += 'id='.length;
  return at < query.length && query[at] !== '&';
}

/** A beacon's events: JSON where it looks like JSON, else a form, whatever its content type claims. */
function parseBeacon(text: string): readonly (RawEvent | null)[] | Mistake {
  const first = text.trimStart()[0];
  if (first !== '{' && first !== '[') {
    const event = fromFields(parseFields(text));
    return event.id === '' ? 'missing_id' : [event];
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'broken_json';
  }
  if (!Array.isArray(json)) json = [json];
  const events = (json as unknown[]).map(fromJson);
  if (events.length > LIMITS.beaconEvents) return 'too_many_events';
  return events.some((event) => event !== null && event.id !== '') ? events : 'missing_id';
}

/** The fields of a query or a form as an event. */
export function fromFields(fields: ReadonlyMap<string, string>): RawEvent {
  return {
    id: fields.get('id') ?? '',
    ev: fields.get('ev') ?? '',
    dl: fields.get('dl') ?? '',
    rl: fields.get('rl') ?? '',
    nav: fields.get('nav') ?? '',
    eid: fields.get('eid') ?? '',
    uid: fields.get('uid') ?? '',
    uid_sig: fields.get('uid_sig') ?? '',
    ud: entriesOf('ud', fields),
    consent: fields.get('consent') ?? '',
    cid: fields.get('cid') ?? '',
    cd: entriesOf('cd', fields),
  };
}

/** An object out of JSON as an event, or null when it is not an object. */
export function fromJson(value: unknown): RawEvent | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const object = value as Record<string, unknown>;
  return {
    id: text(object['id']),
    ev: nameOf(object['ev']),
    dl: text(object['dl']),
    rl: text(object['rl']),
    nav: text(object['nav']),
    eid: text(object['eid']),
    uid: text(object['uid']),
    uid_sig: text(object['uid_sig']),
    ud: dataOf(object, 'ud'),
    consent: text(object['consent']),
    cid: text(object['cid']),
    cd: dataOf(object, 'cd'),
  };
}

/** `cd` or `ud` as an object, and `cd[key]` beside it as a form would have them. */
function dataOf(object: Record<string, unknown>, name: 'cd' | 'ud'): [string, unknown][] {
  const data = object[name];
  const pairs: [string, unknown][] =
    typeof data === 'object' && data !== null && !Array.isArray(data) ? Object.entries(data) : [];
  pairs.push(...entriesOf(name, Object.entries(object)));
  return pairs;
}

/** The fields `cd[key]` or `ud[key]`, by their keys. */
function entriesOf<T>(name: 'cd' | 'ud', fields: Iterable<readonly [string, T]>): [string, T][] {
  const entries: [string, T][] = [];
  for (const [field, value] of fields) {
    if (field.startsWith(name) && field[2] === '[' && field.endsWith(']')) {
      entries.push([field.slice(3, -1), value]);
    }
  }
  return entries;
}

/** A name that is an object is none, and not absent: then the event would be a page view. */
function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? ' ' : text(value);
}

/** Numbers and booleans are as good as their text; anything else is as good as absent. */
function text(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
