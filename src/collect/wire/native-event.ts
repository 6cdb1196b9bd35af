/**
 * Reads an event in the native fields, from a query, a form or JSON. The fields are those of Meta's `/tr`, the de-facto standard
 * of image pixels; in JSON `cd` and `ud` may be objects.
 */
import type { RawEvent } from '../../model/wire.ts';

/** The event in the fields of a query or a form. */
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

/** The event in a JSON value; null if the value is not an object. */
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

/** The entries of `cd` or `ud` as an object, and of fields such as `cd[key]`, which JSON may have too. */
function dataOf(object: Record<string, unknown>, name: 'cd' | 'ud'): [string, unknown][] {
  const data = object[name];
  const pairs: [string, unknown][] =
    typeof data === 'object' && data !== null && !Array.isArray(data) ? Object.entries(data) : [];
  pairs.push(...entriesOf(name, Object.entries(object)));
  return pairs;
}

/** The entries of the fields `cd[key]` or `ud[key]`. */
function entriesOf<T>(name: 'cd' | 'ud', fields: Iterable<readonly [string, T]>): [string, T][] {
  const entries: [string, T][] = [];
  for (const [field, value] of fields) {
    if (field.startsWith(name) && field[2] === '[' && field.endsWith(']')) {
      entries.push([field.slice(3, -1), value]);
    }
  }
  return entries;
}

/** A name that is an object is invalid. It is not read as absent: then the event would be a page view. */
function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? ' ' : text(value);
}

/** The text of a string, a number or a boolean. Any other value counts as absent. */
function text(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
