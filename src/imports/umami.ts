/**
 * Reads umami's table of events as CSV, versions 2 and 3: the zip file that umami Cloud exports (`website_event.csv`, `event_data.csv`,
 * `session_data.csv`), or the table `website_event` out of an own database, joined with `session`. The columns are those of umami's
 * db/clickhouse/schema.sql and prisma/schema.prisma, in any order.
 */
import { hasUtm, pageOf } from './addresses.ts';
import { browserOf, deviceOf, systemOf } from './agents.ts';
import type { Importer, ImportItem } from './importer.ts';
import { customData, EVENT_LOSSES, eventItem, leftOut, RowIds, unreadable, utmOf } from './items.ts';
import { type Row, readCsv } from './read-csv.ts';
import { startOf } from './read-text.ts';
import { entriesOfZip, isZip, ZipError } from './read-zip.ts';
import { isFields, numberOfValue, timeOfText } from './values.ts';

/** `event_type`. */
const PAGEVIEW = '1';
const EVENT = '2';
const OTHER_TYPES: ReadonlyMap<string, string> = new Map([
  ['3', 'clicks of short links'],
  ['4', "views of umami's pixels"],
  ['5', 'measurements of performance'],
]);

/** `data_type` of what is a number. All other types have their value in `string_value` or `date_value`. */
const NUMBER = '2';

/** Properties of events that are held in memory until their events are read. */
const MOST_PROPERTIES = 1_000_000;

type Property = readonly [name: string, value: unknown];
type EventData = ReadonlyMap<string, readonly Property[]>;

export const umami: Importer = {
  name: 'umami',
  recognize: (name, start) => {
    const text = startOf(start);
    if (isZip(start)) return /website_event\.csv|event_data\.csv|session_data\.csv/.test(text) ? 2 : 0;
    const [header = ''] = text.split('\n');
    if (!/\burl_path\b/.test(header)) return /event_data/.test(name) && /data_key/.test(header) ? 2 : 0;
    return /\bwebsite_id\b|\bsession_id\b/.test(header) ? 2 : 1;
  },
  read: async function* ({ blob }) {
    try {
      const start = new Uint8Array(await blob.slice(0, 4).arrayBuffer());
      if (isZip(start)) yield* fromZip(blob);
      else yield* fromCsv(blob.stream(), new Map());
    } catch (error) {
      if (!(error instanceof ZipError)) throw error;
      yield unreadable(1, error.message);
    }
  },
  losses: [
    'Titles of pages, sizes of screens, performance, and what was recorded of sessions are not kept.',
    ...EVENT_LOSSES,
    "umami's id of a visitor holds for a month; Speck counts visitors by day.",
    "An id given to umami's identify() is not kept: no imported event belongs to a person.",
    'A table of your own database has properties of events only if the query adds them as a column event_data.',
    'Tables of umami 1 (pageview, event) cannot be read: upgrade umami first, which converts them.',
  ],
};

async function* fromZip(blob: Blob): AsyncGenerator<ImportItem> {
  const entries = await entriesOfZip(blob);
  const named = (name: string) => entries.filter((entry) => entry.name.split('/').at(-1) === name);
  const events = named('website_event.csv');
  if (events.length === 0) {
    yield unreadable(1, 'holds no website_event.csv');
    return;
  }
  const data = new Map<string, Property[]>();
  for (const entry of named('event_data.csv')) yield* readEventData(entry.stream(), data);
  for (const entry of events) yield* fromCsv(entry.stream(), data);
}

async function* readEventData(
  stream: ReadableStream<Uint8Array>,
  data: Map<string, Property[]>,
): AsyncGenerator<ImportItem> {
  const problemOf = (names: readonly string[]) =>
    names.includes('data_key') ? null : "has no column 'data_key'";
  let count = 0;
  for await (const row of readCsv(stream, problemOf)) {
    if ('why' in row) {
      yield unreadable(row.line, `of event_data.csv ${row.why}`);
      continue;
    }
    count += 1;
    if (count > MOST_PROPERTIES) {
      yield leftOut(row.line, `properties of events beyond ${MOST_PROPERTIES} in one file`);
      continue;
    }
    const id = cellOf(row, 'event_id') || cellOf(row, 'website_event_id');
    const properties = data.get(id) ?? [];
    properties.push([cellOf(row, 'data_key'), propertyOf(row)]);
    data.set(id, properties);
  }
}

