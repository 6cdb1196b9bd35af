/** Describes a stored event in plain words, field by field. */
import { EVENT_COLUMNS, type Event } from '../model/event.ts';
import { decimalOf } from '../model/exported.ts';
import { DISPLAY_FIELDS } from '../model/text/display.ts';
import { EVENT_LABELS, FIELDS, LANGUAGE, READING } from './texts.ts';

type Value = string | number | null;

export interface EventDescription {
  readonly iso: string;
  readonly when: string;
  readonly what: string;
  readonly page: string;
  /** All other fields that have a value. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Keyed hashes are not shown. With one, the owner of an export could find the visitor's events in it. */
const HASHES = 'visitor person';

/** Fields with a label, then all other columns, so that the page also shows a new one. */
const GROUPS: readonly (readonly [name: string, columns: string])[] = [
  ...FIELDS,
  ...EVENT_COLUMNS.filter(
    (column) =>
      !`pixel ts name hostname page ${HASHES} ${FIELDS.map(([, columns]) => columns).join(' ')}`
        .split(/\W+/)
        .includes(column),
  ).map((column) => [column.replaceAll('_', ' '), column] as const),
];

const FORMATTERS: { readonly [Column in keyof Event]?: (value: never) => string } = {
  ...DISPLAY_FIELDS,
  country: (code: string) => withName('region', code),
  language: (code: string) => withName('language', code),
  engaged: READING.engaged,
  scroll: READING.scroll,
  value: decimalOf,
  authenticated: (flag: number) => (flag === 1 ? READING.authenticated : ''),
  props: (json: string) =>
    Object.entries(JSON.parse(json) as Record<string, string>)
      .map(([key, value]) => `${key}: ${value}`)
      .join(', '),
};

/** `Germany (DE)`. */
function withName(type: 'region' | 'language', code: string): string {
  if (!/^([A-Z]{2}|[a-z]{2,3})$/.test(code)) return code;
  return `${new Intl.DisplayNames(LANGUAGE, { type }).of(code)} (${code})`;
}

/** @param values in the order of `EVENT_COLUMNS`. */
export function describe(values: readonly Value[], timezone: string): EventDescription {
  const textOf = (column: string): string => {
    const value = values[EVENT_COLUMNS.indexOf(column as keyof Event)] ?? '';
    const format = FORMATTERS[column as keyof Event] as ((value: Value) => string) | undefined;
    return value === '' ? '' : (format?.(value) ?? String(value));
  };
  const when = new Date(Number(textOf('ts')));
  const name = textOf('name');
  return {
    iso: when.toISOString(),
    when: when.toLocaleString(LANGUAGE, { dateStyle: 'medium', timeStyle: 'medium', timeZone: timezone }),
    what: EVENT_LABELS.get(name) ?? name,
    page: textOf('hostname') + textOf('page'),
    fields: GROUPS.map(([label, columns]): [string, string] => [
      label,
      columns
        .split(', ')
        .map((joined) => joined.split(' ').map(textOf).join(' ').trim())
        .filter((text) => text !== '')
        .join(', '),
    ]).filter(([, text]) => text !== ''),
  };
}
