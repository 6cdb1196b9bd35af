/** An event in plain words: all that is stored of it, field by field. */
import { EVENT_COLUMNS, type Event } from '../model/event.ts';
import { decimalOf } from '../model/exported.ts';
import { DISPLAY_FIELDS } from '../model/text/display.ts';
import { FIELDS, KINDS_OF_EVENT, LANGUAGE, READING } from './texts.ts';

type Value = string | number | null;

export interface Described {
  readonly iso: string;
  readonly when: string;
  readonly what: string;
  readonly page: string;
  /** Everything else that has a value. */
  readonly rest: readonly (readonly [name: string, value: string])[];
}

/** Keyed hashes, which are not shown: who has an export could find in it whoever has shown theirs. */
const CODES = 'visitor person';

/** Fields that are shown together, and then those that nothing is said of: a new column is shown by itself. */
const GROUPS: readonly (readonly [name: string, columns: string])[] = [
  ...FIELDS,
  ...EVENT_COLUMNS.filter(
    (column) =>
      !`pixel ts name hostname page ${CODES} ${FIELDS.map(([, columns]) => columns).join(' ')}`
        .split(/\W+/)
        .includes(column),
  ).map((column) => [column.replaceAll('_', ' '), column] as const),
];

const WORDS: { readonly [Column in keyof Event]?: (value: never) => string } = {
  ...DISPLAY_FIELDS,
  country: (code: string) => named('region', code),
  language: (code: string) => named('language', code),
  engaged: READING.engaged,
  scroll: READING.scroll,
  value: decimalOf,
  authenticated: (is: number) => (is === 1 ? READING.authenticated : ''),
  props: (json: string) =>
    Object.entries(JSON.parse(json) as Record<string, string>)
      .map(([key, value]) => `${key}: ${value}`)
      .join(', '),
};

/** `Germany (DE)`. */
function named(type: 'region' | 'language', code: string): string {
  if (!/^([A-Z]{2}|[a-z]{2,3})$/.test(code)) return code;
  return `${new Intl.DisplayNames(LANGUAGE, { type }).of(code)} (${code})`;
}

/** @param values in the order of `EVENT_COLUMNS`. */
export function describe(values: readonly Value[], timezone: string): Described {
  const of = (column: string): string => {
    const value = values[EVENT_COLUMNS.indexOf(column as keyof Event)] ?? '';
    const inWords = WORDS[column as keyof Event] as ((value: Value) => string) | undefined;
    return value === '' ? '' : (inWords?.(value) ?? String(value));
  };
  const when = new Date(Number(of('ts')));
  const name = of('name');
  return {
    iso: when.toISOString(),
    when: when.toLocaleString(LANGUAGE, { dateStyle: 'medium', timeStyle: 'medium', timeZone: timezone }),
    what: KINDS_OF_EVENT.get(name) ?? name,
    page: of('hostname') + of('page'),
    rest: GROUPS.map(([label, columns]): [string, string] => [
      label,
      columns
        .split(', ')
        .map((together) => together.split(' ').map(of).join(' ').trim())
        .filter((text) => text !== '')
        .join(', '),
    ]).filter(([, text]) => text !== ''),
  };
}