function propertyOf(row: Row): unknown {
  const number = numberOfValue(cellOf(row, 'number_value'));
  if (cellOf(row, 'data_type') === NUMBER && !Number.isNaN(number)) return number;
  return cellOf(row, 'string_value') || cellOf(row, 'date_value');
}

async function* fromCsv(stream: ReadableStream<Uint8Array>, data: EventData): AsyncGenerator<ImportItem> {
  const ids = new RowIds();
  for await (const row of readCsv(stream, problemOf)) {
    if ('why' in row) yield unreadable(row.line, row.why);
    else yield itemOf(row, data, ids);
  }
}

function problemOf(names: readonly string[]): string | null {
  if (names.includes('data_key')) {
    return 'is the header of properties alone: import the zip file, or add them to website_event as a column event_data';
  }
  const missing = ['created_at', 'url_path', 'session_id'].find((name) => !names.includes(name));
  return missing === undefined ? null : `is not the header of website_event: it has no column '${missing}'`;
}

function itemOf(row: Row, data: EventData, ids: RowIds): ImportItem {
  const cell = (name: string) => cellOf(row, name);
  const type = cell('event_type') || (cell('event_name') === '' ? PAGEVIEW : EVENT);
  if (type !== PAGEVIEW && type !== EVENT) {
    return leftOut(row.line, OTHER_TYPES.get(type) ?? 'events of a type that umami 3 does not have');
  }
  if (type === EVENT && cell('event_name') === '') return unreadable(row.line, 'has no name of the event');
  const dl = pageOf(cell('hostname'), cell('url_path'), cell('url_query'));
  const properties = [...(data.get(cell('event_id')) ?? []), ...ownData(cell('event_data'))];
  if (cell('tag') !== '') properties.push(['tag', cell('tag')]);
  const domain = cell('referrer_domain');
  return eventItem(
    row.line,
    {
      ts: timeOfText(cell('created_at')),
      ev: type === EVENT ? cell('event_name') : '',
      dl,
      rl: domain === '' ? '' : pageOf(domain, cell('referrer_path'), cell('referrer_query')),
      eid: cell('event_id'),
      visitor: cell('session_id'),
      browser: browserOf(cell('browser')),
      ...systemOf(cell('os')),
      device: deviceOf(cell('device')),
      country: cell('country'),
      region: cell('region') || cell('subdivision1'),
      city: cell('city'),
      language: cell('language'),
      utm: hasUtm(dl)
        ? undefined
        : utmOf({
            source: cell('utm_source'),
            medium: cell('utm_medium'),
            campaign: cell('utm_campaign'),
            content: cell('utm_content'),
            term: cell('utm_term'),
          }),
      cd: dataOf(properties),
    },
    ids,
  );
}

/** Properties as custom data. A property `revenue` is what umami reports as revenue. */
function dataOf(properties: readonly Property[]) {
  const valueOfName = (name: string) => properties.find(([one]) => one.toLowerCase() === name)?.[1];
  const revenue = numberOfValue(valueOfName('revenue'));
  if (Number.isNaN(revenue)) return customData(properties);
  const currency = valueOfName('currency');
  const others = properties.filter(([name]) => !/^(?:revenue|currency)$/i.test(name));
  return customData(others, { value: revenue, currency: typeof currency === 'string' ? currency : '' });
}

/** The column `event_data`, an object of JSON, that a query can add. */
function ownData(text: string): Property[] {
  if (text === '') return [];
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? Object.entries(value) : [];
  } catch {
    return [['event_data', text]];
  }
}

/** A cell. Databases write `\N` or `NULL` for no value. */
function cellOf({ cell }: Row, name: string): string {
  const text = cell(name);
  return text === '\\N' || text === 'NULL' ? '' : text;
}
