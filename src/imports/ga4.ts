/**
 * Reads the events that Google Analytics 4 exports to BigQuery, out of the tables `events_YYYYMMDD`, as newline-delimited JSON or as
 * Parquet. The fields are those of Google's schema (https://support.google.com/analytics/answer/7029846).
 */
import { ENGAGEMENT } from '../model/event.ts';
import { hasUtm } from './addresses.ts';
import { browserOf, deviceOf, systemOf } from './agents.ts';
import { countryOf } from './countries.ts';
import { ga4Report } from './ga4-report.ts';
import type { ImportedEvent, Importer, ImportItem } from './importer.ts';
import { customData, EVENT_LOSSES, eventItem, leftOut, RowIds, unreadable, utmOf } from './items.ts';
import { readJsonLines } from './read-json.ts';
import { isParquet, ParquetError, readParquet } from './read-parquet.ts';
import { startOf } from './read-text.ts';
import {
  type Fields,
  fieldsAt,
  firstText,
  isFields,
  jsonOf,
  numberOfValue,
  textAt,
  textOfValue,
} from './values.ts';

const COLUMNS = [
  'event_timestamp',
  'event_name',
  'event_params',
  'event_bundle_sequence_id',
  'batch_event_index',
  'batch_ordering_id',
  'batch_page_id',
  'user_pseudo_id',
  'device',
  'geo',
  'collected_traffic_source',
  'ecommerce',
  'items',
];

