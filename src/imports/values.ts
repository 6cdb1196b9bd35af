/** Reads the values of exports, of which nothing is certain. */

export type Fields = Readonly<Record<string, unknown>>;

const NO_FIELDS: Fields = {};

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member that is an object; an empty object if it is anything else. */
export function fieldsAt(fields: Fields, name: string): Fields {
  const value = fields[name];
  return isFields(value) ? value : NO_FIELDS;
}

/** A member that is a list, without what is not an object in it. */
export function listAt(fields: Fields, name: string): readonly Fields[] {
  const value = fields[name];
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** A text, a number or a boolean as a text; `''` for anything else. */
export function textOfValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return '';
  }
}

/** The text of a member. */
export function textAt(fields: Fields, name: string): string {
  return textOfValue(fields[name]);
}

/** The first of several texts that is not empty. */
export function firstText(...texts: readonly string[]): string {
  return texts.find((text) => text !== '') ?? '';
}

/** A finite number, also if it is written as a text; NaN for anything else. */
export function numberOfValue(value: unknown): number {
  const text = textOfValue(value).trim();
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
}

const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/;

/** Epoch milliseconds of a date and time, which is in UTC if it has no offset; NaN for any other text. */
export function timeOfText(text: string): number {
  const [, date, time, fraction = '', zone = 'Z'] = TIME.exec(text.trim()) ?? [];
  if (date === undefined) return Number.NaN;
  const offset = /^[+-]/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}` : 'Z';
  return Date.parse(`${date}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}${offset}`);
}

/** Any value as JSON; `''` for what JSON cannot say, such as a list that is nested too deeply. */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part)) ?? '';
  } catch {
    return '';
  }
}
