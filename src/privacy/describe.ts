/** Describes a stored event in the reader's words, field by field. */
import { EVENT_COLUMNS, type Event } from '../model/event.ts';
import { decimalOf } from '../model/exported.ts';
import { DISPLAY_FIELDS } from '../model/text/display.ts';
import { fillPlain, type Reader } from './reader.ts';
import type { FieldName } from './texts/texts.ts';

type Value = string | number | null;

type NamedValue = readonly [name: string, value: string];

export interface EventDescription {
  readonly iso: string;
  readonly when: string;
  readonly what: string;
  readonly page: string;
  /** All other fields that say something to the visitor. */
  readonly fields: readonly NamedValue[];
  /** Columns that mean something to the site only. The page shows these when asked. */
  readonly technical: readonly NamedValue[];
}

/** With one of these codes, the owner of an export could find the visitor's events in it. */
const CODES = ['visitor', 'person', 'id'] as const satisfies readonly (keyof Event)[];

type Column = Exclude<keyof Event, (typeof CODES)[number]>;

/**
 * @param values in the order of `EVENT_COLUMNS`.
 * @param timeOf formats times in the pixel's time zone.
 */
export function describe(
  values: readonly Value[],
  reader: Reader,
  timeOf: (time: Date) => string,
): EventDescription {
  const { names, fields, channels, devices, engaged, scroll, server, mailProxy, reference } =
    reader.texts.event;
  const used = new Set<string>([...CODES, 'pixel']);
  const readValue = (column: Column): Value => {
    used.add(column);
    return values[EVENT_COLUMNS.indexOf(column)] ?? '';
  };
  const textOf = (column: Column): string => String(readValue(column));
  /** The text of a number; `''` if there is none. */
  const numberOf = (column: Column, format: (value: number) => string): string => {
    const value = readValue(column);
    return value === '' ? '' : format(Number(value));
  };
  const regionName = textOf('region_name');
  const region = textOf('region');
  const currency = textOf('currency');
  const lines: Readonly<Record<FieldName, readonly string[]>> = {
    source: [
      DISPLAY_FIELDS.source(textOf('source')),
      ownText(channels, textOf('channel')),
      DISPLAY_FIELDS.referrer(textOf('referrer')),
    ],
    campaign: (['utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term'] as const).map(textOf),
    place: [textOf('city'), regionName || region, reader.nameOf('region', textOf('country'))],
    device: [
      ownText(devices, textOf('device')),
      `${textOf('browser')} ${textOf('browser_version')}`.trim(),
      `${textOf('os')} ${textOf('os_version')}`.trim(),
    ],
    language: [reader.nameOf('language', textOf('language'))],
    read: [
      numberOf('engaged', (value) => fillPlain(engaged, { duration: reader.duration(value) })),
      numberOf('scroll', (value) => fillPlain(scroll, { percent: reader.percent(value) })),
    ],
    amount: [numberOf('value', (value) => reader.amount(decimalOf(value), currency))],
    custom: propertiesOf(textOf('props')),
    sender: [
      readValue('authenticated') === 1 ? server : '',
      textOf('agent_class') === 'mail_proxy' ? mailProxy : '',
    ],
  };
  const when = new Date(Number(readValue('ts')));
  const name = textOf('name');
  const page = DISPLAY_FIELDS.hostname(textOf('hostname')) + DISPLAY_FIELDS.page(textOf('page'));
  return {
    iso: when.toISOString(),
    when: timeOf(when),
    what: ownText(names, name),
    page,
    fields: Object.entries(lines)
      .map(
        ([field, texts]): NamedValue => [
          fields[field as FieldName],
          texts.filter((text) => text !== '').join(', '),
        ],
      )
      .filter(hasValue),
    // The site's own id of the event, then columns that are nowhere above, so that a new one is shown, too.
    technical: [
      [reference, textOf('eid')] as const,
      ...EVENT_COLUMNS.filter((column) => !used.has(column)).map(
        (column): NamedValue => [column.replaceAll('_', ' '), textOf(column as Column)],
      ),
    ].filter(hasValue),
  };
}

function hasValue([, value]: NamedValue): boolean {
  return value !== '';
}

/** Our text for a value, or the value itself. Anyone can name an event `constructor`. */
function ownText(texts: Readonly<Record<string, string>>, value: string): string {
  return Object.hasOwn(texts, value) ? (texts[value] as string) : value;
}

function propertiesOf(json: string): readonly string[] {
  if (json === '') return [];
  return Object.entries(JSON.parse(json) as Record<string, string>).map(([key, value]) => `${key}: ${value}`);
}