export const ga4: Importer = {
  name: 'ga4',
  recognize: (name, start) => {
    const text = startOf(start);
    if (isParquet(start))
      return /(?:^|[^a-z])events(?:_intraday|_fresh)?_\d{8}|analytics_\d+/.test(name) ? 2 : 1;
    return /^\s*\{/.test(text) &&
      /"event_date"\s*:\s*"\d{8}"/.test(text) &&
      /"event_timestamp"\s*:/.test(text)
      ? 2
      : 0;
  },
  read: async function* (file, options) {
    const { name, blob } = file;
    const ids = new RowIds();
    const start = new Uint8Array(await blob.slice(0, 4096).arrayBuffer());
    // A report of the Data API comes from the same tool.
    if (ga4Report.recognize(name, start) === 2) yield* ga4Report.read(file, options);
    else if (isParquet(start)) yield* fromParquet(blob, ids);
    else {
      for await (const item of readJsonLines(blob.stream())) {
        if ('why' in item) yield unreadable(item.line, item.why);
        else if (!isFields(item.value)) yield unreadable(item.line, 'is not an event');
        else yield* itemsOf(item.value, item.line, ids);
      }
    }
  },
  losses: [
    'Speck makes visits of its own, so session_start, first_visit and first_open are not kept.',
    'user_pseudo_id tells visitors apart within a day. User ids, user properties and audiences are not kept: no imported event belongs to a person.',
    'Titles of pages, advertising ids and the attribution models of Google are not kept. Sources are those of addresses, referrers and manual campaigns.',
    'Events in the tables users_ and pseudonymous_users_ are no events, and cannot be read.',
    ...EVENT_LOSSES,
    'Refunds are kept as events, and are not taken off the revenue. The value of any other event than purchase is the property event_value.',
    'Parquet files that are compressed with ZSTD cannot be read: export them with Snappy or gzip.',
  ],
};

async function* fromParquet(blob: Blob, ids: RowIds): AsyncGenerator<ImportItem> {
  let last = 0;
  try {
    for await (const { row, fields } of readParquet(blob, COLUMNS)) {
      last = row;
      yield* itemsOf(fields, row, ids);
    }
  } catch (error) {
    if (!(error instanceof ParquetError)) throw error;
    yield unreadable(last + 1, error.message);
  }
}

/** Events by which GA4 counts sessions and users. */
const AUTOMATIC: ReadonlySet<string> = new Set(['session_start', 'first_visit', 'first_open']);

function* itemsOf(row: Fields, line: number, ids: RowIds): Generator<ImportItem> {
  const name = textAt(row, 'event_name');
  if (name === '' || AUTOMATIC.has(name)) {
    yield name === '' ? unreadable(line, 'has no event_name') : leftOut(line, name);
    return;
  }
  const parameters = parametersOf(row);
  const text = (key: string) => textOfValue(parameters.get(key));
  const micros = textAt(row, 'event_timestamp');
  const dl = text('page_location');
  const more = DISTINCT.map((key) => textAt(row, key) || text(key)).join(' ');
  const common = {
    ts: /^\d+$/.test(micros) ? Math.floor(Number(micros) / 1000) : Number.NaN,
    dl,
    rl: text('page_referrer'),
    visitor: textAt(row, 'user_pseudo_id'),
    ...clientOf(row),
    utm: hasUtm(dl) ? undefined : campaignOf(row, text('page_referrer')),
  };
  // Any event reports the time on the page since the event before, and a page view that on the page before.
  const [engaged, scroll] = [
    numberOfValue(parameters.get('engagement_time_msec')),
    numberOfValue(parameters.get('percent_scrolled')),
  ];
  const isReport = name === 'user_engagement' || (name === 'scroll' && scroll >= 0);
  if (engaged > 0 || (isReport && scroll >= 0)) {
    const page = name === 'page_view' ? text('page_referrer') : dl;
    const report = { ...(engaged > 0 ? { engaged } : {}), ...(isReport && scroll >= 0 ? { scroll } : {}) };
    const isOwn = name !== 'page_view' || isSameHost(page, dl);
    if (isOwn)
      yield eventItem(
        line,
        { ...common, dl: page, rl: '', utm: undefined, ev: ENGAGEMENT, ...report },
        ids,
        `${name} ${more}`,
      );
  } else if (isReport) yield leftOut(line, 'user_engagement without a time');
  if (!isReport) yield eventItem(line, { ...common, ...contentOf(name, row, parameters) }, ids, more);
}

function isSameHost(a: string, b: string): boolean {
  const host = URL.parse(a)?.host;
  return host !== undefined && host === URL.parse(b)?.host;
}

/** What distinguishes events of one visitor and moment. */
const DISTINCT = [
  'ga_session_id',
  'event_bundle_sequence_id',
  'batch_event_index',
  'batch_ordering_id',
  'batch_page_id',
];

type Parameters = ReadonlyMap<string, unknown>;

function parametersOf(row: Fields): Parameters {
  return new Map(
    repeated(row, 'event_params').map(({ key, value }) => {
      const record = isFields(value) ? value : {};
      const kinds = ['string_value', 'int_value', 'double_value', 'float_value'];
      const kind = kinds.find((one) => record[one] !== undefined && record[one] !== null) ?? '';
      return [textOfValue(key), kind === 'string_value' ? record[kind] : numberOrText(record[kind])] as const;
    }),
  );
}

/** BigQuery writes whole numbers as texts into JSON. */
function numberOrText(value: unknown): unknown {
  const number = numberOfValue(value);
  return Number.isNaN(number) || !Number.isSafeInteger(Math.trunc(number)) ? textOfValue(value) : number;
}

/** The records of a repeated field, also where the file has them as a group `list` of groups `element`. */
function repeated(row: Fields, name: string): readonly Fields[] {
  const value = row[name];
  const list = isFields(value) && Array.isArray(value['list']) ? value['list'] : value;
  if (!Array.isArray(list)) return [];
  return list.filter(isFields).map((one) => (isFields(one['element']) ? one['element'] : one));
}

function clientOf(row: Fields): Partial<ImportedEvent> {
  const device = fieldsAt(row, 'device');
  const web = fieldsAt(device, 'web_info');
  const geo = fieldsAt(row, 'geo');
  const place = (name: string) => (textAt(geo, name) === '(not set)' ? '' : textAt(geo, name));
  return {
    browser: browserOf(firstText(textAt(web, 'browser'), textAt(device, 'browser'))),
    browser_version: firstText(textAt(web, 'browser_version'), textAt(device, 'browser_version')),
    ...systemOf(textAt(device, 'operating_system'), textAt(device, 'operating_system_version')),
    device: deviceOf(textAt(device, 'category')),
    country: countryOf(place('country')),
    region: place('region'),
    city: place('city'),
    language: textAt(device, 'language'),
  };
}

/** What GA4 writes for visits without a campaign, which it guesses from the referrer. */
const NO_CAMPAIGN = /^\((?:direct|none|not set|organic|referral)\)$|^(?:organic|referral)$/;

function campaignOf(row: Fields, referrer: string): ImportedEvent['utm'] | undefined {
  const collected = fieldsAt(row, 'collected_traffic_source');
  const manual = (name: string) => textAt(collected, `manual_${name}`);
  if (NO_CAMPAIGN.test(manual('medium')) && (referrer !== '' || manual('campaign_name') === ''))
    return undefined;
  const value = (name: string) => (NO_CAMPAIGN.test(manual(name)) ? '' : manual(name));
  return utmOf({
    source: value('source'),
    medium: value('medium'),
    campaign: value('campaign_name'),
    content: value('content'),
    term: value('term'),
  });
}

/** Parameters that the fields of an event already say, or that GA4 needs for itself. */
const OWN = new Set([
  ...['page_location', 'page_referrer', 'page_title', 'firebase_screen_class', 'firebase_screen_id'],
  ...[
    'ga_session_id',
    'ga_session_number',
    'session_engaged',
    'engaged_session_event',
    'engagement_time_msec',
    'entrances',
  ],
  ...[
    'batch_event_index',
    'batch_ordering_id',
    'batch_page_id',
    'ignore_referrer',
    'debug_mode',
    'firebase_event_origin',
  ],
  ...[
    'source',
    'medium',
    'campaign',
    'campaign_id',
    'term',
    'content',
    'gclid',
    'dclid',
    'gad_source',
    'gad_campaignid',
    'srsltid',
  ],
  ...[
    'firebase_previous_class',
    'firebase_previous_id',
    'firebase_previous_screen',
    'engaged_session_count',
    'synthetic_bundle',
  ],
]);

function contentOf(
  name: string,
  row: Fields,
  parameters: Parameters,
): Pick<ImportedEvent, 'ev' | 'eid' | 'cd'> {
  const properties: [string, unknown][] = [...parameters].filter(([key]) => !OWN.has(key));
  const items = repeated(row, 'items').map(itemData);
  if (items.length > 0) properties.push(['items', jsonOf(items)]);
  const content = { ...(name === 'page_view' ? {} : { ev: name }) };
  if (name !== 'purchase') return { ...content, ...dataOf(customData(properties)) };
  const ecommerce = fieldsAt(row, 'ecommerce');
  const amounts = [numberOfValue(ecommerce['purchase_revenue']), numberOfValue(parameters.get('value'))];
  const value = amounts.find((amount) => !Number.isNaN(amount));
  const order = firstText(textOfValue(parameters.get('transaction_id')), textAt(ecommerce, 'transaction_id'));
  const others = properties.filter(([key]) => key !== 'value' && key !== 'currency');
  return {
    ...content,
    // An order that a browser and a server report counts once.
    ...(order === '' || order === '(not set)' ? {} : { eid: order }),
    ...dataOf(
      customData(
        others,
        value === undefined ? {} : { value, currency: textOfValue(parameters.get('currency')) },
      ),
    ),
  };
}

const dataOf = (cd: ImportedEvent['cd'] | undefined) => (cd === undefined ? {} : { cd });

function itemData(item: Fields): Fields {
  const names = ['item_id', 'item_name', 'price', 'quantity'];
  return Object.fromEntries(
    names.flatMap((name) => (textAt(item, name) === '' ? [] : [[name, numberOrText(item[name])]])),
  );
}
