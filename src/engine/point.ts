/**
 * The layout of a point of Analytics Engine: which column has which field of an event. A point has room for what an event of nobody
 * known has. It has no person, no client's id (`eid`) and no custom data, since nothing can be deleted from Analytics Engine.
 */
import type { Event } from '../model/event.ts';
import type { EngineRow } from './row.ts';

/** What a point is, in `double3`. Versions before this layout wrote copies without it; Analytics Engine reads what is absent as 0. */
export const KIND = {
  /** A copy from before this layout, with other blobs. */
  oldCopy: 0,
  /** A copy of an event that D1 has. */
  copy: 1,
  /** An event that is nowhere else. Readers read only these. */
  event: 2,
} as const;

/**
 * Separates the fields of one blob. Texts of events have no control characters (model/text/printable.ts). If one had, its line feeds
 * would become spaces here, so no field can reach into another.
 */
const SEPARATOR = '\n';

/** The fields of each blob: `blob1` is the first. Stored points rely on the order. */
export const BLOBS = [
  ['name'],
  ['visitor'],
  ['hostname'],
  ['page'],
  ['referrer'],
  ['source'],
  ['channel'],
  ['utm_source'],
  ['utm_medium'],
  ['utm_campaign'],
  ['utm_content', 'utm_term'],
  ['device'],
  ['browser'],
  ['os'],
  ['browser_version', 'os_version'],
  ['country'],
  ['region', 'region_name', 'city'],
  ['language'],
  ['currency'],
  ['id'],
] as const satisfies readonly (readonly (keyof Event)[])[];

/** The doubles: `double1` is the first. */
export const DOUBLES = [
  /** Epoch milliseconds of the event. The column `timestamp` is when the point was written. */
  'ts',
  /** Revenue in units of its currency; 0 if there is none. For ad-hoc SQL: it may be rounded. */
  'revenue',
  'kind',
  /** Null is -1. */
  'engaged',
  /** Null is -1. */
  'scroll',
  /** 1 if a mail proxy sent the event; else 0. */
  'mail_proxy',
  /** Revenue in millionths; `NO_VALUE` if there is none. */
  'value',
] as const;

/** Stands for an event without revenue: less than any revenue. */
export const NO_VALUE = -1e300;

/** The columns that have one field each, by the field's name. */
export const COLUMN = {
  ...(Object.fromEntries(
    BLOBS.flatMap((fields, index) => (fields.length === 1 ? [[fields[0], `blob${index + 1}`]] : [])),
  ) as Record<Extract<(typeof BLOBS)[number], readonly [string]>[0], string>),
  ...(Object.fromEntries(DOUBLES.map((name, index) => [name, `double${index + 1}`])) as Record<
    (typeof DOUBLES)[number],
    string
  >),
} as const;

/** The column of the index: see `indexOf`. */
export const INDEX = 'index1';
/** The characters of a pixel's id, with which an index begins. */
export const PIXEL_CHARACTERS = 19;
/** All columns that `eventOf` reads. */
export const POINT_COLUMNS: readonly string[] = [
  INDEX,
  ...BLOBS.map((_, index) => `blob${index + 1}`),
  ...DOUBLES.flatMap((name, index) => (name === 'revenue' ? [] : [`double${index + 1}`])),
];

/** The platform's limits, in bytes of UTF-8. The local runtime checks neither. */
const MAX_BLOB_BYTES = 16 * 1024;
const MAX_INDEX_BYTES = 96;

const encoder = new TextEncoder();

/** The possible first characters of a visitor id, in sort order. */
export const VISITOR_CHARACTERS = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

/** After every visitor id. */
export const LAST = '\u{10ffff}';

/**
 * The index of a visitor's points: the pixel and the first character of the visitor's hash. The platform samples each index by itself,
 * so a pixel has 65 shares of the rate at which sampling begins, and a slice of its visitors is a list of indexes.
 */
export const indexOf = (pixel: string, visitor: string): string => `${pixel}/${visitor.slice(0, 1)}`;

/**
 * The indexes of the points of a pixel's visitors whose ids are from `from` on and before `before`: see `sliceBounds`. If a bound has more
 * than one character, they also have other visitors' points.
 */
export function indexesOf(pixel: string, from = '', before = LAST): string[] {
  return ['', ...VISITOR_CHARACTERS]
    .filter((character) => character >= from.slice(0, 1) && character < before)
    .map((character) => indexOf(pixel, character));
}

/** The point of an event; null if the event exceeds the platform's limits. */
export function pointOf(event: Event, kind: number): AnalyticsEngineDataPoint | null {
  const blobs: string[] = [];
  let characters = 0;
  for (const fields of BLOBS) {
    const text = fields.length === 1 ? event[fields[0]] : packed(event, fields);
    characters += text.length;
    blobs.push(text);
  }
  const index = indexOf(event.pixel, event.visitor);
  // A UTF-16 unit has at most three bytes: only a point that could be too large is counted byte by byte.
  if (characters * 3 > MAX_BLOB_BYTES && bytesOf(blobs.join('')) > MAX_BLOB_BYTES) return null;
  if (index.length * 3 > MAX_INDEX_BYTES && bytesOf(index) > MAX_INDEX_BYTES) return null;
  const { ts, engaged, scroll, agent_class, value } = event;
  return {
    indexes: [index],
    blobs,
    doubles: [
      ts,
      (value ?? 0) / 1e6,
      kind,
      engaged ?? -1,
      scroll ?? -1,
      agent_class === 'mail_proxy' ? 1 : 0,
      value ?? NO_VALUE,
    ],
  };
}

function packed(event: Event, fields: readonly (keyof Event)[]): string {
  let text = '';
  for (const [place, field] of fields.entries()) {
    const part = String(event[field]);
    if (place > 0) text += SEPARATOR;
    text += part.includes(SEPARATOR) ? part.replaceAll(SEPARATOR, ' ') : part;
  }
  return text;
}

const bytesOf = (text: string): number => encoder.encode(text).length;

/** The event of a point of the kind `event`, from a row with `POINT_COLUMNS`. */
export function eventOf(row: EngineRow): Event {
  const event: Record<string, string | number | null> = {
    pixel: textOf(row, INDEX).split('/')[0] ?? '',
    ts: numberOf(row, COLUMN.ts),
    eid: '',
    person: '',
    agent_class: numberOf(row, COLUMN.mail_proxy) === 1 ? 'mail_proxy' : 'human',
    engaged: positiveOf(row, COLUMN.engaged),
    scroll: positiveOf(row, COLUMN.scroll),
    value: numberOf(row, COLUMN.value) <= NO_VALUE ? null : numberOf(row, COLUMN.value),
    props: '',
    authenticated: 0,
  };
  BLOBS.forEach((fields, index) => {
    const text = textOf(row, `blob${index + 1}`);
    if (fields.length === 1) {
      event[fields[0]] = text;
      return;
    }
    const texts = text.split(SEPARATOR);
    fields.forEach((field, place) => {
      event[field] = texts[place] ?? '';
    });
  });
  return event as unknown as Event;
}

const textOf = (row: EngineRow, column: string): string => String(row[column] ?? '');
const numberOf = (row: EngineRow, column: string): number => Number(row[column] ?? 0);

function positiveOf(row: EngineRow, column: string): number | null {
  const number = numberOf(row, column);
  return number < 0 ? null : number;
}
