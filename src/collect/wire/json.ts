/** Reads JSON and base64 of other tools' clients. Nothing here throws, whatever was sent, and all results are bounded. */
import { detachedSlice } from '../../model/cache.ts';
import { LIMITS } from '../../model/limits.ts';
import { jsonText } from '../../model/text/json.ts';
import type { RawEvent } from '../../model/wire.ts';

/** An object of JSON. Only keys that its sender wrote are its own: read names that a sender chooses by `Object.hasOwn`. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Objects within objects whose keys are joined; deeper ones are stored as JSON text. */
const MAX_DEPTH = 5;
/** Characters of a key or a value that are kept. Some more than are stored, since masking needs what comes after. */
const MAX_TEXT = 2 * Math.max(LIMITS.propKey, LIMITS.propValue);

/** The value of a JSON text; undefined if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The text of a string, a number or a boolean; `''` for anything else, as if it was not there. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** The value as an object; null if it is none. An array is none. */
export function recordOf(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/**
 * The values of an object as custom data: keys of nested objects are joined by a dot, arrays become JSON text, and null is left out.
 * At most `LIMITS.fields` pairs. Any value that is not an object has none.
 */
export function dataOf(value: unknown): RawEvent['cd'] {
  const pairs: [string, unknown][] = [];
  collect(recordOf(value) ?? {}, '', 1, pairs);
  return pairs;
}

/** `dataOf` for a tool whose events have no revenue in their properties. */
export const propsOf = (value: unknown): RawEvent['cd'] => withoutRevenue(dataOf(value));

/**
 * Custom data of an event that is no sale. Properties called `value` and `currency` are stored as `event_value` and `event_currency`, as
 * imports do.
 */
export function withoutRevenue(data: RawEvent['cd']): RawEvent['cd'] {
  return data.map(([key, one]) => [key === 'value' || key === 'currency' ? `event_${key}` : key, one]);
}

function collect(object: JsonObject, prefix: string, depth: number, pairs: [string, unknown][]): void {
  for (const [name, value] of Object.entries(object)) {
    if (pairs.length >= LIMITS.fields) return;
    const key = detachedSlice(prefix + name, MAX_TEXT);
    const inner = depth < MAX_DEPTH ? recordOf(value) : null;
    if (inner !== null) collect(inner, `${key}.`, depth + 1, pairs);
    else if (value !== null) pairs.push([key, scalarOf(value)]);
  }
}

/** A value as custom data: objects and lists become JSON text, and texts are cut. */
export function scalarOf(value: unknown): unknown {
  if (typeof value === 'string') return detachedSlice(value, MAX_TEXT);
  return typeof value === 'object' ? detachedSlice(jsonText(value), MAX_TEXT) : value;
}

/** The bytes of base64 or base64url, with or without padding; null if the text is neither. */
export function decodeBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));
  } catch {
    return null;
  }
}

/** The JSON text of a list, of as many of its values as fit into a property. */
export function listText(values: readonly unknown[]): string {
  const texts: string[] = [];
  let length = '[]'.length;
  for (const value of values) {
    const text = jsonText(value);
    length += text.length + ','.length;
    if (length > LIMITS.propValue) break;
    if (text !== '') texts.push(text);
  }
  return `[${texts.join(',')}]`;
}

/** The values of an object as the fields of a query or a form: at most `LIMITS.fields`. Objects and lists become JSON text. */
export function fieldsIn(object: JsonObject): Map<string, string> {
  const entries = Object.entries(object).slice(0, LIMITS.fields);
  return new Map(
    entries.map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null ? jsonText(value) : textOf(value),
    ]),
  );
}
